output "bucket" {
  description = "Name of the bucket: archive.place is s3://<bucket>/<prefix>."
  value       = aws_s3_bucket.this.bucket
}

output "arn" {
  description = "ARN of the bucket."
  # Built from the name, so that a plan shows what policies allow.
  value      = local.arns.archive
  depends_on = [aws_s3_bucket.this]
}

output "kms_key_arn" {
  description = "Key of the files: who archives or restores needs kms:GenerateDataKey and kms:Decrypt on it."
  value       = module.key.arn
}

output "logs_bucket" {
  description = "Bucket for access logs; the load balancer writes under alb/."
  value       = aws_s3_bucket.logs.bucket
  # A load balancer is refused while the policy is not there.
  depends_on = [module.private_logs]
}
