variable "name" {
  description = "Prefix of all names, such as rescuebot-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}$", var.name))
    error_message = "name is 3 to 31 small letters, digits and hyphens, and begins with a letter."
  }
}

variable "zips_dir" {
  description = "Folder of the zips that `make lambdas` builds: bedrock_advisor.zip, event_router.zip, slack_notifier.zip."
  type        = string
}

variable "api_url" {
  description = "Address of the API without a path, such as https://rescue.example.com; event_router hands events in there."
  type        = string

  validation {
    condition     = can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?$", var.api_url))
    error_message = "api_url is https://<host>, without a path: a key is sent there."
  }
}

variable "router_api_key_secret_arn" {
  description = "Secret with the API key of event_router (role ingest)."
  type        = string
}

variable "slack_webhooks_secret_arn" {
  description = "Secret with Slack's webhook addresses by severity."
  type        = string
}

variable "secrets_kms_key_arn" {
  description = "The key of both secrets."
  type        = string
}

variable "topic_arns" {
  description = "SNS topic of each severity."
  type        = map(string)

  validation {
    condition     = toset(keys(var.topic_arns)) == toset(["info", "warning", "critical", "fatal"])
    error_message = "topic_arns has info, warning, critical and fatal."
  }
}

variable "notify_kms_key_arn" {
  description = "The key of the topics."
  type        = string
}

variable "logs_kms_key_arn" {
  description = "The key of the log groups /aws/lambda/<name>-…."
  type        = string
}

variable "library_tells" {
  description = "Whether the library has channels of its own (notices.channels). Then event_router only tells what the library cannot (TELL=unreached), so that nobody hears twice."
  type        = bool
}

variable "language" {
  description = "Language of event_router's cards: ko, en or ja."
  type        = string
  default     = "en"

  validation {
    condition     = contains(["ko", "en", "ja"], var.language)
    error_message = "language is ko, en or ja."
  }
}

variable "model_id" {
  description = "Inference profile of Bedrock that bedrock_advisor asks. jp. keeps the data in Tokyo and Osaka."
  type        = string
  default     = "jp.anthropic.claude-sonnet-5-5"

  validation {
    condition     = can(regex("^(jp|apac|global|us|eu|au)[.]anthropic[.]claude-[a-z0-9.:-]+$", var.model_id))
    error_message = "model_id is an inference profile of a Claude, such as jp.anthropic.claude-sonnet-5-5; bare model ids are not served on demand."
  }
}

variable "model_regions" {
  description = "Regions that the inference profile routes to."
  type        = set(string)
  default     = ["ap-northeast-1", "ap-northeast-3"]

  validation {
    condition     = length(var.model_regions) > 0 && alltrue([for region in var.model_regions : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "model_regions are names of regions, at least one; no wildcard."
  }
}

variable "model_max_tokens" {
  description = "Most tokens of one answer, the model's thinking included."
  type        = number
  default     = 8000

  validation {
    condition     = var.model_max_tokens >= 1000 && var.model_max_tokens <= 64000
    error_message = "model_max_tokens is 1000 to 64000."
  }
}

variable "guardrail" {
  description = "Guardrail of Bedrock over question and answer, if there is one."
  type        = object({ id = string, arn = string, version = string })
  default     = null
}

variable "reserved_concurrency" {
  description = "How many instances of each function may run at once; -1 reserves nothing. An account keeps 100 unreserved, so new accounts with a small quota need -1."
  type        = map(number)
  default     = { bedrock_advisor = 5, event_router = 10, slack_notifier = 2 }

  validation {
    condition = (
      toset(keys(var.reserved_concurrency)) == toset(["bedrock_advisor", "event_router", "slack_notifier"])
      && alltrue([for number in values(var.reserved_concurrency) : number == -1 || number >= 1])
    )
    error_message = "reserved_concurrency has bedrock_advisor, event_router and slack_notifier, each -1 or at least 1 (0 would stop the function)."
  }
}

variable "pinned_versions" {
  description = "Version that the alias of a function points to, for going back; the newest where none is named."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for function, version in var.pinned_versions :
      contains(["bedrock_advisor", "event_router", "slack_notifier"], function) && can(regex("^[1-9][0-9]*$", version))
    ])
    error_message = "pinned_versions maps bedrock_advisor, event_router or slack_notifier to a number."
  }
}

variable "log_retention_days" {
  description = "How long logs of the functions are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.log_retention_days)
    error_message = "log_retention_days is one that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365."
  }
}
