"""Carries events of EventBridge to Rescue Bot's API, and to people where nobody else tells them.

Invariant: the same event, however often and by whatever way it comes, is one event in the ledger:
it is handed in under its own id. An event that was not handed in ends in an error.
"""
