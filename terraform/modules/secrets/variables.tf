variable "name" {
  description = "Prefix of all names, such as rescuebot-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "The name is 3 to 24 lower-case letters, digits and hyphens."
  }
}

variable "recovery_window_in_days" {
  description = "How long a deleted secret can still be brought back. 0 deletes at once, so that an environment can be torn down and made again the same day."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_in_days == 0 || (var.recovery_window_in_days >= 7 && var.recovery_window_in_days <= 30)
    error_message = "AWS takes 0, or 7 to 30 days."
  }
}
