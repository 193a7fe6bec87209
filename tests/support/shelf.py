"""Keeps what was drawn of the original sentences from one test to the next, as a process keeps it from page to page.

A test that began with nothing drawn would draw the frame, the footer and each run of sentences of its first page again:
half of what such a page costs. What is kept depends on the sentences and the templates, and on nothing else. A test
that changes something therefore puts it away first: a setting that is not in `BESIDE`, and whatever pytest's
`monkeypatch` or the `patch` of `unittest.mock` replaces, unless that is in `BESIDE` too. The tests of `APART` begin
without it: they test sentences and kept parts themselves, or draw nothing where something is drawn. What depends on
contents of the database is empty at the beginning of each test.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from django.test.signals import setting_changed

from common.texts import cache as text_cache

APART = (
    "tests/access/", "tests/accounts/test_lookups.py", "tests/common/texts/", "tests/pages/test_kept",
    "tests/test_languages.py",
)  # fmt: skip
# No template and no tag uses these: settings, modules, and single names of modules.
BESIDE = {
    "ALLAUTH_TRUSTED_PROXY_COUNT", "CACHES", "CONTENT_KEYS", "METRICS_TOKEN", "REDIS_URL",
    "chat.conversations.resume.slow_hash", "common.network_limits", "common.rate_limits",
    "django.core.cache.backends.redis", "os", "pnav.cache", "psycopg", "secrets", "time",
}  # fmt: skip
KEPT = ("texts", "drawn", "runs", "patterns")
_origin = text_cache._shelf_of({}, {})


def begin(request: pytest.FixtureRequest) -> None:
    """Begin a test in which nothing is changed yet, and during which the table is not read for a while."""
    text_cache.set_changed({})
    if not is_apart(request.node.nodeid):
        take()


def is_apart(name: str) -> bool:
    return name.startswith(APART)


def take() -> None:
    """Put what is kept into the cache that was just made."""
    for place in [place for place in _origin.patterns if getattr(place[0], "shared", None)]:
        del _origin.patterns[place]  # contents of the admin are in it
    text_cache._shelf = replace(text_cache._shelf, **{name: getattr(_origin, name) for name in KEPT})


def put_away() -> None:
    """Keep what this test draws from now on for this test only."""
    if text_cache._shelf.texts is _origin.texts:
        text_cache._shelf = replace(text_cache._shelf, **{name: {} for name in KEPT})


def _setting_changes(setting: str, **_signal: object) -> None:
    if setting not in BESIDE:
        put_away()


def is_beside(target: object, name: object) -> bool:
    """Return whether what `monkeypatch` replaces in this target is used by no page.

    target: a module, a class, another object or a mapping; or a whole name, as `monkeypatch.setattr` accepts it.
    """
    if isinstance(target, os._Environ):
        return True
    if isinstance(target, str):
        module, _, name = target.rpartition(".")
    else:
        module = target.__name__ if isinstance(target, ModuleType) else getattr(target, "__module__", "")
    return not BESIDE.isdisjoint({module, f"{module}.{name}"})


def _watched(replaces: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(replaces)
    def watched(self: pytest.MonkeyPatch, target: object, *given: Any, **named: Any) -> Any:
        if not is_beside(target, given[0] if given else named.get("name")):
            put_away()
        return replaces(self, target, *given, **named)

    return watched


def _watched_patch(begins: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(begins)
    def watched(self: Any) -> Any:
        if not is_beside(self.getter(), self.attribute):
            put_away()
        return begins(self)

    return watched


def watch() -> None:
    """Watch what tests change from now on, in this process."""
    setting_changed.connect(_setting_changes, dispatch_uid="shelf of tests")
    for name in ("setattr", "delattr", "setitem", "delitem"):
        setattr(pytest.MonkeyPatch, name, _watched(getattr(pytest.MonkeyPatch, name)))
    mock._patch.__enter__ = _watched_patch(mock._patch.__enter__)  # type: ignore[attr-defined]
