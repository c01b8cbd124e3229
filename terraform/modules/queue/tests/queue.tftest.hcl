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
  name = "rescuebot-test"
}

run "an_event_is_kept_until_somebody_has_taken_it" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds < module.dead_letter.retention_seconds
    error_message = "A message keeps its age when it moves, so the dead-letter queue must keep longer."
  }
  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 60 && aws_sqs_queue.this.receive_wait_time_seconds == 20
    error_message = "The queue does not fit the engine's settings (queue.visibility_seconds, queue.wait_seconds)."
  }
  assert {
    condition     = keys(local.senders) == ["event_bridge"]
    error_message = "Without topics only EventBridge uses the key."
  }
  assert {
    condition = [local.arn, local.dead_letter_arn] == [
      "arn:aws:sqs:ap-northeast-1:123456789012:rescuebot-test-events",
      "arn:aws:sqs:ap-northeast-1:123456789012:rescuebot-test-events-dead",
    ]
    error_message = "The key is not bound to the two queues by their names."
  }
  assert {
    condition     = aws_sqs_queue.this.name == "rescuebot-test-events" && module.dead_letter.name == "rescuebot-test-events-dead"
    error_message = "The queues have other names than the key is bound to: no event could be encrypted."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy).deadLetterTargetArn == local.dead_letter_arn
    error_message = "The queue gives its dead letters to another queue than the key is bound to."
  }
  assert {
    condition     = length([for statement in data.aws_iam_policy_document.queue.statement : statement if statement.effect == "Deny" && contains([for condition in statement.condition : condition.variable], "aws:SecureTransport")]) == 1
    error_message = "The queue can be spoken to without TLS."
  }
}

run "topics_are_let_in_when_they_are_named" {
  command = plan
  variables {
    topic_arns = ["arn:aws:sns:ap-northeast-1:123456789012:old-alarms"]
  }

  assert {
    condition     = toset(keys(local.senders)) == toset(["event_bridge", "topics"])
    error_message = "SNS may not use the key."
  }
  assert {
    condition     = length([for statement in data.aws_iam_policy_document.queue.statement : statement if statement.sid == "Topics"]) == 1
    error_message = "The queue does not let the topic in."
  }
}

run "bad_values_are_refused" {
  command = plan
  variables {
    retention_seconds = 1209600
    max_receive_count = 1
    name              = "Rescue Bot"
  }
  expect_failures = [var.retention_seconds, var.max_receive_count, var.name]
}
