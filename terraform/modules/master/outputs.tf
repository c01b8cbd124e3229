output "asg_name" {
  description = "Auto Scaling group, which holds one machine."
  value       = aws_autoscaling_group.this.name
}

output "asg_arn" {
  description = "Its ARN."
  value       = aws_autoscaling_group.this.arn
}

output "role_arn" {
  description = "Role of the master."
  value       = module.machine.role_arn
}

output "role_name" {
  description = "Name of the role."
  value       = module.machine.role_name
}

output "hostname" {
  description = "What minions write as `master:`."
  value       = local.hostname
}

output "zone_id" {
  description = "Private zone of that name."
  value       = aws_route53_zone.this.zone_id
}

output "file_system_id" {
  description = "EFS with keys and job cache."
  value       = aws_efs_file_system.this.id
}

output "migrate_document" {
  description = "SSM document that brings the tables to the state of an image."
  value       = aws_ssm_document.migrate.name
}

output "migrate_document_arn" {
  description = "Its ARN, for the role that delivers."
  value       = aws_ssm_document.migrate.arn
}

output "settings" {
  description = "What the container reads as RESCUE_FILE; nothing secret."
  value       = module.machine.settings
}
