mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name = "rescuebot-test"
}

run "each_secret_has_a_name_and_the_key" {
  command = plan

  assert {
    condition     = toset(keys(aws_secretsmanager_secret.this)) == toset(["jwt_key", "slack_bot_token", "slack_signing_secret", "slack_webhooks", "router_api_key", "database_password"])
    error_message = "A secret is missing, or there is one too many."
  }
  assert {
    condition     = aws_secretsmanager_secret.this["jwt_key"].name == "rescuebot-test/jwt-key"
    error_message = "The name is not <name>/<secret>."
  }
  assert {
    condition     = alltrue([for policy in aws_secretsmanager_secret_policy.this : policy.block_public_policy])
    error_message = "A secret could be made public."
  }
}

run "a_name_in_capitals_and_a_recovery_of_three_days_are_refused" {
  command = plan
  variables {
    name                    = "RescueBot"
    recovery_window_in_days = 3
  }
  expect_failures = [
    var.name,
    var.recovery_window_in_days,
  ]
}
