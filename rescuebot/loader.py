"""Tell Salt where the installed package keeps what a master loads.

Minions get their module from the master's file_roots and in no other way, so there is only one copy
that can be out of date.

The callable form of the ``salt.loader`` entry point, because the module form looks for folders
named ``engines``, not ``_engines``, and breaks under an editable install.
"""

from __future__ import annotations

from importlib import import_module

# Salt's name of the kind of module: our package that holds such modules.
_PACKAGES = {
    "engines": "rescuebot_salt.engines",
    "output": "rescuebot_salt.output",
    "pillar": "rescuebot_salt.pillar",
    "runners": "rescuebot_salt.runners",
}


def directories() -> dict[str, list[str]]:
    """Folders by kind of module, for ``salt.loader``."""
    return {kind: list(import_module(name).__path__) for kind, name in _PACKAGES.items()}
