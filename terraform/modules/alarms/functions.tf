# The functions, as their own READMEs ask. What Slack does not get must not be told by Slack alone: the operations
# topic has e-mail besides.

locals {
  aws_lambda = {
    "advisor-errors"     = { function = "bedrock_advisor", metric = "Errors", threshold = 1, description = "bedrock_advisor has crashed, which is a bug: a failure of the model is an answer." }
    "advisor-throttles"  = { function = "bedrock_advisor", metric = "Throttles", threshold = 1, description = "More questions at once than bedrock_advisor may answer." }
    "router-errors"      = { function = "event_router", metric = "Errors", threshold = 3, description = "event_router cannot hand events in, or not tell people; the queue has the events." }
    "router-throttles"   = { function = "event_router", metric = "Throttles", threshold = 1, description = "More events at once than event_router may take; Lambda keeps them for an hour." }
    "notifier-errors"    = { function = "slack_notifier", metric = "Errors", threshold = 3, description = "Slack, or the secret of its webhooks, is out of order for a while." }
    "notifier-throttles" = { function = "slack_notifier", metric = "Throttles", threshold = 5, description = "More notices at once than Slack takes; Lambda keeps them for an hour." }
  }

  # What the functions count themselves, in the namespace RescueBot: by model the one, by severity the others.
  counted = merge(
    { for code, description in {
      Failed_model_gone    = "The model has reached its end of life: choose another model_id."
      Failed_access_denied = "The role or the account may not use the model."
      Failed_bad_request   = "The model refuses what it is asked: a setting is wrong."
      } : "advisor-${replace(lower(trimprefix(code, "Failed_")), "_", "-")}" => {
      description = description, metric = code, threshold = 1
      dimensions  = { service = "bedrock_advisor", model = var.model_id }
    } },
  )

  functions = merge(
    { for key, alarm in local.aws_lambda : key => {
      description = alarm.description
      namespace   = "AWS/Lambda"
      metric      = alarm.metric
      dimensions  = { FunctionName = var.function_names[alarm.function] }
      statistic   = "Sum"
      below       = false
      threshold   = alarm.threshold
      period      = 300
      periods     = 1
      missing     = "notBreaching"
    } },
    { for function in ["event_router", "slack_notifier"] : "${replace(function, "_", "-")}-late" => {
      description = "Calls of ${function} wait for more than 10 minutes."
      namespace   = "AWS/Lambda"
      metric      = "AsyncEventAge"
      dimensions  = { FunctionName = var.function_names[function] }
      statistic   = "Maximum"
      below       = false
      threshold   = 600000
      period      = 300
      periods     = 1
      missing     = "notBreaching"
    } },
    { for key, alarm in local.counted : key => {
      description = alarm.description
      namespace   = "RescueBot"
      metric      = alarm.metric
      dimensions  = alarm.dimensions
      statistic   = "Sum"
      below       = false
      threshold   = alarm.threshold
      period      = 300
      periods     = 1
      missing     = "notBreaching"
    } },
    {
      "model-dollars" = {
        description = "The model has cost more than ${var.model_dollars_per_day} US dollars within 24 hours, though advice.dollars_per_day should have stopped it."
        namespace   = "RescueBot"
        metric      = "CostUsd"
        dimensions  = { service = "bedrock_advisor", model = var.model_id }
        statistic   = "Sum"
        below       = false
        threshold   = var.model_dollars_per_day
        # A day is the longest that such an alarm looks at.
        period  = 86400
        periods = 1
        missing = "notBreaching"
      }
    },
  )

  # Counted by severity: the sum of all, by a query. A metric that was never sent costs nothing in a query.
  summed = {
    "router-api-unavailable" = { service = "event_router", metric = "Failed_ApiUnavailable", threshold = 3, description = "The API does not answer event_router; the queue has the events." }
    "router-api-denied"      = { service = "event_router", metric = "Failed_ApiDenied", threshold = 1, description = "The API key of event_router was withdrawn, or the secret holds another." }
    "router-api-misplaced"   = { service = "event_router", metric = "Failed_ApiMisplaced", threshold = 1, description = "api_url is not that of Rescue Bot's API." }
    "router-refused"         = { service = "event_router", metric = "Refused", threshold = 1, description = "The API could not read an event: salt-run rescue.dead_letters" }
    "notifier-no-webhook"    = { service = "slack_notifier", metric = "Failed_no_webhook", threshold = 1, description = "The secret has no webhook for a severity, and no default." }
    "notifier-bad-secret"    = { service = "slack_notifier", metric = "Failed_bad_secret", threshold = 1, description = "The secret of the webhooks is not as it must be." }
    "notifier-unreadable"    = { service = "slack_notifier", metric = "Unreadable", threshold = 1, description = "A notice came that says it is ours and is not as agreed: versions of library and function differ." }
  }
}

resource "aws_cloudwatch_metric_alarm" "summed" {
  for_each = local.summed

  alarm_name        = "${local.operations_prefix}${each.key}"
  alarm_description = each.value.description

  metric_query {
    id          = "all"
    expression  = "SELECT SUM(${each.value.metric}) FROM SCHEMA(\"RescueBot\", service, severity) WHERE service = '${each.value.service}'"
    period      = 300
    return_data = true
  }

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.operations_topic_arn]
  ok_actions    = [var.operations_topic_arn]
}
