variable "name" {
  description = "Name of the deployment, e.g. rescuebot-prod."
  type        = string
}

variable "vpc_id" {
  description = "VPC in which the master's name is known."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, by availability zone."
  type        = map(string)

  validation {
    condition     = length(var.subnet_ids) >= 1
    error_message = "subnet_ids: one at least."
  }
}

variable "security_group_id" {
  description = "Security group of the master: 4505 and 4506 from the minions."
  type        = string
}

variable "efs_security_group_id" {
  description = "Security group of the file system: 2049 from the master only."
  type        = string
}

variable "instance_type" {
  description = "EC2 type, x86_64."
  type        = string
}

variable "image" {
  description = "Image by digest, or \"none\": then there is no machine."
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
  description = "Secrets by name: database_password, slack_bot_token."
  type        = map(string)

  validation {
    condition     = alltrue([for name in ["database_password", "slack_bot_token"] : contains(keys(var.secret_arns), name)])
    error_message = "secret_arns: database_password and slack_bot_token are needed."
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

variable "queue" {
  description = "Queue of the events."
  type = object({
    url         = string
    arn         = string
    kms_key_arn = string
  })
}

variable "topic_arns" {
  description = "Topics by severity."
  type        = map(string)
}

variable "operations_topic_arn" {
  description = "Topic that is told when the master does not start."
  type        = string
}

variable "notify_kms_key_arn" {
  description = "Key of the topics."
  type        = string
}

variable "advisor_function_arn" {
  description = "Lambda that asks Bedrock where no runbook fits, or null."
  type        = string
  default     = null
}

variable "sender_identity_arn" {
  description = "SES identity that letters are sent from, or null."
  type        = string
  default     = null
}

variable "archive" {
  description = "Bucket of old events."
  type = object({
    bucket      = string
    arn         = string
    kms_key_arn = string
  })
}

variable "log_group" {
  description = "Log group of the master."
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

variable "zone_name" {
  description = "Private zone; minions find the master as salt.<zone>."
  type        = string
  default     = "rescue.internal"

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.zone_name))
    error_message = "zone_name: a domain name in small letters, such as rescue.internal."
  }
}

variable "ami_id" {
  description = "AMI to stay at; null takes the latest Amazon Linux 2023 at each apply."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of machine and volumes."
  type        = map(string)
  default     = {}
}
