# The queue of the engine: events of AWS wait here until a master has recorded them.
#
# Without it nothing is rescued, so whatever goes wrong with a message ends in a queue that is kept 14 days.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  # The rules of the module "events": their names begin like ours.
  rules = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-*"

  # By name, so that the key can be bound to the queues that need it, and a plan shows who may do what.
  arn             = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-events"
  dead_letter_arn = "${local.arn}-dead"
}

resource "aws_sqs_queue" "this" {
  name                       = "${var.name}-events"
  kms_master_key_id          = module.key.arn
  visibility_timeout_seconds = var.visibility_seconds
  message_retention_seconds  = var.retention_seconds
  # Who receives without saying how long to wait waits as long as SQS allows.
  receive_wait_time_seconds = 20

  redrive_policy = jsonencode({
    deadLetterTargetArn = module.dead_letter.arn
    maxReceiveCount     = var.max_receive_count
  })
}

module "dead_letter" {
  source = "../dead_letter"

  name = "${var.name}-events-dead"
  key  = { arn = module.key.arn }
}

# Apart from the queue, because it names the queue that names it.
resource "aws_sqs_queue_redrive_allow_policy" "dead_letter" {
  queue_url  = module.dead_letter.url
  depends_on = [aws_sqs_queue.this]

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.arn]
  })
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "RulesOfEventBridge"
    actions   = ["sqs:SendMessage"]
    resources = [local.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.rules]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  dynamic "statement" {
    for_each = length(var.topic_arns) > 0 ? [1] : []

    content {
      sid       = "Topics"
      actions   = ["sqs:SendMessage"]
      resources = [local.arn]

      principals {
        type        = "Service"
        identifiers = ["sns.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = var.topic_arns
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
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
  policy    = data.aws_iam_policy_document.queue.json
}
