"""What is besieged: PostgreSQL, Valkey, the web processes and the worker, and what the harness does to them
directly.
"""

import io
import json
import os
import secrets
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import redis

from benchmarks.bench import cores
from benchmarks.faults.journal import Event
from benchmarks.faults.records import kept
from benchmarks.figures import GONE, cpu_of_tree, cpu_seconds, memory_kb, waited_seconds
from benchmarks.site import ROOT, Stage, Web, stage
from pnav.demo.code import totp_code
from pnav.demo.services import Service

APPLICATION = "pnav.asgi:application"
MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
PAGES, SOCKETS = "pages", "sockets"
# The lowest number of reports of one network in an hour that the service's settings allow
# (`common.service_settings.definitions`). With it the raid of a short siege goes beyond what is believed, as the raid
# of a whole night goes beyond the usual 200. Of reports that say danger, no setting believes more than these
# (`reports.way_in.DANGERS_MOST`).
REPORTS_MOST = 20
# The beginnings of the keys of counters: of visits, of networks, of allauth.
COUNTERS = (b"limit", b"networks", b"allauth")
STACKS_SIGNS = 8_000
CALLS = 6  # of each thread
DOCUMENT_SIGNS = 700  # characters in each message of the thread of which documents are made


def _pss_of_child(pid: int) -> int:
    """Return the memory of a child process, in KiB; 0 if it has ended since it was listed."""
    try:
        return memory_kb(pid)["Pss"]
    except (*GONE, KeyError):  # the file of a process that is ending may also be empty
        return 0


def short_stacks(dump: str) -> str:
    """Return the innermost calls of each thread, of what `faulthandler` wrote."""
    threads = [thread.splitlines() for thread in dump.split("\n\n") if "most recent call first" in thread]
    return "\n".join("\n".join(lines[: 1 + CALLS]) for lines in threads)


def share_out(pids: Iterable[int]) -> None:
    """Set the niceness of these processes and of their groups.

    Where the kernel groups processes by session (`sched_autogroup`), niceness counts only inside a group, and each
    process that we start has a session of its own. Raises PermissionError for a niceness below zero without the right
    to it.
    """
    for pid in pids:
        group = Path(f"/proc/{pid}/autogroup")
        if group.exists():
            group.write_text(str(os.getpriority(os.PRIO_PROCESS, pid)))


class Worker(Service):
    """The worker, which does its ticks."""

    def __init__(self, folder: Path, cores: set[int] | None) -> None:
        self.log = folder / "worker.log"
        self.cores = cores

    def start(self) -> None:
        self._spawn([sys.executable, "manage.py", "run_worker"], cwd=ROOT)
        assert self.process is not None
        if self.cores:
            os.sched_setaffinity(self.process.pid, self.cores)


@dataclass(frozen=True, slots=True)
class Doors:
    """The ports to which the harness, as the only proxy, sends requests: sockets to one, pages to another."""

    pages: int
    sockets: int


@dataclass(frozen=True, slots=True)
class Memory:
    """PSS in KiB: of the web processes alone, and with their child processes (documents), which have limits of their
    own.
    """

    own: int
    whole: int


@dataclass(frozen=True, slots=True)
class Account:
    """A member of the staff who can sign in."""

    username: str
    password: str
    totp_secret: str

    def code(self) -> str:
        """Return the six digits of this moment."""
        return totp_code(self.totp_secret, time.time())


