output "arns" {
  description = "ARN of each secret: jwt_key, slack_bot_token, slack_signing_secret, slack_webhooks, router_api_key, database_password."
  value       = { for key, secret in aws_secretsmanager_secret.this : key => secret.arn }
}

output "names" {
  description = "Name of each secret, for put-secret-value."
  value       = { for key, secret in aws_secretsmanager_secret.this : key => secret.name }
}

output "kms_key_arn" {
  description = "Key of the secrets: whoever reads one needs kms:Decrypt on it."
  value       = module.key.arn
}
