variable "name" {
  description = "Prefix of all names, such as rescuebot-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "visibility_seconds" {
  description = "How long a received message is hidden; the engine's queue.visibility_seconds asks for the same."
  type        = number
  default     = 60

  validation {
    condition     = var.visibility_seconds >= 30 && var.visibility_seconds <= 43200
    error_message = "visibility_seconds is 30 to 43200: a batch is recorded within seconds, but a failover of the database takes longer."
  }
}

variable "retention_seconds" {
  description = "How long an event waits for an engine."
  type        = number
  default     = 345600

  validation {
    # A message keeps its age when it moves to the dead-letter queue, so that one must keep longer.
    condition     = var.retention_seconds >= 86400 && var.retention_seconds < 1209600
    error_message = "retention_seconds is a day (86400) or more, and less than the 14 days (1209600) of the dead-letter queue."
  }
}

variable "max_receive_count" {
  description = "After so many receipts without a success a message moves to the dead-letter queue."
  type        = number
  default     = 10

  validation {
    condition     = var.max_receive_count >= 5 && var.max_receive_count <= 1000
    error_message = "max_receive_count is 5 to 1000: each try during a failover of the database is a receipt, too."
  }
}

variable "topic_arns" {
  description = "SNS topics that may send into the queue: alarms that are published there already."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "topic_arns are ARNs of SNS topics."
  }
}

variable "deletion_window_days" {
  description = "How long the key can be brought back after it was deleted."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "deletion_window_days is 7 to 30."
  }
}
