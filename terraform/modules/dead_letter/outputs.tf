output "arn" {
  description = "ARN of the queue."
  value       = local.arn
  # What comes before the policy would find the queue closed.
  depends_on = [aws_sqs_queue_policy.this]
}

output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "name" {
  description = "Name of the queue, the dimension of its metrics."
  value       = aws_sqs_queue.this.name
}

output "retention_seconds" {
  description = "How long it keeps what is in it."
  value       = aws_sqs_queue.this.message_retention_seconds
}
