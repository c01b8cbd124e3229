variable "name" {
  description = "Prefix of all names, such as rescuebot-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "The name is 3 to 24 lower-case letters, digits and hyphens."
  }
}

variable "glacier_after_days" {
  description = "After how many days files of the archive go to Glacier Instant Retrieval."
  type        = number
  default     = 30

  validation {
    condition     = var.glacier_after_days >= 1
    error_message = "At least one day."
  }
}

variable "noncurrent_days" {
  description = "How long an overwritten or deleted file can still be brought back."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 7
    error_message = "At least a week: that is how long a mistake may go unseen."
  }
}

variable "log_retention_days" {
  description = "How long access logs of the archive and of the load balancer are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.log_retention_days >= 1
    error_message = "At least one day."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete buckets that are not empty. Only where nothing is worth keeping."
  type        = bool
  default     = false
}
