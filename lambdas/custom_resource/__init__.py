"""Migrates the tables while a stack is deployed: a custom resource that runs a task and answers.

Invariant: whoever can be answered is answered before the function's time is over, so no stack waits
an hour for nothing; one request starts one task, however often the function is called with it.
"""
