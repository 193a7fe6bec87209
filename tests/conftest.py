"""Fixtures and hooks for every test."""

import gc
import hashlib
import logging
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished
from django.db import connection
from django.template import Context, RequestContext, Template
from django.test import TransactionTestCase
from django.test.signals import template_rendered
from django.utils import translation
from django.utils.safestring import SafeString
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django import DjangoDbBlocker
from redis.exceptions import RedisError

from chat.database import close_thread_connections
from common import security_log
from common.service_settings.definitions import Setting
from tests.support import (
    begun,
    hashers,
    once,
    own_transactions,
    reading,
    restoring,
    shelf,
    slow_hashes,
    stack,
    strict_html,
    walked,
    workers,
)
from tests.support.order import long_files_first
from triage import versions

# How fast examples are made says how busy the machine is, and nothing about what is tested.
examples.register_profile("pnav", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("pnav")

# Static files keep their plain names, because the hashed ones need `collectstatic`. This is set before the conftest of
# a folder is read, and not in `pytest_configure`: that of tests/chat/visitor/ imports the application, and WhiteNoise
# then makes the storage as soon as it finds a hashed file that `make run` left. Pages would fail because that folder is
# not complete.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns when the folder does not exist


def pytest_configure() -> None:
    """Hash passwords and codes de reprise quickly, and start the checks that watch every test."""
    settings.PASSWORD_HASHERS = ["tests.support.hashers.QuickHasher", *settings.PASSWORD_HASHERS]
    hashlib.scrypt = hashers.quick_scrypt  # the site of the browser tests does the same (tests/browser/site.py)
    slow_hashes.watch()
    own_transactions.watch()
    strict_html.watch()
    reading.watch()
    walked.watch()
    shelf.watch()
    stack.watch()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if workers.are_wanted(config):
        long_files_first(items)


def pytest_collection_finish() -> None:
    """Exclude what exists once the tests are read from garbage collection.

    The collector then need not walk through it each time. It also runs less often than after every 2,000 objects, of
    which a page makes thousands.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """Count what a test tried: `tried("frames", 500)`. The end of the run prints the sums."""
    return lambda what, count: record_property("tried", [what, count])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many test functions passed, however many cases each has, and what they tried in all workers
    together.
    """
    passed = [report for report in terminalreporter.stats.get("passed", []) if report.when == "call"]
    functions = {report.nodeid.partition("[")[0] for report in passed}
    terminalreporter.write_line(f"{len(functions):,} functions passed, in {len(passed):,} cases.")
    counts: Counter[str] = Counter()
    for report in passed:
        for name, value in getattr(report, "user_properties", ()):
            if name == "tried":
                counts[value[0]] += value[1]
    if counts:
        terminalreporter.section("tried")
        for what, count in sorted(counts.items()):
            terminalreporter.write_line(f"{count:>8,} {what}")


@pytest.fixture
def true_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash codes de reprise with the whole work, for tests of this hash and of how long an answer takes."""
    monkeypatch.setattr(hashlib, "scrypt", hashers.true_scrypt)


@pytest.fixture
def set_rule() -> Callable[[Setting, int], None]:
    """Set a rule as if an administrator had and this process had read it: `set_rule(house_rules.RAID, 5)`."""
    from common.service_settings import values

    numbers: dict[str, int] = {}

    def set_one(rule: Setting, number: int) -> None:
        assert rule.fits(number), "nobody could set that"
        numbers[rule.key] = number
        values.put(numbers)

    return set_one


@pytest.fixture
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no window of `common.rate_limits` end during the test, so that it meets a limit exactly, however slow the
    machine.

    The time of that module alone stands still.
    """
    from common import rate_limits

    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: 3_000_000_000.0))


