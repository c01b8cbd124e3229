# Alarms of two kinds.
#
# Fleet: about your servers. They have no actions: EventBridge takes each change of their state by their name, and
# brings it to the engine and to event_router. Operations: about Rescue Bot itself. They tell people, by the operations
# topic and never by way of the engine, which may be what is broken.

locals {
  # EventBridge's rule takes what begins so, and nothing of operations.
  product_prefix    = "${var.name}-fleet-"
  operations_prefix = "${var.name}-ops-"

  # Each of these files adds its part: name → alarm.
  operations = merge(
    local.queues,
    local.functions,
    local.rules,
    local.ledger,
    local.edge,
  )
}

resource "aws_cloudwatch_metric_alarm" "operations" {
  for_each = local.operations

  alarm_name        = "${local.operations_prefix}${each.key}"
  alarm_description = each.value.description
  namespace         = each.value.namespace
  metric_name       = each.value.metric
  dimensions        = each.value.dimensions

  # A percentile is no plain statistic.
  statistic          = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic = startswith(each.value.statistic, "p") ? each.value.statistic : null

  comparison_operator = each.value.below ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing

  alarm_actions = [var.operations_topic_arn]
  ok_actions    = [var.operations_topic_arn]
}
