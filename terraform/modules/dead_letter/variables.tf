variable "name" {
  description = "Name of the queue, such as rescuebot-prod-notices-dead."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", var.name))
    error_message = "name is 1 to 80 letters, digits, hyphens and underscores."
  }
}

variable "key" {
  description = "Key of KMS; without one SQS encrypts by itself. An object, so that a plan knows whether there is one before the key has an ARN."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.key == null ? true : can(regex("^arn:[a-z-]+:kms:", var.key.arn))
    error_message = "key holds the ARN of a key of KMS."
  }
}

variable "senders" {
  description = "Services that put here what they could not deliver, by the Sid of their statement: from these sources, and for this account only where one is named."
  type = map(object({
    service        = string
    source_arns    = list(string)
    source_account = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for sid in keys(var.senders) : can(regex("^[A-Za-z0-9]+$", sid)) && sid != "OnlyOverTls"])
    error_message = "A Sid is letters and digits; OnlyOverTls is the module's own."
  }
  validation {
    condition     = alltrue([for sender in var.senders : endswith(sender.service, ".amazonaws.com")])
    error_message = "A service is named like sns.amazonaws.com; roles are let in by their own policies."
  }
  validation {
    condition = alltrue([for sender in var.senders : length(sender.source_arns) > 0 && alltrue([
      for arn in sender.source_arns : can(regex("^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.", arn))
    ])])
    error_message = "Name the sources by ARNs with their account: a service works for other accounts, too."
  }
}
