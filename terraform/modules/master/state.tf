# What outlives a machine: keys and job cache on EFS, and the master's name in a private zone.

module "key" {
  source = "../key"

  name        = "${var.name}-master"
  description = "Keys and job cache of the Salt master of ${var.name}"
}

resource "aws_efs_file_system" "this" {
  creation_token  = "${var.name}-master"
  encrypted       = true
  kms_key_id      = module.key.arn
  throughput_mode = "elastic"

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  lifecycle_policy {
    transition_to_primary_storage_class = "AFTER_1_ACCESS"
  }

  tags = { Name = "${var.name}-master" }
}

resource "aws_efs_backup_policy" "this" {
  file_system_id = aws_efs_file_system.this.id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_mount_target" "this" {
  for_each = var.subnet_ids

  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = each.value
  security_groups = [var.efs_security_group_id]
}

# Whoever mounts it is the image's user and sees this folder only.
resource "aws_efs_access_point" "this" {
  file_system_id = aws_efs_file_system.this.id

  posix_user {
    uid = 10002
    gid = 10002
  }

  root_directory {
    path = "/master"

    creation_info {
      owner_uid   = 10002
      owner_gid   = 10002
      permissions = "0700"
    }
  }

  tags = { Name = "${var.name}-master" }
}

data "aws_iam_policy_document" "file_system" {
  statement {
    sid       = "MasterByItsAccessPoint"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.this.arn]

    principals {
      type        = "AWS"
      identifiers = [module.machine.role_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [aws_efs_access_point.this.arn]
    }
  }

  statement {
    sid       = "OverTlsOnly"
    effect    = "Deny"
    actions   = ["*"] # A denial of everything.
    resources = [aws_efs_file_system.this.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_efs_file_system_policy" "this" {
  file_system_id = aws_efs_file_system.this.id
  policy         = data.aws_iam_policy_document.file_system.json
}

# A record that the machine itself brings up to date costs $0.50 a month; a network load balancer, about $18.
resource "aws_route53_zone" "this" {
  #checkov:skip=CKV2_AWS_38:DNSSEC signing is for public zones; this one is known in the VPC only
  #checkov:skip=CKV2_AWS_39:logging of queries is for public zones
  name    = var.zone_name
  comment = "Where the minions of ${var.name} find their master"

  vpc {
    vpc_id = var.vpc_id
  }

  lifecycle {
    # Further VPCs of minions are associated by their own owners.
    ignore_changes = [vpc]
  }
}
