"""All connections to PostgreSQL end at any statement of any form: the answer is « revenez », and never an error of
ours.

Each form is sent with statements that fail as they do when an administrator ends the connection: from the first one on,
which reads the session, and from each of the others on. When several forms of an address send a statement from the same
line of the code, it fails once there, because the code that catches the error does not know which form it was. After
that, connections are really ended under the frames of a page without a socket.
"""

import json
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from benchmarks.costs import drive, situation
from benchmarks.costs.inputs import RIGHT, Request
from tests.access.frames import CLIENT_ID, FRAMES
from tests.access.people import ASSIGNED, REPORTER, VISITOR
from tests.access.table import IN
from tests.access.test_routes import ADDRESSES, BY_KEY, DECISIONS, path_of, values_of
from tests.chat.sockets import visit
from tests.factories import chat as make

# The exit does not wait for a database: it forgets the visit in another thread, and leads away in any case.
LEADS_AWAY = {"pages:quit"}
# Addresses where people write. For the others, the first statement, one in the middle and the last one fail.
AT_EACH_STATEMENT = {"chat:frames", "chat:message", "chat:news", "reports:create", "console:frames"}
OF_A_TRANSACTION = ("SAVEPOINT", "RELEASE", "ROLLBACK")
SAID = ("Attendez une minute", "Nouvel essai", "Le service ne répond pas")


