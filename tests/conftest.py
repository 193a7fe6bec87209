"""What every test may use."""

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils import translation
from pytest_django import DjangoDbBlocker

from reports import events


def pytest_configure() -> None:
    """Passwords hashed quickly, and static files by their plain names: the hashed ones need `collectstatic`."""
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.PASSWORD_HASHERS = ["tests.hashers.QuickHasher", *settings.PASSWORD_HASHERS]
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns when there is none


FROM_MIGRATIONS = (
    "pages.HelpNumber", "pages.ContentBlock", "reports.RetentionRule", "chat.CannedReply", "chat.Threshold",
)  # fmt: skip
_kept: dict[str, list[Any]] = {}
_blockers: list[DjangoDbBlocker] = []


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """`tried("frames", 500)`: how many of something a test tried, added up and said at the end of the run."""
    return lambda what, count: record_property("tried", [what, count])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was tried, by all workers together; only tests that passed count."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", ()):
            if name == "tried" and report.when == "call":
                counts[value[0]] += value[1]
    if counts:
        terminalreporter.section("tried")
        for what, count in sorted(counts.items()):
            terminalreporter.write_line(f"{count:>8,} {what}")


@pytest.fixture(autouse=True)
def _in_french() -> Iterator[None]:
    """Each test starts in the site's language, whatever the one before it chose."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(autouse=True)
def _events_of_this_test_alone() -> None:
    """What an earlier test told holds back none of its lines."""
    events.flush()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., list[str]]]:
    """`told()`: the security events that this test left in the log; `told("sign_in")`: those of a name."""
    with caplog.at_level(logging.INFO, logger=events.__name__):

        def lines(*names: str) -> list[str]:
            told = [one.getMessage().removeprefix("event=") for one in caplog.records if one.name == events.__name__]
            return [line for line in told if not names or line.partition(" ")[0] in names]

        yield lines


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Transactional tests empty every table: the register, which refuses that, lets it be in this database alone."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reports_accessrecord DISABLE TRIGGER register_is_not_emptied")
        for label in FROM_MIGRATIONS:
            _kept[label] = list(apps.get_model(label)._default_manager.all())
    _blockers.append(django_db_blocker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """A transactional test empties the tables: what the migrations wrote is there again for the next one.

    A hook, for it comes after every fixture: pytest-django's, which empties them, are torn down after ours.
    """
    try:
        return (yield)
    finally:
        if _kept and nextitem is not None and _empties_tables(item):  # after the last one there is no database
            _bring_back()


def _empties_tables(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    is_marked = marker is not None and bool(marker.kwargs.get("transaction"))
    return is_marked or bool({"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ())))


def _bring_back() -> None:
    with _blockers[0].unblock():
        for label, rows in _kept.items():
            model = apps.get_model(label)
            if not model._default_manager.exists():
                model._default_manager.bulk_create(rows)
        connection.close()
