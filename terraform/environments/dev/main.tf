# All of Rescue Bot in one account. prod has this same file: only terraform.tfvars differs.

locals {
  name = "${var.project}-${var.environment}"
  # A launch template's machines do not get a provider's default tags.
  tags = {
    Project     = var.project
    Environment = var.environment
    ManagedBy   = "terraform"
  }

  # Who tells people: one word decides it for the library and for event_router, so nobody hears twice.
  library_tells = length(var.notice_channels) > 0

  # "none" until there is an image and the secrets have values: then the groups hold no machine.
  images = {
    for kind, digest in { web = var.web_image_digest, master = var.master_image_digest } :
    kind => digest == "none" ? "none" : "${module.delivery.ecr_repository_urls[kind]}@${digest}"
  }

  # What went wrong and waits for a person, by a word for each.
  dead_letter_names = merge(
    { events = module.queue.dead_letter_name, notices = module.notify.dead_letter_name },
    { for rule, queue in module.events.undelivered_names : "undelivered-${rule}" => queue },
    module.functions.dead_letter_names,
  )

  databases = merge(
    { primary = { identifier = module.database.identifier, max_connections = var.database.max_connections } },
    var.database.replica ? {
      replica = { identifier = module.database.replica_identifier, max_connections = var.database.max_connections, replica = true }
    } : {},
  )

  load_balancer = {
    arn_suffix              = module.edge.alb_arn_suffix
    target_group_arn_suffix = module.edge.target_group_arn_suffix
  }

  ledger = {
    endpoint         = module.database.endpoint
    replica_endpoint = module.database.replica_endpoint
    port             = module.database.port
    name             = module.database.name
    username         = module.database.app_username
  }
}

module "network" {
  source = "../../modules/network"

  name                = local.name
  cidr                = var.cidr
  availability_zones  = var.availability_zones
  workload_zones      = var.workload_zones
  single_nat_gateway  = var.single_nat_gateway
  interface_endpoints = var.interface_endpoints
  ssh_cidrs           = var.ssh_cidrs
  minion_cidrs        = var.minion_cidrs
  log_retention_days  = var.log_retention_days
}

module "secrets" {
  source = "../../modules/secrets"

  name                    = local.name
  recovery_window_in_days = var.protected ? 30 : 0
}

module "database" {
  source = "../../modules/database"

  name                       = local.name
  subnet_ids                 = module.network.database_subnet_list
  security_group_id          = module.network.security_group_ids.database
  rotation_subnet_ids        = module.network.private_subnet_list
  rotation_security_group_id = module.network.security_group_ids.rotation
  instance_class             = var.database.instance_class
  multi_az                   = var.database.multi_az
  replica                    = var.database.replica
  replica_instance_class     = var.database.replica_instance_class
  storage_gb                 = var.database.storage_gb
  most_storage_gb            = var.database.most_storage_gb
  backup_retention_days      = var.database.backup_retention_days
  performance_insights       = var.database.performance_insights
  master_password_version    = var.database.master_password_version
  deletion_protection        = var.protected
  final_snapshot             = var.protected
  logs_kms_key_arn           = module.network.logs_kms_key_arn
  log_retention_days         = var.log_retention_days
  alarm_topic_arns           = [module.notify.operations_topic_arn]
}

module "archive" {
  source = "../../modules/archive"

  name               = local.name
  log_retention_days = var.access_log_days
  force_destroy      = !var.protected
}

module "edge" {
  source = "../../modules/edge"

  name                = local.name
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.public_subnet_list
  security_group_id   = module.network.security_group_ids.alb
  domain_name         = var.domain_name
  hosted_zone_id      = var.hosted_zone_id
  certificate_arn     = var.certificate_arn
  access_logs_bucket  = module.archive.logs_bucket
  logs_kms_key_arn    = module.network.logs_kms_key_arn
  log_retention_days  = var.log_retention_days
  deletion_protection = var.protected
}

module "queue" {
  source = "../../modules/queue"

  name = local.name
}

module "notify" {
  source = "../../modules/notify"

  name               = local.name
  slack_notifier_arn = module.functions.arns["slack_notifier"]
  operations_emails  = var.operations_emails
}

module "functions" {
  source = "../../modules/functions"

  name                      = local.name
  zips_dir                  = "${path.root}/${var.zips_dir}"
  api_url                   = module.edge.url
  router_api_key_secret_arn = module.secrets.arns["router_api_key"]
  slack_webhooks_secret_arn = module.secrets.arns["slack_webhooks"]
  secrets_kms_key_arn       = module.secrets.kms_key_arn
  logs_kms_key_arn          = module.network.logs_kms_key_arn
  topic_arns                = module.notify.topic_arns
  notify_kms_key_arn        = module.notify.kms_key_arn
  library_tells             = local.library_tells
  language                  = var.language
  model_id                  = var.model_id
  reserved_concurrency      = var.reserved_concurrency
  pinned_versions           = var.pinned_versions
  log_retention_days        = var.log_retention_days
}

module "events" {
  source = "../../modules/events"

