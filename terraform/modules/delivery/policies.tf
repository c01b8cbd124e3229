# What the three roles may do. A delivery makes roles for machines and functions, so whoever may apply may in
# effect do what those may; the approval of the environment is the guard. It never deletes what holds data.

locals {
  groups = values(var.group_arns)
  state  = var.state_bucket_arn == null ? [] : [var.state_bucket_arn]
  own    = "${local.account}:role/${var.name}-github-*"

  # Among them the workflow's own, which are denied below.
  roles = [
    "arn:${local.partition}:iam::${local.account}:instance-profile/${var.name}-*",
    "arn:${local.partition}:iam::${local.account}:policy/${var.name}-*",
    "arn:${local.partition}:iam::${local.account}:role/${var.name}-*",
    "arn:${local.partition}:iam::${local.account}:role/serverlessrepo-${var.name}-*",
  ]
}

data "aws_iam_policy_document" "images" {
  statement {
    sid       = "Registry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # This call knows no resource.
  }

  statement {
    sid = "Push"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = values(local.repository_arns)
  }
}

# State and plans: a plan file may hold values and therefore stays in the bucket of the state.
data "aws_iam_policy_document" "state" {
  for_each = toset(["plan", "deploy"])

  dynamic "statement" {
    for_each = local.state

    content {
      sid       = "StateList"
      actions   = ["s3:ListBucket"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.state

    content {
      sid       = "StateRead"
      actions   = ["s3:GetObject"]
      resources = ["${statement.value}/${var.name}/*"]
    }
  }

  dynamic "statement" {
    for_each = local.state

    content {
      sid       = "StateWrite"
      actions   = ["s3:PutObject"]
      resources = each.key == "plan" ? ["${statement.value}/${var.name}/plans/*"] : ["${statement.value}/${var.name}/*"]
    }
  }

  # The lock is an object beside the state; it goes when the work is done.
  dynamic "statement" {
    for_each = each.key == "deploy" ? local.state : []

    content {
      sid       = "StateUnlock"
      actions   = ["s3:DeleteObject"]
      resources = ["${statement.value}/${var.name}/*.tflock"]
    }
  }

  dynamic "statement" {
    for_each = var.state_kms_key_arn == null ? [] : [var.state_kms_key_arn]

    content {
      sid       = "StateKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = length(var.plan_secret_arns) > 0 ? [var.plan_secret_arns] : []

    content {
      sid       = "SecretsOfTerraform"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = statement.value
    }
  }
}

# Denied to both, over what ReadOnlyAccess lets through.
data "aws_iam_policy_document" "private" {
  statement {
    sid           = "NotPeoplesData"
    effect        = "Deny"
    actions       = ["s3:GetObject", "s3:GetObjectVersion"]
    not_resources = [for arn in(length(local.state) > 0 ? local.state : ["arn:${local.partition}:s3:::none"]) : "${arn}/${var.name}/*"]
  }

  statement {
    sid    = "NotWhatPeopleSaid"
    effect = "Deny"
    actions = [
      "logs:FilterLogEvents",
      "logs:GetLogEvents",
      "logs:GetQueryResults",
      "logs:StartQuery",
      "rds:DownloadDBLogFilePortion",
      "sqs:ReceiveMessage",
    ]
    resources = ["*"] # A denial, for everything.
  }
}

data "aws_iam_policy_document" "plan" {
  source_policy_documents = [
    data.aws_iam_policy_document.state["plan"].json,
    data.aws_iam_policy_document.private.json,
  ]
}

data "aws_iam_policy_document" "deploy" {
  #checkov:skip=CKV_AWS_111:Terraform makes things that have no name beforehand; bound to this region, with denials, behind an approval
  #checkov:skip=CKV_AWS_356:as above
  source_policy_documents = [
    data.aws_iam_policy_document.state["deploy"].json,
    data.aws_iam_policy_document.private.json,
  ]

  statement {
    sid       = "Replace"
    actions   = ["autoscaling:CancelInstanceRefresh", "autoscaling:RollbackInstanceRefresh", "autoscaling:StartInstanceRefresh"]
    resources = local.groups
  }

  statement {
    sid       = "Migrate"
    actions   = ["ssm:SendCommand"]
    resources = [var.migrate_document_arn]
  }

  statement {
    sid       = "MigrateOnTheMaster"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:${local.partition}:ec2:${local.region}:${local.account}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/Name"
      values   = ["${var.name}-master"]
    }
  }

  # Terraform makes and changes all kinds of things of these services, and most of them have no name beforehand.
  # What it may not do is denied below. Bound to this region.
  statement {
    sid = "Apply"
    actions = [
      "acm:*",
      "application-autoscaling:*",
      "autoscaling:*",
      "cloudformation:*",
      "cloudwatch:*",
      "ec2:*",
      "ecr:*",
      "elasticfilesystem:*",
      "elasticloadbalancing:*",
      "events:*",
      "kms:*",
      "lambda:*",
      "logs:*",
      "rds:*",
      "s3:*",
      "secretsmanager:*",
      "serverlessrepo:*",
      "sns:*",
      "sqs:*",
      "ssm:*",
      "wafv2:*",
    ]
    resources = ["*"] # See above.

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }

  statement {
    sid       = "ApplyWithoutRegion"
    actions   = ["budgets:*", "route53:*"]
    resources = ["*"] # Zones and budgets have no names beforehand; both services are without a region.
  }

  # Roles of machines and functions, by the beginning of their names; serverlessrepo-… is AWS's rotation function.
  statement {
    sid = "Roles"
    actions = [
      "iam:AddRoleToInstanceProfile",
      "iam:AttachRolePolicy",
      "iam:CreateInstanceProfile",
      "iam:CreatePolicy",
      "iam:CreatePolicyVersion",
      "iam:CreateRole",
      "iam:DeleteInstanceProfile",
      "iam:DeletePolicy",
      "iam:DeletePolicyVersion",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PutRolePolicy",
      "iam:RemoveRoleFromInstanceProfile",
      "iam:TagInstanceProfile",
      "iam:TagPolicy",
      "iam:TagRole",
      "iam:UntagInstanceProfile",
      "iam:UntagPolicy",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = local.roles
  }

  statement {
    sid       = "RolesToServices"
    actions   = ["iam:PassRole"]
    resources = local.roles

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "ec2.amazonaws.com",
        "events.amazonaws.com",
        "lambda.amazonaws.com",
        "monitoring.rds.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
      ]
    }
  }

  # AWS makes these by itself when a service is used for the first time; they cannot be given other rights.
  statement {
    sid       = "RolesOfServices"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/*"]
  }

  # Its own rights, and those of the plan, are changed by people only.
  statement {
    sid    = "NotItself"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PassRole",
      "iam:PutRolePolicy",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
    ]
    resources = ["arn:${local.partition}:iam::${local.own}"]
  }

  # What holds data goes by a person's hand only (docs/deploy.md, tear down).
  statement {
    sid    = "NeverDeleteData"
    effect = "Deny"
    actions = [
      "ec2:DeleteVpc",
      "ecr:BatchDeleteImage",
      "ecr:DeleteRepository",
      "elasticfilesystem:DeleteFileSystem",
      "kms:DisableKey",
      "kms:ScheduleKeyDeletion",
      "rds:DeleteDBInstance",
      "rds:DeleteDBInstanceAutomatedBackup",
      "rds:DeleteDBSnapshot",
      "s3:DeleteBucket",
      "s3:DeleteObjectVersion",
      "secretsmanager:DeleteSecret",
      "sqs:DeleteQueue",
      "sqs:PurgeQueue",
    ]
    resources = ["*"] # A denial, for everything.
  }

  # Values of secrets are for machines and people.
  statement {
    sid           = "NotSecrets"
    effect        = "Deny"
    actions       = ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"]
    not_resources = length(var.plan_secret_arns) > 0 ? var.plan_secret_arns : ["arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:none"]
  }

  # People open shells on machines; a delivery has its one command.
  statement {
    sid       = "NoShells"
    effect    = "Deny"
    actions   = ["ssm:StartSession", "ssm:ResumeSession"]
    resources = ["*"] # A denial, for everything.
  }

  statement {
    sid           = "NoOtherCommand"
    effect        = "Deny"
    actions       = ["ssm:SendCommand"]
    not_resources = [var.migrate_document_arn, "arn:${local.partition}:ec2:${local.region}:${local.account}:instance/*"]
  }
}
