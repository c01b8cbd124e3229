output "endpoint" {
  description = "Host name of the primary."
  value       = aws_db_instance.this.address
}

output "replica_endpoint" {
  description = "Host name of the replica; null without one."
  value       = one(aws_db_instance.replica[*].address)
}

output "port" {
  description = "Port of both."
  value       = aws_db_instance.this.port
}

output "name" {
  description = "Name of the database."
  value       = local.database
}

output "username" {
  description = "The RDS master user: for people, and for making the application's user."
  value       = local.master_user
}

output "secret_arn" {
  description = "Secret of the RDS master user, JSON: username, password, host, port, dbname. It rotates."
  value       = aws_secretsmanager_secret.master.arn
}

output "secret_name" {
  description = "Name of that secret."
  value       = aws_secretsmanager_secret.master.name
}

output "app_username" {
  description = "The application's user; its password is the secret database_password of the module secrets."
  value       = local.app_user
}

output "url" {
  description = "database.url of the settings, without the password."
  value       = format(local.address, aws_db_instance.this.address)
}

output "replica_url" {
  description = "database.replica_url of the settings, without the password; null without a replica."
  value       = one([for replica in aws_db_instance.replica : format(local.address, replica.address)])
}

output "kms_key_arn" {
  description = "Key of storage, snapshots and the master user's secret."
  value       = module.key.arn
}

output "identifier" {
  description = "Identifier of the primary, for metrics and alarms."
  value       = aws_db_instance.this.identifier
}

output "replica_identifier" {
  description = "Identifier of the replica; null without one."
  value       = one(aws_db_instance.replica[*].identifier)
}

output "log_group_names" {
  description = "Log groups of MySQL: primary-error, primary-slowquery, and of the replica."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "rotation_function_name" {
  description = "Function that changes the password of the RDS master user, for alarms on its errors."
  value       = local.function_name
}
