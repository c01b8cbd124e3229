output "ecr_repository_urls" {
  description = "Repositories by kind: web, master."
  # Built from names, so that a plan shows them; whoever pulls waits for the repository.
  value      = { for kind, name in local.repositories : kind => "${local.account}.dkr.ecr.${local.region}.amazonaws.com/${name}" }
  depends_on = [aws_ecr_repository.this]
}

output "ecr_repository_arns" {
  description = "Their ARNs."
  value       = local.repository_arns
  depends_on  = [aws_ecr_repository.this]
}

output "deploy_role_arn" {
  description = "Role of the job that applies."
  value       = aws_iam_role.this["deploy"].arn
}

output "role_arns" {
  description = "Roles of the workflow by what they do: images, plan, deploy."
  value       = { for kind, role in aws_iam_role.this : kind => role.arn }
}
