mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name = "rescuebot-test"
}

run "files_are_kept_encrypted_and_at_hand" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "rescuebot-test-archive-123456789012" && !aws_s3_bucket.this.force_destroy
    error_message = "The bucket is not named by the account, or may be destroyed while full."
  }
  assert {
    condition     = module.private.sse_algorithm == "aws:kms"
    error_message = "The archive is not under a key of ours."
  }
  assert {
    condition     = module.private_logs.sse_algorithm == "AES256"
    error_message = "Neither load balancers nor S3 could write access logs."
  }
  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this.rule[0].transition).storage_class == "GLACIER_IR"
    error_message = "A restoration would wait for hours."
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration) == 0
    error_message = "The archive would forget."
  }
}

run "too_few_days_are_refused" {
  command = plan
  variables {
    noncurrent_days    = 1
    glacier_after_days = 0
    log_retention_days = 0
  }
  expect_failures = [
    var.noncurrent_days,
    var.glacier_after_days,
    var.log_retention_days,
  ]
}
