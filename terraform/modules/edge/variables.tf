variable "name" {
  description = "Prefix of all names, such as rescuebot-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "The name is 3 to 24 lower-case letters, digits and hyphens: load balancers allow 32 in all."
  }
}

variable "vpc_id" {
  description = "VPC of the instances behind."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets of the load balancer, in two zones at least."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "A load balancer needs subnets in two zones."
  }
}

variable "security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "domain_name" {
  description = "Name under which people and Slack reach it, such as rescue.example.com."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "A full domain name in lower case, without https:// and path."
  }
}

variable "hosted_zone_id" {
  description = "Route 53 zone of the domain. With it the certificate is issued and the name is set; without it give certificate_arn and set the name yourself."
  type        = string
  default     = null
  nullable    = true
}

variable "certificate_arn" {
  description = "A certificate of ACM that is there already, in this region."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = (var.certificate_arn == null) != (var.hosted_zone_id == null)
    error_message = "Give either hosted_zone_id, and a certificate is issued, or certificate_arn."
  }
  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:", var.certificate_arn))
    error_message = "An ARN of ACM, arn:aws:acm:<region>:<account>:certificate/<id>."
  }
}

variable "access_logs_bucket" {
  description = "Bucket for access logs, under alb/ (module archive)."
  type        = string
}

variable "logs_kms_key_arn" {
  description = "Key of the firewall's log group (module network)."
  type        = string
}

variable "log_retention_days" {
  description = "How long the firewall's log is kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "A retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90 … days."
  }
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
  default     = true
}

variable "deregistration_seconds" {
  description = "How long an instance that leaves may finish its requests. The API takes 20 seconds at most; live streams end at once and come back elsewhere."
  type        = number
  default     = 30

  validation {
    condition     = var.deregistration_seconds >= 30 && var.deregistration_seconds <= 3600
    error_message = "30 to 3600 seconds: the API finishes requests for 20."
  }
}

variable "requests_per_five_minutes" {
  description = "Most requests of one address in five minutes; many people of an office share one."
  type        = number
  default     = 6000

  validation {
    condition     = var.requests_per_five_minutes >= 100
    error_message = "100 or more: one open console makes about a request a second."
  }
}

variable "sign_ins_per_five_minutes" {
  description = "Most requests of one address to /api/v1/auth/ in five minutes."
  type        = number
  default     = 300

  validation {
    condition     = var.sign_ins_per_five_minutes >= 10
    error_message = "10 or more, the least that AWS takes."
  }
}

variable "ssl_policy" {
  description = "Protocols and ciphers of the listener: TLS 1.2 with forward secrecy, and 1.3."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

  validation {
    condition     = startswith(var.ssl_policy, "ELBSecurityPolicy-TLS13-")
    error_message = "A policy with TLS 1.3, ELBSecurityPolicy-TLS13-…"
  }
}
