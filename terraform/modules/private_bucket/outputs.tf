output "sse_algorithm" {
  description = "What encrypts the files: aws:kms under the key, AES256 under S3's own keys."
  value       = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm
}
