"""A run of `make costs` for some acts of each kind: what it drives, finds and prints."""

import asyncio
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from benchmarks.costs import __main__ as costs
from benchmarks.costs import drive, handshakes, situation, table
from benchmarks.site import VARIABLES, Stage
from chat.captures import store
from chat.database import in_db
from chat.models import Capture, CaptureState, JournalFact
from chat.realtime.broadcaster import close_broadcaster
from common.sealed_files.chunks import CHUNK_BYTES
from reports import reporter_identity
from reports.models import Report, SealedValue
from tests.access import people
from tests.access.people import create_cast
from tests.factories import locations as places
from tests.support import once


@pytest.fixture
def run(db, monkeypatch):
    """Give `run("part of a name")`, in a small world, without the 37,000 communes."""
    monkeypatch.setattr("django.core.management.call_command", lambda *_args, **_options: None)
    monkeypatch.setattr(costs, "GROWN", (4, 8, 16))
    monkeypatch.setattr(drive, "TRIES_IN_DOUBT", 2)  # `make costs` judges the time, on a machine of its own

    def done(only: str) -> costs.Run:
        found = costs.Run(only, is_quick=True)
        with situation.nothing_refused():
            found.drive_all(Stage(Path(), None, None))  # type: ignore[arg-type]  # only sockets use the stage
        for one in found.verdicts:
            assert [breach for breach in one.breaches if breach not in one.doubts] == [], (one.act, one.kind)
        return found

    return done


def kinds(found: costs.Run, act: str) -> set[str]:
    return {one.kind for one in found.verdicts if one.act == act}


def test_page_is_driven_with_texts_shapes_and_in_a_growing_world(run):
    found = run("GET chat:conversation")
    assert kinds(found, "GET chat:conversation") >= {"latin", "emoji in few", "fields", "cookies", "a growing world"}
    worlds = [one for one in found.verdicts if one.kind == "a growing world"]
    assert all(one.costs[0].rows < one.costs[2].rows for one in worlds), "there was more to read"
    assert any(one.costs[-1].kib for one in found.verdicts) and found.not_reached() == []


def test_right_form_reaches_what_is_stored(run):
    found = run("POST pages:feedback")
    assert {"a right form", "latin in a right form", "emoji in all fields (1)"} <= kinds(found, "POST pages:feedback")
    assert max(one.costs[-1].stored.rows for one in found.verdicts) == 1
    assert max(one.costs[-1].stored.keys for one in found.verdicts) > 0
    assert found.not_reached() == []


def test_search_for_words_is_driven_where_ever_more_messages_have_them(run):
    found = run("POST console:word_search")
    assert kinds(found, "POST console:word_search") >= {"a right form", "latin in a right form", "a growing world"}
    [grown] = [one for one in found.verdicts if one.kind == "a growing world"]
    assert grown.costs[0].answer_bytes + 1_000 < grown.costs[2].answer_bytes, "more was found"
    assert found.not_reached() == []


def test_frame_is_driven_from_both_sides(run):
    found = run("frame ")
    assert {one.act for one in found.verdicts} == {
        f"frame {frame} ({side})" for frame in table.FRAMES for side in ("chat", "console")
    }
    assert max(one.costs[-1].stored.rows for one in found.verdicts) == 1


def test_file_is_driven(run, settings):
    """How guessable the passwords are that are drawn for 1,750 accounts asks the processor alone, which is not judged
    here, and takes half of the test.
    """
    guessable = "pnav.accounts.passwords.validators.GuessableValidator"
    kept = [one for one in settings.AUTH_PASSWORD_VALIDATORS if one["NAME"] != guessable]
    assert len(kept) == len(settings.AUTH_PASSWORD_VALIDATORS) - 1
    settings.AUTH_PASSWORD_VALIDATORS = kept
    found = run("upload sheet")
    assert {"right lines", "a file of separators"} <= kinds(found, "upload sheet")
    assert max(one.costs[-1].stored.rows for one in found.verdicts) >= 100, "fifty accounts and their agents"


