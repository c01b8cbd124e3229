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
  name                 = "rescuebot-test"
  environment          = "test"
  github_repository    = "example/rescuebot"
  group_arns           = { web = "arn:aws:autoscaling:ap-northeast-1:123456789012:autoScalingGroup:1:autoScalingGroupName/web" }
  migrate_document_arn = "arn:aws:ssm:ap-northeast-1:123456789012:document/rescuebot-test-migrate"
  state_bucket_arn     = "arn:aws:s3:::state"
  state_kms_key_arn    = "arn:aws:kms:ap-northeast-1:123456789012:key/state"
}

run "an_image_stays_what_it_is" {
  command = plan

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push])
    error_message = "A tag could mean another image tomorrow, or nobody looks at what is pushed."
  }
  assert {
    condition     = output.ecr_repository_urls["web"] == "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/rescuebot-test-web"
    error_message = "The workflow pushes elsewhere."
  }
}

run "a_role_trusts_one_environment_of_one_repository" {
  command = plan

  assert {
    condition     = local.subjects.deploy == "repo:example/rescuebot:environment:test" && local.subjects.plan == "repo:example/rescuebot:environment:test-plan"
    error_message = "The subjects are not what GitHub sends."
  }
  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.trust : alltrue([
        for condition in document.statement[0].condition : condition.test == "StringEquals"
      ])
    ])
    error_message = "A pattern lets others in."
  }
}

run "a_delivery_cannot_delete_data_or_change_itself" {
  command = plan

  assert {
    condition = alltrue([
      for action in ["rds:DeleteDBInstance", "s3:DeleteBucket", "kms:ScheduleKeyDeletion", "secretsmanager:DeleteSecret"] :
      contains(one([for statement in data.aws_iam_policy_document.deploy.statement : statement if statement.sid == "NeverDeleteData"]).actions, action)
    ])
    error_message = "A delivery could delete what holds data."
  }
  assert {
    condition     = one([for statement in data.aws_iam_policy_document.deploy.statement : statement if statement.sid == "NotItself"]).effect == "Deny"
    error_message = "A delivery could give itself more."
  }
}

run "an_account_has_one_provider" {
  command = plan
  variables {
    create_oidc_provider = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "A second provider would be refused by AWS."
  }
}

run "no_pattern_for_a_repository" {
  command = plan
  variables {
    github_repository = "example/*"
  }
  expect_failures = [var.github_repository]
}

run "an_environment_is_a_word" {
  command = plan
  variables {
    environment = "prod:ref"
  }
  expect_failures = [var.environment]
}

run "there_is_something_to_go_back_to" {
  command = plan
  variables {
    keep_images = 1
  }
  expect_failures = [var.keep_images]
}
