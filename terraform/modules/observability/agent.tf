# What the CloudWatch agent measures and sends, as parameters that it fetches at its start.
#
# The alarms name exact sets of dimensions (InstanceId, Fleet, exe, pid_finder and so on): with one more or one less
# here they see nothing. Fleet keeps environments of one account apart.

locals {
  hosts = toset(["docker", "amazon-ssm-agent"])

  fleet = { append_dimensions = { Fleet = var.name } }

  # Role → what it watches. Only services that are known are kept: processes may be given without ours.
  watched = merge(
    { hosts = setintersection(local.hosts, keys(var.processes)) },
    var.roles,
  )

  files = {
    hosts = [
      { path = "/var/log/cloud-init-output.log", group = "hosts", stream = "cloud-init" },
      { path = "/opt/aws/amazon-cloudwatch-agent/logs/amazon-cloudwatch-agent.log", group = "hosts", stream = "agent" },
    ]
    fleet = [
      { path = "/var/log/salt/minion", group = "minions", stream = "salt-minion" },
    ]
  }

  agent = {
    for role, services in local.watched : role => {
      agent = {
        metrics_collection_interval = 60
        # procstat reads /proc/PID/exe of root's processes; the user cwagent would see 0 of them.
        run_as_user = "root"
      }
      metrics = {
        namespace         = "CWAgent"
        append_dimensions = { InstanceId = "$${aws:InstanceId}" }
        metrics_collected = merge(
          {
            cpu  = merge(local.fleet, { measurement = ["usage_active"], totalcpu = true })
            mem  = merge(local.fleet, { measurement = ["used_percent"] })
            swap = merge(local.fleet, { measurement = ["used_percent"] })
            disk = merge(local.fleet, { measurement = ["used_percent"], resources = var.disks, drop_device = true })
          },
          length(services) == 0 ? {} : {
            procstat = [for service in sort(services) : merge(local.fleet, { exe = var.processes[service], measurement = ["pid_count"] })]
          },
        )
      }
      logs = {
        logs_collected = {
          files = {
            collect_list = [for file in local.files[role == "hosts" ? "hosts" : "fleet"] : {
              file_path       = file.path
              log_group_name  = "/${var.name}/${file.group}"
              log_stream_name = "{instance_id}/${file.stream}"
            }]
          }
        }
      }
    }
  }
}

resource "aws_ssm_parameter" "agent" {
  #checkov:skip=CKV2_AWS_34:A configuration without secrets; encrypted, each server would need the key.
  #checkov:skip=CKV_AWS_337:As before: nothing in it is secret.
  for_each = local.agent

  # AWS's policy CloudWatchAgentServerPolicy lets the agent read parameters whose names begin so.
  name        = "AmazonCloudWatch-${var.name}-${each.key}"
  description = each.key == "hosts" ? "CloudWatch agent of Rescue Bot's own machines" : "CloudWatch agent of servers with the role ${each.key}"
  type        = "String"
  # Standard is free up to 4 KB, which roles with many services may pass.
  tier  = "Intelligent-Tiering"
  value = jsonencode(each.value)
}
