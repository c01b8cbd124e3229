# What each function may do: no more than its own README says.

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.functions

  name               = local.names[each.key]
  description        = each.value.description
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "this" {
  for_each = local.functions

  name   = "function"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.role[each.key].json
}

# What all of them need, and what is their own.
data "aws_iam_policy_document" "role" {
  #checkov:skip=CKV_AWS_356:X-Ray's two actions know no resources; all others name theirs.
  #checkov:skip=CKV_AWS_111:As before: only X-Ray's two actions have no resource.
  for_each = local.functions

  source_policy_documents = [lookup(local.own_policies, each.key)]

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arns[each.key]}:*"]
  }

  statement {
    sid       = "DeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [module.dead_letter[each.key].arn]
  }

  statement {
    sid     = "Traces"
    actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    # AWS knows no resources for these two.
    resources = ["*"]
  }
}

locals {
  own_policies = {
    bedrock_advisor = data.aws_iam_policy_document.bedrock_advisor.json
    event_router    = data.aws_iam_policy_document.event_router.json
    slack_notifier  = data.aws_iam_policy_document.slack_notifier.json
  }

  # An inference profile is asked, and it asks the model in one of its regions; a role needs both.
  profile_arn = "arn:${local.partition}:bedrock:${local.region}:${local.account}:inference-profile/${var.model_id}"
  model       = regex("^[a-z]+[.](.+)$", var.model_id)[0]
  model_arns = concat(
    [for region in sort(var.model_regions) : "arn:${local.partition}:bedrock:${region}::foundation-model/${local.model}"],
    # Global profiles name the model once more, without a region.
    startswith(var.model_id, "global.") ? ["arn:${local.partition}:bedrock:::foundation-model/${local.model}"] : [],
  )
}

data "aws_iam_policy_document" "bedrock_advisor" {
  statement {
    sid       = "Profile"
    actions   = ["bedrock:InvokeModel"]
    resources = [local.profile_arn]
  }

  statement {
    sid       = "ModelByTheProfileOnly"
    actions   = ["bedrock:InvokeModel"]
    resources = local.model_arns

    condition {
      test     = "StringEquals"
      variable = "bedrock:InferenceProfileArn"
      values   = [local.profile_arn]
    }
  }

  dynamic "statement" {
    for_each = var.guardrail == null ? [] : [var.guardrail.arn]

    content {
      sid       = "Guardrail"
      actions   = ["bedrock:ApplyGuardrail"]
      resources = [statement.value]
    }
  }
}

data "aws_iam_policy_document" "event_router" {
  statement {
    sid       = "Key"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.router_api_key_secret_arn]
  }

  statement {
    sid       = "KeyIsEncrypted"
    actions   = ["kms:Decrypt"]
    resources = [var.secrets_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Tell"
    actions   = ["sns:Publish"]
    resources = sort(values(var.topic_arns))
  }

  statement {
    sid       = "TopicsAreEncrypted"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.notify_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${local.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "slack_notifier" {
  statement {
    sid       = "Webhooks"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.slack_webhooks_secret_arn]
  }

  statement {
    sid       = "WebhooksAreEncrypted"
    actions   = ["kms:Decrypt"]
    resources = [var.secrets_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${local.region}.amazonaws.com"]
    }
  }
}
