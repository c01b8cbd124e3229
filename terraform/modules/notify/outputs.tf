output "topic_arns" {
  description = "Topic of each severity: info, warning, critical, fatal. For notices.topics of the engine and TOPICS_JSON of event_router."
  value       = { for severity in local.severities : severity => local.arns[severity] }
  depends_on  = [aws_sns_topic_policy.this]
}

output "operations_topic_arn" {
  description = "Topic of Rescue Bot's own troubles, for alarms and budgets."
  value       = local.arns["operations"]
  depends_on  = [aws_sns_topic_policy.this]
}

output "kms_key_arn" {
  description = "The key of all topics; who publishes needs kms:GenerateDataKey and kms:Decrypt on it."
  value       = module.key.arn
}

output "dead_letter_name" {
  description = "Name of the queue of what could not be delivered."
  value       = module.undelivered.name
}

output "dead_letter_url" {
  description = "URL of the queue of what could not be delivered."
  value       = module.undelivered.url
}
