"""This module finds out who opens a socket, for many handshakes at once, and asks again while the socket is open."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from chat import access
from chat.conversations import actions
from chat.database import NO_ANSWER
from chat.messages import reading
from chat.realtime.batch import Batch
from common import security_log
from common.security_log import Event
from reports import reporter_identity
from reports.reporter_identity import Arrival

logger = logging.getLogger(__name__)

# Checks of open sockets in one batch, and seconds between batches. The batches are small, because nobody waits for a
# check and messages must not be delayed by them. Most checks are one number in a statement.
CHECKS, CHECK_SECONDS = 256, 0.02
# Arrivals (where somebody came from) in one batch, seconds until it is encrypted, and most that may wait. An arrival is
# in memory in clear for that long, and while those before it are encrypted, a tenth of a millisecond each.
ARRIVALS, ARRIVALS_SECONDS, ARRIVALS_AT_MOST = 64, 0.05, 20_000
# When the key of an exchange cannot be read: time between two tries to encrypt an arrival, and until they are given up.
LATE_SECONDS, LATE_AT_MOST = 10.0, timedelta(hours=1)
COMPANY_SECONDS = 0.008  # handshakes that follow one another this closely share one batch


@dataclass(frozen=True, slots=True)
class Pass:
    """It is what a socket keeps of a visit: enough to ask whether anything changed, and nothing that identifies
    anybody.

    session_key: the key of the session's row.
    session_print, account_print: hashes of what the row and the account held when they were read; None if they were
    not read.
    ends_at: for an account that may answer, the moment at which the session ends however much it is used, in seconds
    since 1970. Until then an open console keeps the session from expiring through disuse.
    """

    session_key: str
    session_print: int | None = None
    user_id: int | None = None
    account_print: int | None = None
    ends_at: float | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """It is a visit that was read.

    report, generation: those of the reporter; None and 0 if the visit has no report.
    user_id: the signed-in account that has proved its second factor. may_answer: whether that account may answer people
    (`access.may_answer`).
    is_unmetered: whether it is the session of a measurement on a demonstration, to which no rate limits apply.
    """

    pass_: Pass
    report: str | None = None
    generation: int = 0
    user_id: int | None = None
    may_answer: bool = False
    is_unmetered: bool = False


# Returns for each pass the identity, if it changed or was never read; True, if nothing changed; None, if there is no
# such visit any more.
Identify = Callable[[list[Pass]], list["Identity | bool | None"]]
Answer = Identity | bool | Exception


@dataclass(frozen=True, slots=True)
class ReporterStart:
    """It is the conversation of a reporter, with its last number, as a socket begins to follow it."""

    conversation_id: int
    public_id: UUID
    last_seq: int


@dataclass(frozen=True, slots=True)
class AgentStart:
    """It is an agent who may answer, with their conversations under way."""

    agent_id: int
    own: reading.Own


type Admitted[S] = tuple[Identity | None, S | None]


class Asking[Q, A]:
    """It is a batch whose questions are asked by coroutines that await the answer.

    work: takes questions and returns one answer for each; it runs in a thread.
    """

    def __init__(self, work: Callable[[list[Q]], list[A]]) -> None:
        def answer(pairs: list[tuple[Q, asyncio.Future[A]]]) -> list[A]:
            return work([question for question, _future in pairs])

        self._batch: Batch[tuple[Q, asyncio.Future[A]], A] = Batch(
            answer, self._tell, coalesce=COMPANY_SECONDS, name="handshakes"
        )

    async def ask(self, question: Q) -> A:
        """Return the answer to one question, which is asked in a thread together with others that come meanwhile.

        Raises the error with which the batch failed.
        """
        future: asyncio.Future[A] = self._batch.loop.create_future()
        self._batch.add((question, future))
        return await future

    @staticmethod
    def _tell(pairs: list[tuple[Q, asyncio.Future[A]]], answers: list[A] | Exception) -> None:
        for index, (_question, future) in enumerate(pairs):
            if future.done():  # the socket that asked has ended
                continue
            if isinstance(answers, Exception):
                future.set_exception(answers)
            else:
                future.set_result(answers[index])


class Identities:
    """It reads and checks the visits of the sockets of one event loop. identify: reads visits; it runs in a thread."""

    def __init__(self, identify: Identify) -> None:
        self.loop = asyncio.get_running_loop()
        self._identify = identify
        self._late = 0  # how many new sockets wait for a key
        self._checks: Batch[tuple[Pass, Callable[[Answer], Any]], Identity | bool | None] = Batch(
            lambda pairs: identify([pass_ for pass_, _tell in pairs]),
            self._tell,
            delay=CHECK_SECONDS,
            at_most=CHECKS,
            name="checks",
        )
        self._arrivals: Batch[Arrival, bool] = Batch(
            self._seal, self._sealed, delay=ARRIVALS_SECONDS, at_most=ARRIVALS, name="arrivals"
        )
        self.reporters: Asking[str, Admitted[ReporterStart]] = Asking(self._admit_reporters)
        self.agents: Asking[str, Admitted[AgentStart]] = Asking(self._admit_agents)

    def note(self, arrival: Arrival) -> None:
        """Encrypt and store soon where somebody came from. Until then it is in this process's memory only.

        Beyond ARRIVALS_AT_MOST it is dropped and the security log says so; a disclosure request will not find it.
        """
        if len(self._arrivals) + self._late < ARRIVALS_AT_MOST:
            self._arrivals.add(arrival)
        else:
            security_log.log(Event.LIMIT_REACHED, limit="arrivals")

    @property
    def is_storing(self) -> bool:
        """Return whether an arrival that was noted is not stored yet."""
        return self._arrivals.is_busy or self._late > 0

    @staticmethod
    def _seal(waiting: list[Arrival]) -> list[bool]:
        """Encrypt and store these, and return for each whether it has to be tried again. Runs in a thread."""
        late = reporter_identity.record(waiting)
        return [arrival in late for arrival in waiting] if late else [False] * len(waiting)

    def _sealed(self, waiting: list[Arrival], answers: list[bool] | Exception) -> None:
        if isinstance(answers, NO_ANSWER):  # the database is away: try again
            for arrival in waiting:
                self.note(arrival)
        elif isinstance(answers, Exception):
            logger.error("identity: %d connections were not sealed (%s)", len(waiting), type(answers).__name__)
        elif late := [arrival for arrival, is_late in zip(waiting, answers, strict=True) if is_late]:
            # Their keys are away or gone. These few wait in memory, in clear, like those that have just arrived.
            self._late += len(late)
            self.loop.call_later(LATE_SECONDS, self._come_again, late)

    def _come_again(self, late: list[Arrival]) -> None:
        self._late -= len(late)
        since = timezone.now() - LATE_AT_MOST
        for arrival in late:
            if arrival.at > since:
                self.note(arrival)
            else:
                logger.error("identity: a connection was not sealed: its key cannot be read")

    def check(self, pass_: Pass, tell: Callable[[Answer], None]) -> None:
        """Check a visit again. `tell` gets the identity if anything changed, True if not, False if the visit ended.

        If the check failed, `tell` gets the error.
        """
        self._checks.add((pass_, tell))

    @staticmethod
    def _tell(
        pairs: list[tuple[Pass, Callable[[Answer], Any]]], answers: list[Identity | bool | None] | Exception
    ) -> None:
        for index, (_pass, tell) in enumerate(pairs):
            try:
                tell(answers if isinstance(answers, Exception) else answers[index] or False)
            except Exception as error:  # noqa: BLE001  the others need their answers, or they are never checked again
                logger.error("identity: an answer could not be taken (%s)", type(error).__name__)

    def _read(self, session_keys: list[str]) -> list[Identity | None]:
        answers = self._identify([Pass(key) for key in session_keys])
        return [answer if isinstance(answer, Identity) else None for answer in answers]

    def _admit_reporters(self, session_keys: list[str]) -> "list[Admitted[ReporterStart]]":
        """Read who holds these sessions and the conversation of each, and renew the leases of the reporters."""
        identities = self._read(session_keys)
        visits = {(one.report, one.generation) for one in identities if one is not None and one.report is not None}
        found = access.reporters(visits)
        actions.reporters_seen(conversation_ids=[row[0] for row in found.values()])
        return [
            (one, ReporterStart(*found[one.report, one.generation]))
            if one is not None and one.report is not None and (one.report, one.generation) in found
            else (one, None)
            for one in identities
        ]

    def _admit_agents(self, session_keys: list[str]) -> "list[Admitted[AgentStart]]":
        """Read who holds these sessions and the conversations that each answers, and renew the agents' leases."""
        identities = self._read(session_keys)
        able = {one.user_id for one in identities if one is not None and one.user_id is not None and one.may_answer}
        agents = access.agents_of(able)
        actions.agents_seen(agent_ids=agents.values())
        own = reading.own_conversations(agents.values())
        seats = {user_id: AgentStart(pk, own[pk]) for user_id, pk in agents.items()}
        return [
            (one, seats.get(one.user_id) if one is not None and one.user_id is not None else None) for one in identities
        ]
