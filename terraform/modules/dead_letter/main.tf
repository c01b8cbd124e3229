# A queue of what could not be delivered: kept as long as SQS keeps anything, over TLS only, and taken only from
# whom the caller names or whose role says so.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # By name, so that a plan shows who may do what.
  arn = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:${var.name}"
}

resource "aws_sqs_queue" "this" {
  name                      = var.name
  message_retention_seconds = 1209600
  # SQS's own encryption takes also what could not be delivered because a key is broken.
  sqs_managed_sse_enabled = var.key == null ? true : null
  kms_master_key_id       = var.key == null ? null : var.key.arn
}

data "aws_iam_policy_document" "this" {
  dynamic "statement" {
    for_each = var.senders

    content {
      sid       = statement.key
      actions   = ["sqs:SendMessage"]
      resources = [local.arn]

      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value.source_arns
      }

      dynamic "condition" {
        for_each = statement.value.source_account[*]

        content {
          test     = "StringEquals"
          variable = "aws:SourceAccount"
          values   = [condition.value]
        }
      }
    }
  }

  statement {
    sid    = "OnlyOverTls"
    effect = "Deny"
    # All actions and all principals, because it forbids: what it leaves out would be allowed without TLS.
    actions   = ["sqs:*"]
    resources = [local.arn]

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

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.url
  policy    = data.aws_iam_policy_document.this.json
}
