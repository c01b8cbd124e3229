# The three functions: who asks the model, who hands events in, who posts into Slack.
#
# Each has a role, a log group and a dead-letter queue of its own, and is called by its alias, so that going
# back is a change of one number. None of them is in the VPC: all that they call is public, see README.md.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  alias     = "live"

  # Whoever asks waits 90 seconds (advice.timeout_seconds), the function 85, Bedrock 80.
  read_timeout = 80

  functions = {
    bedrock_advisor = {
      description = "Asks a model of Bedrock what to do where no runbook fits."
      timeout     = local.read_timeout + 5
      # A question is one call: a second one would be paid for twice.
      retries = 0
      environment = merge(
        {
          BEDROCK_MODEL_ID = var.model_id
          BEDROCK_REGION   = local.region
          MAX_TOKENS       = tostring(var.model_max_tokens)
          READ_TIMEOUT     = tostring(local.read_timeout)
        },
        var.guardrail == null ? {} : { GUARDRAIL_ID = var.guardrail.id, GUARDRAIL_VERSION = var.guardrail.version },
      )
    }
    event_router = {
      description = "Hands events of EventBridge in at the API, and tells people on SNS."
      timeout     = 30
      retries     = 2
      environment = {
        API_URL        = var.api_url
        API_KEY_SECRET = var.router_api_key_secret_arn
        TOPICS_JSON    = jsonencode(var.topic_arns)
        TELL           = var.library_tells ? "unreached" : "all"
        LANGUAGE       = var.language
        CONSOLE_URL    = var.api_url
      }
    }
    slack_notifier = {
      description = "Posts what comes by SNS into the Slack channel of its severity."
      timeout     = 30
      retries     = 2
      environment = {
        WEBHOOK_SECRET = var.slack_webhooks_secret_arn
      }
    }
  }

  names = { for key in keys(local.functions) : key => "${var.name}-${replace(key, "_", "-")}" }
  # By name, so that a plan shows what each role may do.
  log_group_arns = { for key, name in local.names : key => "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${name}" }

  zips = { for key in keys(local.functions) : key => "${var.zips_dir}/${key}.zip" }
}

# A plan needs no zips; an apply does.
check "zips" {
  assert {
    condition     = alltrue([for zip in values(local.zips) : fileexists(zip)])
    error_message = "Zips are missing in ${var.zips_dir}: run `make lambdas` before you apply."
  }
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117:All that the functions call is public (Bedrock, Secrets Manager, SNS, Slack, the API's own address); in a VPC they would need a NAT gateway or endpoints and reach nothing more.
  #checkov:skip=CKV_AWS_173:The environment holds ARNs, an address and numbers; what is secret is read from Secrets Manager. It is encrypted with the key of AWS anyway.
  #checkov:skip=CKV_AWS_272:The zips are built with hashed locks and the same bytes each time, and deployed by one role; signing them by the same pipeline would prove no more.
  for_each = local.functions

  function_name = local.names[each.key]
  description   = each.value.description
  role          = aws_iam_role.this[each.key].arn

  filename         = local.zips[each.key]
  source_code_hash = fileexists(local.zips[each.key]) ? filebase64sha256(local.zips[each.key]) : null
  handler          = "${each.key}.handler.handle"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  memory_size      = 256
  timeout          = each.value.timeout
  publish          = true

  reserved_concurrent_executions = var.reserved_concurrency[each.key]

  environment {
    variables = each.value.environment
  }

  dead_letter_config {
    target_arn = module.dead_letter[each.key].arn
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this[each.key].name
  }

  tracing_config {
    mode = "Active"
  }

  # Lambda tries the role when it makes the function.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_alias" "live" {
  for_each = local.functions

  name             = local.alias
  description      = "What is called; pinned_versions goes back."
  function_name    = aws_lambda_function.this[each.key].function_name
  function_version = lookup(var.pinned_versions, each.key, aws_lambda_function.this[each.key].version)
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = local.functions

  function_name                = aws_lambda_function.this[each.key].function_name
  qualifier                    = aws_lambda_alias.live[each.key].name
  maximum_retry_attempts       = each.value.retries
  maximum_event_age_in_seconds = 3600
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:The lines hold ids, numbers and codes for finding faults; what must be kept longer is in the ledger and its archive.
  for_each = local.functions

  name              = "/aws/lambda/${local.names[each.key]}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_kms_key_arn
}

module "dead_letter" {
  source   = "../dead_letter"
  for_each = local.names

  name = "${each.value}-dead"
}
