variable "name" {
  description = "Name of the key's alias, without `alias/`."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9/_-]{1,250}$", var.name)) && !startswith(var.name, "aws/")
    error_message = "The name holds letters, digits, /, _ and -, and does not begin with aws/."
  }
}

variable "description" {
  description = "What the key encrypts; shown in the console."
  type        = string
}

variable "services" {
  description = "AWS services that use the key by themselves, by a name for the statement. Each needs a condition that ties it to this account."
  type = map(object({
    principal = string
    actions   = list(string)
    conditions = list(object({
      test     = string
      variable = string
      values   = list(string)
    }))
  }))
  default = {}

  validation {
    condition     = alltrue([for service in var.services : length(service.conditions) > 0])
    error_message = "A service may use the key only under a condition, for it works for other accounts, too."
  }
  validation {
    condition     = alltrue([for service in var.services : !contains(service.actions, "kms:*") && !contains(service.actions, "*")])
    error_message = "Name the actions of a service one by one."
  }
}

variable "deletion_window_in_days" {
  description = "How long a deleted key can still be brought back."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_window_in_days >= 7 && var.deletion_window_in_days <= 30
    error_message = "AWS takes 7 to 30 days."
  }
}
