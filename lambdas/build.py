"""``python -m lambdas.build``: the zip of each function, as it is deployed.

Invariant: the same sources and locks make the same bytes, on whatever machine and at whatever time.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "dist" / "lambdas"

# What the functions run on in AWS.
PYTHON = "3.13"
PLATFORM = "aarch64-manylinux_2_28"

# For people and for the build; the function does not need them.
_STAYS_HERE = frozenset({"README.md", "requirements.in", "requirements.txt", "warm.json"})
# What installing leaves behind; the metadata and the licences of a package stay in.
_TRACES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
_NATIVE = frozenset({".so", ".pyd", ".dylib"})
# The first moment that a zip can name.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_UNIX = 3


class BuildError(Exception):
    """A zip cannot be built; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Built:
    """A zip and what one wants to know of it."""

    path: Path
    size: int
    unpacked: int
    sha256: str


def functions() -> list[str]:
    """The names of all functions: the folders that have a handler."""
    return sorted(path.parent.name for path in HERE.glob("*/handler.py"))


def build(name: str, *, into: Path = OUTPUT) -> Built:
    """Build the zip of one function."""
    folder = HERE / name
    if not (folder / "handler.py").is_file():
        raise BuildError(f"There is no function {name}. There are: {', '.join(functions())}.")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rescue-lambda-") as made:
        stage = Path(made)
        _install(folder / "requirements.txt", stage)
        _copy(folder, stage / name)
        return _packed(stage, into / f"{name}.zip")


def lock(name: str) -> None:
    """Compile requirements.in of a function into its requirements.txt with hashes."""
    given = HERE / name / "requirements.in"
    options = ["--generate-hashes", "--no-annotate", "--no-header", "--quiet", "--universal"]
    output = str(given.with_suffix(".txt"))
    _uv("compile", *options, "--python-version", PYTHON, str(given), "--output-file", output)


def _install(locked: Path, stage: Path) -> None:
    """Put the locked packages there, as they are on the machine that will run them."""
    if not locked.exists():
        return
    target = ["--target", str(stage), "--python-version", PYTHON, "--python-platform", PLATFORM]
    kinds = ["--only-binary", ":all:", "--require-hashes", "--no-deps", "--no-compile-bytecode"]
    _uv("install", "--quiet", *target, *kinds, "--requirement", str(locked))


def _uv(*words: str) -> None:
    program = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if program is None:
        raise BuildError("uv is not installed. Run `make setup` first.")
    ran = subprocess.run([program, "pip", *words], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise BuildError(f"uv pip {words[0]} has failed:\n{ran.stderr.strip()}")


def _copy(folder: Path, target: Path) -> None:
    """Our own files; a symbolic link becomes the file that it means."""
    for path in _files(folder):
        if path.name not in _STAYS_HERE:
            copy = target / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _packed(stage: Path, path: Path) -> Built:
    found = sorted(_files(stage), key=lambda one: one.relative_to(stage).as_posix())
    _check_portable(found)
    fresh = path.with_suffix(".new")
    with zipfile.ZipFile(fresh, "w") as archive:
        for one in found:
            archive.writestr(_entry(one.relative_to(stage)), one.read_bytes(), compresslevel=9)
    # A reader sees the old zip or the new one, never half of one.
    fresh.replace(path)
    written = path.read_bytes()
    unpacked = sum(one.stat().st_size for one in found)
    return Built(path, len(written), unpacked, hashlib.sha256(written).hexdigest())


def _check_portable(found: Iterable[Path]) -> None:
    native = [one.name for one in found if _NATIVE & set(one.suffixes)]
    if native:
        raise BuildError(
            f"{', '.join(native)} is native code, so the zip would run on one kind of machine "
            "only. Choose packages that are pure Python."
        )


def _entry(path: Path) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path.as_posix(), date_time=_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = _MODE
    entry.create_system = _UNIX
    return entry


def _files(folder: Path) -> Iterator[Path]:
    """All files that belong into a zip: no caches, no programs, no traces of the installer."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        cached = "__pycache__" in parts or path.suffix == ".pyc"
        hidden = parts[0] == "bin" or any(part.startswith(".") for part in parts)
        trace = path.name in _TRACES and path.parent.suffix == ".dist-info"
        if path.is_file() and not (cached or hidden or trace):
            yield path


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or lock the functions that are named, or all; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lambdas.build", description=__doc__)
    parser.add_argument("names", nargs="*", default=functions(), metavar="function")
    parser.add_argument("--into", type=Path, default=OUTPUT)
    parser.add_argument("--lock", action="store_true", help="compile the locks instead")
    given = parser.parse_args(arguments)
    try:
        for name in given.names:
            if given.lock:
                lock(name)
            else:
                print(_words(build(name, into=given.into)))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _words(built: Built) -> str:
    return (
        f"{built.path}  {built.size / 1024:,.0f} KiB ({built.unpacked / 1024:,.0f} KiB unpacked)  "
        f"sha256 {built.sha256}"
    )


if __name__ == "__main__":
    sys.exit(main())
