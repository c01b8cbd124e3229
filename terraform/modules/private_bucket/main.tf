# What makes a bucket private: versions, encryption, no way to the public, one owner, and nothing without TLS.
#
# The bucket itself stays with its caller: only there can `prevent_destroy` be written.

resource "aws_s3_bucket_versioning" "this" {
  bucket = var.bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = var.bucket
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.key == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.key == null ? null : var.key.arn
    }
    # One call of KMS for many files.
    bucket_key_enabled = var.key == null ? null : true
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = var.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = var.bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

data "aws_iam_policy_document" "tls" {
  statement {
    sid    = "OnlyOverTls"
    effect = "Deny"
    principals {
      type = "AWS"
      # Whoever it is: this refuses.
      identifiers = ["*"]
    }
    # A refusal: the wider, the safer.
    actions   = ["s3:*"]
    resources = [var.arn, "${var.arn}/*"]
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# Documents side by side, so that a caller's statement with the same Sid is an error and takes no other's place.
data "aws_iam_policy_document" "this" {
  source_policy_documents = concat([data.aws_iam_policy_document.tls.json], var.policy_documents)
}

resource "aws_s3_bucket_policy" "this" {
  bucket = var.bucket
  policy = data.aws_iam_policy_document.this.json

  # The other way round S3 refuses the one while it works on the other.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
