# Who hears of it: slack_notifier of each topic, people by e-mail where they are named.

locals {
  # The name of a function without its alias: a permission takes them apart.
  notifier_parts     = split(":", var.slack_notifier_arn)
  notifier_qualifier = length(local.notifier_parts) > 7 ? local.notifier_parts[7] : null
}

resource "aws_sns_topic_subscription" "slack" {
  for_each = local.topics

  topic_arn = aws_sns_topic.this[each.key].arn
  protocol  = "lambda"
  endpoint  = var.slack_notifier_arn

  # When Lambda cannot be reached at all; what the function itself gives up is in its own dead-letter queue.
  redrive_policy = jsonencode({ deadLetterTargetArn = local.undelivered_arn })

  depends_on = [aws_lambda_permission.topic, aws_sqs_queue_policy.undelivered]
}

resource "aws_lambda_permission" "topic" {
  for_each = local.topics

  statement_id  = "${var.name}-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = local.notifier_parts[6]
  qualifier     = local.notifier_qualifier
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.this[each.key].arn
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.emails

  topic_arn = aws_sns_topic.this[each.value.topic].arn
  protocol  = "email"
  endpoint  = each.value.address
}

# SQS's own encryption: this queue must take what could not be delivered when the key is what is broken.
resource "aws_sqs_queue" "undelivered" {
  name                      = "${var.name}-notices-dead"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
}

data "aws_iam_policy_document" "undelivered" {
  statement {
    sid       = "OurTopics"
    actions   = ["sqs:SendMessage"]
    resources = [local.undelivered_arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = values(local.arns)
    }
  }

  statement {
    sid    = "OnlyOverTls"
    effect = "Deny"
    # All actions and all principals, because it forbids: what it leaves out would be allowed without TLS.
    actions   = ["sqs:*"]
    resources = [local.undelivered_arn]

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

resource "aws_sqs_queue_policy" "undelivered" {
  queue_url = aws_sqs_queue.undelivered.url
  policy    = data.aws_iam_policy_document.undelivered.json
}
