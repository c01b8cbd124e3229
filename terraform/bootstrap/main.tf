# The bucket that holds the states of all environments, and its key. Locks are files beside the states
# (use_lockfile), so no table is needed.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  bucket  = "${var.project}-terraform-state-${local.account}"
  arn     = "arn:${data.aws_partition.this.partition}:s3:::${local.bucket}"
}

module "key" {
  source = "../modules/key"

  name        = "${var.project}-terraform-state"
  description = "Terraform states of ${var.project}"
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:its log would need a bucket more; who reads or writes a state is seen in CloudTrail, and needs the key
  #checkov:skip=CKV_AWS_144:a state can be made anew by import; S3 in Tokyo spans three zones already
  #checkov:skip=CKV2_AWS_62:nothing waits for states
  bucket = local.bucket

  lifecycle {
    prevent_destroy = true
  }
}

module "private" {
  source = "../modules/private_bucket"

  bucket           = aws_s3_bucket.this.id
  arn              = local.arn
  key              = { arn = module.key.arn }
  policy_documents = [data.aws_iam_policy_document.this.json]
}

data "aws_iam_policy_document" "this" {
  statement {
    sid    = "OnlyThisAccount"
    effect = "Deny"
    principals {
      type = "AWS"
      # Whoever it is: this refuses.
      identifiers = ["*"]
    }
    # A refusal: the wider, the safer.
    actions   = ["s3:*"]
    resources = [local.arn, "${local.arn}/*"]
    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "earlier-states"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
      # However old, the last ten stay.
      newer_noncurrent_versions = 10
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [module.private]
}
