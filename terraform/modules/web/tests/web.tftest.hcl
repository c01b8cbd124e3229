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
  name              = "rescuebot-test"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
  target_group_arn  = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/web/0123456789abcdef"
  request_label     = "app/alb/0123456789abcdef/targetgroup/web/0123456789abcdef"
  secret_arns = {
    database_password    = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:password"
    jwt_key              = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:jwt"
    slack_signing_secret = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:signing"
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

run "two_to_five_machines_that_are_replaced_one_after_another" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this.min_size == 2 && aws_autoscaling_group.this.max_size == 5
    error_message = "There shall be 2 to 5."
  }
  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "ELB"
    error_message = "A machine that does not answer would stay."
  }
  assert {
    condition = alltrue([
      aws_autoscaling_group.this.instance_refresh[0].strategy == "Rolling",
      aws_autoscaling_group.this.instance_refresh[0].preferences[0].auto_rollback,
      aws_autoscaling_group.this.instance_refresh[0].preferences[0].min_healthy_percentage == 100,
    ])
    error_message = "A replacement would take machines away before others are healthy, or would not go back."
  }
}

run "the_dashboard_reads_the_replica" {
  command = plan

  assert {
    condition     = local.settings.database.replica_url == "mysql+pymysql://rescue@replica.internal:3306/rescue?ssl_ca=/etc/rescuebot/rds.pem"
    error_message = "The replica is not in the settings."
  }
  assert {
    condition     = local.settings.web.proxy_hops == 1
    error_message = "The address of a caller would be that of the load balancer."
  }
}

run "without_a_replica_there_is_no_word_of_it" {
  command = plan
  variables {
    database = { endpoint = "db.internal", port = 3306, name = "rescue", username = "rescue" }
    settings = { web = { trusted_hosts = ["rescue.example.com"] } }
  }

  assert {
    condition     = keys(local.settings.database) == ["url"]
    error_message = "There is a replica_url without a replica."
  }
  assert {
    condition     = local.settings.web.trusted_hosts == ["rescue.example.com"] && local.settings.web.proxy_hops == 1
    error_message = "Own settings and those of the module do not stand together."
  }
}

run "without_an_image_there_is_no_machine" {
  command = plan
  variables {
    image = "none"
  }

  assert {
    condition     = aws_autoscaling_group.this.max_size == 0
    error_message = "Machines would start without anything to run."
  }
}

run "an_alarm_takes_a_replacement_back" {
  command = plan
  variables {
    alarm_names        = ["rescuebot-test-5xx"]
    checkpoint_seconds = 0
  }

  assert {
    condition     = aws_autoscaling_group.this.instance_refresh[0].preferences[0].alarm_specification[0].alarms == toset(["rescuebot-test-5xx"]) || aws_autoscaling_group.this.instance_refresh[0].preferences[0].alarm_specification[0].alarms == tolist(["rescuebot-test-5xx"])
    error_message = "The alarm is not asked."
  }
  assert {
    condition     = aws_autoscaling_group.this.instance_refresh[0].preferences[0].checkpoint_percentages == null
    error_message = "It rests although it shall not."
  }
}

run "not_fewer_at_most_than_at_least" {
  command = plan
  variables {
    max_size = 1
  }
  expect_failures = [var.max_size]
}

run "at_least_one" {
  command = plan
  variables {
    min_size = 0
  }
  expect_failures = [var.min_size]
}

run "the_key_of_the_tokens_is_needed" {
  command = plan
  variables {
    secret_arns = { database_password = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:password" }
  }
  expect_failures = [var.secret_arns]
}
