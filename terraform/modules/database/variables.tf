variable "name" {
  description = "Prefix of all names, such as rescuebot-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "The name is 3 to 24 lower-case letters, digits and hyphens."
  }
}

variable "subnet_ids" {
  description = "Database subnets, in two zones at least; RDS asks for two even when it uses one."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "RDS needs subnets in two zones."
  }
}

variable "security_group_id" {
  description = "Security group of the database."
  type        = string
}

variable "rotation_subnet_ids" {
  description = "Private subnets of the function that changes the password; it must reach Secrets Manager."
  type        = list(string)

  validation {
    condition     = length(var.rotation_subnet_ids) >= 1
    error_message = "The function needs a subnet."
  }
}

variable "rotation_security_group_id" {
  description = "Security group of the function that changes the password."
  type        = string
}

variable "rotation_days" {
  description = "How often the password of the RDS master user is changed."
  type        = number
  default     = 30

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 365
    error_message = "1 to 365 days."
  }
}

variable "rotation_version" {
  description = "Version of AWS's rotation function in the Serverless Application Repository."
  type        = string
  default     = "1.1.671"

  validation {
    condition     = can(regex("^1\\.[0-9]+\\.[0-9]+$", var.rotation_version))
    error_message = "A version of that application, 1.x.y."
  }
}

variable "master_password_version" {
  description = "Raise it by one to set a new password at once, for instance when the secret and the database no longer agree."
  type        = number
  default     = 1

  validation {
    condition     = var.master_password_version >= 1 && floor(var.master_password_version) == var.master_password_version
    error_message = "A whole number, 1 or more."
  }
}

variable "engine_version" {
  description = "Version of MySQL; minor versions come by themselves in the maintenance window."
  type        = string
  default     = "8.4"

  validation {
    condition     = can(regex("^8\\.4(\\.[0-9]+)?$", var.engine_version))
    error_message = "Rescue Bot is tried on MySQL 8.4, and the parameter group is of that family."
  }
}

variable "instance_class" {
  description = "Size of the primary."
  type        = string

  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "A class of RDS, such as db.t4g.medium."
  }
}

variable "multi_az" {
  description = "Whether a standby in another zone takes over when the primary is lost."
  type        = bool
  default     = true
}

variable "replica" {
  description = "Whether there is a read replica, which serves the dashboard (database.replica_url)."
  type        = bool
  default     = true
}

variable "replica_instance_class" {
  description = "Size of the replica; that of the primary when not given."
  type        = string
  default     = null
  nullable    = true
}

variable "storage_gb" {
  description = "Storage at the start."
  type        = number
  default     = 20

  validation {
    condition     = var.storage_gb >= 20
    error_message = "gp3 begins at 20 GB."
  }
}

variable "most_storage_gb" {
  description = "Storage that RDS may grow to by itself. With the archive on, a ledger of 90 days seldom needs more."
  type        = number
  default     = 100

  validation {
    condition     = var.most_storage_gb >= ceil(var.storage_gb * 1.1)
    error_message = "At least a tenth more than storage_gb, or it could not grow."
  }
}

variable "backup_retention_days" {
  description = "How long backups are kept, and how far back a restoration to a point in time reaches."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 35
    error_message = "7 to 35 days."
  }
}

variable "deletion_protection" {
  description = "Whether the database refuses to be deleted."
  type        = bool
  default     = true
}

variable "final_snapshot" {
  description = "Whether a last snapshot is taken when it is deleted."
  type        = bool
  default     = true
}

variable "performance_insights" {
  description = "Whether waits and statements are recorded for 7 days, free of charge. Not to be had for db.t4g.micro and db.t4g.small."
  type        = bool
  default     = true

  validation {
    condition     = !var.performance_insights || !can(regex("^db\\.t(2|3|4g)\\.(micro|small)$", var.instance_class))
    error_message = "RDS has no Performance Insights for the micro and small classes."
  }
}

variable "log_retention_days" {
  description = "How long the error log and the slow query log are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "A retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90 … days."
  }
}

variable "logs_kms_key_arn" {
  description = "Key of the log groups (module network)."
  type        = string
}

variable "alarm_topic_arns" {
  description = "Topics that are told when the rotation of the password fails; by then the old password still holds."
  type        = list(string)
  default     = []
}
