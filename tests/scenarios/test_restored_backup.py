"""An old backup is restored beside today's keys: no word and no capture of an exchange that was erased since can be
opened.

There are two servers as in production, one for the content and one for the keys; a base backup that `pg_basebackup`
takes while they run, with a copy of the folder of captures; the worker's deletion; and the backup, started as a server
of its own with that copy of the folder.
"""

import json
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from chat.captures import queries as capture_queries
from chat.casework import fact_sheet, notes
from chat.casework.fact_sheet import Facts
from chat.conversations import actions, dispatcher
from chat.journal import actions as journal
from chat.journal.facts import Told
from chat.messages import conversation_keys
from chat.models import Capture, Conversation
from chat.retention import deletion, moving
from chat.rules.lifecycle import Author, Outcome
from common import encryption
from common.client_address import Connection
from common.data_keys import copies, router
from common.data_keys import keys as data_keys
from common.data_keys.models import WrappedKey
from pnav.demo.services import Postgres, postgres_programs
from reports import reporter_identity
from reports.models import Report
from reports.retention import key_copies, tombstones
from reports.seal.sealing import Context, SealError, unseal_text
from tests.chat.captures.conftest import folder
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.scenarios.conftest import Site
from tests.scenarios.leaks import STEM, mark
from tests.support import once
from tests.support.variables import SEAL_KEY

__all__ = ["folder"]  # a fixture from another module, for every test here: captures are allowed, and stored in a folder

pytestmark = pytest.mark.slow


@contextmanager
def keys_in(server: Postgres) -> Iterator[None]:
    """Let this process keep its wrapped keys on that server inside. The content's connection is open already."""
    options = {name: value for name, value in connection.settings_dict["OPTIONS"].items() if name != "pool"}
    connections.settings[router.ALIAS] = {
        **connection.settings_dict,
        "OPTIONS": {**options, "host": str(server.sockets)},
    }
    try:
        assert router.is_apart()
        yield
    finally:
        connections[router.ALIAS].close()
        del connections[router.ALIAS]
        del connections.settings[router.ALIAS]


def as_another_process() -> None:
    data_keys.forget_all()
    conversation_keys.forget_all()


@pytest.fixture
def keys_server(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres(tmp_path / "keys", durable=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        if server.as_root:
            shutil.rmtree(server.home, ignore_errors=True)


@pytest.fixture
def content(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    site = Site(tmp_path / "content", django_db_blocker, 0)
    site.folder.mkdir()
    try:
        site.start()
        yield site
    finally:
        site.stop()


def filed(place: str) -> Conversation:
    """Create somebody's exchange, ended, with a marked word wherever this test can type one."""
    [key] = data_keys.make()
    submission_id = uuid.uuid4()
    answers = json.dumps({"who": mark(f"{place}-reponse")})
    conversation = make.waiting(
        submission_id=submission_id,
        data_key=key,
        data_key_since=timezone.now(),
        identity_key_since=timezone.now(),
        triage_answers_sealed=encryption.seal(answers, context=f"report:{submission_id}", data_key=key),
    )
    Conversation.objects.filter(pk=conversation.pk).update(data_key=key)
    reporter_identity.seal_identity(
        conversation.report, name=mark(f"{place}-nom"), contact="", connection=Connection("203.0.113.7", "51000")
    )
    agent = make.agent()
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=agent.pk, now=timezone.now())
    conversation.refresh_from_db()
    make.message(conversation, mark(f"{place}-message"))
    make.message(conversation, mark(f"{place}-agent"), Author.AGENT)
    notes.write_note(conversation_id=conversation.pk, body=mark(f"{place}-note"), by=agent.user)
    facts = Facts(present=["online"], notes={"dates": mark(f"{place}-fiche")})
    fact_sheet.save_sheet(conversation_id=conversation.pk, version=0, facts=facts, by=agent.user)
    journal.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told(what=mark(f"{place}-fait")))
    make_captures.drawn(conversation, original(place), name=f"{mark(f'{place}-capture')}.png")
    return actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.ADVISED
    )


def original(place: str) -> bytes:
    """Return the capture of an exchange, as it was handed in: its bytes bear a mark too."""
    return make_captures.png() + mark(f"{place}-octets").encode() * 5_000


WORDS = 7  # marked words in each exchange


def words_of(conversation: Conversation) -> set[str]:
    """Return the marked words that open, of all that lies sealed of an exchange."""
    found = []
    for model in moving.sealed_models():
        rows = model.objects.filter(**{model.EXCHANGE: conversation.report_id})
        for row in rows:
            for field in model.SEALED:
                try:
                    found.append(encryption.unseal(getattr(row, field), context=row.context))
                except encryption.UnsealError:
                    continue
    return {word.strip('",{} ') for text in found for word in text.replace(":", " ").split() if STEM in word}


def names_of(conversation: Conversation) -> list[str]:
    """Return what custodians open, with all their shares, of what is under seal in the database that is asked."""
    found = []
    for value in conversation.report.sealed_values.select_related("report"):
        place = Context(value.report.public_id, value.field, value.version)
        candidates = [bytes(value.sealed)]
        with suppress(encryption.UnsealError):
            candidates.append(value.for_custodians)
        for sealed in candidates:
            with suppress(SealError):
                found.append(unseal_text(sealed, private_key=SEAL_KEY, context=place))
    return found


def captures_of(conversation: Conversation) -> list[bytes]:
    """Return the originals and the drawings of an exchange, those that open.

    A chunk that is not there is an error: what does not open is to be mute for want of its key.
    """
    found = []
    for row in Capture.objects.filter(conversation=conversation).select_related("conversation"):
        found += opened(capture_queries.read_original, row)
        for drawing in row.drawings.all():
            drawing.capture = row
            found += opened(capture_queries.drawing_pieces, drawing)
    return found


