"""The embedded world of the demo, the tests and the benchmarks.

Invariant: everything listens on 127.0.0.1 only, lives in one directory, and nothing is ever ended
that this world did not start.
"""
