# The Salt master with the engines: one machine that comes back by itself, with its keys, under the same name.

data "aws_region" "this" {}

locals {
  runs     = var.image != "none"
  hostname = "salt.${var.zone_name}"

  hosts = {
    url         = var.database.endpoint
    replica_url = var.database.replica_endpoint
  }

  # The password comes from a secret; the certificate of the server is checked against RDS's own.
  ledger = {
    for key, host in local.hosts : key =>
    "mysql+pymysql://${var.database.username}@${host}:${var.database.port}/${var.database.name}?ssl_ca=/etc/rescuebot/rds.pem"
    if host != null
  }

  # A new master brings the tables to its own state before its engines read them.
  defaults = {
    aws      = { region = data.aws_region.this.region }
    database = merge(local.ledger, { migrate = "always" })
    queue    = { url = var.queue.url }
    archive  = { place = "s3://${var.archive.bucket}/${var.name}" }
    notices  = { topics = var.topic_arns }
    advice   = { for key, arn in { function = var.advisor_function_arn } : key => arn if arn != null }
  }

  settings = merge(
    var.settings,
    { for block, values in local.defaults : block => merge(values, try(var.settings[block], {})) },
  )
}

module "machine" {
  source = "../machine"

  name               = "${var.name}-master"
  instance_type      = var.instance_type
  ami_id             = var.ami_id
  volume_size        = 30
  security_group_ids = [var.security_group_id]
  image              = var.image
  repository_arn     = var.repository_arn
  packages           = ["amazon-efs-utils"]

  # In the network of its machine: minions see its own address, and the engines reach the role.
  arguments = [
    "--network", "host",
    "--tmpfs", "/run/salt:uid=10002,gid=10002,mode=0750",
    "--volume", "/var/lib/rescuebot/pki:/etc/salt/pki",
    "--volume", "/var/lib/rescuebot/cache:/var/cache/salt",
    "--volume", "/etc/rescuebot/master.d:/etc/salt/master.d:ro",
  ]

  settings = local.settings

  secrets = {
    RESCUE_DATABASE__PASSWORD = { arn = var.secret_arns["database_password"] }
    RESCUE_SLACK__BOT_TOKEN   = { arn = var.secret_arns["slack_bot_token"], optional = true }
  }

  files = merge(
    {
      "/usr/local/sbin/rescuebot-before"  = { content = file("${path.module}/files/before.sh"), mode = "0755" }
      "/usr/local/sbin/rescuebot-migrate" = { content = file("${path.module}/files/migrate.sh"), mode = "0755" }
      "/etc/rescuebot/master.env" = {
        content = join("", [for key, value in local.place : "${key}='${value}'\n"])
      }
      # Where a person puts what this master alone has, such as autosign rules.
      "/etc/rescuebot/master.d/README" = { content = "Files *.conf here are read by the Salt master.\n" }
    },
    {
      for program in ["salt", "salt-run", "salt-key"] : "/usr/local/bin/${program}" => {
        content = "#!/bin/sh\nexec docker exec rescuebot ${program} \"$@\"\n"
        mode    = "0755"
      }
    },
  )

  secrets_kms_key_arn  = var.secrets_kms_key_arn
  log_group            = var.log_group
  agent_parameter      = var.agent_parameter
  operations_topic_arn = var.operations_topic_arn
  topic_arns           = values(var.topic_arns)
  notify_kms_key_arn   = var.notify_kms_key_arn
  advisor_function_arn = var.advisor_function_arn
  tags                 = var.tags
}

locals {
  place = {
    FILE_SYSTEM  = aws_efs_file_system.this.id
    ACCESS_POINT = aws_efs_access_point.this.id
    ZONE         = aws_route53_zone.this.zone_id
    HOSTNAME     = local.hostname
    REPOSITORY   = local.runs ? split("@", var.image)[0] : ""
  }
}

resource "aws_autoscaling_group" "this" {
  name                = "${var.name}-master"
  vpc_zone_identifier = values(var.subnet_ids)
  min_size            = local.runs ? 1 : 0
  max_size            = local.runs ? 1 : 0
  desired_capacity    = local.runs ? 1 : 0

  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_instance_warmup   = 120
  enabled_metrics           = ["GroupInServiceInstances", "GroupTotalInstances"]

  launch_template {
    id      = module.machine.launch_template_id
    version = module.machine.launch_template_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      # The old one goes first: two masters must not write the same keys. Alarms wait in the queue meanwhile.
      min_healthy_percentage       = 0
      max_healthy_percentage       = 100
      instance_warmup              = 120
      skip_matching                = true
      auto_rollback                = true
      scale_in_protected_instances = "Ignore"
      standby_instances            = "Ignore"
    }
  }

  dynamic "tag" {
    for_each = merge(var.tags, { Name = "${var.name}-master" })

    content {
      key   = tag.key
      value = tag.value
      # The launch template tags the machines.
      propagate_at_launch = false
    }
  }

  # A machine that comes before the mounts would only wait for them.
  depends_on = [aws_efs_mount_target.this, aws_efs_file_system_policy.this, aws_iam_role_policy.master]
}
