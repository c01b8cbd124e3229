# Rules of EventBridge: what happened goes to the queue of the engine and to event_router, each by itself.
#
# Both get the same event with the same id, so it is one event in the ledger. What one of them cannot be given is
# kept 14 days in a queue of its own.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  # By name, so that a plan shows who may do what.
  rule_arns = { for key in keys(local.patterns) : key => "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-${key}" }

  drills = sort(var.drill_sources)

  # Library and router understand these shapes and no others: rescuebot/events/parse.
  patterns = merge(
    {
      alarms = {
        description = "Alarms change their state, as a whole or for one of their servers."
        pattern = {
          source        = concat(["aws.cloudwatch"], local.drills)
          "detail-type" = ["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"]
          detail = merge(
            { state = { value = sort(var.alarm_states) } },
            length(var.alarm_name_prefixes) == 0 ? {} : { alarmName = [for prefix in var.alarm_name_prefixes : { prefix = prefix }] },
          )
        }
      }
    },
    length(var.instance_states) == 0 ? {} : {
      instances = {
        description = "EC2 instances stop and start."
        pattern = {
          source        = concat(["aws.ec2"], local.drills)
          "detail-type" = ["EC2 Instance State-change Notification"]
          detail        = { state = sort(var.instance_states) }
        }
      }
    },
    length(var.database_categories) == 0 ? {} : {
      databases = {
        description = "RDS databases fail, fail over, stop, start and run out of room."
        pattern = {
          source        = concat(["aws.rds"], local.drills)
          "detail-type" = ["RDS DB Instance Event", "RDS DB Cluster Event"]
          detail        = { EventCategories = sort(var.database_categories) }
        }
      }
    },
    length(var.own_sources) == 0 ? {} : {
      own = {
        description = "Events in Rescue Bot's own words."
        pattern = {
          source        = sort(var.own_sources)
          "detail-type" = ["Rescue Event"]
        }
      }
    },
  )
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.patterns

  name          = "${var.name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = local.patterns

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "queue"
  arn       = var.queue_arn

  # As long and as often as EventBridge knows: this way is the one that must not lose anything.
  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.undelivered["queue"].arn
  }
}

resource "aws_cloudwatch_event_target" "router" {
  for_each = local.patterns

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "router"
  arn       = var.router_arn

  # An hour: what is told later than that is of no use any more, and the queue has it.
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.undelivered["router"].arn
  }

  depends_on = [aws_lambda_permission.router]
}

locals {
  router_parts     = split(":", var.router_arn)
  router_qualifier = length(local.router_parts) > 7 ? local.router_parts[7] : null
}

resource "aws_lambda_permission" "router" {
  for_each = local.patterns

  statement_id  = "${var.name}-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = local.router_parts[6]
  qualifier     = local.router_qualifier
  principal     = "events.amazonaws.com"
  source_arn    = local.rule_arns[each.key]
}

module "undelivered" {
  source   = "../dead_letter"
  for_each = toset(["queue", "router"])

  name = "${var.name}-undelivered-${each.key}"
  senders = {
    OurRules = { service = "events.amazonaws.com", source_arns = values(local.rule_arns), source_account = local.account }
  }
}
