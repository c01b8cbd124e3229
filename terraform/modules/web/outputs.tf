output "asg_name" {
  description = "Auto Scaling group."
  value       = aws_autoscaling_group.this.name
}

output "asg_arn" {
  description = "Its ARN."
  value       = aws_autoscaling_group.this.arn
}

output "role_arn" {
  description = "Role of the machines."
  value       = module.machine.role_arn
}

output "launch_template_id" {
  description = "Launch template."
  value       = module.machine.launch_template_id
}

output "settings" {
  description = "What the container reads as RESCUE_FILE; nothing secret."
  value       = module.machine.settings
}
