"""The value of a setting comes from memory for a short while. Settings are saved one after the other."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from common.cached_reading import CachedReading
from common.service_settings import definitions, values
from common.service_settings.definitions import Setting
from common.service_settings.models import HouseRule
from common.service_settings.values import CannotHoldTogether, Change, ChangedMeanwhile


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Rows:
    """The result of a reading, and how many were made."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.readings = 0

    def __call__(self) -> dict[str, int]:
        self.readings += 1
        return dict(self.values)


@pytest.fixture
def rows():
    return Rows()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shelf(rows, clock):
    return CachedReading(rows, values.KEEP_SECONDS, name="settings", clock=clock)


# --- the cache: no database -------------------------------------------------------------------------------------------


def test_shelf_reads_once_then_when_it_is_old(shelf, rows, clock):
    for _each in range(5):
        assert shelf.get() == {}
    assert rows.readings == 1
    rows.values = {"raid_reports": 80}
    clock.now += values.KEEP_SECONDS - 0.1
    assert shelf.get() == {} and rows.readings == 1
    clock.now += 0.1
    assert shelf.get() == {"raid_reports": 80} and rows.readings == 2


def test_keep_seconds_is_what_the_page_promises():
    assert values.KEEP_SECONDS <= 30, "« partout d'ici une demi-minute »"


def test_shelf_forgets_at_once(shelf, rows):
    shelf.get()
    rows.values = {"raid_reports": 80}
    shelf.forget()
    assert shelf.get() == {"raid_reports": 80}


def test_shelf_forgotten_during_a_reading_is_read_again(clock):
    """What was being read may be from before the change that made this process forget."""
    found = [{"raid_reports": 60}, {"raid_reports": 80}]

    def read() -> dict[str, int]:
        if len(found) == 2:
            shelf.forget()
        return found.pop(0)

    shelf = CachedReading(read, values.KEEP_SECONDS, name="settings", clock=clock)
    assert shelf.get() == {"raid_reports": 60}
    assert shelf.get() == {"raid_reports": 80}


def test_shelf_reads_now_and_others_go_on_with_what_is_known(clock):
    begun, may_end = threading.Event(), threading.Event()
    found = iter([60, 70])

    def read() -> dict[str, int]:
        number = next(found)
        if number == 70:
            begun.set()
            assert may_end.wait(10)
        return {"raid_reports": number}

    shelf = CachedReading(read, values.KEEP_SECONDS, name="settings", clock=clock)
    assert shelf.get() == {"raid_reports": 60}
    with ThreadPoolExecutor(1) as other:
        reading = other.submit(shelf.read_now)
        assert begun.wait(10)
        assert shelf.get() == {"raid_reports": 60}, "it is fresh, and nobody waits"
        may_end.set()
        assert reading.result() == {"raid_reports": 70}
    assert shelf.get() == {"raid_reports": 70}, "and is what everybody gets from now on"


def test_shelf_keeps_the_reading_that_began_last(clock):
    """Two threads read at once, and the one that began first ends last."""
    inner = []

    def read() -> dict[str, int]:
        if inner:
            return {"raid_reports": 80}
        inner.append(1)
        clock.now += 1
        assert shelf.read_now() == {"raid_reports": 80}
        return {"raid_reports": 60}

    shelf = CachedReading(read, values.KEEP_SECONDS, name="settings", clock=clock)
    shelf.put({"raid_reports": 50})
    assert shelf.read_now() == {"raid_reports": 60}
    assert shelf.get() == {"raid_reports": 80}


@pytest.mark.parametrize("failing", ["read_now", "get"])
def test_shelf_keeps_a_reading_though_one_that_began_later_failed(clock, failing):
    """A `get` and a `read_now` read at once. The one that began last ends first, and fails."""
    inner = []

    def read() -> dict[str, int]:
        if inner:
            raise OperationalError("away")
        inner.append(1)
        clock.now += 1
        assert getattr(shelf, failing)() == {"raid_reports": 60}, "it goes on with what was known"
        return {"raid_reports": 80}

    shelf = CachedReading(read, values.KEEP_SECONDS, name="settings", clock=clock)
    shelf.put({"raid_reports": 60})
    clock.now += values.KEEP_SECONDS
    assert (shelf.read_now if failing == "get" else shelf.get)() == {"raid_reports": 80}
    assert shelf.get() == {"raid_reports": 80}


