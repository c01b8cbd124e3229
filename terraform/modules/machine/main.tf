# What web and master have in common: a launch template of Amazon Linux 2023 that runs one container, and its role.

data "aws_region" "this" {}

data "aws_ssm_parameter" "ami" {
  count = var.ami_id == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

locals {
  # The id itself and not "resolve:ssm:…": an instance refresh can only go back to a template that names it.
  ami_id = var.ami_id != null ? var.ami_id : nonsensitive(data.aws_ssm_parameter.ami[0].value)
  tags   = merge(var.tags, { Name = var.name })
}

resource "aws_launch_template" "this" {
  name                   = var.name
  description            = "Rescue Bot: one container on Amazon Linux 2023"
  image_id               = local.ami_id
  instance_type          = var.instance_type
  user_data              = base64encode(local.user_data)
  update_default_version = true
  ebs_optimized          = true

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  network_interfaces {
    associate_public_ip_address = false
    security_groups             = var.security_group_ids
    delete_on_termination       = true
  }

  # One hop: the host and a container in the host's network reach the role, a container behind a bridge does not.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size           = var.volume_size
      volume_type           = "gp3"
      encrypted             = true
      delete_on_termination = true
    }
  }

  credit_specification {
    # Never a surprise on the bill; an alarm on CPU credits would tell of need.
    cpu_credits = "standard"
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = local.tags
    }
  }

  lifecycle {
    precondition {
      condition     = length(base64encode(local.user_data)) <= 21840
      error_message = "The start scripts are more than the 16 KB that EC2 takes."
    }
  }
}
