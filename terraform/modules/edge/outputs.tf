output "target_group_arn" {
  description = "Target group that the instances of the API join, on port 5000."
  value       = aws_lb_target_group.this.arn
  # An Auto Scaling group counts on health checks, which begin with the listener.
  depends_on = [aws_lb_listener.https]
}

output "target_group_arn_suffix" {
  description = "The target group as metrics name it."
  value       = aws_lb_target_group.this.arn_suffix
}

output "alb_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "alb_arn_suffix" {
  description = "The load balancer as metrics name it."
  value       = aws_lb.this.arn_suffix
}

output "alb_dns_name" {
  description = "The load balancer's own name: where to point the domain when its zone is not in Route 53."
  value       = aws_lb.this.dns_name
}

output "url" {
  description = "Address of the console and the API."
  value       = "https://${var.domain_name}"
}

output "web_acl_arn" {
  description = "ARN of the firewall's rules."
  value       = aws_wafv2_web_acl.this.arn
}

output "web_acl_name" {
  description = "Name of the firewall's rules, for metrics."
  value       = aws_wafv2_web_acl.this.name
}
