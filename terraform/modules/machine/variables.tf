variable "name" {
  description = "Name of the machine and of what belongs to it, e.g. rescuebot-prod-web."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,39}$", var.name))
    error_message = "name: 3 to 40 small letters, digits and hyphens, a letter first."
  }
}

variable "instance_type" {
  description = "EC2 type; x86_64, because the images are built for it."
  type        = string

  validation {
    condition     = can(regex("^(t3a?|m[5-9]i?|c[5-9]i?)\\.", var.instance_type))
    error_message = "instance_type: an x86_64 type such as t3.micro; the images are built for x86_64."
  }
}

variable "ami_id" {
  description = "AMI to stay at; null takes the latest Amazon Linux 2023 at each apply."
  type        = string
  default     = null
}

variable "volume_size" {
  description = "Size of the root volume in GiB."
  type        = number
  default     = 20

  validation {
    condition     = var.volume_size >= 12
    error_message = "volume_size: 12 GiB at least, for the system and two images."
  }
}

variable "security_group_ids" {
  description = "Security groups of the machine."
  type        = list(string)
}

variable "image" {
  description = "Image by digest (repository@sha256:…), or \"none\" while there is no image yet."
  type        = string

  validation {
    condition     = var.image == "none" || can(regex("^[^@ ]+/[^@ ]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image: repository@sha256:<64 hex>, or \"none\". A tag may change what it means and is refused."
  }
}

variable "repository_arn" {
  description = "ECR repository that the machine may pull from."
  type        = string
}

variable "arguments" {
  description = "Further arguments of `docker run`, one an element."
  type        = list(string)
  default     = []
}

variable "settings" {
  description = "Content of RESCUE_FILE (docs/settings.md); nothing secret."
  type        = any
}

variable "secrets" {
  description = "Environment variable of the container → secret that it is filled from, and whether it may be absent."
  type = map(object({
    arn      = string
    optional = optional(bool, false)
  }))

  validation {
    condition     = alltrue([for name in keys(var.secrets) : startswith(name, "RESCUE_")])
    error_message = "secrets: the names are settings of Rescue Bot, RESCUE_…."
  }
}

variable "secrets_kms_key_arn" {
  description = "Key of the secrets."
  type        = string
}

variable "files" {
  description = "Further files of the machine: path → content and mode."
  type = map(object({
    content = string
    mode    = optional(string, "0644")
  }))
  default = {}
}

variable "packages" {
  description = "Further packages of Amazon Linux."
  type        = list(string)
  default     = []
}

variable "log_group" {
  description = "Log group of the container."
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
  description = "Topic that is told when the container does not start."
  type        = string
}

variable "topic_arns" {
  description = "Further topics that the machine may publish to."
  type        = list(string)
  default     = []
}

variable "notify_kms_key_arn" {
  description = "Key of the topics."
  type        = string
}

variable "advisor_function_arn" {
  description = "Lambda that asks Bedrock, or null."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of instances and volumes: a provider's default_tags do not reach what a launch template makes."
  type        = map(string)
  default     = {}
}
