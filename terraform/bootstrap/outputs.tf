output "bucket" {
  description = "Bucket of the states."
  value       = aws_s3_bucket.this.id
}

output "bucket_arn" {
  description = "Its ARN: state_bucket_arn of the environments."
  value       = aws_s3_bucket.this.arn
}

output "kms_key_arn" {
  description = "Its key: state_kms_key_arn of the environments."
  value       = module.key.arn
}

output "backend" {
  description = "Content of backend.hcl in each environment."
  value       = <<-HCL
    bucket     = "${local.bucket}"
    region     = "${var.region}"
    kms_key_id = "${module.key.arn}"
  HCL
}
