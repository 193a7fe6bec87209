"""Creates open conversations with the cookies of both sides, for load generators outside of the site.

Each pair is what the site itself would have made: a report, its conversation and first line, an agent with an account
of their own, a second factor that the session has proved, and two encrypted sessions. The constants say what differs.
"""

import json
import os
import secrets
import uuid
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message, Unit
from chat.rules.lifecycle import Author, Availability, Status
from common import encryption
from common.data_keys import keys as data_keys
from locations.models import Force
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import of_account
from pnav.sessions import begin_shift, stored_key
from reports import session as visit
from reports.models import Report

MARK = "bench"  # all rows made here carry it, so that --clear finds them
UNIT = "Banc de mesure"
# Marks a session whose sockets may be faster than a person's; only the demonstration honours it.
UNMETERED = "unmetered"
HEAD_START = timedelta(minutes=15)  # leases last so long from the start, so that the generator need not be there before
BATCH = 1000


class Command(BaseCommand):
    """Create pairs, people who wait and agents on duty, or delete all of them again."""

    help = "Crée des échanges en cours avec les cookies des deux côtés, pour un générateur de charge (démonstration)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pairs", type=int, default=0, help="échanges en cours, chacun avec son agent")
        parser.add_argument("--waiting", type=int, default=0, help="personnes en attente")
        parser.add_argument("--agents", type=int, default=0, help="agents disponibles, trois échanges chacun")
        parser.add_argument("--out", type=Path, help="fichier à écrire : une ligne JSON chacun")
        parser.add_argument("--clear", action="store_true", help="retirer d'abord tout ce que cette commande a créé")

    def handle(self, *args: Any, pairs: int, waiting: int, agents: int, out: Path | None, **options: Any) -> None:
        if not (settings.DEMO or settings.TESTING):
            raise CommandError("Ouvrir des sessions sans mot de passe : démonstration et tests seulement.")
        if min(pairs, waiting, agents) < 0:
            raise CommandError("Les nombres sont positifs.")
        wanted = pairs + waiting + agents
        if (wanted and out is None) or not (wanted or options["clear"]):
            raise CommandError("Il faut --pairs, --waiting ou --agents avec --out, ou --clear.")
        if options["clear"]:
            clear()
        if out is None:
            return
        lines = [*make_pairs(pairs), *make_waiting(waiting), *make_agents(agents)]
        # The file opens conversations, so only this user may read it.
        with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
            file.writelines(json.dumps(line) + "\n" for line in lines)
        self.stdout.write(f"{len(lines)} ligne(s) dans {out}.")


# --- making -------------------------------------------------------------------------------------------------------


@transaction.atomic
def make_pairs(count: int) -> list[dict[str, str]]:
    """Create open conversations. Their agents take nobody else, so that the queue is not measured too."""
    now = timezone.now()
    agents, agent_cookies = _agents(count, availability=Availability.AWAY, capacity=1)
    conversations, reporter_cookies = _conversations(count, agents)
    messages = [_first_line(conversation, now) for conversation in conversations]
    Message.objects.bulk_create(messages, batch_size=BATCH)
    return [
        {"conversation": str(conversation.public_id), "reporter_cookie": reporter, "agent_cookie": agent}
        for conversation, reporter, agent in zip(conversations, reporter_cookies, agent_cookies, strict=True)
    ]


@transaction.atomic
def make_waiting(count: int) -> list[dict[str, str]]:
    """Create people in the queue, a tenth of a second apart."""
    conversations, cookies = _conversations(count, [])
    return [
        {"conversation": str(conversation.public_id), "reporter_cookie": cookie}
        for conversation, cookie in zip(conversations, cookies, strict=True)
    ]


@transaction.atomic
def make_agents(count: int) -> list[dict[str, str]]:
    """Create agents on duty who have room for three."""
    _rows, cookies = _agents(count, availability=Availability.AVAILABLE, capacity=3)
    return [{"agent_cookie": cookie} for cookie in cookies]


def _agents(count: int, *, availability: str, capacity: int) -> tuple[list[Agent], list[str]]:
    if not count:
        return [], []
    unit, _created = Unit.objects.get_or_create(name=UNIT, defaults={"force": Force.POLICE})
    password = make_password(secrets.token_urlsafe(32))  # nobody knows it; one hash for each agent would take minutes
    series = secrets.token_hex(6)
    users = [User(username=f"{MARK}-{series}-{n}", password=password, role=Role.AGENT) for n in range(count)]
    User.objects.bulk_create(users, batch_size=BATCH)
    adapter = get_adapter()
    totp = Authenticator.Type.TOTP

    def factor(user: User) -> Authenticator:
        with of_account(user.pk):
            return Authenticator(user=user, type=totp, data={"secret": adapter.encrypt(generate_totp_secret())})

    factors = [factor(user) for user in users]
    Authenticator.objects.bulk_create(factors, batch_size=BATCH)
    agents = [
        Agent(
            user=user,
            unit=unit,
            public_name="Camille",
            capacity=capacity,
            availability=availability,
            seen_at=timezone.now() + HEAD_START,
        )
        for user in users
    ]
    Agent.objects.bulk_create(agents, batch_size=BATCH)
    hash_of_all = users[0].get_session_auth_hash()  # it depends only on the password, the role and the generation

    def sign_in(user: User, factor: Authenticator) -> Any:
        session = _new_session(user.username)
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = hash_of_all
        # This writes what `record_enrolment` writes, without a query for each session.
        record_authentication(
            SimpleNamespace(session=session), user, "mfa", id=factor.pk, type=totp, reauthenticated=True
        )
        begin_shift(session)
        return session

    return agents, _save_sessions(map(sign_in, users, factors))


