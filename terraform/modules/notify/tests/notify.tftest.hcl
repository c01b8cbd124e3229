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
  name               = "rescuebot-test"
  slack_notifier_arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:rescuebot-test-slack-notifier:live"
}

run "slack_hears_all_by_severity" {
  command = plan

  assert {
    condition     = toset([for topic in aws_sns_topic.this : topic.name]) == toset([for end in ["info", "warning", "critical", "fatal", "operations"] : "rescuebot-test-${end}"])
    error_message = "slack_notifier chooses the channel by the end of a topic's name."
  }
  assert {
    condition     = toset(keys(output.topic_arns)) == toset(["info", "warning", "critical", "fatal"])
    error_message = "notices.topics takes the four severities and nothing else."
  }
  assert {
    condition     = keys(aws_sns_topic_subscription.slack) == keys(aws_sns_topic.this)
    error_message = "A topic reaches no Slack channel."
  }
  assert {
    condition     = alltrue([for permission in aws_lambda_permission.topic : permission.function_name == "rescuebot-test-slack-notifier" && permission.qualifier == "live"])
    error_message = "The permission is not on the alias that is called."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "E-mail goes to nobody who was not named."
  }
  assert {
    condition = alltrue([for key, document in data.aws_iam_policy_document.topic :
    length([for statement in document.statement : statement if statement.sid == "BudgetsOfThisAccount"]) == (key == "operations" ? 1 : 0)])
    error_message = "Budgets may publish where they should not, or not where they should."
  }
  assert {
    condition = alltrue(flatten([for document in data.aws_iam_policy_document.topic : [for statement in document.statement :
      contains([for condition in statement.condition : condition.variable], "aws:SourceAccount") if statement.effect != "Deny"
    ]]))
    error_message = "A service may publish for another account."
  }
}

run "people_are_told_by_email_too" {
  command = plan
  variables {
    operations_emails = ["ops@example.com", "night@example.com"]
    severity_emails   = { fatal = ["boss@example.com"] }
  }

  assert {
    condition     = toset(keys(aws_sns_topic_subscription.email)) == toset(["operations ops@example.com", "operations night@example.com", "fatal boss@example.com"])
    error_message = "Somebody is not subscribed."
  }
}

run "bad_values_are_refused" {
  command = plan
  variables {
    severity_emails    = { urgent = ["ops@example.com"] }
    operations_emails  = ["#ops"]
    slack_notifier_arn = "rescuebot-test-slack-notifier"
  }
  expect_failures = [var.severity_emails, var.operations_emails, var.slack_notifier_arn]
}