def test_shelf_is_no_fresher_after_a_reading_now_that_failed(clock):
    found: list[int | None] = [60, None, 70]

    def read() -> dict[str, int]:
        if (number := found.pop(0)) is None:
            raise OperationalError("away")
        return {"raid_reports": number}

    shelf = CachedReading(read, values.KEEP_SECONDS, name="settings", clock=clock)
    assert shelf.get() == {"raid_reports": 60}
    clock.now += values.KEEP_SECONDS - 1
    assert shelf.read_now() == {"raid_reports": 60}
    clock.now += 1
    assert shelf.get() == {"raid_reports": 70}


def test_shelf_one_thread_reads_and_nobody_waits_for_it(clock):
    begun, may_end = threading.Event(), threading.Event()
    readings = []

    def read() -> dict[str, int]:
        readings.append(len(readings))
        if len(readings) == 2:
            begun.set()
            assert may_end.wait(10)
        return {"raid_reports": 60 + len(readings)}

    shelf = CachedReading(read, values.KEEP_SECONDS, name="settings", clock=clock)
    assert shelf.get() == {"raid_reports": 61}
    clock.now += values.KEEP_SECONDS
    with ThreadPoolExecutor(1) as other:
        reading = other.submit(shelf.get)
        assert begun.wait(10)
        assert [shelf.get() for _each in range(20)] == [{"raid_reports": 61}] * 20
        may_end.set()
        assert reading.result() == {"raid_reports": 62}
    assert len(readings) == 2


def test_shelf_database_away_goes_on_with_what_is_known(clock, caplog):
    answers: list[object] = [{"raid_reports": 80}, OperationalError("secret"), {"raid_reports": 90}]

    def read() -> dict[str, int]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shelf = CachedReading(read, values.KEEP_SECONDS, name="settings", clock=clock)
    shelf.get()
    clock.now += values.KEEP_SECONDS
    with caplog.at_level(logging.WARNING):
        assert shelf.get() == {"raid_reports": 80}
    assert "OperationalError" in caplog.text and "secret" not in caplog.text
    clock.now += values.KEEP_SECONDS
    assert shelf.get() == {"raid_reports": 90}


def test_shelf_database_away_and_nothing_known_says_so(clock):
    def read() -> dict[str, int]:
        raise OperationalError

    shelf = CachedReading(read, values.KEEP_SECONDS, name="settings", clock=clock)
    for _twice in range(2):
        with pytest.raises(OperationalError):
            shelf.get()


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_value_is_the_default_until_it_is_set(set_rule):
    assert values.get(definitions.RAID) == 60
    set_rule(definitions.RAID, 80)
    assert values.get(definitions.RAID) == 80
    assert values.get_duration(definitions.CODE_LIFE).days == 3


def test_default_is_the_environments_where_it_names_one(settings, set_rule):
    settings.OVERFLOW_SECONDS = 30
    settings.ABANDON_SECONDS = 601
    assert values.get(definitions.OVERFLOW) == 30
    assert values.get(definitions.ABANDONED) == 11, "whole minutes, never less than what was said"
    set_rule(definitions.OVERFLOW, 45)
    assert values.get(definitions.OVERFLOW) == 45, "what an administrator sets comes first"


@pytest.mark.django_db
def test_value_asks_the_database_nothing_while_it_is_young(django_assert_num_queries):
    with django_assert_num_queries(0):
        for rule in definitions.SETTINGS:
            values.get(rule)
    values.forget()
    with django_assert_num_queries(1):
        for rule in definitions.SETTINGS:
            values.get(rule)


