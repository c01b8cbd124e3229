# What a machine does at its start: cloud-config with whole files, so that each script stays a script that can be checked.

locals {
  host = {
    NAME             = var.name
    REGION           = data.aws_region.this.region
    IMAGE            = var.image
    LOG_GROUP        = var.log_group.name
    OPERATIONS_TOPIC = var.operations_topic_arn
  }

  secret_lines = [
    for name, secret in var.secrets : "${name} ${secret.arn} ${secret.optional ? "optional" : "required"}\n"
  ]

  files = merge(var.files, {
    "/etc/rescuebot/host.env" = {
      content = join("", [for name, value in local.host : "${name}='${value}'\n"])
      mode    = "0644"
    }
    "/etc/rescuebot/secrets" = {
      content = join("", local.secret_lines)
      mode    = "0600"
    }
    "/etc/rescuebot/arguments" = {
      content = join("", [for word in var.arguments : "${word}\n"])
      mode    = "0644"
    }
    "/etc/rescuebot/rescue.yaml" = {
      content = yamlencode(var.settings)
      mode    = "0644"
    }
    "/usr/local/sbin/rescuebot-prepare" = {
      content = file("${path.module}/files/prepare.sh")
      mode    = "0755"
    }
    "/usr/local/sbin/rescuebot-run" = {
      content = file("${path.module}/files/run.sh")
      mode    = "0755"
    }
    "/etc/systemd/system/rescuebot.service" = {
      content = file("${path.module}/files/rescuebot.service")
      mode    = "0644"
    }
  })

  agent = "/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"

  cloud_config = {
    # From the repositories that the AMI is locked to: S3 in this region.
    packages = concat(["docker", "amazon-cloudwatch-agent"], var.packages)

    write_files = [
      for path, file in local.files : {
        path        = path
        content     = base64gzip(file.content)
        encoding    = "gz+b64"
        permissions = file.mode
      }
    ]

    runcmd = [
      # The smallest machines have 1 GiB of memory; a peak shall be slow and not fatal.
      ["sh", "-c", "dd if=/dev/zero of=/swap bs=1M count=1024 status=none && chmod 0600 /swap && mkswap /swap && swapon /swap && echo '/swap none swap defaults 0 0' >> /etc/fstab"],
      ["systemctl", "enable", "--now", "docker"],
      [local.agent, "-a", "fetch-config", "-m", "ec2", "-c", "ssm:${var.agent_parameter.name}", "-s"],
      ["systemctl", "daemon-reload"],
      # Does not wait: it may have to wait for a secret for longer than cloud-init should.
      ["systemctl", "enable", "rescuebot"],
      ["systemctl", "start", "--no-block", "rescuebot"],
    ]
  }

  user_data = "#cloud-config\n${yamlencode(local.cloud_config)}"
}
