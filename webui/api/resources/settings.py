"""The settings of this process, for admins to read; nothing is changed from here."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from rescuebot import migrations
from rescuebot.settings.showing import shown
from webui.api import context
from webui.api.door import ADMIN, Door
from webui.api.schemas import house as schemas

door = Door("settings", path="/settings", words="The settings as they hold here.")


@door.operation("GET", "", allow=ADMIN, returns=schemas.EffectiveSettings)
def get_settings() -> Any:
    """What holds in the process that answers, and where it comes from. No secret is told."""
    return {
        "version": version("rescuebot"),
        "tables": migrations.current(context.ledger()),
        "sections": [
            {"name": name, "settings": found} for name, found in shown(context.settings())
        ],
    }
