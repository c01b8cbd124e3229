variable "name" {
  description = "Name of the deployment, e.g. rescuebot-prod."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one an availability zone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 1
    error_message = "subnet_ids: one at least."
  }
}

variable "security_group_id" {
  description = "Security group: port 5000 from the load balancer only."
  type        = string
}

variable "target_group_arn" {
  description = "Target group of the load balancer."
  type        = string
}

variable "request_label" {
  description = "What scaling by requests counts: <alb_arn_suffix>/<target_group_arn_suffix>."
  type        = string
}

variable "instance_type" {
  description = "EC2 type, x86_64."
  type        = string
}

variable "min_size" {
  description = "Machines at least."
  type        = number
  default     = 2

  validation {
    condition     = var.min_size >= 1 && floor(var.min_size) == var.min_size
    error_message = "min_size: 1 or more."
  }
}

variable "max_size" {
  description = "Machines at most."
  type        = number
  default     = 5

  validation {
    condition     = var.max_size >= var.min_size
    error_message = "max_size: not less than min_size."
  }
}

variable "image" {
  description = "Image by digest, or \"none\": then the group holds no machine."
  type        = string
}

variable "repository_arn" {
  description = "ECR repository of the image."
  type        = string
}

variable "database" {
  description = "The ledger; replica_endpoint serves the dashboard where there is one."
  type = object({
    endpoint         = string
    replica_endpoint = optional(string)
    port             = number
    name             = string
    username         = string
  })
}

variable "secret_arns" {
  description = "Secrets by name: database_password, jwt_key, slack_signing_secret."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["database_password", "jwt_key", "slack_signing_secret"] : contains(keys(var.secret_arns), name)])
    error_message = "secret_arns: database_password, jwt_key and slack_signing_secret are needed."
  }
}

variable "secrets_kms_key_arn" {
  description = "Key of the secrets."
  type        = string
}

variable "settings" {
  description = "Blocks of docs/settings.md, over those that this module sets."
  type        = any
  default     = {}
}

variable "log_group" {
  description = "Log group of the API."
  type = object({
    name = string
    arn  = string
  })
}

variable "agent_parameter" {
  description = "SSM parameter with the CloudWatch Agent's configuration."
  type = object({
    name = string
    arn  = string
  })
}

variable "operations_topic_arn" {
  description = "Topic that is told when a machine does not start."
  type        = string
}

variable "notify_kms_key_arn" {
  description = "Key of the topics."
  type        = string
}

variable "advisor_function_arn" {
  description = "Lambda that asks Bedrock, or null. The API does not call it; see README.md."
  type        = string
  default     = null
}

variable "alarm_names" {
  description = "Alarms that end a rolling replacement and take it back."
  type        = list(string)
  default     = []
}

variable "ami_id" {
  description = "AMI to stay at; null takes the latest Amazon Linux 2023 at each apply."
  type        = string
  default     = null
}

variable "requests_per_target" {
  description = "Requests a minute and machine that scaling aims at."
  type        = number
  default     = 1500
}

variable "cpu_percent" {
  description = "CPU in percent that scaling aims at."
  type        = number
  default     = 60

  validation {
    condition     = var.cpu_percent >= 20 && var.cpu_percent <= 90
    error_message = "cpu_percent: 20 to 90."
  }
}

variable "checkpoint_seconds" {
  description = "How long a rolling replacement rests after its first half; 0 is without a rest."
  type        = number
  default     = 300

  validation {
    condition     = var.checkpoint_seconds >= 0 && var.checkpoint_seconds <= 172800
    error_message = "checkpoint_seconds: 0 to 172800."
  }
}

variable "tags" {
  description = "Tags of machines and volumes."
  type        = map(string)
  default     = {}
}
