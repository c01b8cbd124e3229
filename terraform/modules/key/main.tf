# One customer managed key, its alias, and a policy: the account's own IAM policies decide, and the
# services named by the caller may use it under the conditions given.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

data "aws_iam_policy_document" "this" {
  #checkov:skip=CKV_AWS_109:the root statement of a key policy; without it nobody could ever change the key again
  #checkov:skip=CKV_AWS_111:as above, it hands the decision to the IAM policies of the account
  #checkov:skip=CKV_AWS_356:in a key policy "*" means this key and nothing else
  statement {
    sid = "IamOfThisAccountDecides"
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
    # All actions: AWS's own default. It grants nobody anything by itself, it lets IAM policies grant.
    actions = ["kms:*"]
    # In a key policy "*" means this key.
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.services
    content {
      sid = replace(title(replace(statement.key, "/[-_]/", " ")), " ", "")
      principals {
        type        = "Service"
        identifiers = [statement.value.principal]
      }
      actions = statement.value.actions
      # In a key policy "*" means this key.
      resources = ["*"]
      dynamic "condition" {
        for_each = statement.value.conditions
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_kms_key" "this" {
  description             = var.description
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_in_days
  policy                  = data.aws_iam_policy_document.this.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
