# Who delivers: jobs of one repository, in one environment of GitHub, by a token that lives for minutes.
# Three roles: to push images, to plan, and, where people have approved, to apply.

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

locals {
  provider_arn = "arn:${local.partition}:iam::${local.account}:oidc-provider/token.actions.githubusercontent.com"

  # Environments of GitHub: reviewers stand before <environment>; <environment>-plan changes nothing that runs.
  subjects = {
    images = "repo:${var.github_repository}:environment:${var.environment}-plan"
    plan   = "repo:${var.github_repository}:environment:${var.environment}-plan"
    deploy = "repo:${var.github_repository}:environment:${var.environment}"
  }

  descriptions = {
    images = "GitHub: pushes images of ${var.name}"
    plan   = "GitHub: reads what a plan of ${var.name} compares"
    deploy = "GitHub: applies ${var.name} and replaces its machines"
  }

  policies = {
    images = data.aws_iam_policy_document.images.json
    plan   = data.aws_iam_policy_document.plan.json
    deploy = data.aws_iam_policy_document.deploy.json
  }
}

data "aws_iam_policy_document" "trust" {
  #checkov:skip=CKV_AWS_358:the claim is one whole string with repository and environment, by StringEquals; the check does not see through for_each
  for_each = local.subjects

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    # Equal and not like: no other repository, branch or environment.
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [each.value]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name                 = "${var.name}-github-${each.key}"
  description          = local.descriptions[each.key]
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = each.key == "deploy" ? 7200 : 3600

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = each.value
}

# Reads descriptions of everything, which is what a refresh does; no values of secrets. What it could read of
# people's data is denied beside it.
resource "aws_iam_role_policy_attachment" "read" {
  for_each = toset(["plan", "deploy"])

  role       = aws_iam_role.this[each.key].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/ReadOnlyAccess"
}
