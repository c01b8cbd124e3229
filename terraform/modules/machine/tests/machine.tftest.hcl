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
  name               = "rescuebot-test-web"
  security_group_ids = ["sg-1"]
  settings           = { web = { proxy_hops = 1 } }
  secrets = {
    RESCUE_DATABASE__PASSWORD = { arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:password" }
    RESCUE_SLACK__BOT_TOKEN   = { arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:token", optional = true }
  }
  secrets_kms_key_arn  = "arn:aws:kms:ap-northeast-1:123456789012:key/secrets"
  log_group            = { name = "/rescuebot-test/x", arn = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/rescuebot-test/x" }
  agent_parameter      = { name = "AmazonCloudWatch-test", arn = "arn:aws:ssm:ap-northeast-1:123456789012:parameter/AmazonCloudWatch-test" }
  operations_topic_arn = "arn:aws:sns:ap-northeast-1:123456789012:operations"
  notify_kms_key_arn   = "arn:aws:kms:ap-northeast-1:123456789012:key/notify"
  instance_type        = "t3.medium"
  image                = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/rescuebot-test@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  repository_arn       = "arn:aws:ecr:ap-northeast-1:123456789012:repository/rescuebot-test"
}

run "a_machine_is_closed_to_the_outside" {
  command = plan

  assert {
    condition     = aws_launch_template.this.network_interfaces[0].associate_public_ip_address == "false"
    error_message = "It has a public address."
  }
  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "A container behind a bridge could take the role of its machine."
  }
  assert {
    condition     = aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "The disk is not encrypted."
  }
  assert {
    condition     = aws_launch_template.this.key_name == null
    error_message = "There is a key for SSH."
  }
}

run "what_it_starts_with_is_small_and_holds_names_of_secrets_only" {
  command = plan

  assert {
    condition     = length(local.user_data) < 12000
    error_message = "EC2 takes 16 KB, and the master adds files."
  }
  assert {
    condition     = local.secret_lines[0] == "RESCUE_DATABASE__PASSWORD arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:password required\n"
    error_message = "The line of a secret is not what prepare.sh reads."
  }
  assert {
    condition     = endswith(local.secret_lines[1], " optional\n") && local.files["/etc/rescuebot/secrets"].mode == "0600"
    error_message = "An optional secret is not marked, or everybody may see which there are."
  }
}

run "it_may_use_its_own_things" {
  command = plan

  assert {
    condition     = length([for statement in data.aws_iam_policy_document.this.statement : statement if statement.sid == "AskBedrock"]) == 0
    error_message = "Without a function nothing may be invoked."
  }
  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this.statement : statement if statement.sid == "Secrets"]).resources == toset([for secret in values(var.secrets) : secret.arn])
    error_message = "It may read other secrets than its own."
  }
  assert {
    condition     = one([for statement in data.aws_iam_policy_document.this.statement : statement if statement.sid == "Metrics"]).condition != null
    error_message = "Metrics are not bound to a namespace."
  }
}

run "a_tag_is_no_image" {
  command = plan
  variables {
    image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/rescuebot-test:latest"
  }
  expect_failures = [var.image]
}

run "the_images_are_for_x86" {
  command = plan
  variables {
    instance_type = "t4g.micro"
  }
  expect_failures = [var.instance_type]
}

run "only_settings_are_filled_from_secrets" {
  command = plan
  variables {
    secrets = { PATH = { arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:x" } }
  }
  expect_failures = [var.secrets]
}

run "a_disk_holds_two_images" {
  command = plan
  variables {
    volume_size = 8
  }
  expect_failures = [var.volume_size]
}

run "a_name_fits_everywhere" {
  command = plan
  variables {
    name = "Rescue Bot"
  }
  expect_failures = [var.name]
}
