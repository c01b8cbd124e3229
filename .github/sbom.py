"""What images and console are made of, as CycloneDX 1.6, from the locks, which are all of it."""

from __future__ import annotations

import configparser
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def of_python(path: Path) -> Iterator[dict[str, Any]]:
    """Packages of a hashed requirements file."""
    for part in re.split(r"\n(?=\S)", path.read_text()):
        pin = _PIN.match(part)
        if pin is not None:
            name, version = pin.groups()
            yield component(name, version, kind="pypi", place=path, hashes=_HASH.findall(part))


def of_node(path: Path) -> Iterator[dict[str, Any]]:
    """Packages that are shipped, of an npm lock; what only builds is left out."""
    for place, package in json.loads(path.read_text())["packages"].items():
        if place and not package.get("dev"):
            name = place.rpartition("node_modules/")[2]
            yield component(name, package["version"], kind="npm", place=path, hashes=[])


def component(
    name: str, version: str, *, kind: str, place: Path, hashes: list[str]
) -> dict[str, Any]:
    """One package, with a hash for each of its files; the installer chooses one."""
    url = f"pkg:{kind}/{name.replace('@', '%40')}@{version}"
    properties = [{"name": "rescuebot:lock", "value": str(place)}]
    properties += [{"name": "rescuebot:sha256", "value": digest} for digest in sorted(hashes)]
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": url,
        "properties": properties,
    }


def main(names: list[str]) -> dict[str, Any]:
    """The document for these locks."""
    found: dict[str, dict[str, Any]] = {}
    for path in map(Path, names):
        for one in of_node(path) if path.suffix == ".json" else of_python(path):
            found.setdefault(one["purl"], {**one, "bom-ref": one["purl"]})
    config = configparser.ConfigParser()
    config.read("setup.cfg")
    version = config["metadata"]["version"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "rescuebot", "version": version}},
        "components": [found[url] for url in sorted(found)],
    }


if __name__ == "__main__":
    json.dump(main(sys.argv[1:]), sys.stdout, indent=1)
