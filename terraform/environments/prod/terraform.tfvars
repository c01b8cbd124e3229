# prod: two zones, each able to go on without the other.
environment = "prod"

# Before the first apply: a domain of yours, and either its zone in Route 53 or a certificate of ACM.
domain_name    = "rescue.example.com"
hosted_zone_id = "Z0123456789EXAMPLE"

availability_zones = ["ap-northeast-1a", "ap-northeast-1c"]
workload_zones     = 2

# What masters and API need to work while the way to the internet is gone, and what has the most traffic.
interface_endpoints = [
  "ssm", "ssmmessages", "logs", "monitoring", "sqs", "secretsmanager", "ecr.api", "ecr.dkr",
]

log_retention_days = 30
access_log_days    = 90
protected          = true

database = {
  instance_class        = "db.t4g.medium"
  multi_az              = true
  replica               = true
  storage_gb            = 50
  most_storage_gb       = 500
  backup_retention_days = 7
  performance_insights  = true
  max_connections       = 250
}

instance_type = "t3.medium"
web           = { min_size = 2, max_size = 5 }

# Whose workflows may deliver.
github_repository = "example/rescuebot"

language               = "en"
monthly_budget_dollars = 1000
operations_emails      = []

# With channels the library tells people. The id of a Slack channel is at the end of its details.
notice_channels = {
  operators = { slack_channel = "C0123456789", ways = ["slack", "sns"] }
}
