"""Finds out who is at the other end of a socket, for many handshakes at once, and asks again while it lives."""

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

# A few at a time: nobody waits for them, and messages must not wait for them. Most are a number in a statement.
CHECKS, CHECK_SECONDS = 256, 0.02
# Where somebody came from lies in clear so long, and while those before are sealed, a tenth of a millisecond each.
ARRIVALS, ARRIVALS_SECONDS, ARRIVALS_AT_MOST = 64, 0.05, 20_000
# Between two tries to seal a connection whose exchange has a key that cannot be read, and how long it is tried.
LATE_SECONDS, LATE_AT_MOST = 10.0, timedelta(hours=1)
COMPANY_SECONDS = 0.008  # handshakes that follow one another closely go together


@dataclass(frozen=True, slots=True)
class Pass:
    """The part of a visit that a socket keeps: enough to ask whether anything changed, nothing that identifies anybody.

    session_key: the key of the session's row. session_print, account_print: hashes of what the row and the account
    held when they were read; None when they were not. ends_at: of who may answer, when the session ends however it is
    used, in seconds since 1970; until then an open console keeps it from ending for want of use.
    """

    session_key: str
    session_print: int | None = None
    user_id: int | None = None
    account_print: int | None = None
    ends_at: float | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A visit that was read.

    report, generation: of the reporter, if there is one. user_id: of the signed-in account that proved its second
    factor; may_answer: whether it may answer people (`access.may_answer`). is_unmetered: the session of a measurement
    on a demonstration, which may send as fast as it likes.
    """

    pass_: Pass
    report: str | None = None
    generation: int = 0
    user_id: int | None = None
    may_answer: bool = False
    is_unmetered: bool = False


# For each pass: the identity, if it changed (or was never read); True, if nothing changed; None, if there is none.
Identify = Callable[[list[Pass]], list["Identity | bool | None"]]
Answer = Identity | bool | Exception


@dataclass(frozen=True, slots=True)
class ReporterStart:
    """The conversation of a reporter."""

    conversation_id: int
    public_id: UUID
    last_seq: int


@dataclass(frozen=True, slots=True)
class AgentStart:
    """An agent who may answer, with the conversations under way."""

    agent_id: int
    own: reading.Own


type Admitted[S] = tuple[Identity | None, S | None]


class Asking[Q, A]:
    """A batch for those who wait for their answer. Raises what the batch met."""

    def __init__(self, work: Callable[[list[Q]], list[A]]) -> None:
        def answer(pairs: list[tuple[Q, asyncio.Future[A]]]) -> list[A]:
            return work([question for question, _future in pairs])

        self._batch: Batch[tuple[Q, asyncio.Future[A]], A] = Batch(
            answer, self._tell, coalesce=COMPANY_SECONDS, name="handshakes"
        )

    async def ask(self, question: Q) -> A:
        """Return the answer to one question, which is asked in a thread together with those that come meanwhile."""
        future: asyncio.Future[A] = self._batch.loop.create_future()
        self._batch.add((question, future))
        return await future

    @staticmethod
    def _tell(pairs: list[tuple[Q, asyncio.Future[A]]], answers: list[A] | Exception) -> None:
        for index, (_question, future) in enumerate(pairs):
            if future.done():  # whoever asked has hung up
                continue
            if isinstance(answers, Exception):
                future.set_exception(answers)
            else:
                future.set_result(answers[index])


class Identities:
    """The questions of one event loop about who is there. identify: reads visits, in a thread."""

    def __init__(self, identify: Identify) -> None:
        self.loop = asyncio.get_running_loop()
        self._identify = identify
        self._late = 0  # connections that wait for a key
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
        """Seal where somebody came from, soon: what this process holds in clear meanwhile dies with it.

        Beyond ARRIVALS_AT_MOST it is let go, and the operator told: an opening will not find it.
        """
        if len(self._arrivals) + self._late < ARRIVALS_AT_MOST:
            self._arrivals.add(arrival)
        else:
            security_log.log(Event.LIMIT_REACHED, limit="arrivals")

    @staticmethod
    def _seal(waiting: list[Arrival]) -> list[bool]:
        """Return of each whether it has to come again."""
        late = reporter_identity.record(waiting)
        return [arrival in late for arrival in waiting] if late else [False] * len(waiting)

    def _sealed(self, waiting: list[Arrival], answers: list[bool] | Exception) -> None:
        if isinstance(answers, NO_ANSWER):  # the database is away: later
            for arrival in waiting:
                self.note(arrival)
        elif isinstance(answers, Exception):
            logger.error("identity: %d connections were not sealed (%s)", len(waiting), type(answers).__name__)
        elif late := [arrival for arrival, is_late in zip(waiting, answers, strict=True) if is_late]:
            # Their keys are away, or gone. The few that wait so are held in clear as those that have just come.
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
        """Ask again; `tell` gets the identity if anything changed, True if nothing did, False if it is no more."""
        self._checks.add((pass_, tell))

    @staticmethod
    def _tell(
        pairs: list[tuple[Pass, Callable[[Answer], Any]]], answers: list[Identity | bool | None] | Exception
    ) -> None:
        for index, (_pass, tell) in enumerate(pairs):
            try:
                tell(answers if isinstance(answers, Exception) else answers[index] or False)
            except Exception as error:  # noqa: BLE001  the others must hear theirs, or they are never asked again
                logger.error("identity: an answer could not be taken (%s)", type(error).__name__)

    def _read(self, session_keys: list[str]) -> list[Identity | None]:
        answers = self._identify([Pass(key) for key in session_keys])
        return [answer if isinstance(answer, Identity) else None for answer in answers]

    def _admit_reporters(self, session_keys: list[str]) -> "list[Admitted[ReporterStart]]":
        """Find who holds these sessions, and the conversation of each, whose lease begins."""
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
        """Find who holds these sessions, and the conversations that each answers. The lease of each begins."""
        identities = self._read(session_keys)
        able = {one.user_id for one in identities if one is not None and one.user_id is not None and one.may_answer}
        agents = access.agents_of(able)
        actions.agents_seen(agent_ids=agents.values())
        own = reading.own_conversations(agents.values())
        seats = {user_id: AgentStart(pk, own[pk]) for user_id, pk in agents.items()}
        return [
            (one, seats.get(one.user_id) if one is not None and one.user_id is not None else None) for one in identities
        ]
