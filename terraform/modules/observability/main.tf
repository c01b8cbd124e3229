# Eyes: log groups, what the CloudWatch agent measures, metrics out of logs, a dashboard and a budget.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  # web and master: what their containers say. hosts: the machines beneath. minions: your servers' salt-minion.
  log_groups = toset(["web", "master", "hosts", "minions"])
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:For finding faults; what must be kept longer (events, executions, audit) is in the ledger and its archive.
  for_each = local.log_groups

  name              = "/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_kms_key_arn
}

# What the library says in its logs and nowhere in metrics.
locals {
  said = {
    notices_only_logged = {
      group       = "master"
      pattern     = "notice_only_logged"
      metric      = "NoticesOnlyLogged"
      description = "A notice has reached nobody: each way of its channel has failed. salt-run rescue.notices status=given_up"
    }
    engine_does_not_start = {
      group       = "master"
      pattern     = "?\"rescue_sqs does not start\" ?\"rescue_tracker does not start\""
      metric      = "EngineDoesNotStart"
      description = "An engine refuses its settings or finds no tables: salt-run rescue.doctor tells which."
    }
    api_broke = {
      group       = "web"
      pattern     = "request_broke"
      metric      = "ApiBroke"
      description = "The API has met a mistake of its own; the log group web has its trace."
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.said

  name           = "${var.name}-${replace(each.key, "_", "-")}"
  log_group_name = aws_cloudwatch_log_group.this[each.value.group].name
  pattern        = each.value.pattern

  metric_transformation {
    # A namespace for each environment: metric filters have no dimensions without fields.
    namespace = "RescueBot/${var.name}"
    name      = each.value.metric
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "said" {
  for_each = local.said

  alarm_name        = "${var.name}-ops-${replace(each.key, "_", "-")}"
  alarm_description = each.value.description
  namespace         = "RescueBot/${var.name}"
  metric_name       = each.value.metric

  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  # Nothing said is nothing wrong.
  treat_missing_data = "notBreaching"

  alarm_actions = [var.operations_topic_arn]
  ok_actions    = [var.operations_topic_arn]
}

# The second fence beside advice.dollars_per_day: AWS counts what is really billed, hours later.
resource "aws_budgets_budget" "this" {
  name         = "${var.name}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_dollars)
  limit_unit   = "USD"

  dynamic "cost_filter" {
    for_each = var.budget_tag == null ? [] : [var.budget_tag]

    content {
      name   = "TagKeyValue"
      values = ["user:${cost_filter.value}"]
    }
  }

  dynamic "notification" {
    for_each = [
      { type = "ACTUAL", percent = 80 },
      { type = "ACTUAL", percent = 100 },
      { type = "FORECASTED", percent = 100 },
    ]

    content {
      notification_type         = notification.value.type
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value.percent
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [var.operations_topic_arn]
    }
  }
}
