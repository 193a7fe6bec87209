"""Opening the seal: what may follow what, and who may do it. Pure.

An agent asks; a supervisor countersigns; custodians agree, as many as the threshold; they open away from the server and
bring back an answer that only the asking agent's browser reads, or show it to the agent on the spot. When danger is
imminent two people are enough for it to begin: the agent and the supervisor; a review is then owed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# How long a request waits for the next person, and an answer to be read. Ours to choose: no text sets them.
TERM = timedelta(days=14)
URGENT_TERM = timedelta(hours=12)
READING = timedelta(hours=1)
REMIND = timedelta(hours=24)
URGENT_REMIND = timedelta(minutes=15)


class State(StrEnum):
    """Where a request stands. The last four are ends."""

    ASKED = "asked"
    COUNTERSIGNED = "countersigned"
    AGREED = "agreed"
    ANSWERED = "answered"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Act(StrEnum):
    """What can be done to a request, and is kept of it."""

    ASK = "ask"
    COUNTERSIGN = "countersign"
    AGREE = "agree"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    TAKE = "take"  # the envelope
    ANSWER = "answer"
    SHOW = "show"
    SHOW_HERE = "show_here"  # custodians showed it to the agent, who was there
    EXPIRE = "expire"
    REVIEW = "review"


class Part(StrEnum):
    """Who somebody is to a request. One person has one part."""

    ASKER = "asker"
    SUPERVISOR = "supervisor"
    CUSTODIAN = "custodian"
    SERVICE = "service"


OPEN = {State.ASKED, State.COUNTERSIGNED, State.AGREED, State.ANSWERED}
# Which part may do what, and when.
MOVES: dict[Act, tuple[Part, frozenset[State]]] = {
    Act.COUNTERSIGN: (Part.SUPERVISOR, frozenset({State.ASKED})),
    Act.AGREE: (Part.CUSTODIAN, frozenset({State.COUNTERSIGNED})),
    Act.TAKE: (Part.CUSTODIAN, frozenset({State.AGREED})),
    Act.ANSWER: (Part.CUSTODIAN, frozenset({State.AGREED})),
    Act.SHOW_HERE: (Part.CUSTODIAN, frozenset({State.AGREED})),
    Act.SHOW: (Part.ASKER, frozenset({State.ANSWERED})),
    Act.WITHDRAW: (Part.ASKER, frozenset(OPEN)),
    Act.EXPIRE: (Part.SERVICE, frozenset(OPEN)),
}
REFUSALS = {Part.SUPERVISOR: {State.ASKED}, Part.CUSTODIAN: {State.COUNTERSIGNED, State.AGREED}}


class NotAllowed(Exception):
    """This person may not do this to this request, or not any more."""


@dataclass(frozen=True)
class Standing:
    """What decides of a request. agreed: how many custodians agreed; threshold: how many must. owes_review: it was
    opened in haste, and nobody has looked at it since.
    """

    state: State
    is_urgent: bool
    agreed: int
    threshold: int
    owes_review: bool


def may(act: Act, *, part: Part | None, standing: Standing) -> bool:
    """Whether somebody in this part may do this now. Whoever countersigned reviews nothing, which the caller knows."""
    if part is None:
        return False
    if act is Act.REVIEW:
        return standing.owes_review and standing.state not in OPEN and part in {Part.SUPERVISOR, Part.CUSTODIAN}
    if act is Act.REFUSE:
        return standing.state in REFUSALS.get(part, set())
    if act not in MOVES:
        return False
    who, states = MOVES[act]
    return part is who and standing.state in states


def after(act: Act, *, standing: Standing) -> State:
    """The state that follows. agreed counts the agreement that is being given."""
    match act:
        case Act.COUNTERSIGN:
            return State.AGREED if standing.is_urgent else State.COUNTERSIGNED
        case Act.AGREE:
            return State.AGREED if standing.agreed >= standing.threshold else State.COUNTERSIGNED
        case Act.ANSWER:
            return State.ANSWERED
        case Act.SHOW | Act.SHOW_HERE:
            return State.SHOWN
        case Act.REFUSE:
            return State.REFUSED
        case Act.WITHDRAW:
            return State.WITHDRAWN
        case Act.EXPIRE:
            return State.EXPIRED
        case _:
            return standing.state


def term(*, is_urgent: bool, state: State, asked_at: datetime, moved_at: datetime) -> datetime:
    """When a request ends by itself: an answer an hour after it came, anything else counted from the asking."""
    if state is State.ANSWERED:
        return moved_at + READING
    return asked_at + (URGENT_TERM if is_urgent else TERM)


def is_late(*, is_urgent: bool, moved_at: datetime, now: datetime) -> bool:
    """Whether the next person has let it wait for so long that it is shown in red."""
    return now - moved_at > (URGENT_REMIND if is_urgent else REMIND)
