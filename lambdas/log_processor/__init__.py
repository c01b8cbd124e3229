"""Carries log lines out of CloudWatch into S3: without secrets, counted on the way.

Invariant: a payload is done only when what is to be kept of it is in the bucket; the same payload
makes the same object, however often it comes.
"""
