mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name        = "rescuebot-test-things"
  description = "Things"
}

run "a_key_rotates_and_has_a_name" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "The key does not rotate."
  }
  assert {
    condition     = aws_kms_alias.this.name == "alias/rescuebot-test-things"
    error_message = "The alias is not alias/<name>."
  }
}

run "a_service_without_a_condition_and_a_name_of_aws_are_refused" {
  command = plan
  variables {
    name     = "aws/sqs"
    services = { logs = { principal = "logs.amazonaws.com", actions = ["kms:Decrypt"], conditions = [] } }
  }
  expect_failures = [var.services, var.name]
}

run "a_service_gets_no_star" {
  command = plan
  variables {
    services = { logs = {
      principal  = "logs.amazonaws.com", actions = ["kms:*"],
      conditions = [{ test = "StringEquals", variable = "aws:SourceAccount", values = ["123456789012"] }]
    } }
  }
  expect_failures = [var.services]
}
