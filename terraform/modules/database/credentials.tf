# The password of the RDS master user, and its rotation.
#
# RDS can keep the password itself (manage_master_user_password), but not for a MySQL instance that has a
# read replica. So it is a secret of ours, and AWS's own rotation function changes it. Terraform makes
# the first password and hands it over by write-only arguments: it is in no state and no plan.
#
# People use this user, to make the application's own; the application does not, because its connections
# would break on the day of the rotation.

locals {
  master_user = "rescue_admin"
  # New in each run, from the system's random source (122 bits), and used only in a run that creates the
  # database or raises master_password_version. A local is worked out once a run, so both get the same.
  new_password  = uuid()
  function_name = "${var.name}-rotate-database"
  function_arn  = "arn:${data.aws_partition.this.partition}:lambda:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:function:${local.function_name}"
}

resource "aws_secretsmanager_secret" "master" {
  name        = "${var.name}/database-master"
  description = "The RDS master user ${local.master_user}; changed every ${var.rotation_days} days"
  kms_key_id  = module.key.arn
  # Where there is a last snapshot, the password that belongs to it can be brought back, too.
  recovery_window_in_days = var.final_snapshot ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "master" {
  secret_id = aws_secretsmanager_secret.master.id
  # The shape that the rotation function asks for.
  secret_string_wo = jsonencode({
    engine   = "mysql"
    host     = aws_db_instance.this.address
    port     = aws_db_instance.this.port
    dbname   = local.database
    username = local.master_user
    password = local.new_password
  })
  secret_string_wo_version = var.master_password_version
}

# AWS's function, from AWS's account of the Serverless Application Repository: the same number in all
# regions.
resource "aws_serverlessapplicationrepository_cloudformation_stack" "rotation" {
  name             = local.function_name
  application_id   = "arn:${data.aws_partition.this.partition}:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRDSMySQLRotationSingleUser"
  semantic_version = var.rotation_version
  capabilities     = ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"]

  parameters = {
    functionName        = local.function_name
    endpoint            = "https://secretsmanager.${data.aws_region.this.region}.amazonaws.com"
    vpcSubnetIds        = join(",", var.rotation_subnet_ids)
    vpcSecurityGroupIds = var.rotation_security_group_id
    kmsKeyArn           = module.key.arn
    # What no shell, URL or JSON has to quote.
    excludeCharacters = " %+~`#$&*()|[]{}:;<>?!'/@\"\\^,="
  }
}

resource "aws_secretsmanager_secret_rotation" "master" {
  secret_id           = aws_secretsmanager_secret.master.id
  rotation_lambda_arn = local.function_arn
  # At once: from then on nobody has ever seen the password.
  rotate_immediately = true

  rotation_rules {
    automatically_after_days = var.rotation_days
  }

  # There must be something to change, and somebody to change it.
  depends_on = [
    aws_secretsmanager_secret_version.master,
    aws_serverlessapplicationrepository_cloudformation_stack.rotation,
  ]
}

resource "aws_cloudwatch_metric_alarm" "rotation" {
  alarm_name        = "${var.name}-ops-database-rotation"
  alarm_description = "The password of ${local.master_user} could not be changed; the old one still holds. Look at the log of ${local.function_name}."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions        = { FunctionName = local.function_name }
  statistic         = "Sum"

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 1
  # It runs once a month.
  treat_missing_data = "notBreaching"

  alarm_actions = var.alarm_topic_arns
}