def test_slices_of_a_file_are_driven(run, settings, monkeypatch):
    settings.CAPTURES = True
    written = []
    monkeypatch.setattr(store, "write_chunk", lambda *given: written.append(len(given[-1])))
    found = run("slices of a file")
    assert kinds(found, "slices of a file") == {"the head of a file", "a slice", "a slice of nothing"}
    assert max(written) > CHUNK_BYTES and found.not_reached() == [], "a whole slice was sealed; a head makes a row"


def test_world_holds_the_longest_journal_and_all_captures(cast):
    situation.grow(cast, 16)
    situation.grow(cast, 16)
    conversation = cast.conversation
    assert JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False).count() >= 40
    assert Capture.objects.filter(conversation=conversation, state=CaptureState.DRAWN).count() >= 4


def test_sockets_are_driven_by_a_server(run, monkeypatch):
    asked = []
    monkeypatch.setattr(handshakes, "drive_all", lambda _ground, cast, only: asked.append((cast, only)) or [])
    run("socket ws/console/")
    assert asked[0][0].keys[people.ASSIGNED] and asked[0][1] == "socket ws/console/"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_chat_threads")
def test_handshakes_of_a_real_server_are_measured(monkeypatch, tmp_path):
    """Somebody who is let in asks the database, somebody who is refused does not; both keep to the table."""
    with transaction.atomic():
        cast = create_cast()
    few = [kind for kind in handshakes.kinds(is_elsewhere=False) if kind.name in {"nothing", "cookies"}]
    monkeypatch.setattr(handshakes, "kinds", lambda **_where: iter(few))
    monkeypatch.setattr(drive, "TRIES_IN_DOUBT", 1)
    for name, value in {**VARIABLES, "DATABASE_URL": once.address_of(connection.settings_dict["NAME"])}.items():
        monkeypatch.setenv(name, value)
    verdicts = handshakes.drive_all(Stage(tmp_path, None, None), cast, "socket")  # type: ignore[arg-type]
    assert {(one.act, one.kind) for one in verdicts} == {
        (f"socket {name or 'any other address'}", kind) for name in table.SOCKETS for kind in ("nothing", "cookies")
    }
    for one in verdicts:
        assert [breach for breach in one.breaches if breach not in one.doubts] == [], one.act
    cost = {one.act: one.costs[0] for one in verdicts if one.kind == "nothing"}
    let_in, refused = cost["socket ws/conversation/"], cost["socket any other address"]
    assert (let_in.status, cost["socket ws/console/"].status, refused.status) == (101, 101, 403)
    assert let_in.ms > 0 and refused.ms > 0 and let_in.statements > refused.statements == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_chat_threads")
def test_address_that_is_stored_late_counts_for_its_own_handshake(monkeypatch):
    """It counted as a second row of the next one, on a machine that was too busy to store it within 30 ms."""
    with transaction.atomic():
        key = create_cast().keys[people.REPORTER]
    record = reporter_identity.record
    monkeypatch.setattr(reporter_identity, "record", lambda arrivals: time.sleep(0.3) or record(arrivals))

    async def shake_hands() -> tuple[int, int]:
        before = await in_db(SealedValue.objects.count)
        try:
            await handshakes._connect("/ws/conversation/", key, handshakes.Head())
            return before, await in_db(SealedValue.objects.count)
        finally:
            await close_broadcaster()

    before, after = asyncio.run(shake_hands())
    assert after == before + 1


@pytest.mark.parametrize("units", [1, 2])
def test_report_can_be_driven_from_where_only_it_is_left(db, units):
    """The way in changes; this follows it to the form, with one unit for the town and with several to choose from."""
    town = places.municipality("Saint-Denis", "93066", ("93200",))
    for number in range(units):
        places.reception_point(f"Commissariat {number}", for_=town)
    key, fields = situation.before_the_report()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    answer = client.post(reverse("reports:create"), fields)
    assert (answer.status_code, Report.objects.count()) == (302, 1)
