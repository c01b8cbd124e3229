variable "name" {
  description = "Prefix of all names, such as rescuebot-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "queue_arn" {
  description = "The queue of the engine."
  type        = string
}

variable "router_arn" {
  description = "The function event_router, by its alias."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$", var.router_arn))
    error_message = "router_arn is the ARN of a Lambda function, with or without its alias."
  }
}

variable "alarm_name_prefixes" {
  description = "Alarms whose names begin so are events for Rescue Bot. An empty list is every alarm of the account in this region."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for prefix in var.alarm_name_prefixes : length(prefix) >= 3])
    error_message = "Each of alarm_name_prefixes has 3 characters or more; for all alarms give an empty list."
  }
}

variable "alarm_states" {
  description = "States of an alarm that are told. INSUFFICIENT_DATA is no event: neither a trouble nor a recovery."
  type        = set(string)
  default     = ["ALARM", "OK"]

  validation {
    condition = (
      contains(var.alarm_states, "ALARM") && contains(var.alarm_states, "OK")
      && length(setsubtract(var.alarm_states, ["ALARM", "OK", "INSUFFICIENT_DATA"])) == 0
    )
    error_message = "alarm_states has ALARM and OK (without it nothing ever recovers), and perhaps INSUFFICIENT_DATA."
  }
}

variable "instance_states" {
  description = "States of EC2 instances that are told; none switches the rule off. Groups end their machines all the time, so shutting-down and terminated are for machines that must never end."
  type        = set(string)
  default     = ["stopped", "running"]

  validation {
    condition     = length(setsubtract(var.instance_states, ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"])) == 0
    error_message = "instance_states are pending, running, stopping, stopped, shutting-down, terminated."
  }
}

variable "database_categories" {
  description = "Categories of RDS events that are told; none switches the rule off. Backups, creations, patches and changes of configuration are no troubles."
  type        = set(string)
  default     = ["availability", "failover", "failure", "low storage", "notification", "recovery"]

  validation {
    condition = length(setsubtract(var.database_categories, [
      "availability", "backup", "configuration change", "creation", "deletion", "failover", "failure", "low storage",
      "maintenance", "notification", "read replica", "recovery", "restoration", "security", "security patching",
    ])) == 0
    error_message = "database_categories are categories of RDS events, such as \"availability\" or \"low storage\"."
  }
}

variable "own_sources" {
  description = "Sources of one's own (scripts, monitors, drills) whose `Rescue Event` is taken; none switches the rule off. Whoever may put such events can start a runbook."
  type        = set(string)
  default     = ["rescue"]

  validation {
    condition     = alltrue([for source in var.own_sources : can(regex("^[A-Za-z0-9._/-]{1,256}$", source)) && !startswith(source, "aws.")])
    error_message = "own_sources are names of one's own; those that begin with aws. are AWS's."
  }
}

variable "drill_sources" {
  description = "Sources from which events in AWS's own shapes are taken as if they were AWS's, for drills: AWS lets nobody put events of a source that begins with aws. Leave empty in production."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for source in var.drill_sources : can(regex("^[A-Za-z0-9._/-]{1,256}$", source)) && !startswith(source, "aws.")])
    error_message = "drill_sources are names of one's own; those that begin with aws. are AWS's."
  }
}
