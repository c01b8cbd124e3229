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

run "states_are_kept_under_a_key_in_a_bucket_of_the_account" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "rescuebot-terraform-state-123456789012"
    error_message = "The bucket is not named by the account."
  }
  assert {
    condition     = module.private.sse_algorithm == "aws:kms"
    error_message = "States are not under a key of ours."
  }
}

run "earlier_states_stay_for_a_month_at_least" {
  command = plan
  variables {
    noncurrent_days = 7
  }
  expect_failures = [var.noncurrent_days]
}