def _conversations(count: int, agents: list[Agent]) -> tuple[list[Conversation], list[str]]:
    """Create reports with their conversations, given to these agents, one each, or waiting when there are none."""
    now = timezone.now()
    keys: list[UUID] | list[None] = data_keys.make(count) if data_keys.may_be_made() else [None] * count
    reports = [_report(key) for key in keys]
    Report.objects.bulk_create(reports, batch_size=BATCH)
    conversations = []
    for number, report in enumerate(reports):
        asked_at = now - timedelta(seconds=(count - number) / 10)
        conversation = Conversation(
            report=report,
            data_key=report.data_key,
            urgency=report.urgency,
            force=report.force,
            opened_at=asked_at,
            queued_at=asked_at,
            reporter_seen_at=now + HEAD_START,
        )
        if agents:
            conversation.status = Status.ACTIVE
            conversation.assigned_to = agents[number]
            conversation.assigned_at = now
            conversation.last_seq = 1
        conversations.append(conversation)
    Conversation.objects.bulk_create(conversations, batch_size=BATCH)
    ConversationEvent.objects.bulk_create(
        [
            conversation.new_event(kind, at=now)
            for conversation in conversations
            for kind in ([EventKind.OPENED, EventKind.ASSIGNED] if agents else [EventKind.OPENED])
        ],
        batch_size=BATCH,
    )

    def visit_of(report: Report) -> Any:
        session = _new_session(str(report.public_id))
        session[visit.KEY] = str(report.public_id)
        session[visit.DISCREET] = report.discreet
        session[visit.GENERATION] = report.visit_generation
        return session

    return conversations, _save_sessions(map(visit_of, reports))


def _report(data_key: UUID | None) -> Report:
    submission_id = uuid.uuid4()
    return Report(
        submission_id=submission_id,
        triage_version=MARK,
        data_key=data_key,
        data_key_since=timezone.now() if data_key else None,
        triage_answers_sealed=encryption.seal("{}", context=f"report:{submission_id}", data_key=data_key),
        outcome="chat",
        postal_code="93200",
        force=Force.POLICE,
    )


def _first_line(conversation: Conversation, now: Any) -> Message:
    """Return the line « Camille est là », because an open conversation is never empty."""
    context = Message.context_of(conversation.public_id, 1, Author.SYSTEM)
    line = "Camille est là. L'échange peut commencer."
    body = encryption.seal(line, context=context, data_key=conversation.data_key)
    return Message(conversation=conversation, seq=1, author=Author.SYSTEM, sealed_body=body, sent_at=now)


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def _cookie_of(whose: str) -> str:
    """Return the value of the cookie of this report or account, which nobody can guess without SECRET_KEY.

    `clear` finds the session's row again by it. The row does not say whose it is, and only the cookie opens it.
    """
    return salted_hmac("pnav.bench_sessions", whose, algorithm="sha256").hexdigest()


def _new_session(whose: str) -> Any:
    """Return an empty session. whose: the name of an account, or the id of a report."""
    session = _store()(_cookie_of(whose))
    session._session_cache = {}  # an empty session, so that none is loaded
    session[UNMETERED] = True
    return session


def _save_sessions(sessions: Iterator[Any]) -> list[str]:
    """Save the sessions, encrypted, and return the values of their cookies."""
    cookies, rows = [], []
    for session in sessions:
        cookies.append(session.session_key)
        rows.append(session.create_model_instance(dict(session.items())))
    Session.objects.bulk_create(rows, batch_size=BATCH)
    return cookies


# --- clearing -----------------------------------------------------------------------------------------------------


@transaction.atomic
def clear() -> None:
    """Delete what was made here. An agent who was given somebody else's conversation meanwhile stays, and is away."""
    Message.objects.filter(conversation__report__triage_version=MARK).delete()
    Conversation.objects.filter(report__triage_version=MARK).delete()
    reports = Report.objects.filter(triage_version=MARK)
    users = User.objects.filter(username__startswith=f"{MARK}-")
    owners = [*map(str, reports.values_list("public_id", flat=True)), *users.values_list("username", flat=True)]
    Session.objects.filter(pk__in=[stored_key(_cookie_of(whose)) for whose in owners]).delete()
    keys = [key for key in reports.values_list("data_key", flat=True) if key is not None]
    reports.delete()
    data_keys.erase(keys)
    agents = Agent.objects.filter(user__username__startswith=f"{MARK}-")
    busy = set(agents.filter(conversations__isnull=False).values_list("user_id", flat=True))
    busy |= set(Message.objects.filter(agent__in=agents).values_list("agent__user_id", flat=True))
    agents.filter(user__in=busy).update(availability=Availability.AWAY, pause_reason="")
    agents.exclude(user__in=busy).delete()
    users.exclude(pk__in=busy).delete()
