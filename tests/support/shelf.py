"""What was drawn of the sentences of origin, kept from one test to the next: as a process keeps it from page to page.

A test that began with nothing drawn would draw the frame, the footer and each run of sentences of its first page anew:
half of what such a page costs. What is kept knows the sentences and the templates and nothing else; it is not given to
a test that may change either of these under way: one that asks for `settings` or `monkeypatch`, and those of `APART`,
which are about sentences and kept parts themselves or draw nothing where something is drawn. A setting that changes in
another way takes it from the test that runs. What hangs on contents of the database begins empty in each test.
"""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from django.test.signals import setting_changed

from common.texts import cache as text_cache

APART = (
    "tests/access/", "tests/accounts/test_lookups.py", "tests/common/texts/", "tests/pages/test_kept",
    "tests/test_languages.py",
)  # fmt: skip
CHANGES = {"settings", "monkeypatch"}  # fixtures
KEPT = ("texts", "drawn", "runs", "patterns")
_origin = text_cache._shelf_of({}, {})


def begin(request: pytest.FixtureRequest) -> None:
    """Begin a test in which nothing is changed, and nothing reads the table for a while."""
    text_cache.set_changed({})
    if not is_apart(request.node.nodeid, asked_for(request.node)):
        take()


def is_apart(name: str, fixtures: Iterable[str]) -> bool:
    return name.startswith(APART) or not CHANGES.isdisjoint(fixtures)


def asked_for(item: pytest.Item) -> set[str]:
    """Return the fixtures that the test asks for, and those that its fixtures of ours ask for. (One of pytest-django
    asks for `monkeypatch` for every test, and changes nothing by it.)"""
    known = item._fixtureinfo  # type: ignore[attr-defined]
    own = [
        one for named in known.name2fixturedefs.values() for one in named if one.func.__module__.startswith("tests.")
    ]
    return {*known.argnames, *(name for one in own for name in one.argnames)}


def take() -> None:
    """Put what is kept on the shelf that was just begun."""
    for place in [place for place in _origin.patterns if getattr(place[0], "shared", None)]:
        del _origin.patterns[place]  # contents of the admin are in it
    text_cache._shelf = replace(text_cache._shelf, **{name: getattr(_origin, name) for name in KEPT})


def _leave(**_signal: object) -> None:
    if text_cache._shelf.texts is _origin.texts:
        text_cache._shelf = replace(text_cache._shelf, **{name: {} for name in KEPT})


setting_changed.connect(_leave, dispatch_uid="shelf of tests")
