output "arn" {
  description = "ARN of the key."
  # The alias too: who has the ARN may rely on the name.
  value      = aws_kms_key.this.arn
  depends_on = [aws_kms_alias.this]
}

output "id" {
  description = "Id of the key."
  value       = aws_kms_key.this.key_id
}
