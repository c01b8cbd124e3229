output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "Addresses of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "Public subnets, by zone: load balancer and NAT."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.id }
}

output "private_subnet_ids" {
  description = "Private subnets, by zone: machines. As many as there are workload zones."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "database_subnet_ids" {
  description = "Database subnets, by zone: no way out."
  value       = { for zone, subnet in aws_subnet.database : zone => subnet.id }
}

output "public_subnet_list" {
  description = "Ids of the public subnets, in the order of the zones."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id]
}

output "private_subnet_list" {
  description = "Ids of the private subnets, in the order of the zones."
  value       = [for zone in slice(var.availability_zones, 0, var.workload_zones) : aws_subnet.private[zone].id]
}

output "database_subnet_list" {
  description = "Ids of the database subnets, in the order of the zones."
  value       = [for zone in var.availability_zones : aws_subnet.database[zone].id]
}

output "security_group_ids" {
  description = "Security groups: alb, web, master, minions, database, rotation, endpoints, efs."
  value       = { for name, group in aws_security_group.this : name => group.id }
}

output "nat_addresses" {
  description = "Public addresses that calls to the outside come from, by zone: for allow lists of others."
  value       = { for zone, address in aws_eip.nat : zone => address.public_ip }
}

output "logs_kms_key_arn" {
  description = "Key for log groups named /<name>/…, /aws/lambda/<name>-…, /aws/rds/instance/<name>… and aws-waf-logs-<name>…."
  value       = module.logs_key.arn
}

output "flow_log_group_name" {
  description = "Log group of the flow logs."
  value       = aws_cloudwatch_log_group.flow.name
}