  name                = local.name
  queue_arn           = module.queue.arn
  router_arn          = module.functions.arns["event_router"]
  alarm_name_prefixes = concat([module.alarms.product_prefix], var.alarm_name_prefixes)
  drill_sources       = var.drill_sources
  # EC2 and RDS speak of the whole account; where two environments share one, only one listens.
  instance_states     = var.account_events ? ["stopped", "running"] : []
  database_categories = var.account_events ? ["availability", "failover", "failure", "low storage", "notification", "recovery"] : []
}

module "observability" {
  source = "../../modules/observability"

  name                   = local.name
  log_retention_days     = var.log_retention_days
  logs_kms_key_arn       = module.network.logs_kms_key_arn
  roles                  = var.roles
  operations_topic_arn   = module.notify.operations_topic_arn
  monthly_budget_dollars = var.monthly_budget_dollars
  queue_name             = module.queue.name
  dead_letter_names      = local.dead_letter_names
  function_names         = module.functions.names
  database_identifiers   = { for word, instance in local.databases : word => instance.identifier }
  load_balancer          = local.load_balancer
  group_names            = { web = module.web.asg_name, master = module.master.asg_name }
  alarm_arns             = module.alarms.arns
}

module "alarms" {
  source = "../../modules/alarms"

  name                 = local.name
  processes            = module.observability.processes
  operations_topic_arn = module.notify.operations_topic_arn
  queue_name           = module.queue.name
  dead_letter_names    = local.dead_letter_names
  function_names       = module.functions.names
  model_id             = module.functions.model_id
  databases            = local.databases
  load_balancer        = local.load_balancer
  rule_names           = module.events.rule_names
  engine_expected      = local.images.master != "none"
  instance_checks      = var.account_events
  # A group without an image holds no machine, and is not missed.
  groups = {
    web    = { name = module.web.asg_name, minimum = local.images.web == "none" ? 0 : var.web.min_size }
    master = { name = module.master.asg_name, minimum = local.images.master == "none" ? 0 : 1 }
  }
}

module "delivery" {
  source = "../../modules/delivery"

  name                 = local.name
  environment          = var.environment
  github_repository    = var.github_repository
  create_oidc_provider = var.create_oidc_provider
  state_bucket_arn     = var.state_bucket_arn
  state_kms_key_arn    = var.state_kms_key_arn
  group_arns           = { web = module.web.asg_arn, master = module.master.asg_arn }
  migrate_document_arn = module.master.migrate_document_arn
  # The provider reads it when it looks whether anything has changed.
  plan_secret_arns = [module.database.secret_arn]
}

module "web" {
  source = "../../modules/web"

  name                 = local.name
  subnet_ids           = module.network.private_subnet_list
  security_group_id    = module.network.security_group_ids.web
  target_group_arn     = module.edge.target_group_arn
  request_label        = "${module.edge.alb_arn_suffix}/${module.edge.target_group_arn_suffix}"
  instance_type        = var.instance_type
  min_size             = var.web.min_size
  max_size             = var.web.max_size
  image                = local.images.web
  repository_arn       = module.delivery.ecr_repository_arns["web"]
  database             = local.ledger
  secret_arns          = module.secrets.arns
  secrets_kms_key_arn  = module.secrets.kms_key_arn
  settings             = { web = { trusted_hosts = [var.domain_name] } }
  log_group            = { name = module.observability.log_group_names["web"], arn = module.observability.log_group_arns["web"] }
  agent_parameter      = { name = module.observability.agent_parameter_name, arn = module.observability.agent_parameter_arn }
  operations_topic_arn = module.notify.operations_topic_arn
  notify_kms_key_arn   = module.notify.kms_key_arn
  advisor_function_arn = module.functions.arns["bedrock_advisor"]
  alarm_names          = module.alarms.rollback_alarm_names
  tags                 = local.tags
}

module "master" {
  source = "../../modules/master"

  name                  = local.name
  vpc_id                = module.network.vpc_id
  subnet_ids            = module.network.private_subnet_ids
  security_group_id     = module.network.security_group_ids.master
  efs_security_group_id = module.network.security_group_ids.efs
  instance_type         = var.instance_type
  image                 = local.images.master
  repository_arn        = module.delivery.ecr_repository_arns["master"]
  database              = local.ledger
  secret_arns           = module.secrets.arns
  secrets_kms_key_arn   = module.secrets.kms_key_arn
  settings = {
    notices = {
      url      = module.edge.url
      language = var.language
      channels = var.notice_channels
    }
  }
  queue                = { url = module.queue.url, arn = module.queue.arn, kms_key_arn = module.queue.kms_key_arn }
  topic_arns           = module.notify.topic_arns
  notify_kms_key_arn   = module.notify.kms_key_arn
  operations_topic_arn = module.notify.operations_topic_arn
  advisor_function_arn = module.functions.arns["bedrock_advisor"]
  archive              = { bucket = module.archive.bucket, arn = module.archive.arn, kms_key_arn = module.archive.kms_key_arn }
  log_group            = { name = module.observability.log_group_names["master"], arn = module.observability.log_group_arns["master"] }
  agent_parameter      = { name = module.observability.agent_parameter_name, arn = module.observability.agent_parameter_arn }
  tags                 = local.tags
}
