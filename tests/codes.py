"""Which stable words the library can put into a column, found by reading its code.

A call is followed backwards: where an argument is a parameter of the function around it, by all who
call that. What cannot be followed is returned as such, for a person to say what it can be.
"""

from __future__ import annotations

import ast
import importlib
import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Function = ast.FunctionDef


@dataclass
class Module:
    """One file: what it calls by which name, and its functions."""

    name: str
    tree: ast.Module
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                self.names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.names[node.name] = f"{self.name}.{node.name}"

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Each function by its full name; methods as if they stood in the module.

        A class is its ``__init__``.
        """
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                yield f"{self.name}.{node.name}", node
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                        yield f"{self.name}.{node.name}", inner

    def callee(self, call: ast.Call) -> str:
        """The full name of what is called, as far as it is one of ours."""
        called = call.func
        if isinstance(called, ast.Name):
            return self.names.get(called.id, f"{self.name}.{called.id}")
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            if called.value.id == "self":
                return f"{self.name}.{called.attr}"
            return f"{self.names.get(called.value.id, '?')}.{called.attr}"
        return f"?.{called.attr}" if isinstance(called, ast.Attribute) else ""


@dataclass(frozen=True)
class Call:
    """A call, and the functions around it, the innermost first."""

    module: Module
    node: ast.Call
    around: tuple[Function, ...]


class Library:
    """All of the code below a folder."""

    def __init__(self, *folders: str, known: Mapping[str, Collection[str]]) -> None:
        """`known` says what an expression can be that cannot be followed: ``module: code``."""
        self.modules = [_module(path) for folder in folders for path in _files(folder)]
        self.functions = {name: node for one in self.modules for name, node in one.functions()}
        self._methods = _methods(self.modules)
        self.calls: dict[str, list[Call]] = {}
        for module in self.modules:
            self._index(module, module.tree, ())
        self.known = known
        self.met: set[str] = set()
        self.unknown: set[str] = set()
        self._asked: set[tuple[str, str]] = set()

    def words(self, function: str, parameter: str) -> set[str]:
        """Every word that may be given to `function` as `parameter`."""
        self._asked.clear()
        return self._given(function, parameter)

    def _given(self, function: str, parameter: str) -> set[str]:
        if (function, parameter) in self._asked:
            return set()
        self._asked.add((function, parameter))
        found: set[str] = set()
        for call in self.calls.get(function, ()):
            given = _argument(call.node, self.functions.get(function), parameter)
            if given is not None:
                found |= self._resolved(given, call)
        return found

    def _index(self, module: Module, node: ast.AST, around: tuple[Function, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                call = Call(module, child, around)
                name = module.callee(child)
                # Of something whose kind is not known here, it may be any method of that name.
                some = self._methods.get(name[2:], []) if name[:2] == "?." else [name]
                for one in some:
                    self.calls.setdefault(one, []).append(call)
            inner = (child, *around) if isinstance(child, ast.FunctionDef) else around
            self._index(module, child, inner)

    def _resolved(self, given: ast.expr, at: Call) -> set[str]:
        if isinstance(given, ast.Constant):
            return {given.value} if isinstance(given.value, str) else set()
        if isinstance(given, ast.IfExp):
            return self._resolved(given.body, at) | self._resolved(given.orelse, at)
        if isinstance(given, ast.BoolOp):
            return set().union(*(self._resolved(one, at) for one in given.values))
        if isinstance(given, ast.JoinedStr):
            parts = [self._resolved(_inside(one), at) for one in given.values]
            return {"".join(some) for some in itertools.product(*parts)}
        if isinstance(given, ast.Subscript):
            return self._resolved(given.value, at)
        if isinstance(given, ast.Attribute):
            return self._of_attribute(given, at)
        if isinstance(given, ast.Name):
            return self._of_name(given, at)
        return self._unknown(given, at)

    def _of_attribute(self, given: ast.Attribute, at: Call) -> set[str]:
        if given.attr == "value":
            return self._resolved(given.value, at)
        if isinstance(given.value, ast.Name):
            kind = _enum(at.module.names.get(given.value.id, ""))
            if kind is not None and given.attr in kind.__members__:
                return {str(kind[given.attr])}
        return self._unknown(given, at)

    def _of_name(self, given: ast.Name, at: Call) -> set[str]:
        for function in at.around:
            argument = next((one for one in _arguments(function) if one.arg == given.id), None)
            if argument is not None:
                return self._of_parameter(function, argument, at)
            assigned = _assigned(function, given.id)
            if assigned:
                return set().union(*(self._resolved(one, at) for one in assigned))
        assigned = _assigned(at.module.tree, given.id)
        if assigned:
            return set().union(*(self._resolved(one, at) for one in assigned))
        return self._unknown(given, at)

    def _of_parameter(self, function: Function, argument: ast.arg, at: Call) -> set[str]:
        kind = _enum(at.module.names.get(ast.unparse(argument.annotation or ast.Constant("")), ""))
        if kind is not None:
            return {str(one) for one in kind}
        return self._given(f"{at.module.name}.{function.name}", argument.arg)

    def _unknown(self, given: ast.expr, at: Call) -> set[str]:
        place = f"{at.module.name}: {ast.unparse(given)}"
        (self.met if place in self.known else self.unknown).add(place)
        return {str(one) for one in self.known.get(place, ())}


def _files(folder: str) -> Iterator[Path]:
    return (one for one in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in one.parts)


def _methods(modules: list[Module]) -> dict[str, list[str]]:
    """The full names of all methods of that name."""
    found: dict[str, list[str]] = {}
    for module in modules:
        for node in ast.walk(module.tree):
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef):
                    found.setdefault(inner.name, []).append(f"{module.name}.{inner.name}")
    return found


def _module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(part for part in parts if part != "__init__")
    return Module(name, ast.parse(path.read_text(encoding="utf-8")))


def _arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _argument(call: ast.Call, function: Function | None, parameter: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == parameter:
            return keyword.value
    if function is None:
        return None
    names = [one.arg for one in _arguments(function)]
    names = names[1:] if names[:1] == ["self"] else names
    place = names.index(parameter) if parameter in names else len(call.args)
    if place < len(call.args):
        return call.args[place]
    return None


def _assigned(within: ast.AST, name: str) -> list[ast.expr]:
    """What is assigned to a name; of a table its values, of a pair the one at its place."""
    found: list[ast.expr] = []
    for node in ast.walk(within):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found += _taken(target, node.value, name)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            found += _taken(node.target, node.value, name)
    return [
        inner for one in found for inner in (one.values if isinstance(one, ast.Dict) else [one])
    ]


def _taken(target: ast.expr, value: ast.expr, name: str) -> list[ast.expr]:
    if isinstance(target, ast.Name) and target.id == name:
        return [value]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=False)
        return [one for left, right in pairs for one in _taken(left, right, name)]
    return []


def _inside(part: ast.expr) -> ast.expr:
    return part.value if isinstance(part, ast.FormattedValue) else part


def _enum(name: str) -> type[StrEnum] | None:
    module, _, kind = name.rpartition(".")
    if not module.startswith("rescuebot"):
        return None
    found: Any = getattr(importlib.import_module(module), kind, None) if _exists(module) else None
    return found if isinstance(found, type) and issubclass(found, StrEnum) else None


def _exists(module: str) -> bool:
    path = ROOT / Path(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()
