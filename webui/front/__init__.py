"""The console without the API: its built files, for a host that holds no database and no secret.

Invariant: it answers nothing of the API, so what is reached here cannot read or change anything.
"""
