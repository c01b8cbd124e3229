# Access logs of the archive and of the load balancer. Both services write only into buckets with S3's
# own keys, so this one is apart from the archive.

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18:this is where access logs go; logging it into itself would never end
  #checkov:skip=CKV_AWS_144:access logs are worth less than a copy of them
  #checkov:skip=CKV_AWS_145:neither load balancers nor S3 can write access logs under a key of ours
  #checkov:skip=CKV2_AWS_62:nothing waits for the files
  bucket        = local.buckets.logs
  force_destroy = var.force_destroy
}

module "private_logs" {
  source = "../private_bucket"

  bucket           = aws_s3_bucket.logs.id
  arn              = local.arns.logs
  policy_documents = [data.aws_iam_policy_document.logs.json]
}

data "aws_iam_policy_document" "logs" {
  statement {
    sid = "LogsOfTheArchive"
    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }
    actions   = ["s3:PutObject"]
    resources = ["${local.arns.logs}/archive/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.arns.archive]
    }
  }

  statement {
    sid = "LogsOfTheLoadBalancer"
    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }
    actions   = ["s3:PutObject"]
    resources = ["${local.arns.logs}/alb/AWSLogs/${local.account}/*"]
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      # Its number is known only when it is there, and it is not made before it may write here.
      values = ["arn:${data.aws_partition.this.partition}:elasticloadbalancing:${data.aws_region.this.region}:${local.account}:loadbalancer/app/${var.name}/*"]
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "forget"
    status = "Enabled"
    filter {}
    expiration {
      days = var.log_retention_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 7
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [module.private_logs]
}
