"""Says what may follow what in an opening of the seal, and who may do it. Pure.

An agent asks; a supervisor countersigns; custodians agree, as many as the threshold; they open away from the server and
bring back an answer that only the asking agent's browser reads, or show it to the agent on the spot. One of them says
so, and the others who were there confirm it: none names anybody alone. When danger is imminent two people are enough
for it to begin: the agent and the supervisor; a review is then owed, by somebody who had no part in it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# How long a request waits for the next person, and an answer to be read. Ours to choose: no text sets them.
TERM = timedelta(days=14)
URGENT_TERM = timedelta(hours=12)
READING = timedelta(hours=1)
CONFIRMING = timedelta(hours=24)
LONGEST = TERM + CONFIRMING + READING  # from the asking to the last moment of an answer
REMIND = timedelta(hours=24)
URGENT_REMIND = timedelta(minutes=15)


class State(StrEnum):
    """The states of a request. The last four are final."""

    ASKED = "asked"
    COUNTERSIGNED = "countersigned"
    AGREED = "agreed"
    BROUGHT = "brought"  # one custodian says what came of it; the others who were there confirm
    ANSWERED = "answered"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Act(StrEnum):
    """The acts on a request, each of which is kept."""

    ASK = "ask"
    COUNTERSIGN = "countersign"
    AGREE = "agree"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    TAKE = "take"  # the envelope
    ANSWER = "answer"
    CONFIRM = "confirm"
    SHOW = "show"
    SHOW_HERE = "show_here"  # custodians showed it to the agent, who was there
    EXPIRE = "expire"
    CLAIM = "claim"  # the agent who answers the exchange by now asks to take the request over
    HAND_OVER = "hand_over"  # the supervisor says yes: it is theirs, for the key of their browser
    REVIEW = "review"


class Part(StrEnum):
    """The parts that a person can have in a request. One person has one part."""

    ASKER = "asker"
    SUPERVISOR = "supervisor"
    CUSTODIAN = "custodian"
    SERVICE = "service"
    SUCCESSOR = "successor"  # who answers the exchange now, when somebody else asked


OPEN = {State.ASKED, State.COUNTERSIGNED, State.AGREED, State.BROUGHT, State.ANSWERED}
# Which part may do what, and when.
MOVES: dict[Act, tuple[Part, frozenset[State]]] = {
    Act.COUNTERSIGN: (Part.SUPERVISOR, frozenset({State.ASKED})),
    Act.AGREE: (Part.CUSTODIAN, frozenset({State.COUNTERSIGNED})),
    Act.TAKE: (Part.CUSTODIAN, frozenset({State.AGREED})),
    Act.ANSWER: (Part.CUSTODIAN, frozenset({State.AGREED})),
    # On the machine without a network it may have been later than the term: it is told all the same.
    Act.SHOW_HERE: (Part.CUSTODIAN, frozenset({State.AGREED, State.EXPIRED})),
    Act.CONFIRM: (Part.CUSTODIAN, frozenset({State.BROUGHT})),
    Act.SHOW: (Part.ASKER, frozenset({State.ANSWERED})),
    Act.WITHDRAW: (Part.ASKER, frozenset(OPEN)),
    Act.EXPIRE: (Part.SERVICE, frozenset(OPEN)),
    Act.CLAIM: (Part.SUCCESSOR, frozenset(OPEN)),
    Act.HAND_OVER: (Part.SUPERVISOR, frozenset(OPEN)),
}
TELLING = {Act.ANSWER, Act.SHOW_HERE, Act.CONFIRM}  # what came of it: as many custodians as the threshold say so
REFUSALS = {Part.SUPERVISOR: {State.ASKED}, Part.CUSTODIAN: {State.COUNTERSIGNED, State.AGREED, State.BROUGHT}}


class NotAllowed(Exception):
    """This person may not do this to this request, or not any more."""


@dataclass(frozen=True)
class Standing:
    """What decides of a request.

    agreed: how many custodians agreed; threshold: how many must. was_taken: an envelope left for the browser of now.
    told_by: how many custodians say what came of it, since it ended by itself or was handed over, if it was; has_reply:
    there is an answer to read. owes_review: it was opened in haste, and nobody has looked at it since. is_claimed: the
    agent who answers the exchange by now asks to take it over.
    """

    state: State
    is_urgent: bool
    agreed: int
    threshold: int
    owes_review: bool
    was_taken: bool = False
    told_by: int = 0
    has_reply: bool = False
    is_claimed: bool = False


def is_allowed(act: Act, *, part: Part | None, standing: Standing) -> bool:
    """Return whether somebody in this part may do this now, as far as parts and states tell. What a person
    may no longer do after what they did is `barred_acts`."""
    if part is None:
        return False
    if act is Act.REVIEW:
        return standing.owes_review and standing.state not in OPEN and part in {Part.SUPERVISOR, Part.CUSTODIAN}
    if act is Act.REFUSE:
        return standing.state in REFUSALS.get(part, set())
    if act is Act.HAND_OVER and not standing.is_claimed:
        return False
    if act not in MOVES or (act in {Act.ANSWER, Act.SHOW_HERE} and not standing.was_taken):
        return False
    # Agreements that count no more leave too few, until another custodian agrees.
    lacks_one = standing.state is State.AGREED and not standing.is_urgent and standing.agreed < standing.threshold
    if act is Act.AGREE and lacks_one:
        return part is Part.CUSTODIAN
    if act is Act.TAKE and lacks_one:
        return False
    who, states = MOVES[act]
    return part is who and standing.state in states


def barred_acts(done: Collection[Act], *, told: Collection[Act]) -> set[Act]:
    """Return what somebody who did this to a request may not do to it any more: no two roles in one opening, no
    agreement twice, no review of what one had a part in; and nobody says twice what came of it.

    told: what they did since it ended by itself, if it did: then it is told anew.
    """
    barred: set[Act] = set()
    if done:
        barred |= {Act.COUNTERSIGN, Act.AGREE, Act.REVIEW}
    if TELLING & set(told):
        barred |= TELLING
    return barred


def state_after(act: Act, *, standing: Standing) -> State:
    """Return the state that follows. agreed counts the agreement that is being given."""
    match act:
        case Act.COUNTERSIGN:
            return State.AGREED if standing.is_urgent else State.COUNTERSIGNED
        case Act.AGREE:
            return State.AGREED if standing.agreed >= standing.threshold else State.COUNTERSIGNED
        case Act.ANSWER | Act.SHOW_HERE | Act.CONFIRM:
            if standing.told_by < standing.threshold:
                return State.BROUGHT
            return State.ANSWERED if standing.has_reply else State.SHOWN
        case Act.SHOW:
            return State.SHOWN
        case Act.REFUSE:
            return State.REFUSED
        case Act.WITHDRAW:
            return State.WITHDRAWN
        case Act.EXPIRE:
            return State.EXPIRED
        case Act.HAND_OVER:  # an answer for the former browser opens in no other: it is made anew
            return State.AGREED if standing.state in {State.BROUGHT, State.ANSWERED} else standing.state
        case _:
            return standing.state


def term_of(*, is_urgent: bool, state: State, asked_at: datetime, moved_at: datetime) -> datetime:
    """Return when a request ends by itself: an answer an hour after it could be read, what is to be confirmed after
    a day, anything else counted from the asking."""
    if state is State.ANSWERED:
        return moved_at + READING
    if state is State.BROUGHT:
        return moved_at + CONFIRMING
    return asked_at + (URGENT_TERM if is_urgent else TERM)


def is_late(*, is_urgent: bool, moved_at: datetime, now: datetime) -> bool:
    """Return whether the next person has let it wait for so long that it is shown in red."""
    return now - moved_at > (URGENT_REMIND if is_urgent else REMIND)
