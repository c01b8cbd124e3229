variable "name" {
  description = "Prefix of all names, such as rescuebot-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "log_retention_days" {
  description = "How long logs of the machines are kept; 3 in dev, 30 in prod."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.log_retention_days)
    error_message = "log_retention_days is one that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365."
  }
}

variable "logs_kms_key_arn" {
  description = "The key of the log groups /<name>/…."
  type        = string
}

variable "processes" {
  description = "Processes that can be watched: service → pattern of the process's name, as procstat's exe has it. With ^ and $, or mysqld would fit mysqld_exporter, too."
  type        = map(string)
  default = {
    mysql                     = "^(mysqld|mariadbd)$"
    apache                    = "^(httpd|apache2)$"
    nginx                     = "^nginx$"
    redis                     = "^(redis-server|valkey-server)$"
    memcached                 = "^memcached$"
    haproxy                   = "^haproxy$"
    sshd                      = "^sshd$"
    chrony                    = "^chronyd$"
    docker                    = "^dockerd$"
    "amazon-cloudwatch-agent" = "^amazon-cloudwatch-agent$"
    "amazon-ssm-agent"        = "^amazon-ssm-agent$"
  }

  validation {
    condition     = alltrue([for service in keys(var.processes) : can(regex("^[a-z0-9][a-z0-9_.-]{0,49}$", service))])
    error_message = "Services are named as in the pillar: small letters, digits, hyphens."
  }

  validation {
    # The pattern stands between quotes in a query of CloudWatch, and is a dimension's value.
    condition     = alltrue([for exe in values(var.processes) : can(regex("^\\^[^'\"\\\\[:space:]]{1,100}\\$$", exe))])
    error_message = "Each pattern begins with ^, ends with $, and has no quotes, backslashes or spaces."
  }
}

variable "roles" {
  description = "Roles of your servers and the services that must run on each. A role gets an agent configuration of its own, because a server tells 0 for each process that it watches and does not have."
  type        = map(set(string))
  default = {
    mysql  = ["mysql"]
    apache = ["apache"]
    nginx  = ["nginx"]
  }

  validation {
    condition     = alltrue([for role in keys(var.roles) : can(regex("^[a-z][a-z0-9-]{1,30}$", role)) && role != "hosts"])
    error_message = "Roles are small letters, digits and hyphens; \"hosts\" is that of Rescue Bot's own machines."
  }

  validation {
    condition     = length(setsubtract(flatten([for services in values(var.roles) : tolist(services)]), keys(var.processes))) == 0
    error_message = "Each service of a role is a key of processes."
  }
}

variable "disks" {
  description = "Mount points that are measured; each is a metric of each server."
  type        = list(string)
  default     = ["/"]

  validation {
    condition     = length(var.disks) > 0 && alltrue([for path in var.disks : startswith(path, "/")])
    error_message = "disks are mount points such as / or /var/lib/mysql."
  }
}

variable "operations_topic_arn" {
  description = "Topic of Rescue Bot's own troubles."
  type        = string
}

variable "monthly_budget_dollars" {
  description = "Budget of a month in US dollars; at 80 % and at 100 %, and when 100 % is foreseen, the operations topic is told."
  type        = number

  validation {
    condition     = var.monthly_budget_dollars > 0
    error_message = "monthly_budget_dollars is more than 0."
  }
}

variable "budget_tag" {
  description = "Count only what has this tag, such as Environment$prod. The tag must be activated as a cost allocation tag, or the budget sees nothing; without it the whole account counts."
  type        = string
  default     = null

  validation {
    condition     = var.budget_tag == null ? true : can(regex("^[^$]+[$][^$]+$", var.budget_tag))
    error_message = "budget_tag is <key>$<value>."
  }
}

variable "queue_name" {
  description = "The queue of the engine, for the dashboard."
  type        = string
}

variable "dead_letter_names" {
  description = "Queues of what went wrong, by a word for each, for the dashboard."
  type        = map(string)
}

variable "function_names" {
  description = "Names of the functions bedrock_advisor, event_router, slack_notifier, for the dashboard."
  type        = map(string)
}

variable "database_identifiers" {
  description = "RDS instances, by a word for each, for the dashboard."
  type        = map(string)
  default     = {}
}

variable "load_balancer" {
  description = "The load balancer and its target group, for the dashboard."
  type        = object({ arn_suffix = string, target_group_arn_suffix = string })
  default     = null
}

variable "group_names" {
  description = "Auto Scaling groups, by a word for each, for the dashboard."
  type        = map(string)
  default     = {}
}

variable "alarm_arns" {
  description = "Alarms that the dashboard shows at its head, at most 100."
  type        = list(string)
  default     = []
}