@contextmanager
def connections_end(after: int, places: list[int] | None = None) -> Iterator[list[str]]:
    """Answer so many statements, and fail each one after them; give the statements that were sent.

    places: filled, for each of them, with what its place in the code is known by (`_place`).
    """
    execute, sent = psycopg.Cursor.execute, []

    def ending(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        text = query if isinstance(query, str) else ""
        if text.startswith(OF_A_TRANSACTION):  # a statement of this test's own transaction, which goes on
            return execute(self, query, *args, **kwargs)
        sent.append(text)
        if places is not None:
            places.append(_place(text))
        if len(sent) > after:
            raise psycopg.errors.AdminShutdown("terminating connection due to administrator command")
        return execute(self, query, *args, **kwargs)

    with patch.object(psycopg.Cursor, "execute", ending):
        yield sent


def _place(text: str) -> int:
    """Return the same number for the same statement, asked by the same lines of the same functions."""
    frame, lines = sys._getframe(1), []
    while frame is not None:
        lines.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return hash((text, *lines))


def forms_of(name: str) -> list[Request]:
    """Return what is sent there by POST: every right form that other tests have of it, and an empty one."""
    data = DECISIONS[name].data
    forms = [RIGHT[name]] if name in RIGHT else []
    forms += [form for method, form in BY_KEY.get(name, []) if method == "POST"]
    if data is not None and "type" in data:
        return [Request(body=json.dumps(data).encode(), content_type="application/json")]
    return [Request(form=form) for form in ([data] if data else forms) or [{}]]


def frames_as(key: str) -> list[Request]:
    """Return one frame of each type, about this conversation."""
    return [
        Request(body=json.dumps({"type": kind, "conversation": key, **more}).encode(), content_type="application/json")
        for kind, more in FRAMES.items()
    ]


def is_come_back(answer: Any) -> bool:
    """Return whether it says to come back: to a script in its words, to a person in a sentence, with the numbers to
    call.
    """
    if answer.headers["Content-Type"].startswith("application/json"):
        told = answer.json()
        return answer.status_code == 503 or told["frames"][0]["code"] == "unavailable"
    return answer.status_code == 503 and any(said in answer.text for said in SAID) and "17" in answer.text


@pytest.fixture
def where(cast):
    return values_of(cast)


@pytest.mark.parametrize("is_visitors", [True, False])
def test_no_form_fails_when_connections_end(cast, where, subtests, tried, is_visitors):
    names = [name for name in ADDRESSES if "POST" in DECISIONS[name].methods and name not in LEADS_AWAY]
    told, count = set(), 0
    with situation.nothing_refused():
        for name in names:
            route = DECISIONS[name]
            who = next((one for one in (REPORTER, VISITOR) if route.who(one) == IN), situation.who(route))
            if (who in {REPORTER, VISITOR}) is not is_visitors:
                continue
            key, path = cast.keys.get(who, ""), path_of(name, where, route)
            requests = forms_of(name)
            if name in {"chat:frames", "console:frames"}:
                requests = frames_as(str(cast.conversation.public_id))
            met: set[int] = set()
            for number, request in enumerate(requests):
                with subtests.test(f"{name} {number}"):
                    places: list[int] = []
                    with connections_end(1_000, places) as sent:
                        usual = drive.send(path, "POST", key, request).status_code
                    assert usual < 500
                    few = {0, len(sent) // 2, max(0, len(sent) - 1)}
                    every = range(len(sent)) if name in AT_EACH_STATEMENT else sorted(few)
                    for after in every:
                        if not sent or places[after] in met:
                            continue
                        with connections_end(after) as sent:
                            answer = drive.send(path, "POST", key, request)
                        if len(sent) <= after:
                            continue  # at another time it sends fewer statements
                        met.add(places[after])
                        count += 1
                        assert answer.status_code != 500, (after, sent[after])
                        assert answer.status_code != 400 or usual == 400, (after, sent[after], "the form is right")
                        if answer.status_code == 503 or "/trames/" in path:
                            assert is_come_back(answer), (after, sent[after], answer.text)
                            told.add(name)
    tried("forms whose connection ends at a statement", count)
    assert {"chat:frames", "chat:message"} <= told or not is_visitors
    assert {"console:frames", "console:conversation"} <= told or is_visitors
    assert len(told) > 20


@pytest.fixture
def end_all(transactional_db):
    """Return what really ends every connection to the database of this test but the one that does it."""

    def end() -> None:
        parameters = {name: value for name, value in connection.get_connection_params().items() if name != "pool"}
        known = {
            name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters
        }
        with psycopg.connect(**known, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    return end


def test_frames_of_a_visitor_whose_connection_was_ended_are_kept(end_all, subtests):
    """The first statement after it meets the end; the next request has a connection again."""
    for kind in FRAMES:
        with subtests.test(kind):
            _frame_is_kept(end_all, kind)


def _frame_is_kept(end_all: Callable[[], None], kind: str) -> None:
    conversation = make.assigned(make.agent())
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    frame = {"type": kind, "conversation": str(conversation.public_id), **FRAMES[kind]}
    connection.ensure_connection()
    end_all()
    answer = client.post("/tchat/trames/", json.dumps(frame), content_type="application/json")
    [told] = answer.json()["frames"]
    assert (answer.status_code, told["code"]) == (200, "unavailable")
    assert told.get("client_id") == (CLIENT_ID if kind == "post" else None)
    connection.close()
    again = client.post("/tchat/trames/", json.dumps(frame), content_type="application/json")
    assert again.status_code == 200 and all(one.get("code") != "unavailable" for one in again.json()["frames"])


def test_message_without_a_script_is_given_back_when_its_connection_was_ended(end_all):
    conversation = make.assigned(make.agent())
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    form = {"body": "Un mot gardé", "client_id": str(uuid.uuid4())}
    connection.ensure_connection()
    end_all()
    answer = client.post("/tchat/message/", form)
    assert answer.status_code == 503 and "Un mot gardé" in answer.text
    connection.close()
    assert client.post("/tchat/message/", form).status_code == 302
    assert conversation.messages.filter(client_id=form["client_id"]).count() == 1


def test_error_of_ours_is_a_failure_still(cast, monkeypatch):
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.keys[ASSIGNED]
    monkeypatch.setattr("chat.console.conversation.protocol.parse", lambda _body: 1 / 0)
    answer = client.post("/console/trames/", "{}", content_type="application/json")
    assert answer.status_code == 500
