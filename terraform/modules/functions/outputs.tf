output "arns" {
  description = "What is called, by function: the ARN of its alias. bedrock_advisor is advice.function of the engine."
  # Written out, so that a plan shows who may call and publish; nobody gets it before the aliases are there.
  value      = { for key, name in local.names : key => "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${name}:${local.alias}" }
  depends_on = [aws_lambda_alias.live]
}

output "names" {
  description = "Name of each function, the dimension of its metrics."
  value       = local.names

  depends_on = [aws_lambda_function.this]
}

output "alias" {
  description = "Name of the alias of each function."
  value       = local.alias
}

output "versions" {
  description = "Version that each alias points to."
  value       = { for key, alias in aws_lambda_alias.live : key => alias.function_version }
}

output "dead_letter_names" {
  description = "Name of the dead-letter queue of each function."
  value       = { for key, queue in module.dead_letter : key => queue.name }
}

output "role_arns" {
  description = "Role of each function."
  value       = { for key, role in aws_iam_role.this : key => role.arn }
}

output "log_group_names" {
  description = "Log group of each function."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "model_id" {
  description = "The model that is asked, the dimension of its metrics."
  value       = var.model_id
}
