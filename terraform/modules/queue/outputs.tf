output "arn" {
  description = "ARN of the queue."
  value       = local.arn
  # A queue without its policy takes no event.
  depends_on = [aws_sqs_queue_policy.this]
}

output "url" {
  description = "URL of the queue, for queue.url of the engine."
  value       = aws_sqs_queue.this.url
}

output "name" {
  description = "Name of the queue, the dimension of its metrics."
  value       = aws_sqs_queue.this.name
}

output "dead_letter_arn" {
  description = "ARN of the dead-letter queue."
  value       = module.dead_letter.arn
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue."
  value       = module.dead_letter.url
}

output "dead_letter_name" {
  description = "Name of the dead-letter queue."
  value       = module.dead_letter.name
}

output "kms_key_arn" {
  description = "The key of both; who receives needs kms:Decrypt on it."
  value       = module.key.arn
}
