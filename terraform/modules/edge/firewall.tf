# The firewall in front. Its rules, in order: addresses with a bad name, too many requests, known
# attacks, SQL injection and cross-site scripting.
#
# Runbooks are scripts, and the API is where they are written: their bodies look like attacks, because
# they are shell and SQL. So rules about *bodies* only mark a request here, and the last rule blocks what
# is marked, unless it goes to the API with a token or is a signed call of Slack. Both are refused by the
# API before it looks into their body, when token or signature do not hold. Whoever is not signed in
# meets every rule, and so does the sign-in itself, whatever it brings.

locals {
  managed = {
    ip_reputation    = { priority = 0, group = "AWSManagedRulesAmazonIpReputationList", only_marked = [] }
    known_bad_inputs = { priority = 30, group = "AWSManagedRulesKnownBadInputsRuleSet", only_marked = [] }
    common = {
      priority    = 40
      group       = "AWSManagedRulesCommonRuleSet"
      only_marked = ["SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY"]
    }
    sql_injection = {
      priority    = 50
      group       = "AWSManagedRulesSQLiRuleSet"
      only_marked = ["SQLi_BODY", "SQLiExtendedPatterns_BODY"]
    }
  }

  # What the rules above mark a request with.
  body_labels = [
    "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body",
    "awswaf:managed:aws:core-rule-set:CrossSiteScripting_Body",
    "awswaf:managed:aws:core-rule-set:GenericLFI_Body",
    "awswaf:managed:aws:core-rule-set:GenericRFI_Body",
    "awswaf:managed:aws:core-rule-set:EC2MetaDataSSRF_Body",
    "awswaf:managed:aws:sql-database:SQLi_Body",
    "awswaf:managed:aws:sql-database:SQLiExtendedPatterns_Body",
  ]

  # Who is no stranger: where they go, and the header that they bring. Where people sign in nobody has
  # a token yet, so one that is brought there says nothing. NORMALIZE_PATH: /api/v1/../x is not the API.
  known = {
    signed_in = { path = "/api/v1/", header = "authorization", begins = "Bearer ", but = ["/api/v1/auth/"] }
    slack     = { path = "/api/v1/slack/", header = "x-slack-signature", begins = "v0=", but = [] }
  }

  rates = {
    sign_ins = { priority = 10, limit = var.sign_ins_per_five_minutes, path = "/api/v1/auth/" }
    requests = { priority = 20, limit = var.requests_per_five_minutes, path = "/" }
  }
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192:AWSManagedRulesKnownBadInputsRuleSet is there, in a dynamic block that this check does not unfold; tests/edge.tftest.hcl sees it
  name        = var.name
  description = "In front of the load balancer of ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = local.managed
    content {
      name     = replace(rule.key, "_", "-")
      priority = rule.value.priority

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value.group

          dynamic "rule_action_override" {
            for_each = rule.value.only_marked
            content {
              name = rule_action_override.value
              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        metric_name                = replace(rule.key, "_", "-")
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
      }
    }
  }

  dynamic "rule" {
    for_each = local.rates
    content {
      name     = "rate-${replace(rule.key, "_", "-")}"
      priority = rule.value.priority

      action {
        block {
          custom_response {
            response_code = 429
          }
        }
      }

      statement {
        rate_based_statement {
          limit                 = rule.value.limit
          evaluation_window_sec = 300
          aggregate_key_type    = "IP"

          scope_down_statement {
            byte_match_statement {
              search_string         = rule.value.path
              positional_constraint = "STARTS_WITH"
              field_to_match {
                uri_path {}
              }
              text_transformation {
                priority = 0
                type     = "NONE"
              }
            }
          }
        }
      }

      visibility_config {
        metric_name                = "rate-${replace(rule.key, "_", "-")}"
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
      }
    }
  }

  rule {
    name     = "bodies-of-strangers"
    priority = 60

    action {
      block {}
    }

    statement {
      and_statement {
        statement {
          or_statement {
            dynamic "statement" {
              for_each = local.body_labels
              content {
                label_match_statement {
                  scope = "LABEL"
                  key   = statement.value
                }
              }
            }
          }
        }

        # A stranger is, for each of the two: elsewhere, or without the header, or at a place for all.
        dynamic "statement" {
          for_each = local.known
          content {
            or_statement {
              statement {
                not_statement {
                  statement {
                    byte_match_statement {
                      search_string         = statement.value.path
                      positional_constraint = "STARTS_WITH"
                      field_to_match {
                        uri_path {}
                      }
                      text_transformation {
                        priority = 0
                        type     = "NORMALIZE_PATH"
                      }
                    }
                  }
                }
              }
              statement {
                not_statement {
                  statement {
                    byte_match_statement {
                      search_string         = statement.value.begins
                      positional_constraint = "STARTS_WITH"
                      field_to_match {
                        single_header {
                          name = statement.value.header
                        }
                      }
                      text_transformation {
                        priority = 0
                        type     = "NONE"
                      }
                    }
                  }
                }
              }
              dynamic "statement" {
                for_each = statement.value.but
                iterator = place
                content {
                  byte_match_statement {
                    search_string         = place.value
                    positional_constraint = "STARTS_WITH"
                    field_to_match {
                      uri_path {}
                    }
                    text_transformation {
                      priority = 0
                      type     = "NORMALIZE_PATH"
                    }
                  }
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      metric_name                = "bodies-of-strangers"
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    metric_name                = var.name
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = aws_lb.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}

resource "aws_cloudwatch_log_group" "firewall" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is a setting of each environment (SPEC: dev days, prod a month)
  # WAF writes only into groups whose names begin so.
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_kms_key_arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall.arn]

  # Only what was stopped or marked; what passed is in the access logs.
  logging_filter {
    default_behavior = "DROP"
    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"
      condition {
        action_condition {
          action = "BLOCK"
        }
      }
      condition {
        action_condition {
          action = "COUNT"
        }
      }
    }
  }

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }
  redacted_fields {
    single_header {
      name = "cookie"
    }
  }
  redacted_fields {
    single_header {
      name = "x-slack-signature"
    }
  }
}
