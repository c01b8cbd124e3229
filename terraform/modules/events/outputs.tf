output "rule_names" {
  description = "Name of each rule: alarms, instances, databases, own."
  value       = { for key, rule in aws_cloudwatch_event_rule.this : key => rule.name }
}

output "rule_arns" {
  description = "ARN of each rule."
  value       = local.rule_arns
  depends_on  = [aws_cloudwatch_event_rule.this]
}

output "undelivered_names" {
  description = "Names of the queues of what EventBridge could not deliver, by target: queue, router."
  value       = { for key, queue in module.undelivered : key => queue.name }
}
