# Who may talk to whom. All groups are here, and the rules apart from the groups: two groups that name
# each other would wait for each other.

locals {
  groups = {
    alb       = "Load balancer: HTTPS from the world"
    web       = "Instances of the API: from the load balancer"
    master    = "Salt masters: from minions"
    minions   = "Whoever is a minion: to the masters"
    database  = "Ledger: from API, masters and the rotation of its password"
    rotation  = "Function that rotates the password of the database"
    endpoints = "Interface endpoints: from inside"
    efs       = "Keys and caches of the masters: from masters"
  }

  # Ports by what they are. `from` and `to` are groups, `cidr` is a network.
  from_groups = {
    web_from_alb           = { group = "web", port = 5000, from = "alb", why = "API, from the load balancer only" }
    database_from_web      = { group = "database", port = 3306, from = "web", why = "MySQL, from the API" }
    database_from_master   = { group = "database", port = 3306, from = "master", why = "MySQL, from the masters" }
    database_from_rotation = { group = "database", port = 3306, from = "rotation", why = "MySQL, to change the password" }
    master_from_minions_1  = { group = "master", port = 4505, from = "minions", why = "Salt publisher" }
    master_from_minions_2  = { group = "master", port = 4506, from = "minions", why = "Salt request server" }
    efs_from_master        = { group = "efs", port = 2049, from = "master", why = "NFS over TLS" }
    endpoints_from_web     = { group = "endpoints", port = 443, from = "web", why = "AWS services" }
    endpoints_from_master  = { group = "endpoints", port = 443, from = "master", why = "AWS services" }
    endpoints_from_rotate  = { group = "endpoints", port = 443, from = "rotation", why = "Secrets Manager" }
    endpoints_from_minions = { group = "endpoints", port = 443, from = "minions", why = "AWS services" }
  }

  from_networks = merge(
    {
      alb_https = { group = "alb", port = 443, cidr = "0.0.0.0/0", why = "The console and the API" }
      alb_http  = { group = "alb", port = 80, cidr = "0.0.0.0/0", why = "Redirected to 443, nothing else" }
    },
    { for pair in setproduct(["web", "master"], var.ssh_cidrs) :
    "${pair[0]}_ssh_${pair[1]}" => { group = pair[0], port = 22, cidr = pair[1], why = "SSH, inside the VPC" } },
    { for pair in setproduct([4505, 4506], var.minion_cidrs) :
    "master_${pair[0]}_${pair[1]}" => { group = "master", port = pair[0], cidr = pair[1], why = "Salt, minions of other networks" } },
  )

  to_groups = {
    alb_to_web          = { group = "alb", port = 5000, to = "web", why = "API" }
    web_to_database     = { group = "web", port = 3306, to = "database", why = "MySQL" }
    master_to_database  = { group = "master", port = 3306, to = "database", why = "MySQL" }
    rotate_to_database  = { group = "rotation", port = 3306, to = "database", why = "MySQL" }
    minions_to_master_1 = { group = "minions", port = 4505, to = "master", why = "Salt publisher" }
    minions_to_master_2 = { group = "minions", port = 4506, to = "master", why = "Salt request server" }
    master_to_efs       = { group = "master", port = 2049, to = "efs", why = "NFS over TLS" }
  }

  # HTTPS to the world, because AWS, Slack, packages and the model answer at addresses that change.
  # SMTP, plain HTTP and all else stay shut. DNS and time are the VPC's own and need no rule.
  https_out = toset(["web", "master", "rotation", "minions"])
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:they are put on in the modules edge, web, master, database; minions is for servers outside of this code
  for_each = local.groups

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "from_group" {
  for_each = local.from_groups

  security_group_id            = aws_security_group.this[each.value.group].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why

  tags = { Name = replace(each.key, "_", "-") }
}

resource "aws_vpc_security_group_ingress_rule" "from_network" {
  #checkov:skip=CKV_AWS_260:port 80 of the load balancer only sends people on to 443
  for_each = local.from_networks

  security_group_id = aws_security_group.this[each.value.group].id
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  description       = each.value.why

  tags = { Name = replace(each.key, "_", "-") }
}

resource "aws_vpc_security_group_egress_rule" "to_group" {
  for_each = local.to_groups

  security_group_id            = aws_security_group.this[each.value.group].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.value.why

  tags = { Name = replace(each.key, "_", "-") }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = local.https_out

  security_group_id = aws_security_group.this[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "AWS, Slack and packages, over TLS"

  tags = { Name = "${each.key}-https" }
}
