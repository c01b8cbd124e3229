"""The Lambda functions of Rescue Bot: a folder each, built into a zip by lambdas/build.py."""
