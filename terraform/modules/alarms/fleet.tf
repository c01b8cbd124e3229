# Your servers: one alarm watches all of them, and each server that is in trouble is told by itself.
#
# Such an alarm must have GROUP BY and ORDER BY. Its queries name exact sets of dimensions, those that the agents of
# the module observability send; a metric with one dimension more or less is not seen. PATH is a reserved word of
# that language, so it stands in quotes.

locals {
  # Only servers whose agents are configured for this environment.
  ours = "Fleet = '${var.name}'"

  down = { for service, exe in var.processes : "${service}-down" => {
    description = "${service}: no process fits ${exe}"
    query       = "SELECT MIN(procstat_lookup_pid_count) FROM SCHEMA(\"CWAgent\", Fleet, InstanceId, exe, pid_finder) WHERE ${local.ours} AND exe = '${exe}' GROUP BY InstanceId ORDER BY MIN() ASC"
    below       = true
    threshold   = 1
    periods     = 2
    # Silence of an agent is as bad as a process that is down: the machine may be.
    missing = "breaching"
    tags    = { "rescue:service" = service, "rescue:type" = "process_down", "rescue:severity" = lookup(var.severities, service, "critical") }
  } }

  # Where silence says nothing, "missing" keeps it from looking like a recovery.
  fleet = merge(local.down, {
    "cpu-high" = {
      description = "Processors are busy for more than ${var.fleet_limits.cpu} % since 5 minutes"
      query       = "SELECT AVG(cpu_usage_active) FROM SCHEMA(\"CWAgent\", Fleet, InstanceId, cpu) WHERE ${local.ours} AND cpu = 'cpu-total' GROUP BY InstanceId ORDER BY AVG() DESC"
      below       = false
      threshold   = var.fleet_limits.cpu
      periods     = 5
      missing     = "missing"
      tags        = { "rescue:service" = "cpu", "rescue:type" = "cpu_high", "rescue:severity" = "warning" }
    }
    "memory-high" = {
      description = "Memory is used for more than ${var.fleet_limits.memory} % since 5 minutes"
      query       = "SELECT MAX(mem_used_percent) FROM SCHEMA(\"CWAgent\", Fleet, InstanceId) WHERE ${local.ours} GROUP BY InstanceId ORDER BY MAX() DESC"
      below       = false
      threshold   = var.fleet_limits.memory
      periods     = 5
      missing     = "missing"
      tags        = { "rescue:service" = "memory", "rescue:type" = "memory_high", "rescue:severity" = "warning" }
    }
    "disk-full" = {
      description = "A disk is used for more than ${var.fleet_limits.disk} %"
      query       = "SELECT MAX(disk_used_percent) FROM SCHEMA(\"CWAgent\", Fleet, InstanceId, fstype, \"path\") WHERE ${local.ours} GROUP BY InstanceId, \"path\" ORDER BY MAX() DESC"
      below       = false
      threshold   = var.fleet_limits.disk
      periods     = 2
      missing     = "missing"
      tags        = { "rescue:service" = "disk", "rescue:type" = "disk_full", "rescue:severity" = "critical" }
    }
  }, local.unreachable)
}

locals {
  # AWS's own check of all instances of the account; it knows no fleet.
  unreachable = { for key, alarm in {
    "instance-unreachable" = {
      description = "AWS cannot reach the instance, or the machine beneath it is ill"
      query       = "SELECT MAX(StatusCheckFailed) FROM SCHEMA(\"AWS/EC2\", InstanceId) GROUP BY InstanceId ORDER BY MAX() DESC"
      below       = false
      threshold   = 1
      periods     = 2
      missing     = "missing"
      tags        = { "rescue:type" = "instance_unreachable", "rescue:severity" = "critical" }
    }
  } : key => alarm if var.instance_checks }
}

resource "aws_cloudwatch_metric_alarm" "fleet" {
  #checkov:skip=CKV_AWS_319:It has no actions by design: EventBridge takes its changes of state by its name.
  for_each = local.fleet

  alarm_name        = "${local.product_prefix}${each.key}"
  alarm_description = each.value.description

  metric_query {
    id          = "q1"
    expression  = each.value.query
    period      = 60
    return_data = true
  }

  comparison_operator = each.value.below ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing

  tags = each.value.tags
}
