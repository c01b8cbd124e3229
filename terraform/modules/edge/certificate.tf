# The certificate and the name. With a zone both are made here; without one, who owns the domain
# brings a certificate and points the name at the load balancer.

locals {
  issued          = var.hosted_zone_id != null
  certificate_arn = local.issued ? aws_acm_certificate_validation.this[0].certificate_arn : var.certificate_arn
  # One name, so one proof. Which it is ACM says after it has been asked, so nothing here may count them.
  proofs = local.issued ? aws_acm_certificate.this[0].domain_validation_options : []
}

resource "aws_acm_certificate" "this" {
  count = local.issued ? 1 : 0

  domain_name       = var.domain_name
  validation_method = "DNS"

  options {
    certificate_transparency_logging_preference = "ENABLED"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  count = local.issued ? 1 : 0

  zone_id = var.hosted_zone_id
  name    = join("", [for proof in local.proofs : proof.resource_record_name])
  type    = "CNAME"
  records = [for proof in local.proofs : proof.resource_record_value]
  ttl     = 300
  # Another environment of the same domain may have left the same proof.
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  count = local.issued ? 1 : 0

  certificate_arn         = aws_acm_certificate.this[0].arn
  validation_record_fqdns = [aws_route53_record.proof[0].fqdn]
}

resource "aws_route53_record" "this" {
  count = local.issued ? 1 : 0

  zone_id = var.hosted_zone_id
  name    = var.domain_name
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}
