mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "ap-northeast-1" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-0123456789abcdef0" }
  }
}

variables {
  name                  = "rescuebot-test"
  vpc_id                = "vpc-1"
  subnet_ids            = { ap-northeast-1a = "subnet-1", ap-northeast-1c = "subnet-2" }
  security_group_id     = "sg-1"
  efs_security_group_id = "sg-2"
  advisor_function_arn  = "arn:aws:lambda:ap-northeast-1:123456789012:function:advisor"
  queue                 = { url = "https://sqs.example/events", arn = "arn:aws:sqs:ap-northeast-1:123456789012:events", kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/queue" }
  archive               = { bucket = "archive", arn = "arn:aws:s3:::archive", kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/archive" }
  topic_arns            = { critical = "arn:aws:sns:ap-northeast-1:123456789012:critical" }
  secret_arns = {
    database_password = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:password"
    slack_bot_token   = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:token"
  }
  database             = { endpoint = "db.internal", replica_endpoint = "replica.internal", port = 3306, name = "rescue", username = "rescue" }
  secrets_kms_key_arn  = "arn:aws:kms:ap-northeast-1:123456789012:key/secrets"
  log_group            = { name = "/rescuebot-test/x", arn = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/rescuebot-test/x" }
  agent_parameter      = { name = "AmazonCloudWatch-test", arn = "arn:aws:ssm:ap-northeast-1:123456789012:parameter/AmazonCloudWatch-test" }
  operations_topic_arn = "arn:aws:sns:ap-northeast-1:123456789012:operations"
  notify_kms_key_arn   = "arn:aws:kms:ap-northeast-1:123456789012:key/notify"
  instance_type        = "t3.medium"
  image                = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/rescuebot-test@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  repository_arn       = "arn:aws:ecr:ap-northeast-1:123456789012:repository/rescuebot-test"
}

run "one_master_that_comes_back_with_its_keys" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this.min_size == 1 && aws_autoscaling_group.this.max_size == 1
    error_message = "There must be exactly one."
  }
  assert {
    condition     = aws_autoscaling_group.this.instance_refresh[0].preferences[0].min_healthy_percentage == 0 && aws_autoscaling_group.this.instance_refresh[0].preferences[0].max_healthy_percentage == 100
    error_message = "Two masters would write the same keys for a while."
  }
  assert {
    condition     = aws_efs_file_system.this.encrypted && aws_efs_backup_policy.this.backup_policy[0].status == "ENABLED"
    error_message = "The keys are not encrypted or not backed up."
  }
  assert {
    condition     = keys(aws_efs_mount_target.this) == ["ap-northeast-1a", "ap-northeast-1c"]
    error_message = "The keys cannot be reached from every zone."
  }
  assert {
    condition     = aws_efs_access_point.this.posix_user[0].uid == 10002
    error_message = "Not the user of the image."
  }
}

run "the_engines_know_where_everything_is" {
  command = plan

  assert {
    condition     = local.settings.queue.url == "https://sqs.example/events" && local.settings.archive.place == "s3://archive/rescuebot-test"
    error_message = "Queue or archive are not in the settings."
  }
  assert {
    condition     = local.settings.advice.function == "arn:aws:lambda:ap-northeast-1:123456789012:function:advisor" && local.settings.notices.topics.critical == "arn:aws:sns:ap-northeast-1:123456789012:critical"
    error_message = "The advisor or the topics are not in the settings."
  }
  assert {
    condition     = local.settings.database.migrate == "always"
    error_message = "A first master would find no tables."
  }
}

run "it_may_change_its_own_name_only" {
  command = plan

  assert {
    condition     = length(one([for statement in data.aws_iam_policy_document.this.statement : statement if statement.sid == "OwnName"]).condition) == 3
    error_message = "It may change other records."
  }
  assert {
    condition     = local.hostname == "salt.rescue.internal"
    error_message = "Minions look for another name."
  }
}

run "nobody_is_asked_without_a_function" {
  command = plan
  variables {
    advisor_function_arn = null
    settings             = { notices = { language = "ko" } }
  }

  assert {
    condition     = local.settings.advice == {}
    error_message = "There is a function in the settings."
  }
  assert {
    condition     = local.settings.notices.language == "ko" && length(local.settings.notices.topics) == 1
    error_message = "Own settings and those of the module do not stand together."
  }
}

run "without_an_image_there_is_no_master" {
  command = plan
  variables {
    image = "none"
  }

  assert {
    condition     = aws_autoscaling_group.this.max_size == 0
    error_message = "A machine would start without anything to run."
  }
}

run "a_zone_is_a_domain" {
  command = plan
  variables {
    zone_name = "rescue"
  }
  expect_failures = [var.zone_name]
}

run "the_password_is_needed" {
  command = plan
  variables {
    secret_arns = { slack_bot_token = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:token" }
  }
  expect_failures = [var.secret_arns]
}
