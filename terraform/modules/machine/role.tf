# What a machine may do. What a kind needs beyond this, its own module adds to the role.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "this" {
  #checkov:skip=CKV_AWS_111:the calls on "*" know no resource; each says so, and metrics are bound to a namespace
  #checkov:skip=CKV_AWS_356:as above
  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = sort([for secret in values(var.secrets) : secret.arn])
  }

  statement {
    sid       = "SecretsKey"
    actions   = ["kms:Decrypt"]
    resources = [var.secrets_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${data.aws_region.this.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Registry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # This call knows no resource.
  }

  statement {
    sid       = "Image"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [var.repository_arn]
  }

  statement {
    sid     = "Logs"
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    # The container's, and beside it that of the machines, into which the agent puts cloud-init's and its own.
    resources = ["${var.log_group.arn}:*", "${trimsuffix(var.log_group.arn, basename(var.log_group.name))}hosts:*"]
  }

  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # This call knows no resource; the namespace is its limit.

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["CWAgent"]
    }
  }

  statement {
    sid       = "AgentDimensions"
    actions   = ["ec2:DescribeTags"]
    resources = ["*"] # This call knows no resource; the agent learns the group of its machine by it.
  }

  statement {
    sid       = "AgentConfiguration"
    actions   = ["ssm:GetParameter"]
    resources = [var.agent_parameter.arn]
  }

  # Session Manager and Run Command in the place of SSH. AWS's own policy for it would also let the machine
  # read every parameter of the account. Where ssmmessages is allowed, commands come by it, too, and not by ec2messages.
  statement {
    sid = "Sessions"
    actions = [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"] # These calls know no resource.
  }

  statement {
    sid       = "Tell"
    actions   = ["sns:Publish"]
    resources = concat([var.operations_topic_arn], var.topic_arns)
  }

  statement {
    sid       = "TellKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.notify_kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${data.aws_region.this.region}.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = var.advisor_function_arn == null ? [] : [var.advisor_function_arn]

    content {
      sid       = "AskBedrock"
      actions   = ["lambda:InvokeFunction"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  description        = "EC2 machines of ${var.name}: CloudWatch, SNS, Bedrock by its Lambda, their secrets, their image"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "machine"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_iam_instance_profile" "this" {
  name = var.name
  role = aws_iam_role.this.name
}
