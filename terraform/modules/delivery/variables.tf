variable "name" {
  description = "Name of the deployment, e.g. rescuebot-prod."
  type        = string
}

variable "environment" {
  description = "Environment of GitHub whose jobs may deliver, e.g. prod; the plan's is <environment>-plan."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,19}$", var.environment))
    error_message = "environment: small letters and digits, such as dev or prod."
  }
}

variable "github_repository" {
  description = "Repository whose workflows may deliver, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository: owner/name, without *."
  }
}

variable "create_oidc_provider" {
  description = "Make the account's provider for GitHub; false where another deployment of the account has made it."
  type        = bool
  default     = true
}

variable "state_bucket_arn" {
  description = "Bucket of the Terraform state, or null."
  type        = string
  default     = null
}

variable "state_kms_key_arn" {
  description = "Key of that bucket, or null."
  type        = string
  default     = null
}

variable "group_arns" {
  description = "Auto Scaling groups that a delivery replaces, by kind."
  type        = map(string)
}

variable "migrate_document_arn" {
  description = "SSM document that migrates the tables."
  type        = string
}


variable "keep_images" {
  description = "How many images each repository keeps: so far back goes a rollback."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_images >= 5
    error_message = "keep_images: 5 or more, or there would be nothing to go back to."
  }
}

variable "plan_secret_arns" {
  description = "Secrets of which Terraform keeps the version: their read is part of a plan."
  type        = list(string)
  default     = []
}