@dataclass(frozen=True, slots=True)
class Keys:
    """A conversation and the cookies of its sides; `agent` is "" while it waits."""

    conversation: str
    reporter: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of one report: its stored urgency, when it was queued, and when it was first given to an agent."""

    conversation: str
    urgency: int
    queued_at: datetime
    assigned_at: datetime | None


class Ground:
    """One site under siege. Its web processes and its worker run on the first core, and everything else on
    the second.
    """

    def __init__(self, under: Stage) -> None:
        self.under = under
        self.webs: list[Web] = []
        self.worker: Worker | None = None
        self.doors = Doors(0, 0)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Start the processes as production has them, with pages and sockets apart where the site knows these roles."""
        from django.conf import settings

        web_cores, _others = cores()
        roles = [PAGES, SOCKETS] if hasattr(settings, "PROCESS_ROLE") else [""]
        with ExitStack() as stack:
            for role in roles:
                variables = {"TRUSTED_PROXY_COUNT": "1"} | ({"PROCESS_ROLE": role} if role else {})
                web = Web(self.under.folder, APPLICATION, cores=web_cores, **variables)
                stack.callback(web.stop)
                web.start()
                self.webs.append(web)
            self.doors = Doors(self.webs[0].port, self.webs[-1].port)
            worker = Worker(self.under.folder, web_cores)
            stack.callback(worker.stop)
            worker.start()
            self.worker = worker
            self.share_out(worker)
            yield

    def share_out(self, *others: Service) -> None:
        """Call the function of this name after every start."""
        everybody = [*self.webs, self.under.postgres, self.under.valkey, *others]
        share_out(service.process.pid for service in everybody if service.process is not None)

    def restart(self) -> str:
        """End the web processes at once, and start them again at the same addresses.

        Return what their threads were doing, of each process STACKS_SIGNS at most.
        """
        stacks = []
        for web in self.webs:
            written = web.log.stat().st_size
            web.stop(signal.SIGABRT)  # Python then writes the stack of each thread (PYTHONFAULTHANDLER), and ends
            stacks.append(short_stacks(web.log.read_bytes()[written:].decode(errors="replace"))[:STACKS_SIGNS])
            web.start()
        self.share_out()
        return "\n\n".join(stacks)

    def memory(self) -> Memory:
        """Return the memory of the web processes now."""
        families = [_family(web.process.pid) for web in self.webs if web.process is not None]
        own = sum(memory_kb(family[0])["Pss"] for family in families)
        return Memory(own, own + sum(_pss_of_child(pid) for family in families for pid in family[1:]))

    def used(self) -> dict[str, float]:
        """Return the processor seconds of each part of the site so far, with its child processes; « people » is the
        harness itself. A busy machine changes times, and hardly these.
        """
        parts: dict[str, Service | None] = {
            PAGES: self._web_at(self.doors.pages), SOCKETS: self._web_at(self.doors.sockets), "worker": self.worker,
            "postgresql": self.under.postgres, "valkey": self.under.valkey,
        }  # fmt: skip
        found = {"people": cpu_seconds(os.getpid())}
        for name, service in parts.items():
            if service is not None and service.process is not None:
                found[name] = cpu_of_tree(service.process.pid)
        return found

    def turns(self) -> tuple[float, float]:
        """Return for how many seconds the threads of the process of pages ran so far, and for how many they were ready
        and waited for a processor.
        """
        web = self._web_at(self.doors.pages)
        if web is None or web.process is None:
            return 0.0, 0.0
        return cpu_seconds(web.process.pid), waited_seconds(web.process.pid)

    def _web_at(self, port: int) -> Web | None:
        return next((web for web in self.webs if web.port == port), None)

    def reset_limits(self) -> int:
        """Forget all counters, because each attacker is measured alone; return how many there were."""
        with redis.Redis.from_url(self.under.valkey.url) as client:
            names = [name for name in client.scan_iter(count=1000) if any(part in name for part in COUNTERS)]
            return int(client.delete(*names)) if names else 0

    def logs(self) -> str:
        """Return the last output of the web processes, for a run that failed."""
        return "\n".join(web.log.read_text(errors="replace")[-2000:] for web in self.webs)


def _family(pid: int) -> list[int]:
    """Return a process and those that it started and that still run."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            names = child.read_text().split()
        except OSError:  # the thread has ended meanwhile
            continue
        for name in names:
            found += _family(int(name))
    return [one for one in found if Path(f"/proc/{one}/smaps_rollup").exists()]


@contextmanager
def ground() -> Iterator[Ground]:
    """Yield a site with places and static files, with Django set up in this process, before anything is served."""
    with tempfile.TemporaryDirectory(prefix="pnav-siege-") as static:
        os.environ["STATIC_ROOT"] = static
        with stage() as under:
            from django.conf import settings
            from django.core.management import call_command

            # The names are those of production, without the compression, which takes minutes.
            settings.STORAGES["staticfiles"]["BACKEND"] = (
                "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
            )
            for command in ("import_locations", "build_styles", "build_messages"):
                call_command(command, verbosity=0, stdout=io.StringIO())
            call_command("collectstatic", interactive=False, verbosity=0)
            _set_house()
            _tidy()
            disconnect()
            yield Ground(under)


def _set_house() -> None:
    from common.service_settings.definitions import REPORTS_MOST as RULE
    from common.service_settings.models import HouseRule

    HouseRule.objects.update_or_create(key=RULE.key, defaults={"value": REPORTS_MOST})


def _tidy() -> None:
    """Do to tables that were just filled what autovacuum would do in the first calm windows."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def disconnect() -> None:
    from django.db import connection

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


# --- people ---------------------------------------------------------------------------------------------------------


