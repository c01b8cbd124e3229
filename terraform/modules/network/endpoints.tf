# AWS services without the NAT gateway. S3 costs nothing and takes the layers of the images and the
# archive off the NAT's bill; the others cost by the hour and zone (README.md).

data "aws_caller_identity" "this" {}

# The default policy, for all of S3: packages of Amazon Linux and layers of ECR come from buckets of
# AWS, partly without a signature; who may read our own buckets is said by them and by the roles.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.this.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = concat([for table in aws_route_table.private : table.id], [aws_route_table.public.id])

  tags = { Name = "${var.name}-s3" }
}

data "aws_iam_policy_document" "endpoint" {
  #checkov:skip=CKV_AWS_1:a policy of an endpoint grants nothing by itself, it only lets through what a role may do anyway
  #checkov:skip=CKV_AWS_49:as above; its condition keeps identities of other accounts out
  statement {
    sid = "OnlyIdentitiesOfThisAccount"
    principals {
      type = "AWS"
      # Whoever it is, of this account.
      identifiers = ["*"]
    }
    # "*" three times: what a role may do is said by its own policy. Here nothing is granted, only
    # identities of other accounts are kept out, so that nothing is carried away with their keys.
    actions   = ["*"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.this.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.this["endpoints"].id]
  policy              = data.aws_iam_policy_document.endpoint.json

  tags = { Name = "${var.name}-${each.key}" }
}
