"""Run all benchmarks and print their tables: ``python -m benchmarks [name …]``."""

from __future__ import annotations

import os
import platform
import sys

from benchmarks import api, intake, loop, matching

ALL = {"intake": intake, "loop": loop, "matching": matching, "api": api}
# Ten million rows take minutes and 9 GB of disk: only when named.
WHEN_NAMED = {"api"}


def main(names: list[str]) -> int:
    """Run those named, or all that are quick."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(ALL)}.")
        return 2
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.release()}\n")
    for name in names or [name for name in ALL if name not in WHEN_NAMED]:
        print(ALL[name].run(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
