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
  name = "rescuebot-test-notices-dead"
}

run "a_letter_is_kept_for_14_days_and_needs_no_key" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 1209600 && output.retention_seconds == 1209600
    error_message = "Dead letters are not kept for 14 days."
  }
  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled
    error_message = "Without a key SQS must encrypt by itself."
  }
  assert {
    condition     = output.arn == "arn:aws:sqs:ap-northeast-1:123456789012:rescuebot-test-notices-dead" && output.name == var.name
    error_message = "The ARN is not that of the queue by its name."
  }
  assert {
    condition     = length(data.aws_iam_policy_document.this.statement) == 1
    error_message = "Somebody is let in who was not named."
  }
  assert {
    condition = alltrue([for statement in data.aws_iam_policy_document.this.statement :
    statement.effect == "Deny" && one(statement.condition).variable == "aws:SecureTransport"])
    error_message = "The queue can be spoken to without TLS."
  }
}

run "a_key_takes_the_place_of_sqs_own" {
  command = plan
  variables {
    key = { arn = "arn:aws:kms:ap-northeast-1:123456789012:key/events" }
  }

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == var.key.arn
    error_message = "The queue is not under the key."
  }
}

run "services_are_let_in_from_the_sources_that_are_named" {
  command = plan
  variables {
    senders = {
      OurRules = {
        service        = "events.amazonaws.com"
        source_arns    = ["arn:aws:events:ap-northeast-1:123456789012:rule/rescuebot-test-alarms"]
        source_account = "123456789012"
      }
      OurTopics = {
        service     = "sns.amazonaws.com"
        source_arns = ["arn:aws:sns:ap-northeast-1:123456789012:rescuebot-test-fatal"]
      }
    }
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.this.statement : statement.sid] == ["OurRules", "OurTopics", "OnlyOverTls"]
    error_message = "A statement is missing."
  }
  assert {
    condition = [for statement in data.aws_iam_policy_document.this.statement : join(" ", sort([for condition in statement.condition : condition.variable]))] == [
      "aws:SourceAccount aws:SourceArn", "aws:SourceArn", "aws:SecureTransport",
    ]
    error_message = "A service may send for others."
  }
}

run "bad_values_are_refused" {
  command = plan
  variables {
    name    = "notices.dead"
    key     = { arn = "alias/events" }
    senders = { OnlyOverTls = { service = "*", source_arns = ["*"] } }
  }
  expect_failures = [var.name, var.key, var.senders]
}

run "a_service_without_sources_is_refused" {
  command = plan
  variables {
    senders = { OurTopics = { service = "sns.amazonaws.com", source_arns = [] } }
  }
  expect_failures = [var.senders]
}