@pytest.mark.django_db
def test_rows_that_no_rule_allows_are_left_out(caplog):
    HouseRule.objects.create(key="raid_reports", value=80)
    HouseRule.objects.create(key="wait_minutes", value=9_999)
    HouseRule.objects.create(key="of_another_time", value=1)
    values.forget()
    assert values.get(definitions.RAID) == 80
    assert values.get(definitions.WAIT) == 3
    assert {"wait_minutes", "of_another_time"} <= set(caplog.text.split())
    assert values.all_values() == {rule.key: values.get(rule) for rule in definitions.SETTINGS}


# --- setting ----------------------------------------------------------------------------------------------------------


def change(rule: Setting, before: int, after: int) -> Change:
    return Change(rule, before, after)


@pytest.mark.django_db(transaction=True)
def test_change_holds_at_once_here_and_leaves_no_row_for_a_default():
    values.change([change(definitions.RAID, 60, 80), change(definitions.WATCHED, 30, 20)])
    assert (values.get(definitions.RAID), values.get(definitions.WATCHED)) == (80, 20)
    assert dict(HouseRule.objects.values_list("key", "value")) == {"raid_reports": 80, "watched_minutes": 20}
    values.change([change(definitions.RAID, 80, 60)])
    assert values.get(definitions.RAID) == 60
    assert list(HouseRule.objects.values_list("key", flat=True)) == ["watched_minutes"]


@pytest.mark.django_db(transaction=True)
def test_change_that_is_undone_is_never_seen():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        values.change([change(definitions.RAID, 60, 80)])
        raise ZeroDivisionError
    values.forget()
    assert values.get(definitions.RAID) == 60


@pytest.mark.django_db
def test_change_of_what_somebody_set_meanwhile_is_refused():
    values.change([change(definitions.RAID, 60, 80)])
    with pytest.raises(ChangedMeanwhile):
        values.change([change(definitions.RAID, 60, 100)])
    assert HouseRule.objects.get().value == 80


@pytest.mark.django_db
def test_change_that_does_not_hold_with_the_others_is_refused():
    values.change([change(definitions.PROMISED, 3, 10), change(definitions.WAIT, 3, 8)])
    with pytest.raises(CannotHoldTogether) as refused:
        values.change([change(definitions.PROMISED, 10, 5)])
    assert [one.lower for one in refused.value.broken] == [definitions.WAIT]
    with pytest.raises(ValueError, match="bounds"):
        values.change([change(definitions.RAID, 60, 1)])
    assert HouseRule.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_savings_at_once_one_is_told_that_it_moved():
    """Eight threads set the same number from what all of them saw: one wins, the others are told."""
    together = threading.Barrier(8)

    def set_it(number: int) -> str:
        try:
            together.wait(10)
            values.change([change(definitions.RAID, 60, number)])
        except ChangedMeanwhile:
            return "moved"
        finally:
            connection.close()
        return "set"

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(set_it, range(70, 78)))
    assert sorted(told) == ["moved"] * 7 + ["set"]
    assert HouseRule.objects.get().value == 70 + told.index("set")


@pytest.mark.django_db(transaction=True)
def test_two_savings_at_once_never_leave_what_does_not_hold():
    """One raises the alert to what the promise is, the other lowers the promise: both alone are right."""
    values.change([change(definitions.PROMISED, 3, 10)])
    for _round in range(5):
        together = threading.Barrier(2)

        def set_it(one: Change, together=together) -> str:
            try:
                together.wait(10)
                values.change([one])
            except CannotHoldTogether:
                return "apart"
            finally:
                connection.close()
            return "set"

        with ThreadPoolExecutor(2) as threads:
            pair = [change(definitions.WAIT, 3, 10), change(definitions.PROMISED, 10, 4)]
            told = list(threads.map(set_it, pair))
        assert sorted(told) == ["apart", "set"]
        assert definitions.broken(values.all_values()) == []
        HouseRule.objects.all().delete()
        values.change([change(definitions.PROMISED, 3, 10)])
