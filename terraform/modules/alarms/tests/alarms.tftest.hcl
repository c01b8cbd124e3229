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
  name                 = "rescuebot-test"
  processes            = { mysql = "^(mysqld|mariadbd)$", nginx = "^nginx$" }
  operations_topic_arn = "arn:aws:sns:ap-northeast-1:123456789012:t-operations"
  queue_name           = "q"
  dead_letter_names    = { events = "q-dead" }
  function_names       = { bedrock_advisor = "a", event_router = "r", slack_notifier = "s" }
  model_id             = "jp.anthropic.claude-sonnet-5-5"
}

run "one_alarm_watches_all_servers_and_operations_are_apart" {
  command = plan
  variables {
    databases     = { main = { identifier = "x" }, replica = { identifier = "y", replica = true } }
    load_balancer = { arn_suffix = "app/x/1", target_group_arn_suffix = "targetgroup/x/1" }
    groups        = { web = { name = "x-web", minimum = 2 }, master = { name = "x-master", minimum = 0 } }
    rule_names    = { alarms = "x-alarms" }
  }

  assert {
    condition     = one(aws_cloudwatch_metric_alarm.fleet["mysql-down"].metric_query).expression == "SELECT MIN(procstat_lookup_pid_count) FROM SCHEMA(\"CWAgent\", Fleet, InstanceId, exe, pid_finder) WHERE Fleet = 'rescuebot-test' AND exe = '^(mysqld|mariadbd)$' GROUP BY InstanceId ORDER BY MIN() ASC"
    error_message = "The query does not name the series that the agent sends."
  }
  assert {
    # PATH is a reserved word; FROM, WHERE and so on are meant as such.
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.fleet : !can(regex("[ (]path[ ,)]", one(alarm.metric_query).expression))])
    error_message = "CloudWatch would refuse a query whose reserved word stands without quotes."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.fleet["mysql-down"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.fleet["mysql-down"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.fleet["mysql-down"].threshold == 1
    error_message = "A silent server, or one with 0 processes, must be an alarm."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.fleet : strcontains(one(alarm.metric_query).expression, " GROUP BY InstanceId") && strcontains(one(alarm.metric_query).expression, " ORDER BY ")])
    error_message = "An alarm over many series needs GROUP BY and ORDER BY, and must tell the server."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.fleet : startswith(alarm.alarm_name, output.product_prefix) && alarm.alarm_actions == null])
    error_message = "An alarm about a server is not taken by EventBridge's rule, or tells people by another way."
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.operations), values(aws_cloudwatch_metric_alarm.summed), values(aws_cloudwatch_metric_alarm.group), [aws_cloudwatch_metric_alarm.engine_silent]) : !startswith(alarm.alarm_name, output.product_prefix) && alarm.alarm_actions == toset([var.operations_topic_arn])])
    error_message = "An alarm about Rescue Bot itself goes by way of the engine, or tells nobody."
  }
  assert {
    condition     = length(setsubtract(["queue-age", "dead-events", "rule-alarms", "router-errors", "advisor-model-gone", "model-dollars", "ledger-main-cpu", "ledger-main-storage", "ledger-replica-lag", "api-5xx", "edge-5xx", "machine-unhealthy"], keys(aws_cloudwatch_metric_alarm.operations))) == 0
    error_message = "An alarm is missing."
  }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.operations), "ledger-main-lag")
    error_message = "Only a replica can lag."
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.group) == ["web"]
    error_message = "A group that may be empty is no alarm."
  }
  assert {
    condition     = alltrue([for name in output.rollback_alarm_names : contains([for alarm in aws_cloudwatch_metric_alarm.operations : alarm.alarm_name], name)])
    error_message = "A replacement would look at an alarm that is not there."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.operations["api-slow"].extended_statistic == "p95" && aws_cloudwatch_metric_alarm.operations["api-slow"].statistic == null
    error_message = "CloudWatch would refuse the alarm."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.engine_silent.treat_missing_data == "breaching" && length(aws_cloudwatch_metric_alarm.engine_silent.metric_query) == 3
    error_message = "An engine that is gone for hours would not be told."
  }
}

run "what_is_not_there_is_not_missed" {
  command = plan
  variables {
    engine_expected = false
    instance_checks = false
  }

  assert {
    condition     = !aws_cloudwatch_metric_alarm.engine_silent.actions_enabled
    error_message = "Before the first image nobody wants to hear that the engine is silent."
  }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.fleet), "instance-unreachable")
    error_message = "Two environments would tell of the same instance."
  }
}

run "bad_values_are_refused" {
  command = plan
  variables {
    processes    = { mysql = "x' OR exe = 'y" }
    severities   = { mysql = "urgent" }
    fleet_limits = { cpu = 100 }
  }
  expect_failures = [var.processes, var.severities, var.fleet_limits]
}
