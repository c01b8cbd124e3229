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
  name       = "rescuebot-test"
  queue_arn  = "arn:aws:sqs:ap-northeast-1:123456789012:rescuebot-test-events"
  router_arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:rescuebot-test-event-router:live"
}

run "what_happens_reaches_queue_and_router_without_noise" {
  command = plan

  assert {
    condition     = toset(keys(aws_cloudwatch_event_rule.this)) == toset(["alarms", "instances", "databases", "own"])
    error_message = "A rule is missing."
  }
  assert {
    condition     = keys(aws_cloudwatch_event_target.queue) == keys(aws_cloudwatch_event_rule.this) && keys(aws_cloudwatch_event_target.router) == keys(aws_cloudwatch_event_rule.this)
    error_message = "A rule has not both targets."
  }
  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.queue : target.arn == var.queue_arn && target.retry_policy[0].maximum_event_age_in_seconds == 86400 && target.retry_policy[0].maximum_retry_attempts == 185])
    error_message = "The queue is not tried for as long as EventBridge can."
  }
  assert {
    condition     = alltrue([for permission in aws_lambda_permission.router : permission.function_name == "rescuebot-test-event-router" && permission.qualifier == "live"])
    error_message = "The permission is not on the alias that is called."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["alarms"].event_pattern)["detail-type"] == ["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"]
    error_message = "An alarm over many servers tells them by contributor events; both types are needed."
  }
  assert {
    condition     = toset(jsondecode(aws_cloudwatch_event_rule.this["alarms"].event_pattern).detail.state.value) == toset(["ALARM", "OK"])
    error_message = "Both troubles and recoveries are needed."
  }
  assert {
    condition     = !can(jsondecode(aws_cloudwatch_event_rule.this["alarms"].event_pattern).detail.alarmName)
    error_message = "Without prefixes all alarms are taken."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["alarms"].event_pattern).source == ["aws.cloudwatch"]
    error_message = "Only CloudWatch tells of alarms, unless drills are allowed."
  }
  assert {
    condition     = toset(jsondecode(aws_cloudwatch_event_rule.this["instances"].event_pattern).detail.state) == toset(["stopped", "running"])
    error_message = "Machines that a group ends are no incidents."
  }
  assert {
    condition     = !contains(jsondecode(aws_cloudwatch_event_rule.this["databases"].event_pattern).detail.EventCategories, "backup")
    error_message = "A backup is no incident."
  }
}

run "alarms_can_be_chosen_and_drills_are_let_in_by_the_same_patterns" {
  command = plan
  variables {
    alarm_name_prefixes = ["rescuebot-test-fleet-", "shop-"]
    drill_sources       = ["rescue.drill"]
  }

  assert {
    condition     = [for clause in jsondecode(aws_cloudwatch_event_rule.this["alarms"].event_pattern).detail.alarmName : clause.prefix] == ["rescuebot-test-fleet-", "shop-"]
    error_message = "The prefixes are not in the pattern."
  }
  assert {
    condition     = alltrue([for key in ["alarms", "instances", "databases"] : contains(jsondecode(aws_cloudwatch_event_rule.this[key].event_pattern).source, "rescue.drill")])
    error_message = "A drill would not be taken."
  }
}

run "rules_can_be_left_out" {
  command = plan
  variables {
    instance_states     = []
    database_categories = []
    own_sources         = []
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.this) == ["alarms"]
    error_message = "A rule that was switched off is there."
  }
}

run "bad_values_are_refused" {
  command = plan
  variables {
    alarm_states        = ["ALARM"]
    own_sources         = ["aws.cloudwatch"]
    drill_sources       = ["aws.ec2"]
    database_categories = ["low-storage"]
  }
  expect_failures = [var.alarm_states, var.own_sources, var.drill_sources, var.database_categories]
}
