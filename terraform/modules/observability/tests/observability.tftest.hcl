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
  name                   = "rescuebot-test"
  logs_kms_key_arn       = "arn:aws:kms:ap-northeast-1:123456789012:key/logs"
  operations_topic_arn   = "arn:aws:sns:ap-northeast-1:123456789012:t-operations"
  monthly_budget_dollars = 100
  queue_name             = "q"
  dead_letter_names      = { events = "q-dead" }
  function_names         = { bedrock_advisor = "a", event_router = "r", slack_notifier = "s" }
}

run "the_agent_sends_what_the_alarms_look_for_and_no_more" {
  command = plan

  assert {
    condition     = alltrue([for parameter in aws_ssm_parameter.agent : jsondecode(parameter.value).metrics.append_dimensions == { InstanceId = "$${aws:InstanceId}" }])
    error_message = "A dimension more or less, and the alarms see nothing."
  }
  assert {
    condition     = jsondecode(aws_ssm_parameter.agent["mysql"].value).metrics.metrics_collected.procstat[0] == { append_dimensions = { Fleet = "rescuebot-test" }, exe = "^(mysqld|mariadbd)$", measurement = ["pid_count"] }
    error_message = "The process is not looked for as the alarm names it."
  }
  assert {
    condition     = alltrue([for parameter in aws_ssm_parameter.agent : jsondecode(parameter.value).metrics.namespace == "CWAgent" && jsondecode(parameter.value).agent.run_as_user == "root"])
    error_message = "Another namespace, or a user who cannot see root's processes."
  }
  assert {
    condition     = alltrue([for parameter in aws_ssm_parameter.agent : startswith(parameter.name, "AmazonCloudWatch-")])
    error_message = "AWS's own policy would not let the agent read it."
  }
  assert {
    condition     = length(jsondecode(aws_ssm_parameter.agent["nginx"].value).metrics.metrics_collected.procstat) == 1
    error_message = "A server tells 0 of what it does not run, and that is an alarm."
  }
  assert {
    condition     = toset(keys(output.processes)) == toset(["mysql", "apache", "nginx", "docker", "amazon-ssm-agent"])
    error_message = "Alarms are for what somebody watches, and for nothing else."
  }
  assert {
    condition     = toset([for notification in aws_budgets_budget.this.notification : "${notification.notification_type} ${notification.threshold}"]) == toset(["ACTUAL 80", "ACTUAL 100", "FORECASTED 100"])
    error_message = "A level of the budget is not told."
  }
  assert {
    condition     = length(aws_budgets_budget.this.cost_filter) == 0
    error_message = "Without a tag the whole account counts."
  }
}

run "logs_are_kept_as_said_and_the_dashboard_shows_what_there_is" {
  command = plan
  variables {
    log_retention_days   = 3
    load_balancer        = { arn_suffix = "app/x/1", target_group_arn_suffix = "targetgroup/x/1" }
    database_identifiers = { main = "x-main" }
    group_names          = { web = "x-web" }
    alarm_arns           = ["arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:x"]
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.retention_in_days == 3 && group.kms_key_id == var.logs_kms_key_arn])
    error_message = "A log group has another retention, or no key."
  }
  assert {
    condition     = toset(keys(output.log_group_names)) == toset(["web", "master", "hosts", "minions"])
    error_message = "A log group is missing."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].type == "alarm"
    error_message = "The alarms are not at its head."
  }
  assert {
    condition     = alltrue([for word in ["app/x/1", "x-main", "x-web", "q-dead"] : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, word)])
    error_message = "A part is not shown."
  }
  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x} ${widget.y}"])) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "Two charts lie upon each other."
  }
}

run "bad_values_are_refused" {
  command = plan
  variables {
    processes          = { mysql = "mysqld", apache = "^httpd$", nginx = "^nginx$" }
    roles              = { shop = ["shopd"] }
    log_retention_days = 31
  }
  expect_failures = [var.processes, var.log_retention_days]
}

run "a_role_with_an_unknown_service_is_refused" {
  command = plan
  variables {
    roles = { shop = ["shopd"] }
  }
  expect_failures = [var.roles]
}
