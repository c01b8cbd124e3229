# One page: is anything wrong, does the work flow, what does the model cost, are the machines well.

locals {
  # Rows of widgets; each has a title and what it shows. The grid has 24 columns.
  charts = concat(
    [
      {
        title = "Queue of the engine: waiting, and the oldest in seconds"
        metrics = [
          ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_name, { stat = "Maximum" }],
          ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name, { stat = "Maximum", yAxis = "right" }],
        ]
      },
      {
        title = "Queue of the engine: in and out"
        metrics = [
          ["AWS/SQS", "NumberOfMessagesSent", "QueueName", var.queue_name, { stat = "Sum" }],
          ["AWS/SQS", "NumberOfMessagesDeleted", "QueueName", var.queue_name, { stat = "Sum" }],
          ["AWS/SQS", "NumberOfEmptyReceives", "QueueName", var.queue_name, { stat = "Sum", yAxis = "right" }],
        ]
      },
      {
        title   = "What went wrong and waits for a person"
        metrics = [for key, name in var.dead_letter_names : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name, { stat = "Maximum", label = key }]]
      },
      {
        title   = "Functions: calls"
        metrics = [for key, name in var.function_names : ["AWS/Lambda", "Invocations", "FunctionName", name, { stat = "Sum", label = key }]]
      },
      {
        title = "Functions: errors and throttles"
        metrics = concat(
          [for key, name in var.function_names : ["AWS/Lambda", "Errors", "FunctionName", name, { stat = "Sum", label = "${key} errors" }]],
          [for key, name in var.function_names : ["AWS/Lambda", "Throttles", "FunctionName", name, { stat = "Sum", label = "${key} throttles" }]],
        )
      },
      {
        title   = "Functions: milliseconds, p95"
        metrics = [for key, name in var.function_names : ["AWS/Lambda", "Duration", "FunctionName", name, { stat = "p95", label = key }]]
      },
    ],
    [for title, search in {
      "Model: US dollars a day"              = "SUM(SEARCH('{RescueBot,model,service} service=\"bedrock_advisor\" MetricName=\"CostUsd\"', 'Sum', 86400))"
      "Model: tokens"                        = "SEARCH('{RescueBot,model,service} service=\"bedrock_advisor\" (MetricName=\"InputTokens\" OR MetricName=\"OutputTokens\" OR MetricName=\"CacheReadTokens\" OR MetricName=\"CacheWriteTokens\")', 'Sum', 3600)"
      "Model: answered, failed"              = "SEARCH('{RescueBot,model,service} service=\"bedrock_advisor\" (MetricName=\"Answered\" OR MetricName=\"Failed\")', 'Sum', 300)"
      "Model: milliseconds, p90"             = "SEARCH('{RescueBot,model,service} service=\"bedrock_advisor\" MetricName=\"Latency\"', 'p90', 300)"
      "Router: handed in, refused, failed"   = "SEARCH('{RescueBot,service,severity} service=\"event_router\" (MetricName=\"HandedIn\" OR MetricName=\"Refused\" OR MetricName=\"Failed\")', 'Sum', 300)"
      "Slack notifier: posted, failed"       = "SEARCH('{RescueBot,service,severity} service=\"slack_notifier\" (MetricName=\"Posted\" OR MetricName=\"Failed\")', 'Sum', 300)"
      "Fleet: processes, by service, lowest" = "SELECT MIN(procstat_lookup_pid_count) FROM SCHEMA(\"CWAgent\", Fleet, InstanceId, exe, pid_finder) WHERE Fleet = '${var.name}' GROUP BY exe ORDER BY MIN() ASC"
      "Fleet: memory used, highest ten"      = "SELECT MAX(mem_used_percent) FROM SCHEMA(\"CWAgent\", Fleet, InstanceId) WHERE Fleet = '${var.name}' GROUP BY InstanceId ORDER BY MAX() DESC LIMIT 10"
      "Fleet: processors busy, highest ten"  = "SELECT AVG(cpu_usage_active) FROM SCHEMA(\"CWAgent\", Fleet, InstanceId, cpu) WHERE Fleet = '${var.name}' AND cpu = 'cpu-total' GROUP BY InstanceId ORDER BY AVG() DESC LIMIT 10"
    } : { title = title, metrics = [[{ expression = search, id = "q1" }]] }],
    # The splat makes a list of none or one, so that what is not there has no charts.
    flatten([for balancer in var.load_balancer[*] : [
      {
        title = "API: calls, and answers 5xx"
        metrics = [
          ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", balancer.arn_suffix, { stat = "Sum" }],
          ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", balancer.arn_suffix, { stat = "Sum", yAxis = "right" }],
          ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", balancer.arn_suffix, { stat = "Sum", yAxis = "right" }],
        ]
      },
      {
        title = "API: seconds (p95), healthy and unhealthy machines"
        metrics = [
          ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", balancer.arn_suffix, { stat = "p95" }],
          ["AWS/ApplicationELB", "HealthyHostCount", "TargetGroup", balancer.target_group_arn_suffix, "LoadBalancer", balancer.arn_suffix, { stat = "Minimum", yAxis = "right" }],
          ["AWS/ApplicationELB", "UnHealthyHostCount", "TargetGroup", balancer.target_group_arn_suffix, "LoadBalancer", balancer.arn_suffix, { stat = "Maximum", yAxis = "right" }],
        ]
      },
    ]]),
    [for names in [var.group_names] : {
      title   = "Machines in service"
      metrics = [for key, name in names : ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", name, { stat = "Minimum", label = key }]]
    } if length(names) > 0],
    [for title, metric in {
      "Ledger: processors, percent"  = { name = "CPUUtilization", stat = "Maximum" }
      "Ledger: connections"          = { name = "DatabaseConnections", stat = "Maximum" }
      "Ledger: free storage, bytes"  = { name = "FreeStorageSpace", stat = "Minimum" }
      "Ledger: free memory, bytes"   = { name = "FreeableMemory", stat = "Minimum" }
      "Ledger: replica lag, seconds" = { name = "ReplicaLag", stat = "Maximum" }
      } : {
      title   = title
      metrics = [for key, name in var.database_identifiers : ["AWS/RDS", metric.name, "DBInstanceIdentifier", name, { stat = metric.stat, label = key }]]
    } if length(var.database_identifiers) > 0],
  )

  head = length(var.alarm_arns) == 0 ? 0 : 4
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [for arns in [var.alarm_arns] : {
        type       = "alarm", x = 0, y = 0, width = 24, height = local.head
        properties = { title = "Alarms", alarms = slice(arns, 0, min(100, length(arns))) }
      } if length(arns) > 0],
      [for index, chart in local.charts : {
        type = "metric", x = (index % 3) * 8, y = local.head + floor(index / 3) * 6, width = 8, height = 6
        properties = {
          title = chart.title, metrics = chart.metrics, region = local.region, view = "timeSeries", period = 300
        }
      }],
    )
  })
}
