"""Asks a model of Bedrock what to do about trouble that no runbook fits.

Invariant: what a message or a log says reaches the model as data and reaches no log of ours.
"""
