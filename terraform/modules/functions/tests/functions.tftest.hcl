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
}

variables {
  name                      = "rescuebot-test"
  zips_dir                  = "tests"
  api_url                   = "https://rescue.example.com"
  router_api_key_secret_arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:router-AbCdEf"
  slack_webhooks_secret_arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:webhooks-AbCdEf"
  secrets_kms_key_arn       = "arn:aws:kms:ap-northeast-1:123456789012:key/secrets"
  notify_kms_key_arn        = "arn:aws:kms:ap-northeast-1:123456789012:key/notify"
  logs_kms_key_arn          = "arn:aws:kms:ap-northeast-1:123456789012:key/logs"
  library_tells             = true
  topic_arns = {
    info     = "arn:aws:sns:ap-northeast-1:123456789012:t-info"
    warning  = "arn:aws:sns:ap-northeast-1:123456789012:t-warning"
    critical = "arn:aws:sns:ap-northeast-1:123456789012:t-critical"
    fatal    = "arn:aws:sns:ap-northeast-1:123456789012:t-fatal"
  }
}

run "the_functions_are_as_their_readmes_say" {
  command         = plan
  expect_failures = [check.zips]

  assert {
    condition     = alltrue([for function in aws_lambda_function.this : function.runtime == "python3.13" && function.architectures == tolist(["arm64"]) && function.publish && function.tracing_config[0].mode == "Active"])
    error_message = "A function does not run on what its zip is built for, or cannot go back, or leaves no traces."
  }
  assert {
    condition     = aws_lambda_function.this["bedrock_advisor"].timeout == 85 && aws_lambda_function.this["bedrock_advisor"].environment[0].variables.READ_TIMEOUT == "80"
    error_message = "Each wait must be longer than the one inside of it: 80, 85, 90."
  }
  assert {
    condition     = aws_lambda_function.this["slack_notifier"].reserved_concurrent_executions == 2
    error_message = "More than two at once, and a notice is seen twice more often."
  }
  assert {
    condition     = aws_lambda_function.this["event_router"].environment[0].variables.TELL == "unreached"
    error_message = "People would hear of each event twice."
  }
  assert {
    condition     = { for key, config in aws_lambda_function_event_invoke_config.this : key => config.maximum_retry_attempts } == { bedrock_advisor = 0, event_router = 2, slack_notifier = 2 }
    error_message = "A question is paid for each time; events and notices must be tried again."
  }
  assert {
    condition     = local.profile_arn == "arn:aws:bedrock:ap-northeast-1:123456789012:inference-profile/jp.anthropic.claude-sonnet-5-5"
    error_message = "The profile is not the one of the README."
  }
  assert {
    condition = local.model_arns == [
      "arn:aws:bedrock:ap-northeast-1::foundation-model/anthropic.claude-sonnet-5-5",
      "arn:aws:bedrock:ap-northeast-3::foundation-model/anthropic.claude-sonnet-5-5",
    ]
    error_message = "The models are not those of the README."
  }
}

run "who_tells_which_model_and_which_version_are_choices" {
  command         = plan
  expect_failures = [check.zips]
  variables {
    library_tells   = false
    model_id        = "global.anthropic.claude-sonnet-5-5"
    model_regions   = ["ap-northeast-1"]
    pinned_versions = { event_router = "7" }
    guardrail       = { id = "gr1", arn = "arn:aws:bedrock:ap-northeast-1:123456789012:guardrail/gr1", version = "3" }
  }

  assert {
    condition     = aws_lambda_function.this["event_router"].environment[0].variables.TELL == "all"
    error_message = "Nobody would hear of an event."
  }
  assert {
    condition     = contains(local.model_arns, "arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-5-5")
    error_message = "A global profile could not be asked."
  }
  assert {
    condition     = aws_lambda_alias.live["event_router"].function_version == "7"
    error_message = "The alias does not point to the pinned version."
  }
  assert {
    condition     = aws_lambda_function.this["bedrock_advisor"].environment[0].variables.GUARDRAIL_ID == "gr1" && aws_lambda_function.this["bedrock_advisor"].environment[0].variables.GUARDRAIL_VERSION == "3"
    error_message = "The function does not know the guardrail."
  }
  assert {
    condition     = length([for statement in data.aws_iam_policy_document.bedrock_advisor.statement : statement if statement.sid == "Guardrail"]) == 1
    error_message = "The role may not use the guardrail."
  }
}

run "bad_values_are_refused" {
  command = plan
  variables {
    model_id             = "anthropic.claude-3-sonnet-20240229-v1:0"
    api_url              = "http://rescue.example.com"
    reserved_concurrency = { bedrock_advisor = 5, event_router = 0, slack_notifier = 2 }
  }
  expect_failures = [var.model_id, var.api_url, var.reserved_concurrency]
}
