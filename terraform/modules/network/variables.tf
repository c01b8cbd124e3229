variable "name" {
  description = "Prefix of all names, such as rescuebot-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "The name is 3 to 24 lower-case letters, digits and hyphens: load balancers allow 32 in all."
  }
}

variable "cidr" {
  description = "Addresses of the VPC; a /16."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.cidr)) && endswith(var.cidr, "/16")
    error_message = "The subnets are laid out for a /16, such as 10.0.0.0/16."
  }
}

variable "availability_zones" {
  description = "Zones of the VPC. All have public and database subnets, because a load balancer and a group of database subnets need two."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 3
    error_message = "Two or three zones: a load balancer needs two."
  }
  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "Each zone once."
  }
}

variable "workload_zones" {
  description = "In how many of the zones, from the first, machines run: they have a private subnet and a NAT gateway. 1 is cheap, 2 or more outlive the loss of a zone."
  type        = number
  default     = 2

  validation {
    condition     = var.workload_zones >= 1 && var.workload_zones <= length(var.availability_zones)
    error_message = "From one to as many as there are zones."
  }
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones. Cheaper, but all zones lose the internet with the first one."
  type        = bool
  default     = false
}

variable "interface_endpoints" {
  description = "AWS services that are reached inside the VPC instead of through the NAT gateway, such as sqs or ecr.api."
  type        = set(string)
  default     = []

  validation {
    condition = alltrue([for service in var.interface_endpoints : contains([
      "autoscaling", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "events", "lambda", "logs", "monitoring",
      "secretsmanager", "sns", "sqs", "ssm", "ssmmessages", "sts"
    ], service)])
    error_message = "One of the services that Rescue Bot calls; S3 has an endpoint always."
  }
}

variable "ssh_cidrs" {
  description = "From where port 22 of the instances is reached; only addresses inside the VPC. Empty closes it: Session Manager needs no port."
  type        = list(string)
  default     = ["10.0.0.0/16"]

  validation {
    condition = alltrue([for cidr in var.ssh_cidrs : try(
      tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.cidr)[1])
      && cidrhost("${split("/", cidr)[0]}/${split("/", var.cidr)[1]}", 0) == cidrhost(var.cidr, 0),
    false)])
    error_message = "SSH is only for addresses inside the VPC, never for the internet."
  }
}

variable "minion_cidrs" {
  description = "Addresses of minions that are not in the group `minions`, such as those of a peered VPC."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.minion_cidrs : can(cidrnetmask(cidr)) && !endswith(cidr, "/0")])
    error_message = "Networks of minions, never the whole internet."
  }
}

variable "log_retention_days" {
  description = "How long the flow logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "A retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90 … days."
  }
}
