# The way in: load balancer, listeners, and the group of instances behind. certificate.tf and
# firewall.tf hold what their names say.

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_150:deletion protection is a setting: prod has it, dev may be torn down
  #checkov:skip=CKV2_AWS_76:firewall.tf has AWSManagedRulesKnownBadInputsRuleSet, in a dynamic block that this check does not unfold; tests/edge.tftest.hcl sees it
  name               = var.name
  load_balancer_type = "application"
  # This is the way in for people and for Slack.
  internal        = false
  subnets         = var.subnet_ids
  security_groups = [var.security_group_id]

  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  enable_deletion_protection = var.deletion_protection
  # Shorter than gunicorn's keep-alive of 75 seconds: the load balancer hangs up first, so no request
  # meets a connection that is just being closed. Live streams say something every few seconds.
  idle_timeout = 60

  access_logs {
    bucket  = var.access_logs_bucket
    prefix  = "alb"
    enabled = true
  }
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; behind it port 5000 takes from its security group only, inside the VPC
  name                 = var.name
  vpc_id               = var.vpc_id
  port                 = 5000
  protocol             = "HTTP"
  target_type          = "instance"
  deregistration_delay = var.deregistration_seconds
  # Live streams stay open for long: by count of open requests they spread, by turns they would not.
  load_balancing_algorithm_type = "least_outstanding_requests"

  # Whether the process answers. /health/ready would stop all instances when an engine is away, which
  # is when they are needed most.
  health_check {
    path                = "/health"
    protocol            = "HTTP"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = var.ssl_policy
  certificate_arn   = local.certificate_arn

  routing_http_response_server_enabled = false

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}
