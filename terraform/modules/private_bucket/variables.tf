variable "bucket" {
  description = "Name of the bucket, best its id: then it is there before it is made private."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket is the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "arn" {
  description = "ARN of the bucket, best built by name: then a plan shows the policy."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[^/*]+$", var.arn))
    error_message = "arn is the ARN of a bucket, without the files in it."
  }
}

variable "key" {
  description = "Key of KMS for the files; without one S3's own keys encrypt them. An object, so that a plan knows whether there is one before the key has an ARN."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.key == null ? true : can(regex("^arn:[a-z-]+:kms:", var.key.arn))
    error_message = "key holds the ARN of a key of KMS."
  }
}

variable "policy_documents" {
  description = "What the bucket's policy says besides: documents as JSON, their statements with Sids of their own."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for document in var.policy_documents : can(jsondecode(document))])
    error_message = "Each of policy_documents is JSON."
  }
}