def _make(**counts: int) -> list[dict[str, str]]:
    from django.core.management import call_command

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "people"
        call_command("bench_sessions", **counts, out=out, stdout=io.StringIO())
        made = [json.loads(line) for line in out.read_text().splitlines()]
    store = import_module("pnav.sessions").SessionStore
    for line in made:
        for name in ("reporter_cookie", "agent_cookie"):
            if name in line:  # these limits apply here as to real people, because they are measured
                session = store(line[name])
                session.pop("unmetered")
                session.save()
    disconnect()
    return made


def make_pairs(count: int) -> list[Keys]:
    """Create open conversations, each with an agent of its own who takes nobody else."""
    return [
        Keys(line["conversation"], line["reporter_cookie"], line["agent_cookie"]) for line in _make(pairs=count)
    ]  # fmt: skip


def make_waiting(count: int) -> list[Keys]:
    """Create people in the queue."""
    return [Keys(line["conversation"], line["reporter_cookie"]) for line in _make(waiting=count)]


def make_duty(count: int) -> tuple[list[str], list[int]]:
    """Create agents on duty, each with one conversation, and return their cookies and keys.

    When it ends, the agent takes the next one.
    """
    from chat.conversations import dispatcher
    from chat.models import Agent
    from chat.rules.lifecycle import Availability

    made = [line["agent_cookie"] for line in _make(agents=count)]
    available = Agent.objects.filter(availability=Availability.AVAILABLE)
    agents = list(available.values_list("pk", flat=True))
    available.update(capacity=1)
    dispatcher.dispatch()
    disconnect()
    return made, agents


def back_on_duty(agents: Sequence[int]) -> int:
    """Make agents available again who are not, and return how many had lost their lease together with their lines.

    The others are in the pause after a grave exchange (`chat.conversations.pauses`): two minutes, which an agent may
    end.
    """
    from django.db.models.functions import Now

    from chat.conversations import dispatcher
    from chat.models import Agent
    from chat.rules.lifecycle import Availability

    absent = Agent.objects.filter(pk__in=agents).exclude(availability=Availability.AVAILABLE)
    lost = absent.filter(availability=Availability.AWAY).count()
    if absent.update(availability=Availability.AVAILABLE, pause_reason="", pause_until=None, seen_at=Now()):
        dispatcher.dispatch()
    disconnect()
    return lost


def make_accounts(count: int) -> list[Account]:
    """Create agents who can sign in with a password, which is hashed once for all of them, and a second factor of their
    own.
    """
    from allauth.mfa.totp.internal.auth import generate_totp_secret
    from django.contrib.auth.hashers import make_password

    from chat.models import Agent, Unit
    from pnav.accounts.models import Role, User
    from pnav.accounts.second_factor import enrol_totp

    password = secrets.token_urlsafe(15)
    hashed, unit = make_password(password), Unit.objects.first()
    accounts = []
    for number in range(count):
        user = User.objects.create(username=f"siege-{number}", password=hashed, role=Role.AGENT)
        account = Account(user.username, password, generate_totp_secret())
        enrol_totp(user, account.totp_secret)
        Agent.objects.create(user=user, unit=unit, public_name="Camille")
        accounts.append(account)
    disconnect()
    return accounts


def fill(conversation: str, count: int, sign: str) -> None:
    """Write messages of 700 characters from the person of this conversation, as if over a long evening."""
    from django.utils import timezone

    from chat.models import Conversation, Message
    from chat.rules.lifecycle import Author
    from common import encryption

    row = Conversation.objects.get(public_id=conversation)
    messages = []
    for seq in range(row.last_seq + 1, row.last_seq + 1 + count):
        context = Message.context_of(row.public_id, seq, Author.REPORTER)
        body = encryption.seal(sign * DOCUMENT_SIGNS, context=context)
        messages.append(
            Message(conversation=row, seq=seq, author=Author.REPORTER, client_id=uuid.uuid4(), sealed_body=body,
                    sent_at=timezone.now())
        )  # fmt: skip
    Message.objects.bulk_create(messages)
    Conversation.objects.filter(pk=row.pk).update(last_seq=row.last_seq + count)
    disconnect()


def fill_facts(conversation: str, count: int) -> None:
    """Fill a journal with facts of the greatest length, shown to the agent."""
    from datetime import timedelta

    from django.utils import timezone

    from chat.journal import facts
    from chat.journal.dates import Moment, Precision
    from chat.models import Conversation, JournalFact

    row, now = Conversation.objects.get(public_id=conversation), timezone.now()
    noted = []
    for number in range(1, count + 1):
        day = now.date() - timedelta(days=number % 300)
        told = facts.Told(
            what="é" * facts.WHAT_MAX, moment=Moment(Precision.DAY, day), platform=f"réseau {number % 9}",
            account=f"compte {number % 40}", link="l" * facts.LINK_MAX, seen_by="é" * facts.SEEN_BY_MAX,
        )  # fmt: skip
        fact = JournalFact(conversation=row, public_id=uuid.uuid4(), number=number, noted_at=now, shown_at=now)
        fact.seal(told.as_words())
        noted.append(fact)
    JournalFact.objects.bulk_create(noted)
    disconnect()