def opened(read: Callable[[Any], Iterator[bytes]], row: Any) -> list[bytes]:
    """Return a file, whole; nothing when it does not open."""
    try:
        return [b"".join(read(row))]
    except encryption.UnsealError:
        return []


def take_base_backup(server: Postgres, folder: Path) -> None:
    """Take a base backup as an operator does, while the server runs."""
    command = [postgres_programs() / "pg_basebackup", "--pgdata", folder, "--wal-method=stream",
               "--checkpoint=fast", "--host", str(server.sockets), "--username", "pnav"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


def put_in_place(backup: Path, server: Postgres) -> None:
    """Put this backup in place as the data of a server that was never started."""
    server.home.mkdir(mode=0o711, parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", backup, server.data], check=True)
    if server.as_root:
        subprocess.run(["chown", "-R", "nobody:", server.data], check=True)
    server.data.chmod(0o700)


def tables_of(server: Postgres) -> set[str]:
    with psycopg.connect(server.url) as asked:
        rows = asked.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in rows}


def test_erased_exchange_is_mute_in_a_restored_backup(content, keys_server, folder, tmp_path, tried):
    once.manage(
        "migrate", "data_keys", "--database=data_keys", "--verbosity=0",
        DATABASE_URL=content.postgres.url, DATA_KEYS_DATABASE_URL=keys_server.url, DATABASE_STATEMENT_SECONDS="0",
    )  # fmt: skip
    assert tables_of(keys_server) == {"data_keys_wrappedkey", "django_migrations"}, "the keys, and nothing of anybody"
    restored = Site(tmp_path / "restored", content.blocker, 0)
    restored.folder.mkdir()
    as_another_process()
    try:
        # Two exchanges, a base backup of the content, a copy of the captures' folder, and a copy of the keys.
        with content.database(), keys_in(keys_server):
            gone, kept = filed("parti"), filed("garde")
            assert len(words_of(gone)) == len(words_of(kept)) == WORDS
            assert mark("parti-nom") in names_of(gone) and len(names_of(gone)) == 3
            for place, one in (("parti", gone), ("garde", kept)):
                first, drawing = captures_of(one)
                assert first == original(place) and drawing[8:12] == b"WEBP"
            assert gone.report.data_key is not None
            wrapped = bytes(WrappedKey.objects.get(pk=gone.report.data_key).wrapped)
            before = copies.write(tmp_path, datetime.now(UTC))
        backup = tmp_path / "backup"
        take_base_backup(content.postgres, backup)
        files = [path.read_bytes() for path in backup.rglob("*") if path.is_file()]
        assert not any(STEM.encode() in data for data in files), "sealed, as ever"
        assert not any(wrapped in data or wrapped.hex().encode() in data for data in files), "no key in the backup"
        tried("bytes of a base backup", sum(map(len, files)))
        chunks = tmp_path / "captures-backup"
        shutil.copytree(folder, chunks)
        stored = [path.read_bytes() for path in chunks.rglob("*") if path.is_file()]
        assert len(stored) >= 4 and not any(STEM.encode() in data for data in stored)

        # The worker deletes one of them.
        with content.database(), keys_in(keys_server):
            make.age(gone, days=400)
            deletion.forget(timezone.now())
            assert not Report.objects.filter(pk=gone.report_id).exists()
            assert set(WrappedKey.objects.values_list("pk", flat=True)) == {kept.report.data_key}
            assert 0 < sum(path.is_file() for path in folder.rglob("*")) < len(stored), "its chunks are erased"

        # The old backup runs as a server, with the old captures, beside today's keys.
        shutil.copytree(chunks, folder, dirs_exist_ok=True)
        put_in_place(backup, restored.postgres)
        restored.postgres.start()
        with restored.database(), keys_in(keys_server):
            as_another_process()
            there = Conversation.objects.select_related("report").get(public_id=gone.public_id)
            assert there.messages.count() >= 3, "the rows came back"
            assert words_of(there) == set(), "and not one of their words"
            assert there.captures.count() == 1 and there.captures.get().drawings.count() == 1
            assert there.report.sealed_values.count() == 3 and names_of(there) == [], (
                "nor can custodians tell who it was"
            )
            assert captures_of(there) == [], "neither what was handed in nor what was drawn of it"
            assert mark("parti") not in str([one.shown for one in there.messages.all()])
            assert len(words_of(kept)) == WORDS, "the other exchange is whole"
            assert captures_of(kept)[0] == original("garde")
            assert key_copies.mute_reports(10) == [gone.report.public_id]

            # The key was what was missing: with the old wrap, each of them opens.
            assert key_copies.restore(before) == (1, 0)
            as_another_process()
            assert len(words_of(there)) == WORDS and mark("parti-nom") in names_of(there)
            assert captures_of(there)[0] == original("parti")

            # So what was erased is deleted again before a copy of the keys is restored, as docs/operations.md says.
            digest = tombstones.digest_of(gone.report.public_id)
            assert deletion.forget_again([digest], now=timezone.now()) == (1, 0)
            assert key_copies.restore(before) == (0, 1), "no report names it any more"
            assert set(WrappedKey.objects.values_list("pk", flat=True)) == {kept.report.data_key}
    finally:
        as_another_process()
        restored.postgres.stop()
        if restored.postgres.as_root:
            shutil.rmtree(restored.postgres.home, ignore_errors=True)
