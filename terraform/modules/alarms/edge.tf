# What people and event_router see of the API, and the machines behind it.

locals {
  edge = { for key, alarm in {
    "api-5xx"           = { metric = "HTTPCode_Target_5XX_Count", statistic = "Sum", threshold = 10, periods = 1, group = true, description = "The API has answered with errors of its own ten times within 5 minutes." }
    "edge-5xx"          = { metric = "HTTPCode_ELB_5XX_Count", statistic = "Sum", threshold = 10, periods = 1, group = false, description = "The load balancer has found nobody who answers ten times within 5 minutes." }
    "machine-unhealthy" = { metric = "UnHealthyHostCount", statistic = "Maximum", threshold = 1, periods = 3, group = true, description = "A machine of the API does not pass its health check since 15 minutes." }
    "api-slow"          = { metric = "TargetResponseTime", statistic = "p95", threshold = 2, periods = 3, group = true, description = "One of twenty answers of the API takes more than 2 seconds since 15 minutes." }
    } : key => {
    description = alarm.description
    namespace   = "AWS/ApplicationELB"
    metric      = alarm.metric
    dimensions = merge(
      { LoadBalancer = var.load_balancer.arn_suffix },
      alarm.group ? { TargetGroup = var.load_balancer.target_group_arn_suffix } : {},
    )
    statistic = alarm.statistic
    below     = false
    threshold = alarm.threshold
    period    = 300
    periods   = alarm.periods
    # No calls, no errors.
    missing = "notBreaching"
  } if var.load_balancer != null }
}

# Apart from the rest: a group's rolling replacement looks at the alarms above, so these must not be among them.
resource "aws_cloudwatch_metric_alarm" "group" {
  for_each = { for key, group in var.groups : key => group if group.minimum > 0 }

  alarm_name        = "${local.operations_prefix}group-${each.key}"
  alarm_description = "Fewer than ${each.value.minimum} machines of ${each.value.name} are in service."
  namespace         = "AWS/AutoScaling"
  metric_name       = "GroupInServiceInstances"
  dimensions        = { AutoScalingGroupName = each.value.name }

  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = each.value.minimum
  period              = 60
  # A machine that is replaced comes back within minutes.
  evaluation_periods = 10
  treat_missing_data = "breaching"

  alarm_actions = [var.operations_topic_arn]
  ok_actions    = [var.operations_topic_arn]
}
