output "launch_template_id" {
  description = "Launch template."
  value       = aws_launch_template.this.id
}

output "launch_template_version" {
  description = "Its latest version, as a number: an instance refresh cannot go back from $Latest."
  value       = aws_launch_template.this.latest_version
}

output "role_arn" {
  description = "Role of the machines."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Its name, for further policies."
  value       = aws_iam_role.this.name
}

output "user_data" {
  description = "What cloud-init is given; nothing secret."
  value       = local.user_data
}

output "settings" {
  description = "What the container reads as RESCUE_FILE."
  value       = yamlencode(var.settings)
}
