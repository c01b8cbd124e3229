variable "project" {
  description = "First part of the bucket's name, and the tag Project."
  type        = string
  default     = "rescuebot"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,18}$", var.project))
    error_message = "3 to 19 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of the bucket; best that of the deployment."
  type        = string
  default     = "ap-northeast-1"
}

variable "noncurrent_days" {
  description = "How long earlier states can be brought back."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 30
    error_message = "At least 30 days: a lost state is noticed late."
  }
}
