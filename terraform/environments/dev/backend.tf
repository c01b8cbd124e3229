# The state of dev. Bucket, region and key of KMS come from terraform/bootstrap:
#   terraform init -backend-config=backend.hcl
terraform {
  backend "s3" {
    key          = "rescuebot-dev/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
