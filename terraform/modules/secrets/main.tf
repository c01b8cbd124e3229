# Names and a key for what must be known and never written down. The values are put by people, not by
# Terraform (README.md): what Terraform knows stands in its state.

data "aws_caller_identity" "this" {}

locals {
  secrets = {
    jwt_key              = "Signs the access tokens of the API: 32 bytes or more"
    slack_bot_token      = "Token of the Slack app's bot, xoxb-…"
    slack_signing_secret = "Signing secret of the Slack app"
    slack_webhooks       = "JSON: the incoming webhook of each severity's channel"
    router_api_key       = "API key of the role ingest, for event_router"
    database_password    = "Password of the database user rescue"
  }
}

module "key" {
  source = "../key"

  name        = "${var.name}-secrets"
  description = "Secrets of ${var.name}"
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Slack issues its tokens by hand, and the others are changed with a restart between (docs/deploy.md); the password of the RDS master user rotates by itself, see the module database
  for_each = local.secrets

  # With slashes, so that a policy can name all of an environment.
  name                    = "${var.name}/${replace(each.key, "_", "-")}"
  description             = each.value
  kms_key_id              = module.key.arn
  recovery_window_in_days = var.recovery_window_in_days
}

# Roles may read what their own policies allow; nobody from outside, whatever is granted later.
data "aws_iam_policy_document" "only_us" {
  statement {
    sid    = "NobodyFromOtherAccounts"
    effect = "Deny"
    principals {
      type = "AWS"
      # Whoever it is: this refuses.
      identifiers = ["*"]
    }
    # A refusal: the wider, the safer.
    actions = ["secretsmanager:*"]
    # In a policy of a secret "*" means this secret.
    resources = ["*"]
    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = local.secrets

  secret_arn          = aws_secretsmanager_secret.this[each.key].arn
  policy              = data.aws_iam_policy_document.only_us.json
  block_public_policy = true
}
