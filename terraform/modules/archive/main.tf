# Where old events go (docs/archive.md). No code of Rescue Bot deletes a file here; versions keep what
# people delete. The bucket for access logs is in logs.tf.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  # Names of buckets are the world's; the account makes ours its own.
  buckets = {
    archive = "${var.name}-archive-${local.account}"
    logs    = "${var.name}-access-logs-${local.account}"
  }
  arns = { for use, bucket in local.buckets : use => "arn:${data.aws_partition.this.partition}:s3:::${bucket}" }
}

module "key" {
  source = "../key"

  name        = "${var.name}-archive"
  description = "Archived events of ${var.name}"
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:the archive is read back once a year; a copy in another region would double its price, and Tokyo's S3 spans three zones already
  #checkov:skip=CKV2_AWS_62:nothing waits for the files; the ledger knows each of them
  bucket        = local.buckets.archive
  force_destroy = var.force_destroy
}

module "private" {
  source = "../private_bucket"

  bucket           = aws_s3_bucket.this.id
  arn              = local.arns.archive
  key              = { arn = module.key.arn }
  policy_documents = [data.aws_iam_policy_document.this.json]
}

data "aws_iam_policy_document" "this" {
  statement {
    sid    = "OnlyUnderOurKey"
    effect = "Deny"
    principals {
      type = "AWS"
      # Whoever it is: this refuses.
      identifiers = ["*"]
    }
    actions   = ["s3:PutObject"]
    resources = ["${local.arns.archive}/*"]
    # Who names no key gets the bucket's own.
    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [module.key.arn]
    }
    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "colder"
    status = "Enabled"
    filter {}
    # A class that gives files at once: `salt-run rescue.restore` does not wait for hours.
    transition {
      days          = var.glacier_after_days
      storage_class = "GLACIER_IR"
    }
    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [module.private]
}

resource "aws_s3_bucket_logging" "this" {
  bucket        = aws_s3_bucket.this.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "archive/"

  depends_on = [module.private_logs]
}
