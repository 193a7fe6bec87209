"""What the harness needs from the product's own code: conversations to write in, and what the database holds at the
end.

Each function opens its own connections and closes them, because the database is killed between two calls.
"""

import io
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.journal import Event, Journal, digest


@dataclass(frozen=True)
class Keys:
    """One conversation under way, and the sessions of its two sides."""

    conversation: str
    reporter: str
    agent: str


@contextmanager
def _connected() -> Iterator[None]:
    from django.db import connection

    try:
        yield
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]


CLEAR_TRIES, CLEAR_SECONDS = 6, 1.0


def make_conversations(count: int) -> list[Keys]:
    """Create conversations, each with its own agent, and delete those of the run before.

    The worker may be writing about one of those at that moment, because its lease has ended. Then everything is done
    again a moment later.
    """
    from django.db import IntegrityError

    for _try in range(CLEAR_TRIES - 1):
        try:
            return _make_conversations(count)
        except IntegrityError:
            time.sleep(CLEAR_SECONDS)
    return _make_conversations(count)


def _make_conversations(count: int) -> list[Keys]:
    from django.core.management import call_command
    from django.db.models.functions import Now

    from chat.models import Agent, Conversation

    with tempfile.TemporaryDirectory() as folder, _connected():
        out = Path(folder) / "pairs.jsonl"
        call_command("bench_sessions", pairs=count, out=out, clear=True, stdout=io.StringIO())
        # The command makes leases longer at first. Here beats renew them from the first moment on.
        Agent.objects.update(seen_at=Now())
        Conversation.objects.update(reporter_seen_at=Now())
        made = [json.loads(line) for line in out.read_text().splitlines()]
    return [Keys(pair["conversation"], pair["reporter_cookie"], pair["agent_cookie"]) for pair in made]


def _kept(conversations: list[str]) -> Iterator[Event]:
    """Yield what the database holds of these conversations, as events of a journal. Raises UnsealError."""
    from chat.models import Message
    from common import encryption

    with _connected():
        rows = Message.objects.filter(conversation__public_id__in=conversations).order_by("conversation", "seq")
        columns = ("conversation__public_id", "seq", "author", "client_id", "sealed_body")
        for conversation, seq, author, client_id, sealed in rows.values_list(*columns).iterator(chunk_size=2000):
            body = encryption.unseal(sealed, context=Message.context_of(conversation, seq, author))
            yield {
                "e": "kept",
                "c": str(conversation),
                "seq": seq,
                "a": author,
                "id": str(client_id) if client_id else None,
                "b": digest(body),
            }


def kept(conversations: list[str]) -> list[Event]:
    """Return what the database holds of these conversations, as events of a journal. Raises UnsealError."""
    return list(_kept(conversations))


def note_kept(journal: Journal, conversations: list[str]) -> None:
    """Write down what the database holds of these conversations. Raises UnsealError."""
    for event in _kept(conversations):
        journal.note(event.pop("e"), **event)


def session_cookie() -> str:
    from django.conf import settings

    return str(settings.SESSION_COOKIE_NAME)
