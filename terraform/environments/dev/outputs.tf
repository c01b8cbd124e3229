output "url" {
  description = "Address of the console and the API."
  value       = module.edge.url
}

output "alb_dns_name" {
  description = "Where to point the domain when its zone is not in Route 53."
  value       = module.edge.alb_dns_name
}

output "secrets_to_fill" {
  description = "Secrets that wait for their values: aws secretsmanager put-secret-value --secret-id <name>."
  value       = module.secrets.names
}

output "database_master_secret" {
  description = "Secret of the RDS master user, by which the application's user is made."
  value       = module.database.secret_name
}

output "database_url" {
  description = "database.url of the settings."
  value       = module.database.url
}

output "database_replica_url" {
  description = "database.replica_url of the settings; null without a replica."
  value       = module.database.replica_url
}

output "archive_place" {
  description = "archive.place of the settings."
  value       = "s3://${module.archive.bucket}/${var.environment}"
}

output "nat_addresses" {
  description = "Where calls to the outside come from, for allow lists of others."
  value       = module.network.nat_addresses
}

output "queue_url" {
  description = "queue.url of the settings."
  value       = module.queue.url
}

output "ecr_repository_urls" {
  description = "Where images are pushed: web, master."
  value       = module.delivery.ecr_repository_urls
}

output "delivery_role_arns" {
  description = "Roles of the workflow: images, plan, deploy."
  value       = module.delivery.role_arns
}

output "web_asg_name" {
  description = "Auto Scaling group of the API."
  value       = module.web.asg_name
}

output "master_asg_name" {
  description = "Auto Scaling group of the master."
  value       = module.master.asg_name
}

output "web_image_digest" {
  description = "Image of the API that runs."
  value       = var.web_image_digest
}

output "master_image_digest" {
  description = "Image of the master that runs."
  value       = var.master_image_digest
}

output "migrate_document" {
  description = "SSM document that brings the tables up to date."
  value       = module.master.migrate_document
}

output "salt_master" {
  description = "Name under which minions find the master, inside the VPC."
  value       = module.master.hostname
}

output "minion_security_group_id" {
  description = "Group for whoever is a minion."
  value       = module.network.security_group_ids.minions
}

output "agent_parameters" {
  description = "CloudWatch Agent configurations for your servers, by role."
  value       = module.observability.agent_parameter_names
}

output "dashboard" {
  description = "Name of the dashboard in CloudWatch."
  value       = module.observability.dashboard
}
