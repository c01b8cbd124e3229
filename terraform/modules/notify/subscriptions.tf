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
  redrive_policy = jsonencode({ deadLetterTargetArn = module.undelivered.arn })

  depends_on = [aws_lambda_permission.topic]
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

module "undelivered" {
  source = "../dead_letter"

  name = "${var.name}-notices-dead"
  senders = {
    OurTopics = { service = "sns.amazonaws.com", source_arns = values(local.arns) }
  }
}
