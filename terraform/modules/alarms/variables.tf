variable "name" {
  description = "Prefix of all names, such as rescuebot-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "processes" {
  description = "Service → exe of the processes that must run, exactly as the agents are told (output processes of the module observability)."
  type        = map(string)

  validation {
    condition     = alltrue([for exe in values(var.processes) : can(regex("^[^'\"\\\\]{1,255}$", exe))])
    error_message = "A pattern stands between quotes in a query of CloudWatch: no quotes and no backslashes."
  }

  validation {
    # CloudWatch allows 200 such alarms in a region by default; four more are made for the fleet.
    condition     = length(var.processes) <= 100
    error_message = "At most 100 processes: CloudWatch allows 200 alarms on queries in a region."
  }
}

variable "severities" {
  description = "How bad it is that a service's process is down, where it is not critical: fatal, warning or info. Told as a tag of the alarm; see README.md for when it counts."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for severity in values(var.severities) : contains(["info", "warning", "critical", "fatal"], severity)])
    error_message = "severities are info, warning, critical, fatal."
  }
}

variable "fleet_limits" {
  description = "Percent of processors, memory and disk from which on a server is in trouble."
  type        = object({ cpu = optional(number, 90), memory = optional(number, 90), disk = optional(number, 85) })
  default     = {}

  validation {
    condition     = alltrue([for percent in values(var.fleet_limits) : percent > 0 && percent < 100])
    error_message = "fleet_limits are percents between 0 and 100."
  }
}

variable "instance_checks" {
  description = "Whether AWS's own status checks of instances are watched. They are of all instances of the account and region, so let one environment of an account do it."
  type        = bool
  default     = true
}

variable "engine_expected" {
  description = "Whether a master is there. Before its first image there is none, and its silence is no news."
  type        = bool
  default     = true
}

variable "operations_topic_arn" {
  description = "Topic of Rescue Bot's own troubles."
  type        = string
}

variable "queue_name" {
  description = "The queue of the engine."
  type        = string
}

variable "queue_age_seconds" {
  description = "An event that waits longer than this for an engine is an alarm."
  type        = number
  default     = 120

  validation {
    condition     = var.queue_age_seconds >= 60
    error_message = "queue_age_seconds is 60 or more: less is a burst."
  }
}

variable "dead_letter_names" {
  description = "Queues that hold what went wrong, by a word for each; a single message in any of them is an alarm."
  type        = map(string)
}

variable "function_names" {
  description = "Names of the functions bedrock_advisor, event_router, slack_notifier."
  type        = map(string)

  validation {
    condition     = toset(keys(var.function_names)) == toset(["bedrock_advisor", "event_router", "slack_notifier"])
    error_message = "function_names has bedrock_advisor, event_router and slack_notifier."
  }
}

variable "model_id" {
  description = "The model that bedrock_advisor asks, the dimension of its metrics."
  type        = string
}

variable "model_dollars_per_day" {
  description = "More than this for the model within 24 hours is an alarm. Above advice.dollars_per_day, which stops before."
  type        = number
  default     = 10

  validation {
    condition     = var.model_dollars_per_day > 0
    error_message = "model_dollars_per_day is more than 0."
  }
}

variable "databases" {
  description = "RDS instances, by a word for each: identifier, least free bytes of storage and memory, most connections, and whether it is a replica."
  type = map(object({
    identifier      = string
    free_storage    = optional(number, 4294967296)
    free_memory     = optional(number, 67108864)
    max_connections = optional(number, 60)
    replica         = optional(bool, false)
  }))
  default = {}
}

variable "load_balancer" {
  description = "The load balancer and its target group."
  type        = object({ arn_suffix = string, target_group_arn_suffix = string })
  default     = null
}

variable "groups" {
  description = "Auto Scaling groups, by a word for each, and how many machines must be in service; 0 watches nothing."
  type        = map(object({ name = string, minimum = number }))
  default     = {}
}

variable "rule_names" {
  description = "Rules of EventBridge, by a word for each."
  type        = map(string)
  default     = {}
}
