# Each run starts the provider anew, which takes seconds: so what can be seen in one plan is one run.
mock_provider "aws" {}

variables {
  name               = "rescuebot-test"
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_id  = "sg-1"
  domain_name        = "rescue.example.com"
  hosted_zone_id     = "Z0123456789EXAMPLE"
  access_logs_bucket = "logs"
  logs_kms_key_arn   = "arn:aws:kms:ap-northeast-1:123456789012:key/1"
}

run "https_health_firewall_and_log_are_as_promised" {
  command = plan

  assert {
    condition     = one(aws_lb_listener.http.default_action).type == "redirect" && one(one(aws_lb_listener.http.default_action).redirect).protocol == "HTTPS"
    error_message = "Port 80 does something else than to send people on."
  }
  assert {
    condition     = aws_lb_listener.https.port == 443 && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-")
    error_message = "Port 443 takes old TLS."
  }
  assert {
    condition     = aws_lb_target_group.this.port == 5000 && one(aws_lb_target_group.this.health_check).path == "/health"
    error_message = "The target group is not that of the API."
  }
  assert {
    condition     = tonumber(aws_lb_target_group.this.deregistration_delay) >= 30
    error_message = "Requests are cut off when an instance leaves."
  }
  assert {
    condition = toset(flatten([for rule in aws_wafv2_web_acl.this.rule : [for group in one(rule.statement).managed_rule_group_statement : group.name]])) == toset([
      "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesSQLiRuleSet",
    ])
    error_message = "A group of AWS's rules is missing."
  }
  assert {
    condition     = alltrue([for rule in aws_wafv2_web_acl.this.rule : length(one(rule.override_action).none) == 1 if length(rule.override_action) == 1])
    error_message = "A whole group of rules only counts."
  }
  assert {
    condition = alltrue(flatten([for rule in aws_wafv2_web_acl.this.rule : [for group in one(rule.statement).managed_rule_group_statement :
    [for override in group.rule_action_override : endswith(override.name, "_BODY")]]]))
    error_message = "Another rule than one about bodies only marks."
  }
  assert {
    condition     = length([for rule in aws_wafv2_web_acl.this.rule : rule if length(one(rule.statement).rate_based_statement) == 1]) == 2
    error_message = "Too many requests are not stopped."
  }
  assert {
    condition     = aws_wafv2_web_acl.this.scope == "REGIONAL" && length(one(aws_wafv2_web_acl.this.default_action).allow) == 1
    error_message = "The firewall is not one for a load balancer."
  }
  assert {
    condition = length(local.body_labels) == length(flatten([for rule in local.managed : rule.only_marked])) && alltrue([
      for name in flatten([for rule in local.managed : rule.only_marked]) :
      anytrue([for label in local.body_labels : endswith(lower(label), ":${lower(name)}")])
    ])
    error_message = "What a rule marks is blocked by nobody."
  }
  assert {
    condition     = max([for rule in aws_wafv2_web_acl.this.rule : rule.priority]...) == one([for rule in aws_wafv2_web_acl.this.rule : rule.priority if rule.name == "bodies-of-strangers"])
    error_message = "Marks are looked at before they are set."
  }
  assert {
    condition     = toset([for known in local.known : known.path]) == toset(["/api/v1/", "/api/v1/slack/"]) && local.known.signed_in.but == ["/api/v1/auth/"]
    error_message = "More than the API with a token and Slack with a signature goes past the rules about bodies."
  }
  assert {
    condition     = toset([for field in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : one(field.single_header).name]) == toset(["authorization", "cookie", "x-slack-signature"])
    error_message = "A token would stand in the log of the firewall."
  }
  assert {
    condition     = startswith(aws_cloudwatch_log_group.firewall.name, "aws-waf-logs-")
    error_message = "WAF does not write into a group of another name."
  }
  assert {
    condition     = length(aws_acm_certificate.this) == 1 && length(aws_route53_record.this) == 1
    error_message = "The certificate or the name is missing."
  }
}

run "without_a_zone_a_certificate_is_brought" {
  command = plan
  variables {
    hosted_zone_id  = null
    certificate_arn = "arn:aws:acm:ap-northeast-1:123456789012:certificate/1"
  }

  assert {
    condition     = length(aws_acm_certificate.this) == 0 && aws_lb_listener.https.certificate_arn == "arn:aws:acm:ap-northeast-1:123456789012:certificate/1"
    error_message = "The certificate that was brought is not used."
  }
}

run "what_would_open_or_break_the_way_in_is_refused" {
  command = plan
  variables {
    hosted_zone_id            = null
    subnet_ids                = ["subnet-1"]
    domain_name               = "https://rescue.example.com/"
    deregistration_seconds    = 5
    ssl_policy                = "ELBSecurityPolicy-2016-08"
    requests_per_five_minutes = 10
    sign_ins_per_five_minutes = 1
    log_retention_days        = 4
  }
  expect_failures = [
    var.certificate_arn,
    var.subnet_ids,
    var.domain_name,
    var.deregistration_seconds,
    var.ssl_policy,
    var.requests_per_five_minutes,
    var.sign_ins_per_five_minutes,
    var.log_retention_days,
  ]
}
