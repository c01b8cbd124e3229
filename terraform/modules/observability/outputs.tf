output "agent_parameter_name" {
  description = "Parameter with the agent configuration of Rescue Bot's own machines."
  value       = aws_ssm_parameter.agent["hosts"].name
}

output "agent_parameter_arn" {
  description = "ARN of that parameter."
  value       = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${aws_ssm_parameter.agent["hosts"].name}"
}

output "agent_parameter_names" {
  description = "Parameters with the agent configuration of your servers, by role."
  value       = { for role in keys(var.roles) : role => aws_ssm_parameter.agent[role].name }
}

output "processes" {
  description = "Service → exe of what is watched anywhere, for the module alarms: an alarm about what nobody watches would only say that data are missing."
  value = {
    for service, exe in var.processes : service => exe
    if contains(flatten([for services in values(local.watched) : tolist(services)]), service)
  }
}

output "log_group_names" {
  description = "Log groups: web, master, hosts, minions."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "log_group_arns" {
  description = "ARNs of the log groups: web, master, hosts, minions."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${group.name}" }
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarm_names" {
  description = "Alarms on what the logs say."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.said : key => alarm.alarm_name }
}
