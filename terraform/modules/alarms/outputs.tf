output "product_prefix" {
  description = "Names of the alarms about your servers begin so, for the rule of EventBridge (events.alarm_name_prefixes)."
  value       = local.product_prefix
}

output "fleet_alarm_names" {
  description = "Alarms about your servers."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.fleet : key => alarm.alarm_name }
}

output "arns" {
  description = "All alarms, for the dashboard."
  value = [for alarm in concat(
    values(aws_cloudwatch_metric_alarm.fleet),
    [aws_cloudwatch_metric_alarm.engine_silent],
    values(aws_cloudwatch_metric_alarm.operations),
    values(aws_cloudwatch_metric_alarm.summed),
    values(aws_cloudwatch_metric_alarm.group),
  ) : alarm.arn]
}

output "rollback_alarm_names" {
  description = "Alarms on which a rolling replacement of the API goes back. By name, so that the groups need not wait for the alarms, which name the groups."
  value       = var.load_balancer == null ? [] : [for key in ["api-5xx", "edge-5xx"] : "${local.operations_prefix}${key}"]
}
