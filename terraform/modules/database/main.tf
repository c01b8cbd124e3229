# The ledger: MySQL, its replica, its logs. Who may enter with which password is in credentials.tf.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  identifiers = merge({ primary = var.name }, var.replica ? { replica = "${var.name}-replica" } : {})
  logs        = { for pair in setproduct(keys(local.identifiers), ["error", "slowquery"]) : "${pair[0]}-${pair[1]}" => "/aws/rds/instance/${local.identifiers[pair[0]]}/${pair[1]}" }
  database    = "rescue"
  app_user    = "rescue"
  # In the URLs: the application's own user; its password comes apart, from the module secrets.
  address = "mysql+pymysql://${local.app_user}@%s:${aws_db_instance.this.port}/${local.database}"
}

module "key" {
  source = "../key"

  name        = "${var.name}-database"
  description = "Ledger of ${var.name}, its snapshots and the password of its master user"
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Database subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  # The family is in the name, so that a new one can stand beside it during an upgrade.
  name        = "${var.name}-mysql84"
  family      = "mysql8.4"
  description = "Rescue Bot on MySQL 8.4"

  parameter {
    name  = "character_set_server"
    value = "utf8mb4"
  }
  parameter {
    name  = "collation_server"
    value = "utf8mb4_0900_ai_ci"
  }
  # No connection in the clear, not even inside the VPC.
  parameter {
    name  = "require_secure_transport"
    value = "1"
  }
  # Results of 10 MB, with room for what surrounds them.
  parameter {
    name  = "max_allowed_packet"
    value = "67108864"
  }
  parameter {
    name  = "log_output"
    value = "FILE"
  }
  parameter {
    name  = "slow_query_log"
    value = "1"
  }
  parameter {
    name  = "long_query_time"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Made before the instances: RDS would make them itself, without a key and for ever.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:how long logs are kept is a setting of each environment (SPEC: dev days, prod a month)
  for_each = local.logs

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_kms_key_arn
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_157:Multi-AZ is a setting: prod has it, dev is one zone (SPEC A5)
  #checkov:skip=CKV_AWS_293:deletion protection is a setting: prod has it, dev may be torn down
  #checkov:skip=CKV_AWS_353:Performance Insights is a setting: the smallest classes, of dev, do not have it
  #checkov:skip=CKV_AWS_161:the library signs in with a password over TLS; tokens of IAM last 15 minutes and its pool knows nothing of them
  identifier     = local.identifiers.primary
  engine         = "mysql"
  engine_version = var.engine_version
  instance_class = var.instance_class
  db_name        = local.database
  port           = 3306

  username            = local.master_user
  password_wo         = local.new_password
  password_wo_version = var.master_password_version

  storage_type          = "gp3"
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.most_storage_gb
  storage_encrypted     = true
  kms_key_id            = module.key.arn

  multi_az               = var.multi_az
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [var.security_group_id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  # In UTC: three in the morning in Seoul and Tokyo.
  backup_retention_period  = var.backup_retention_days
  backup_window            = "18:00-18:30"
  maintenance_window       = "sun:19:00-sun:20:00"
  copy_tags_to_snapshot    = true
  delete_automated_backups = !var.final_snapshot

  auto_minor_version_upgrade = true
  # No paid years after the end of standard support: RDS then upgrades by itself.
  engine_lifecycle_support  = "open-source-rds-extended-support-disabled"
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.final_snapshot
  final_snapshot_identifier = var.final_snapshot ? "${var.name}-final" : null

  enabled_cloudwatch_logs_exports       = ["error", "slowquery"]
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  performance_insights_enabled          = var.performance_insights
  performance_insights_kms_key_id       = var.performance_insights ? module.key.arn : null
  performance_insights_retention_period = var.performance_insights ? 7 : null

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_db_instance" "replica" {
  #checkov:skip=CKV_AWS_157:a copy needs no standby: without it the dashboard reads from the primary
  #checkov:skip=CKV_AWS_293:a copy may go and come again
  #checkov:skip=CKV_AWS_133:the primary is backed up
  #checkov:skip=CKV_AWS_353:Performance Insights is a setting, see the primary
  #checkov:skip=CKV_AWS_161:see the primary
  count = var.replica ? 1 : 0

  identifier          = local.identifiers.replica
  replicate_source_db = aws_db_instance.this.identifier
  instance_class      = coalesce(var.replica_instance_class, var.instance_class)

  storage_type          = "gp3"
  max_allocated_storage = var.most_storage_gb
  # In the same region under the same key as the primary; RDS wants none named.
  storage_encrypted = true

  multi_az               = false
  vpc_security_group_ids = [var.security_group_id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  maintenance_window         = "sun:20:00-sun:21:00"
  copy_tags_to_snapshot      = true
  auto_minor_version_upgrade = true
  skip_final_snapshot        = true

  enabled_cloudwatch_logs_exports       = ["error", "slowquery"]
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  performance_insights_enabled          = var.performance_insights
  performance_insights_kms_key_id       = var.performance_insights ? module.key.arn : null
  performance_insights_retention_period = var.performance_insights ? 7 : null

  depends_on = [aws_cloudwatch_log_group.this]
}

data "aws_iam_policy_document" "monitoring_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }
    # Only for our own instances.
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [for identifier in local.identifiers : "arn:${data.aws_partition.this.partition}:rds:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:db:${identifier}"]
    }
  }
}

resource "aws_iam_role" "monitoring" {
  name               = "${var.name}-rds-monitoring"
  assume_role_policy = data.aws_iam_policy_document.monitoring_trust.json
}

# AWS's own: writing into the log group RDSOSMetrics, nothing else.
resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
