# The way of an event: does it wait, is anybody there who takes it, did anything go wrong for good.

locals {
  queues = merge(
    {
      "queue-age" = {
        description = "An event has waited for an engine since ${var.queue_age_seconds} seconds: the engine is down, too slow, or cannot reach the ledger. salt-run rescue.doctor"
        namespace   = "AWS/SQS"
        metric      = "ApproximateAgeOfOldestMessage"
        dimensions  = { QueueName = var.queue_name }
        statistic   = "Maximum"
        below       = false
        threshold   = var.queue_age_seconds
        period      = 60
        periods     = 2
        # SQS says nothing of a queue that is idle for hours.
        missing = "notBreaching"
      }
    },
    { for key, name in var.dead_letter_names : "dead-${replace(key, "_", "-")}" => {
      description = "Something went wrong for good and waits in ${name}: look, mend the cause, redrive."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = name }
      statistic   = "Maximum"
      below       = false
      threshold   = 1
      period      = 300
      periods     = 1
      missing     = "notBreaching"
    } },
  )

  rules = { for key, name in var.rule_names : "rule-${key}" => {
    description = "EventBridge could not deliver an event of the rule ${name}, and not put it aside either: look at the policies of the queues and their keys."
    namespace   = "AWS/Events"
    metric      = "InvocationsFailedToBeSentToDlq"
    dimensions  = { RuleName = name }
    statistic   = "Sum"
    below       = false
    threshold   = 1
    period      = 300
    periods     = 1
    missing     = "notBreaching"
  } }
}

# An engine asks the queue all the time, waiting at most 20 seconds: who does not ask is not there. The library has
# no metric of its own that says so.
resource "aws_cloudwatch_metric_alarm" "engine_silent" {
  alarm_name        = "${local.operations_prefix}engine-silent"
  alarm_description = "No engine has asked the queue for 5 minutes: nothing is rescued. Is the master there? salt-run rescue.doctor"

  metric_query {
    id          = "asked"
    expression  = "FILL(empty, 0) + FILL(received, 0)"
    label       = "Asked"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { empty = "NumberOfEmptyReceives", received = "NumberOfMessagesReceived" }

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value
        dimensions  = { QueueName = var.queue_name }
        period      = 300
        stat        = "Sum"
      }
    }
  }

  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 1
  # No data at all: nobody has asked for hours.
  treat_missing_data = "breaching"

  actions_enabled = var.engine_expected
  alarm_actions   = [var.operations_topic_arn]
  ok_actions      = [var.operations_topic_arn]
}
