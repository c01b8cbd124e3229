# Each run starts the provider anew, which takes seconds: so what can be seen in one plan is one run.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_region" {
    defaults = { region = "ap-northeast-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name                       = "rescuebot-test"
  subnet_ids                 = ["subnet-1", "subnet-2"]
  security_group_id          = "sg-1"
  rotation_subnet_ids        = ["subnet-3"]
  rotation_security_group_id = "sg-2"
  instance_class             = "db.t4g.medium"
  logs_kms_key_arn           = "arn:aws:kms:ap-northeast-1:123456789012:key/1"
}

run "the_defaults_are_those_of_production_and_no_password_is_in_the_plan" {
  command = plan

  assert {
    condition     = aws_db_instance.this.multi_az && length(aws_db_instance.replica) == 1
    error_message = "There is no standby, or no replica."
  }
  assert {
    condition     = aws_db_instance.this.backup_retention_period == 7
    error_message = "Backups are not kept for 7 days."
  }
  assert {
    condition     = aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot
    error_message = "The ledger could be deleted for good."
  }
  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.replica[0].storage_encrypted && !aws_db_instance.this.publicly_accessible
    error_message = "The ledger is not encrypted, or not private."
  }
  assert {
    condition     = one([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "require_secure_transport"]) == "1"
    error_message = "A connection in the clear is taken."
  }
  assert {
    condition     = toset([for group in aws_cloudwatch_log_group.this : group.name]) == toset([for pair in setproduct(["rescuebot-test", "rescuebot-test-replica"], ["error", "slowquery"]) : "/aws/rds/instance/${pair[0]}/${pair[1]}"])
    error_message = "A log group is missing: RDS would make it itself, for ever and without a key."
  }
  assert {
    condition     = aws_db_instance.this.password == null && aws_db_instance.this.manage_master_user_password == null
    error_message = "The password goes through the state, or RDS keeps it: then there can be no replica."
  }
  assert {
    condition     = aws_secretsmanager_secret_version.master.secret_string == null
    error_message = "The secret's value goes through the state."
  }
  assert {
    condition     = aws_db_instance.this.password_wo_version == aws_secretsmanager_secret_version.master.secret_string_wo_version
    error_message = "Database and secret get their passwords at different times."
  }
  assert {
    condition     = aws_secretsmanager_secret_rotation.master.rotation_rules[0].automatically_after_days == 30
    error_message = "The password does not rotate."
  }
  assert {
    condition     = endswith(aws_secretsmanager_secret_rotation.master.rotation_lambda_arn, ":function:${aws_serverlessapplicationrepository_cloudformation_stack.rotation.parameters.functionName}")
    error_message = "The rotation calls another function than the one that is made."
  }
}

run "dev_is_small_and_can_be_torn_down" {
  command = plan
  variables {
    instance_class       = "db.t4g.micro"
    multi_az             = false
    replica              = false
    deletion_protection  = false
    final_snapshot       = false
    performance_insights = false
  }

  assert {
    condition     = length(aws_db_instance.replica) == 0 && !aws_db_instance.this.multi_az && aws_db_instance.this.skip_final_snapshot
    error_message = "dev has more than it needs."
  }
  assert {
    condition     = aws_db_instance.this.backup_retention_period == 7
    error_message = "dev has backups of 7 days, too."
  }
  assert {
    condition     = output.replica_endpoint == null && output.replica_url == null && output.replica_identifier == null
    error_message = "The outputs speak of a replica that is not there."
  }
}

run "what_rds_or_the_promise_does_not_allow_is_refused" {
  command = plan
  variables {
    instance_class          = "db.t4g.micro"
    backup_retention_days   = 1
    engine_version          = "5.7"
    storage_gb              = 100
    most_storage_gb         = 100
    subnet_ids              = ["subnet-1"]
    rotation_days           = 0
    log_retention_days      = 4
    rotation_version        = "latest"
    master_password_version = 0
  }
  expect_failures = [
    var.performance_insights,
    var.backup_retention_days,
    var.engine_version,
    var.most_storage_gb,
    var.subnet_ids,
    var.rotation_days,
    var.log_retention_days,
    var.rotation_version,
    var.master_password_version,
  ]
}
