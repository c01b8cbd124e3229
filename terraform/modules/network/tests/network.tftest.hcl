# Each run starts the provider anew, which takes seconds: so what can be seen in one plan is one run.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_region" {
    defaults = { region = "ap-northeast-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name               = "rescuebot-test"
  availability_zones = ["ap-northeast-1a", "ap-northeast-1c"]
}

run "one_zone_is_cheap_and_still_has_a_load_balancer" {
  command = plan
  variables {
    workload_zones = 1
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_subnet.private) == 1
    error_message = "One zone has one NAT gateway and one private subnet."
  }
  assert {
    condition     = length(aws_subnet.public) == 2 && length(aws_subnet.database) == 2
    error_message = "Load balancer and RDS need subnets in two zones."
  }
  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0
    error_message = "Interface endpoints cost by the hour; without a list there are none."
  }
}

run "two_zones_have_their_own_ways_out_their_places_and_the_ports_asked_for" {
  command = plan
  variables {
    interface_endpoints = ["sqs", "ecr.api"]
    minion_cidrs        = ["10.7.0.0/16"]
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 2 && length(aws_route.nat) == 2
    error_message = "A zone has no NAT gateway of its own."
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["sqs", "ecr.api"])
    error_message = "The endpoints are not those of the list."
  }
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "S3 goes through the NAT gateway."
  }
  assert {
    condition     = aws_subnet.public["ap-northeast-1c"].cidr_block == "10.0.1.0/24"
    error_message = "Public subnets have moved."
  }
  assert {
    condition     = aws_subnet.database["ap-northeast-1a"].cidr_block == "10.0.8.0/24"
    error_message = "Database subnets have moved."
  }
  assert {
    condition     = aws_subnet.private["ap-northeast-1c"].cidr_block == "10.0.32.0/20"
    error_message = "Private subnets have moved."
  }
  assert {
    condition = toset([for rule in aws_vpc_security_group_ingress_rule.from_network : rule.from_port if rule.cidr_ipv4 == "0.0.0.0/0"]) == toset([
    80, 443])
    error_message = "The world reaches something else than 80 and 443."
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.from_network : rule.cidr_ipv4 == "10.0.0.0/16" if rule.from_port == 22])
    error_message = "Port 22 is open beyond the VPC."
  }
  assert {
    condition     = toset([for name, rule in local.from_groups : rule.from if rule.port == 3306]) == toset(["web", "master", "rotation"])
    error_message = "Somebody else reaches the database."
  }
  assert {
    condition     = [for rule in local.from_groups : rule.from if rule.port == 5000] == ["alb"]
    error_message = "Port 5000 takes from the load balancer only."
  }
  assert {
    condition     = toset([for rule in local.from_networks : rule.port if rule.cidr == "10.7.0.0/16"]) == toset([4505, 4506])
    error_message = "Minions of other networks reach 4505 and 4506, nothing else."
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.https : rule.from_port == 443 && rule.to_port == 443])
    error_message = "Something else than HTTPS goes out."
  }
}

run "one_nat_gateway_can_serve_two_zones_and_ssh_can_be_shut" {
  command = plan
  variables {
    single_nat_gateway = true
    ssh_cidrs          = []
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.nat) == 2
    error_message = "Both zones go out by one NAT gateway."
  }
  assert {
    condition     = length([for rule in aws_vpc_security_group_ingress_rule.from_network : rule if rule.from_port == 22]) == 0
    error_message = "Port 22 is still open."
  }
}

run "ssh_and_minions_of_the_internet_and_what_aws_does_not_know_are_refused" {
  command = plan
  variables {
    ssh_cidrs           = ["0.0.0.0/0"]
    minion_cidrs        = ["0.0.0.0/0"]
    workload_zones      = 3
    interface_endpoints = ["sqss"]
    log_retention_days  = 4
    name                = "Rescue"
  }
  expect_failures = [
    var.ssh_cidrs,
    var.minion_cidrs,
    var.workload_zones,
    var.interface_endpoints,
    var.log_retention_days,
    var.name,
  ]
}

run "ssh_from_another_network_and_one_zone_are_refused" {
  command = plan
  variables {
    ssh_cidrs          = ["10.1.0.0/24"]
    availability_zones = ["ap-northeast-1a"]
    workload_zones     = 1
  }
  expect_failures = [
    var.ssh_cidrs,
    var.availability_zones,
  ]
}

run "a_small_network_is_refused" {
  command = plan
  variables {
    cidr      = "10.0.0.0/24"
    ssh_cidrs = []
  }
  expect_failures = [
    var.cidr,
  ]
}
