# What the engines do: read the queue, archive, send letters; and the machine: its disk, its name.

data "aws_iam_policy_document" "this" {
  #checkov:skip=CKV_AWS_356:DescribeAlarms only reads; which alarm is asked for is known from a message only
  statement {
    sid = "Queue"
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
    ]
    resources = [var.queue.arn]
  }

  statement {
    sid       = "QueueKey"
    actions   = ["kms:Decrypt"]
    resources = [var.queue.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${data.aws_region.this.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "ChildrenOfCompositeAlarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["*"] # Which alarm is asked for is known from a message only; it reads and changes nothing.
  }

  statement {
    sid       = "Archive"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.archive.arn}/${var.name}/*"]
  }

  statement {
    sid       = "ArchiveList"
    actions   = ["s3:ListBucket"]
    resources = [var.archive.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.name}/*"]
    }
  }

  statement {
    sid       = "ArchiveKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.archive.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${data.aws_region.this.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "KeysAndCache"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.this.arn]

    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [aws_efs_access_point.this.arn]
    }
  }

  # This one record, and nothing else of the zone.
  statement {
    sid       = "OwnName"
    actions   = ["route53:ChangeResourceRecordSets"]
    resources = [aws_route53_zone.this.arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
      values   = [local.hostname]
    }

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsRecordTypes"
      values   = ["A"]
    }

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsActions"
      values   = ["UPSERT"]
    }
  }

  dynamic "statement" {
    for_each = var.sender_identity_arn == null ? [] : [var.sender_identity_arn]

    content {
      sid       = "Letters"
      actions   = ["ses:SendEmail"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "master" {
  name   = "master"
  role   = module.machine.role_name
  policy = data.aws_iam_policy_document.this.json
}

# Before an upgrade: the tables are brought to the state of the new image. One fixed command, so that whoever
# delivers needs no right to run others.
resource "aws_ssm_document" "migrate" {
  name            = "${var.name}-migrate"
  document_type   = "Command"
  document_format = "JSON"
  target_type     = "/AWS::EC2::Instance"

  content = jsonencode({
    schemaVersion = "2.2"
    description   = "Bring the tables of ${var.name} to the state of an image"
    parameters = {
      Digest = {
        type           = "String"
        description    = "Digest of the master's image"
        allowedPattern = "^sha256:[0-9a-f]{64}$"
      }
      Newer = {
        type           = "String"
        description    = "Digest of the image that knows the tables as they are, to take them back; else none"
        allowedPattern = "^(none|sha256:[0-9a-f]{64})$"
        default        = "none"
      }
    }
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "migrate"
      inputs = {
        timeoutSeconds = "900"
        runCommand     = ["/usr/local/sbin/rescuebot-migrate '{{ Digest }}' '{{ Newer }}'"]
      }
    }]
  })
}