@pytest.fixture(autouse=True)
def _begins_anew(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forget, before each test, what an earlier test set, read or counted, so that no page asks the database for it.

    One fixture does all of it: separate ones would each take a second of processor time in a run of ten thousand cases.
    """
    # These modules have models, or are libraries of templates. Django is ready when tests run, and not when this module
    # is read.
    from chat.retention import ending_without_agent
    from chat.supervision import board_charts
    from common import network_limits
    from common.service_settings import values
    from pnav.pages import completeness, public_links, quick_exit, waiting_time
    from pnav.pages.frame import announcements
    from pnav.pages.templatetags import kept
    from reports import closures, letterhead

    values.put({})  # the default settings of the service
    # Languages are as complete as in the repository; no page reads how complete they are.
    completeness.set_offered(begun.whole())
    # The chat is open, nothing is announced, papers have no head, and no public page is offered beside an answer.
    closures.keep_closures(())
    announcements.keep_announcements(())
    letterhead.keep_head(())
    public_links.keep_links("[]")
    # No version of the questionnaire is published; tests/triage/ publishes some.
    versions.clear()
    versions._current.put(versions.BUILT_IN)
    versions._current._read_at = math.inf
    # The queue, the weeks and the log of an earlier test are forgotten.
    waiting_time.forget()
    board_charts.forget()
    ending_without_agent.forget()
    security_log.flush()
    # No network has been counted, no window ends during a test, and each counter begins with all of its noise, so that
    # limits are met exactly, at the lowest number that they let pass. Tests of the noise or of the time undo this.
    start = (int(time.time()) // 3600 + 1) * 3600 + 1.0  # the next hour, so that no window that begins now ends before
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network_limits, "_noise", lambda count, most: bytes([most]) * count)
        patch.setattr(network_limits, "now", lambda: start)
        # In production such a page is drawn all the same, and an error is logged.
        patch.setattr(kept, "unnamed", _refuse_unnamed)
        # A thread of its own would have a connection that does not see what a test has not committed.
        patch.setattr(quick_exit, "THREAD", _Here())
        shelf.begin(request)  # this comes last, because what is replaced above is replaced in every test
        with translation.override(settings.LANGUAGE_CODE):  # in whatever language the test before ended
            yield
    if network_limits._known:  # something was counted
        network_limits._known.clear()
        with suppress(RedisError, OSError):  # a test may have stopped Redis
            cache.delete_many([limit.key(limit.window(start)) for limit in network_limits.LIMITS])


def _refuse_unnamed(where: str, names: str) -> None:
    from pnav.pages.templatetags import kept

    raise kept.Unnamed(f"{where}: {names}")


class _Here(Executor):
    """Runs a function at once, in the thread of the test. What that function passes on in turn is dropped."""

    is_busy = False

    def submit(self, work: Callable[..., Any], /, *args: Any, **fields: Any) -> Future[Any]:
        done: Future[Any] = Future()
        if not self.is_busy:
            self.is_busy = True
            try:
                done.set_result(work(*args, **fields))
            finally:
                self.is_busy = False
        return done


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., list[str]]]:
    """Return the security events that this test left in the log: `told()`, or `told("sign_in")` for those of
    one name.
    """
    request_finished.connect(_commit_told)
    with caplog.at_level(logging.INFO, logger=security_log.__name__):

        def lines(*names: str) -> list[str]:
            _commit_told()
            told = [
                one.getMessage().removeprefix("event=") for one in caplog.records if one.name == security_log.__name__
            ]
            return [line for line in told if not names or line.partition(" ")[0] in names]

        yield lines
    request_finished.disconnect(_commit_told)


def _commit_told(**_signal: object) -> None:
    """Run callbacks that wait for the end of the transaction when a page is answered, because a test's transaction
    never commits.

    Callbacks of a part that was rolled back are dropped.
    """
    waiting, connection.run_on_commit = connection.run_on_commit, []
    for entry in waiting:
        callback = entry[1]
        if isinstance(callback, partial) and callback.func is security_log._write:
            callback()
        else:
            connection.run_on_commit.append(entry)


@pytest.fixture(scope="session", autouse=True)
def _documents_are_waited_for(django_test_environment: None) -> None:
    """Let pages wait for their documents however busy this machine is; tests of late documents set a patience."""
    from common.offload import background_jobs, pool

    background_jobs.PATIENCE_SECONDS = 300.0
    pool.PATIENT = ((0, 300.0),)


@pytest.fixture(scope="session", autouse=True)
def _contexts_of_whole_pages(django_test_environment: None) -> None:
    """Make `answer.context` the context of the page's own template, as views fill it.

    Django copies the context of each template that is drawn, also for each field of a form and each included part. A
    page of the console draws a hundred of them.
    """
    Template._render = _told_of_pages  # type: ignore[attr-defined]  Django puts its own back at the end


def _told_of_pages(template: Template, context: Context) -> SafeString:
    if context.template is template and isinstance(context, RequestContext):
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, pytestconfig: pytest.Config) -> None:
    """Give each worker a copy of one database that was migrated once, and also a run that a test starts.

    Any other process migrates its own database.
    """
    given = once.template() if workers.is_one(pytestconfig) else os.environ.get(once.TEMPLATE)
    if given:
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = given


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Remove what a transactional test leaves with `tests.support.restoring`, in a database of tests only."""
    with django_db_blocker.unblock():
        connection.close()
        connection.close_pool()  # a pool that was opened before leads to another database
        restoring.remember()
    TransactionTestCase._fixture_teardown = restoring.bring_back  # type: ignore[method-assign]
    yield
    # The threads of the chat keep their connections, and a database that is in use cannot be dropped.
    close_thread_connections()
