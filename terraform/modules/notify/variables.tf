variable "name" {
  description = "Prefix of all names, such as rescuebot-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "slack_notifier_arn" {
  description = "The function (best its alias) that posts into Slack what is published."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$", var.slack_notifier_arn))
    error_message = "slack_notifier_arn is the ARN of a Lambda function, with or without its alias."
  }
}

variable "operations_emails" {
  description = "Who is told of Rescue Bot's own troubles by e-mail, because Slack may be what is broken. Each must confirm once."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.operations_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$", address))])
    error_message = "operations_emails are e-mail addresses."
  }
}

variable "severity_emails" {
  description = "E-mail addresses by severity that get the notices besides Slack."
  type        = map(set(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.severity_emails), ["info", "warning", "critical", "fatal"])) == 0
    error_message = "severity_emails knows info, warning, critical and fatal."
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
