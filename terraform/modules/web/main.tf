# The API and the console: containers on EC2 behind the load balancer, replaced one after another.

locals {
  # "none": all is made, but there is nothing yet that could run.
  runs = var.image != "none"

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

  settings = merge(var.settings, {
    database = merge(local.ledger, try(var.settings.database, {}))
    # One proxy stands before it, the load balancer.
    web = merge({ proxy_hops = 1 }, try(var.settings.web, {}))
  })
}

module "machine" {
  source = "../machine"

  name               = "${var.name}-web"
  instance_type      = var.instance_type
  ami_id             = var.ami_id
  security_group_ids = [var.security_group_id]
  image              = var.image
  repository_arn     = var.repository_arn
  # Behind a bridge, so that the container cannot reach the role of its machine: the API needs no AWS.
  arguments = ["--publish", "5000:5000", "--memory", "700m", "--pids-limit", "512"]
  settings  = local.settings

  secrets = {
    RESCUE_DATABASE__PASSWORD    = { arn = var.secret_arns["database_password"] }
    RESCUE_WEB__JWT_KEY          = { arn = var.secret_arns["jwt_key"] }
    RESCUE_SLACK__SIGNING_SECRET = { arn = var.secret_arns["slack_signing_secret"], optional = true }
  }

  secrets_kms_key_arn  = var.secrets_kms_key_arn
  log_group            = var.log_group
  agent_parameter      = var.agent_parameter
  operations_topic_arn = var.operations_topic_arn
  notify_kms_key_arn   = var.notify_kms_key_arn
  advisor_function_arn = var.advisor_function_arn
  tags                 = var.tags
}

resource "aws_autoscaling_group" "this" {
  name                = "${var.name}-web"
  vpc_zone_identifier = var.subnet_ids
  target_group_arns   = [var.target_group_arn]
  min_size            = local.runs ? var.min_size : 0
  max_size            = local.runs ? var.max_size : 0
  desired_capacity    = local.runs ? var.min_size : 0

  # The load balancer's opinion, from /health; packages and image take about two minutes before.
  health_check_type         = "ELB"
  health_check_grace_period = 300
  default_instance_warmup   = 120
  # No machine grows old and strange. Patches come with a newer AMI, which each apply looks for.
  max_instance_lifetime = 30 * 24 * 3600

  enabled_metrics = [
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupMaxSize",
    "GroupMinSize",
    "GroupTotalInstances",
  ]

  launch_template {
    id      = module.machine.launch_template_id
    version = module.machine.launch_template_version
  }

  # A new image or setting is a new version of the launch template, and that alone begins the replacement.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      # First a new machine that is healthy, then an old one goes.
      min_healthy_percentage       = 100
      max_healthy_percentage       = var.min_size == 1 ? 200 : 150
      instance_warmup              = 120
      skip_matching                = true
      auto_rollback                = true
      scale_in_protected_instances = "Ignore"
      standby_instances            = "Ignore"
      checkpoint_percentages       = var.checkpoint_seconds > 0 ? [50, 100] : null
      checkpoint_delay             = var.checkpoint_seconds > 0 ? tostring(var.checkpoint_seconds) : null

      dynamic "alarm_specification" {
        for_each = length(var.alarm_names) > 0 ? [var.alarm_names] : []

        content {
          alarms = alarm_specification.value
        }
      }
    }
  }

  dynamic "tag" {
    for_each = merge(var.tags, { Name = "${var.name}-web" })

    content {
      key   = tag.key
      value = tag.value
      # The launch template tags the machines.
      propagate_at_launch = false
    }
  }

  lifecycle {
    # Scaling decides.
    ignore_changes = [desired_capacity]
  }
}

resource "aws_autoscaling_policy" "cpu" {
  name                   = "${var.name}-web-cpu"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.cpu_percent

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "requests" {
  name                   = "${var.name}-web-requests"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.requests_per_target

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = var.request_label
    }
  }
}