# --- what the database says -----------------------------------------------------------------------------------------


def kept_of(conversations: Sequence[str]) -> list[Event]:
    """Return what is stored of these conversations, for the judge of `make faults`."""
    return kept(list(conversations))


def counts() -> dict[str, int]:
    """Return what PostgreSQL has counted so far: transactions, rows that it read, rows that were found by an index, and
    rows that are dead and not cleaned up. Its processes tell of what they did a second later at most.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xact_commit, tup_returned, tup_fetched, (SELECT sum(n_dead_tup) FROM pg_stat_user_tables)"
            " FROM pg_stat_database WHERE datname = current_database()"
        )
        commits, read, fetched, dead = cursor.fetchone()
    disconnect()
    return {"commits": commits, "rows read": read, "rows fetched": fetched, "dead rows": int(dead or 0)}


def open_conversations() -> set[str]:
    """Return all conversations that wait or are under way."""
    from chat.models import Conversation

    found = Conversation.objects.filter(status__in=("waiting", "active")).values_list("public_id", flat=True)
    names = {str(public_id) for public_id in found}
    disconnect()
    return names


def believed() -> int:
    """Return how many reports of one network, a /48, may come before a real danger: those of danger that are believed
    in an hour, the noise of the counter, and the share of the agents that later ones get.
    """
    from django.db.models import Sum

    from chat.models import Agent
    from chat.rules.assignment import share_of
    from common import network_limits
    from reports.way_in import DANGERS_MOST

    share = share_of(Agent.objects.aggregate(slots=Sum("capacity", default=0))["slots"])
    disconnect()
    dangers = network_limits.DANGERS
    return dangers.allowed(len(dangers.times) - 1, DANGERS_MOST) + dangers.noise + share


def ahead_of(conversation: str) -> list[str] | None:
    """Return the people who were here before this person in the queue; None when this person does not wait any more."""
    from chat.conversations.dispatcher import read_board

    names = [str(public_id) for public_id in read_board().order]
    disconnect()
    return names[: names.index(conversation)] if conversation in names else None


def deeds_of(conversations: Sequence[str]) -> dict[str, Deed]:
    """Return what became of these reports."""
    from django.db.models import Min, Q

    from chat.models import Conversation, EventKind

    first = Min("events__at", filter=Q(events__kind=EventKind.ASSIGNED))
    rows = Conversation.objects.filter(public_id__in=conversations).annotate(first=first)
    found = {
        str(public_id): Deed(str(public_id), urgency, queued_at, at)
        for public_id, urgency, queued_at, at in rows.values_list("public_id", "report__urgency", "queued_at", "first")
    }
    disconnect()
    return found


def given_to_others(left_out: set[str]) -> list[Deed]:
    """Return what became of all other reports, those of a raid.

    left_out: the reports of honest people, and those that were made with an agent of their own and were never in the
    queue.
    """
    from chat.models import Conversation

    names = Conversation.objects.exclude(public_id__in=left_out).values_list("public_id", flat=True)
    found = deeds_of([str(public_id) for public_id in names])
    return list(found.values())


def report_of(cookie: str) -> str:
    """Return the conversation of the visit with this cookie."""
    from chat import access

    session = import_module("pnav.sessions").SessionStore(cookie)
    conversation = access.as_reporter(session)
    disconnect()
    if conversation is None:
        raise LookupError("this visit has no conversation")
    return str(conversation.public_id)


def close(conversation: str) -> None:
    """Let the agent end the exchange, or let the person leave the queue."""
    from chat.conversations.actions import close_conversation
    from chat.models import Conversation
    from chat.rules.lifecycle import Author

    row = Conversation.objects.select_related("assigned_to__user").get(public_id=conversation)
    if row.is_open:
        agent = row.assigned_to
        if agent is not None:
            close_conversation(conversation_id=row.pk, by_author=Author.AGENT, by=agent.user)
        else:
            close_conversation(conversation_id=row.pk, by_author=Author.REPORTER)
    disconnect()


def clear_away(honest: set[str]) -> int:
    """End every conversation except these, so that no attacker leaves a queue to the next; return how many."""
    others = open_conversations() - honest
    for conversation in others:
        close(conversation)
    return len(others)


def as_json(keys: Sequence[Keys]) -> list[dict[str, Any]]:
    return [asdict(one) for one in keys]
