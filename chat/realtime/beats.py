"""Answers the beats (« I am here ») of many pages together, without a reading when nothing is new to them.

For nearly every beat nothing is new: the page has all messages, and the state that it knows still holds. One crossing
to a thread renews the leases and asks PostgreSQL for which pages this is not so. The answer names these pages alone,
so that no row of the others is read (docs/adr/0102). Pages that are named, and pages that are in the middle of a
reading, read what they lack: `Subscription.catch_up`, `ConsoleConnection.catch_up`.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from django.utils import timezone

from chat.conversations import actions
from chat.messages import protocol, reading
from chat.messages.reading import Known, KnownOwn
from chat.realtime.batch import Batch
from chat.realtime.interfaces import AnyConsole, Beat
from chat.realtime.subscription import Subscription

LINGER_SECONDS = 0.5  # beats wait this long for others, because no person waits for their answer
TOGETHER = 64  # the most answers in one turn of the event loop, because a message may wait behind them
TURN_SECONDS = 0.001  # the batch then waits this long, so that all of them share one call into a thread

type Beating = Subscription | AnyConsole


class PersonBeat(NamedTuple):
    """It is what a person's page has. is_hidden: whether that page is out of sight."""

    known: Known
    is_hidden: bool


class AgentBeat(NamedTuple):
    """It is what a console has. sign: seconds since somebody touched it; None: it says nothing of that."""

    known: KnownOwn
    sign: int | None


class Beats:
    """These are the beats of one process. Belongs to the event loop."""

    def __init__(self, call_later: Callable[[float, Callable[[], None]], object]) -> None:
        self._call_later = call_later
        # What each page had when its beat arrived; None: it could not be said then. Each page once, in the order of
        # arrival. It is taken at the arrival because the processor has the page's objects at hand then (docs/adr/0146).
        # Of a page that was sent something meanwhile it is then asked again (`_answer`).
        self._waiting: dict[Beating, PersonBeat | AgentBeat | None] = {}
        self._looks: Batch[tuple[Beating, PersonBeat | AgentBeat], bool, PersonBeat | AgentBeat] = Batch(
            _is_nothing_new, self._answer, snapshot=lambda asked: asked[1], coalesce=TURN_SECONDS, name="beats"
        )

    def add(self, beating: Beating) -> None:
        """Answer the beat of this page soon, together with others."""
        if not self._waiting:
            self._call_later(LINGER_SECONDS, self._ask)
        self._waiting[beating] = _known(beating)

    def _ask(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for beating, beat in waiting.items():
            if (beat := beat or _known(beating)) is not None:
                self._looks.add((beating, beat))
            else:
                _read(beating)

    def _answer(self, asked: list[tuple[Beating, PersonBeat | AgentBeat]], answers: list[bool] | Exception) -> None:
        """Answer TOGETHER of these now, and the others after what else has come meanwhile."""
        text = protocol.encode(protocol.beat_frame(timezone.now()))
        event = {"type": "websocket.send", "text": text}  # the same event for all of them
        for index, (beating, beat) in enumerate(asked[:TOGETHER]):
            if isinstance(answers, Exception):
                _read(beating)
            elif answers[index]:
                beating.push_event(event, len(text))
            elif (known := _known(beating)) is not None and known != beat:  # it was sent something since its beat came
                self._looks.add((beating, known))
            else:
                _read(beating)
        if len(asked) > TOGETHER:
            rest = answers if isinstance(answers, Exception) else answers[TOGETHER:]
            self._call_later(0, partial(self._answer, asked[TOGETHER:], rest))


def _read(beating: Beating) -> None:
    """Read what the page lacks, then answer its beat. If the database is away, the page gets an `error`."""
    beating.beat = Beat.ASKED
    beating.catch_up()


def _known(beating: Beating) -> PersonBeat | AgentBeat | None:
    """Return what the page has; None while something that it asked for was not sent."""
    if not beating.is_settled:
        return None
    if isinstance(beating, Subscription):
        return PersonBeat(beating.known, beating.is_hidden)
    return AgentBeat(beating.known, beating.sign)


def _is_nothing_new(beats: list[PersonBeat | AgentBeat]) -> list[bool]:
    """Renew the leases, then return for each beat whether its page has everything. Runs in a thread."""
    people = [(index, beat) for index, beat in enumerate(beats) if isinstance(beat, PersonBeat)]
    consoles = [(index, beat.known) for index, beat in enumerate(beats) if isinstance(beat, AgentBeat)]
    answers = [True] * len(beats)
    if people:
        seen = {beat.known.conversation_id for _index, beat in people}
        looked_at = {beat.known.conversation_id for _index, beat in people if not beat.is_hidden}
        actions.reporters_seen(conversation_ids=seen, hidden=seen - looked_at)
        for place in reading.find_outdated([beat.known for _index, beat in people]):
            answers[people[place][0]] = False
    if consoles:
        signs = last_signs((beat.known.agent_id, beat.sign) for beat in beats if isinstance(beat, AgentBeat))
        actions.agents_seen(agent_ids={known.agent_id for _index, known in consoles}, signs=signs)
        outdated = reading.find_outdated_agents([known for _index, known in consoles])
        # Two consoles of one agent look like one to that query, although one may lack what the other has. So the beats
        # of such an agent are always answered after a reading.
        count = Counter(known.agent_id for _index, known in consoles)
        for index, known in consoles:
            answers[index] = count[known.agent_id] == 1 and known.agent_id not in outdated
    return answers


def last_signs(told: Iterable[tuple[int, int | None]]) -> dict[int, int]:
    """Return the seconds since the last sign of each agent of whom a page says so; of several pages the last one.

    told: for each page its agent's key, and the seconds since it last saw a sign; None if it says nothing of that.
    """
    signs: dict[int, int] = {}
    for agent, sign in told:
        if sign is not None:
            signs[agent] = min(sign, signs.get(agent, sign))
    return signs
