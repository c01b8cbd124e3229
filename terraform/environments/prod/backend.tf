# The state of prod. Bucket, region and key of KMS come from terraform/bootstrap:
#   terraform init -backend-config=backend.hcl
terraform {
  backend "s3" {
    key          = "rescuebot-prod/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
