"""Keeps what our modules compute from a text alone while they are imported, so that each process need not do it again.

A site that starts compiles some 700 patterns, writes the methods of 300 data classes, and reads 600 routes from which
addresses are made, most of them several times. That is a quarter of its start. Each result depends on a text and on
nothing else. One process of a run starts a site and notes the texts (`learn`). The process that `tests.support.fresh`
forks computes the results once (`use`). Its children find them, and compute what was not noted.
"""

import ast
import dataclasses
import fcntl
import importlib
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from django.urls import resolvers
from django.utils import regex_helper

_compiler = importlib.import_module("re._compiler")
_compile_pattern: Callable[..., re.Pattern[Any]] = _compiler.compile
_normalize: Callable[[str], list[Any]] = regex_helper.normalize


class Noted(NamedTuple):
    """The texts that were noted. patterns: each with its flags. methods: the code that `dataclasses` writes. routes:
    patterns of addresses.
    """

    patterns: set[tuple[str | bytes, int]]
    methods: set[str]
    routes: set[str]


def note() -> Noted:
    """Return the texts that this process meets from now on; what is done with them stays the same."""
    noted = Noted(set(), set(), set())

    def compile_pattern(pattern: Any, flags: int = 0) -> re.Pattern[Any]:
        if type(pattern) in (str, bytes):
            noted.patterns.add((pattern, int(flags)))
        return _compile_pattern(pattern, flags)

    def execute(text: str, *places: Any) -> None:
        noted.methods.add(text)
        exec(text, *places)  # noqa: S102  written by `dataclasses`

    def normalize(route: str) -> list[Any]:
        noted.routes.add(str(route))
        return _normalize(route)

    _put(compile_pattern, execute, normalize)
    return noted


def _put(compile_pattern: Any, execute: Any, normalize: Any) -> None:
    _compiler.compile = compile_pattern  # type: ignore[attr-defined]
    dataclasses.exec = execute  # type: ignore[attr-defined]  it finds this before Python's own
    resolvers.normalize = normalize


def learn(file: str) -> None:
    """Start a site in this process as far as its first request, and write what was noted into this file."""
    noted = note()
    variables: dict[str, str] = importlib.import_module("tests.support.variables").VARIABLES
    servers = {"DATABASE_URL": "postgres://nobody@/none?host=/nowhere", "REDIS_URL": "unix:///nowhere"}
    os.environ.update(variables, DJANGO_SETTINGS_MODULE="pnav.settings", **servers)
    importlib.import_module("django").setup()
    importlib.import_module("pnav.asgi")
    Path(file).write_text(repr(tuple(noted)), encoding="utf-8")


def read(file: Path, make: Callable[[], None]) -> Noted:
    """Return what this file of the run holds. Whoever comes first makes it, and others wait meanwhile."""
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            make()
    return Noted(*ast.literal_eval(file.read_text(encoding="utf-8")))


def use(noted: Noted) -> None:
    """Compute the results now, and have this process and its children find them."""
    patterns = {one: found for one in noted.patterns if (found := _compiled(*one)) is not None}
    methods: dict[str, CodeType] = {text: compile(text, "<string>", "exec") for text in noted.methods}
    routes = {route: _normalize(route) for route in noted.routes}

    def compile_pattern(pattern: Any, flags: int = 0) -> re.Pattern[Any]:
        found = patterns.get((pattern, int(flags))) if type(pattern) in (str, bytes) else None
        return found or _compile_pattern(pattern, flags)

    def execute(text: str, *places: Any) -> None:
        exec(methods.get(text, text), *places)  # noqa: S102  written by `dataclasses`

    def normalize(route: str) -> list[Any]:
        found = routes.get(route)
        return _normalize(route) if found is None else list(found)

    _put(compile_pattern, execute, normalize)


def _compiled(pattern: str | bytes, flags: int) -> re.Pattern[Any] | None:
    """Return the compiled pattern; None when compiling it warns, so that each process is warned."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return _compile_pattern(pattern, flags)
        except Warning:
            return None
