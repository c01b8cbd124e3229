"""Carries notices from SNS to Slack: each into the channel of its severity.

Invariant: a notice that Slack has not taken ends in an error, so that AWS tries again and at last
keeps it in the dead-letter queue; no address of a webhook reaches a log.
"""
