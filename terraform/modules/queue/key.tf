# The key of the two queues. Who may send is said by the policy of the queue; the key is bound to these queues.

locals {
  senders = merge({ event_bridge = "events.amazonaws.com" }, length(var.topic_arns) > 0 ? { topics = "sns.amazonaws.com" } : {})
}

module "key" {
  source = "../key"

  name                    = "${var.name}-events"
  description             = "Queue of the events of ${var.name}"
  deletion_window_in_days = var.deletion_window_days

  services = { for name, principal in local.senders : name => {
    principal = principal
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    # Not aws:SourceArn or aws:SourceAccount: AWS does not promise that EventBridge carries them in its calls of
    # KMS, and without them every event would be dropped in silence. SQS always names the queue.
    conditions = [{ test = "ArnEquals", variable = "kms:EncryptionContext:aws:sqs:arn", values = [local.arn, local.dead_letter_arn] }]
  } }
}
