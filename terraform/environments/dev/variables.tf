# What an environment may choose. The values are in terraform.tfvars; each module's README says more.

variable "project" {
  description = "First part of all names, and the tag Project."
  type        = string
  default     = "rescuebot"
}

variable "environment" {
  description = "Second part of all names, and the tag Environment: dev or prod."
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "dev or prod."
  }
}

variable "account_id" {
  description = "The only account that this may be applied in; null lets any."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Twelve digits."
  }
}

variable "region" {
  description = "Region of everything."
  type        = string
  default     = "ap-northeast-1"
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
  default     = "10.0.0.0/16"
}

variable "availability_zones" {
  description = "Zones of the VPC; two at least, because the load balancer needs them."
  type        = list(string)
  default     = ["ap-northeast-1a", "ap-northeast-1c"]

  validation {
    condition     = alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "Zones of the region."
  }
}

variable "workload_zones" {
  description = "In how many of them machines run: 1 in dev, all in prod."
  type        = number
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones."
  type        = bool
  default     = false
}

variable "interface_endpoints" {
  description = "AWS services with an endpoint in the VPC."
  type        = set(string)
  default     = []
}

variable "ssh_cidrs" {
  description = "From where in the VPC port 22 is reached; empty closes it."
  type        = list(string)
  default     = ["10.0.0.0/16"]
}

variable "minion_cidrs" {
  description = "Networks of minions outside of the group `minions`."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "How long logs are kept in CloudWatch."
  type        = number
}

variable "access_log_days" {
  description = "How long access logs are kept in S3."
  type        = number
}

variable "protected" {
  description = "Whether database, load balancer, secrets and buckets refuse to be deleted, and leave a last snapshot."
  type        = bool
}

variable "domain_name" {
  description = "Name under which people and Slack reach the console."
  type        = string
}

variable "hosted_zone_id" {
  description = "Route 53 zone of the domain; without it, certificate_arn."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "A certificate of ACM that is there already; without it, hosted_zone_id."
  type        = string
  default     = null
}

variable "database" {
  description = "Size of the ledger."
  type = object({
    instance_class         = string
    multi_az               = bool
    replica                = bool
    replica_instance_class = optional(string)
    storage_gb             = number
    most_storage_gb        = number
    backup_retention_days  = number
    # Raise it by one to set a new password of the RDS master user, e.g. after a restoration.
    master_password_version = optional(number, 1)
    performance_insights    = bool
    # From so many connections on an alarm rings; RDS allows about 80 for each GB of memory.
    max_connections = number
  })
}

variable "instance_type" {
  description = "EC2 type of API and master."
  type        = string
}

variable "web" {
  description = "How many machines of the API there are at least and at most."
  type        = object({ min_size = number, max_size = number })
}

variable "web_image_digest" {
  description = "Image of the API, sha256:…; none while there is no image. Without a default: a plan that forgets it must not change machines."
  type        = string

  validation {
    condition     = var.web_image_digest == "none" || can(regex("^sha256:[0-9a-f]{64}$", var.web_image_digest))
    error_message = "sha256: and 64 hexadecimal digits, or none."
  }
}

variable "master_image_digest" {
  description = "Image of the Salt master, sha256:…; none while there is no image."
  type        = string

  validation {
    condition     = var.master_image_digest == "none" || can(regex("^sha256:[0-9a-f]{64}$", var.master_image_digest))
    error_message = "sha256: and 64 hexadecimal digits, or none."
  }
}

variable "zips_dir" {
  description = "Folder of the functions' zips, from this folder; make lambdas fills it."
  type        = string
  default     = "../../../dist/lambdas"
}

variable "model_id" {
  description = "Inference profile of Bedrock. Models retire: docs/advice.md tells how to see when."
  type        = string
  default     = "jp.anthropic.claude-sonnet-5-5"
}

variable "reserved_concurrency" {
  description = "How many of each function may run at once; -1 reserves nothing, for accounts with a small quota."
  type        = map(number)
  default     = { bedrock_advisor = 5, event_router = 10, slack_notifier = 2 }
}

variable "pinned_versions" {
  description = "Version of a function to stay at, to go back to; the newest where none is named."
  type        = map(string)
  default     = {}
}

variable "language" {
  description = "Language of notices: ko, en or ja."
  type        = string
  default     = "en"
}

variable "notice_channels" {
  description = "notices.channels of the settings (docs/notices.md). With channels the library tells people, and event_router only when it cannot; empty, event_router tells."
  type        = any
  default     = {}
}

variable "operations_emails" {
  description = "Who gets Rescue Bot's own alarms by e-mail; each address must confirm once."
  type        = set(string)
  default     = []
}

variable "alarm_name_prefixes" {
  description = "Alarms of yours that are events for Rescue Bot besides those made here: how their names begin."
  type        = list(string)
  default     = []
}

variable "account_events" {
  description = "Whether events of EC2 and RDS, and status checks, of the whole account are for this environment. Where two environments share an account, false in one."
  type        = bool
  default     = true
}

variable "drill_sources" {
  description = "Sources from which events in AWS's shapes are taken for drills. Empty in production."
  type        = set(string)
  default     = []
}

variable "roles" {
  description = "Roles of your servers and the services that must run on each: each gets a configuration of the CloudWatch Agent."
  type        = map(set(string))
  default     = { mysql = ["mysql"], apache = ["apache"], nginx = ["nginx"] }
}

variable "monthly_budget_dollars" {
  description = "Budget of a month in US dollars."
  type        = number
}

variable "github_repository" {
  description = "Repository whose workflows may deliver, as owner/name."
  type        = string
}

variable "create_oidc_provider" {
  description = "Whether GitHub's provider of this account is made here. An account has one: where two environments share it, false in one."
  type        = bool
  default     = true
}

variable "state_bucket_arn" {
  description = "Bucket of the state (output of terraform/bootstrap), which the workflow's roles read and write."
  type        = string
  default     = null
}

variable "state_kms_key_arn" {
  description = "Key of that bucket."
  type        = string
  default     = null
}
