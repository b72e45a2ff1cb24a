"""Whatever is public says at run time what it does: `help()`, and `cluster.place?` in a notebook."""

from __future__ import annotations

import ast
import inspect
import types
from pathlib import Path
from typing import Iterator, Union

import pytest

import placewright as pw
from placewright import _native, conformance

STUB = ast.parse(Path(_native.__file__).with_name("_native.pyi").read_text(encoding="utf-8"))

_Definition = Union[ast.ClassDef, ast.FunctionDef]
# The interpreter has texts of its own for these, and takes none.
SLOTS = (types.WrapperDescriptorType, types.BuiltinFunctionType)


def documented_in_the_stub() -> Iterator[tuple[str, str]]:
    """Names and docstrings, as they stand there; those of private classes aside."""

    def within(nodes: list[ast.stmt], prefix: str) -> Iterator[tuple[str, str]]:
        for node in nodes:
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                continue
            is_class = isinstance(node, ast.ClassDef)
            if is_class and node.name.startswith("_"):
                continue
            if text := ast.get_docstring(node):
                yield prefix + node.name, text
            if is_class:
                yield from within(node.body, f"{node.name}.")

    return within(STUB.body, "")


def public_members(kind: type) -> Iterator[tuple[str, object]]:
    return ((name, value) for name, value in vars(kind).items() if not name.startswith("_"))


def compiled() -> Iterator[tuple[str, object]]:
    """All that is public in the compiled module, and in its classes."""
    for name, value in vars(_native).items():
        if name.startswith("_"):
            continue
        yield name, value
        if isinstance(value, type):
            yield from ((f"{name}.{member}", found) for member, found in public_members(value))


def found_at(path: str) -> object:
    found: object = _native
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    return found


def test_the_compiled_module_is_documented_as_the_stub() -> None:
    assert _native.__doc__ == ast.get_docstring(STUB)
    names = [name for name, _ in documented_in_the_stub()]
    assert len(names) == len(set(names)) > 100
    for name, text in documented_in_the_stub():
        found = found_at(name)
        if isinstance(found, SLOTS) and name.rpartition(".")[2].startswith("__"):
            continue
        assert found.__doc__ == text, name


def test_nothing_public_of_the_compiled_module_is_without_a_text_in_the_stub() -> None:
    texts = dict(documented_in_the_stub())
    names = [name for name, _ in compiled()]
    assert {"Cluster.place", "Cluster.from_json", "Table.column_names", "compile", "pack_json"} <= set(names)
    assert [name for name in names if name not in texts] == []


@pytest.mark.parametrize("name", [name for name in pw.__all__ if name != "__version__"])
def test_what_the_package_exports_is_documented(name: str) -> None:
    value = getattr(pw, name)
    told = [(name, value)]
    if isinstance(value, type):
        members = public_members(value)
        told += [(member, found) for member, found in members if callable(found) or hasattr(found, "__get__")]
    if value is conformance:
        told += [(member, getattr(value, member)) for member in conformance.__all__]
    for member, found in told:
        own = found.__func__ if isinstance(found, (classmethod, staticmethod)) else found
        assert own.__doc__, f"{name}: {member}"
    # What a dataclass writes of its own accord is its signature, which says nothing.
    assert not str(value.__doc__).startswith(f"{name}("), name


def test_texts_keep_their_lines_and_their_units() -> None:
    place = pw.Cluster.place.__doc__ or ""
    assert place.startswith("Places tasks, one after another") and "\n\n`what` is the name" in place
    assert "`cpu` in CPU units, `memory_mib` in MiB" in (pw.Cluster.register.__doc__ or "")
    assert str(inspect.signature(pw.Cluster.stop)) == "(self, tasks, /)"
