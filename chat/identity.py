"""Who is at the other end of a socket: asked at the handshake for many at once, and again while the socket lives."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chat import access, actions, clock, reading
from chat.threads import Batch


@dataclass(frozen=True, slots=True)
class Pass:
    """What a socket keeps of a visit: enough to ask whether anything changed, nothing that says who it is.

    session_key: the key of the session's row. session_print, account_print: hashes of what the row and the account
    held when they were read; None when they were not.
    """

    session_key: str
    session_print: int | None = None
    user_id: int | None = None
    account_print: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A visit that was read.

    report, generation: of the reporter, if there is one. user_id: of the signed-in account that proved its second
    factor. is_unmetered: the session of a measurement on a demonstration, which may send as fast as it likes.
    """

    pass_: Pass
    report: str | None = None
    generation: int = 0
    user_id: int | None = None
    is_unmetered: bool = False


# For each pass: the identity, if it changed (or was never read); True, if nothing changed; None, if there is none.
Identify = Callable[[list[Pass]], list["Identity | bool | None"]]
Answer = Identity | bool | Exception


@dataclass(frozen=True, slots=True)
class ReporterSeat:
    """The conversation of a reporter."""

    conversation_id: int
    public_id: UUID
    last_seq: int


class Asking[Q, A]:
    """A batch for those who wait for their answer. Raises what the batch met."""

    def __init__(self, work: Callable[[list[Q]], list[A]]) -> None:
        def answer(pairs: list[tuple[Q, asyncio.Future[A]]]) -> list[A]:
            return work([question for question, _future in pairs])

        self._batch: Batch[tuple[Q, asyncio.Future[A]], A] = Batch(answer, self._tell)

    async def ask(self, question: Q) -> A:
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
        self._asking: Asking[Pass, Identity | bool | None] = Asking(identify)
        self._checks: Batch[tuple[Pass, Callable[[Answer], Any]], Identity | bool | None] = Batch(
            lambda pairs: identify([pass_ for pass_, _tell in pairs]), self._tell
        )
        self.reporters: Asking[tuple[str, int], ReporterSeat | None] = Asking(_admit_reporters)
        self.agents: Asking[int, tuple[int, reading.Own] | None] = Asking(_admit_agents)

    async def identify(self, session_key: str | None) -> Identity | None:
        """The visit of a cookie, or None. Raises the errors of a database that is away."""
        if not session_key:
            return None
        answer = await self._asking.ask(Pass(session_key))
        return answer if isinstance(answer, Identity) else None

    def check(self, pass_: Pass, tell: Callable[[Answer], None]) -> None:
        """Ask again; `tell` gets the identity if anything changed, True if nothing did, False if it is no more."""
        self._checks.add((pass_, tell))

    @staticmethod
    def _tell(
        pairs: list[tuple[Pass, Callable[[Answer], Any]]], answers: list[Identity | bool | None] | Exception
    ) -> None:
        for index, (_pass, tell) in enumerate(pairs):
            tell(answers if isinstance(answers, Exception) else answers[index] or False)


def _admit_reporters(visits: list[tuple[str, int]]) -> list[ReporterSeat | None]:
    found = access.reporters(visits)
    actions.reporters_seen(conversation_ids=[row[0] for row in found if row is not None], now=clock.now())
    return [ReporterSeat(*row) if row is not None else None for row in found]


def _admit_agents(user_ids: list[int]) -> list[tuple[int, reading.Own] | None]:
    agents = access.agents_of(user_ids)
    seen = actions.agents_seen(agent_ids=set(agents.values()), now=clock.now())
    own = reading.own_conversations(sorted(seen))
    return [
        (agents[user_id], own[agents[user_id]]) if user_id in agents and agents[user_id] in seen else None
        for user_id in user_ids
    ]
