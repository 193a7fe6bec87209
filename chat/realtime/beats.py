"""« I am here »: the beats of pages, many at once, answered without a reading when nothing is new to them.

Nearly every beat finds nothing: its page has all messages, and what it knows of where things stand still holds. For
those one crossing renews the leases and asks PostgreSQL which of them are not so; the answer names these alone, and no
row of the others comes here (docs/adr/0102). Whoever is named, and whoever is in the middle of a reading, goes the
whole way: `Subscription.catch_up`, `ConsoleConnection.catch_up`.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from django.utils import timezone

from chat.conversations import actions
from chat.messages import protocol, reading
from chat.messages.reading import Known, KnownOwn
from chat.realtime.batch import Batch
from chat.realtime.interfaces import AnyConsole, Beat
from chat.realtime.subscription import Subscription

LINGER_SECONDS = 0.25  # beats wait so long for company: nobody waits for them,
TURN_SECONDS = 0.001  # and then go together: all that waited are one crossing

type Beating = Subscription | AnyConsole


class PersonBeat(NamedTuple):
    """What a person's page has, and that it is out of sight (is_hidden)."""

    known: Known
    is_hidden: bool


class Beats:
    """The beats of one process. Belongs to the event loop."""

    def __init__(self, call_later: Callable[[float, Callable[[], None]], object]) -> None:
        self._call_later = call_later
        self._waiting: dict[Beating, None] = {}  # each once, in the order of their coming
        self._looks: Batch[Beating, bool, PersonBeat | KnownOwn] = Batch(
            _is_nothing_new, self._answer, snapshot=_known, coalesce=TURN_SECONDS, name="beats"
        )

    def add(self, beating: Beating) -> None:
        """Answer this one soon, together with others."""
        if not self._waiting:
            self._call_later(LINGER_SECONDS, self._ask)
        self._waiting[beating] = None

    def _ask(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for beating in waiting:
            if beating.is_settled:
                self._looks.add(beating)
            else:
                _read(beating)

    @staticmethod
    def _answer(all_: list[Beating], answers: list[bool] | Exception) -> None:
        text = protocol.encode(protocol.beat_frame(timezone.now()))
        event = {"type": "websocket.send", "text": text}  # one for all of them
        for index, beating in enumerate(all_):
            if isinstance(answers, Exception) or not answers[index]:
                _read(beating)
            else:
                beating.push_event(event, len(text))


def _read(beating: Beating) -> None:
    """The whole way: what was missed is read, then the beat is answered; a database that is away is told."""
    beating.beat = Beat.ASKED
    beating.catch_up()


def _known(beating: Beating) -> PersonBeat | KnownOwn:
    if isinstance(beating, Subscription):
        return PersonBeat(beating.known, beating.is_hidden)
    return beating.known


def _is_nothing_new(beats: list[PersonBeat | KnownOwn]) -> list[bool]:
    """In a thread: renew the leases, then look; for each whether its page has everything."""
    people = [(index, beat) for index, beat in enumerate(beats) if isinstance(beat, PersonBeat)]
    consoles = [(index, beat) for index, beat in enumerate(beats) if isinstance(beat, KnownOwn)]
    answers = [True] * len(beats)
    if people:
        seen = {beat.known.conversation_id for _index, beat in people}
        looked_at = {beat.known.conversation_id for _index, beat in people if not beat.is_hidden}
        actions.reporters_seen(conversation_ids=seen, hidden=seen - looked_at)
        for place in reading.find_outdated([beat.known for _index, beat in people]):
            answers[people[place][0]] = False
    if consoles:
        actions.agents_seen(agent_ids={beat.agent_id for _index, beat in consoles})
        outdated = reading.find_outdated_agents([beat for _index, beat in consoles])
        # Two consoles of one agent are one set of rows to that question, where one may lack what the other has.
        count = Counter(beat.agent_id for _index, beat in consoles)
        for index, beat in consoles:
            answers[index] = count[beat.agent_id] == 1 and beat.agent_id not in outdated
    return answers
