"""The Flask API: thin. A view parses, calls the library, returns.

It holds no Salt key and calls no Salt function: what is to be done is written into the ledger, and
the tracker on a master sees it there.
"""

from __future__ import annotations

from webui.api.app import create_app

__all__ = ["create_app"]
