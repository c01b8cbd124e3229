mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  bucket = "rescuebot-test-things"
  arn    = "arn:aws:s3:::rescuebot-test-things"
}

run "a_bucket_keeps_versions_and_lets_nobody_in" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Overwritten files would be gone."
  }
  assert {
    condition = (
      aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy
      && aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    )
    error_message = "The bucket could be opened to the public."
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs could let somebody in."
  }
  assert {
    condition = alltrue([for statement in data.aws_iam_policy_document.tls.statement :
      statement.effect == "Deny" && statement.actions == toset(["s3:*"]) && one(statement.condition).variable == "aws:SecureTransport"
      && statement.resources == toset(["arn:aws:s3:::rescuebot-test-things", "arn:aws:s3:::rescuebot-test-things/*"])
    ])
    error_message = "The bucket can be spoken to without TLS."
  }
  assert {
    condition     = data.aws_iam_policy_document.this.source_policy_documents == tolist([data.aws_iam_policy_document.tls.json])
    error_message = "The policy says something else than that."
  }
  assert {
    condition     = output.sse_algorithm == "AES256"
    error_message = "Without a key S3's own must encrypt."
  }
}

run "a_key_and_statements_of_the_caller_are_taken_up" {
  command = plan
  variables {
    key              = { arn = "arn:aws:kms:ap-northeast-1:123456789012:key/things" }
    policy_documents = ["{\"Statement\": []}"]
  }

  assert {
    condition     = output.sse_algorithm == "aws:kms" && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.key.arn
    error_message = "The files are not under the key."
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    error_message = "Each file would be a call of KMS."
  }
  assert {
    condition     = data.aws_iam_policy_document.this.source_policy_documents == tolist(["{}", "{\"Statement\": []}"])
    error_message = "The caller's statements come in the place of TLS, or not at all."
  }
}

run "bad_values_are_refused" {
  command = plan
  variables {
    bucket           = "Things"
    arn              = "arn:aws:s3:::rescuebot-test-things/*"
    key              = { arn = "alias/things" }
    policy_documents = ["Deny"]
  }
  expect_failures = [var.bucket, var.arn, var.key, var.policy_documents]
}
