# dev: everything that has a price by zone is in one zone, and may be torn down.
environment = "dev"

# Before the first apply: a domain of yours, and either its zone in Route 53 or a certificate of ACM.
domain_name    = "rescue-dev.example.com"
hosted_zone_id = "Z0123456789EXAMPLE"

availability_zones = ["ap-northeast-1a", "ap-northeast-1c"]
workload_zones     = 1

log_retention_days = 3
access_log_days    = 14
protected          = false

database = {
  instance_class        = "db.t4g.micro"
  multi_az              = false
  replica               = false
  storage_gb            = 20
  most_storage_gb       = 50
  backup_retention_days = 7
  performance_insights  = false
  max_connections       = 60
}

instance_type = "t3.micro"
web           = { min_size = 1, max_size = 2 }

# Whose workflows may deliver.
github_repository = "example/rescuebot"

# Drills put events in AWS's shapes under this source; AWS lets nobody use its own.
drill_sources = ["rescue.drill"]

language               = "en"
monthly_budget_dollars = 200
operations_emails      = []

# With channels the library tells people. The id of a Slack channel is at the end of its details.
notice_channels = {
  operators = { slack_channel = "C0123456789", ways = ["slack", "sns"] }
}
