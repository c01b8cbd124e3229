# Topics: one for each severity, which Slack's channels follow, and one for Rescue Bot's own troubles.
#
# A topic's name ends in its severity: slack_notifier chooses the channel by it where a message names none.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region
  severities = toset(["info", "warning", "critical", "fatal"])
  topics     = setunion(local.severities, ["operations"])

  # By name, so that a plan shows who may publish where.
  arns = { for topic in local.topics : topic => "arn:${local.partition}:sns:${local.region}:${local.account}:${var.name}-${topic}" }

  # Only the alarms of this account and region, and its budgets, which have no region.
  alarms  = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:*"
  budgets = "arn:${local.partition}:budgets::${local.account}:*"

  emails = merge([
    for severity, addresses in merge(var.severity_emails, { operations = var.operations_emails }) : {
      for address in addresses : "${severity} ${address}" => { topic = severity, address = address }
    }
  ]...)
}

module "key" {
  source = "../key"

  name                    = "${var.name}-notices"
  description             = "Notices of ${var.name}"
  deletion_window_in_days = var.deletion_window_days

  services = {
    alarms = {
      principal = "cloudwatch.amazonaws.com"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      conditions = [
        { test = "ArnLike", variable = "aws:SourceArn", values = [local.alarms] },
        { test = "StringEquals", variable = "aws:SourceAccount", values = [local.account] },
      ]
    }
    budgets = {
      principal = "budgets.amazonaws.com"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      conditions = [
        { test = "ArnLike", variable = "aws:SourceArn", values = [local.budgets] },
        { test = "StringEquals", variable = "aws:SourceAccount", values = [local.account] },
      ]
    }
  }
}

resource "aws_sns_topic" "this" {
  for_each = local.topics

  name              = "${var.name}-${each.key}"
  kms_master_key_id = module.key.arn
  # Version 2 signs with SHA-256.
  signature_version = 2
}

data "aws_iam_policy_document" "topic" {
  for_each = local.topics

  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [local.arns[each.key]]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.alarms]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  dynamic "statement" {
    for_each = each.key == "operations" ? [1] : []

    content {
      sid       = "BudgetsOfThisAccount"
      actions   = ["sns:Publish"]
      resources = [local.arns[each.key]]

      principals {
        type        = "Service"
        identifiers = ["budgets.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = [local.budgets]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }

  # The roles of the master and of event_router are let in by their own policies: within an account that is enough.
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.arns[each.key]]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  for_each = local.topics

  arn    = aws_sns_topic.this[each.key].arn
  policy = data.aws_iam_policy_document.topic[each.key].json
}
