"""Decides which act may follow in an identity disclosure, and who may perform it. Pure.

An agent asks, a supervisor countersigns, and as many custodians as the threshold agree. They decrypt the value away
from the server, and bring back an answer that only the asking agent's browser can read, or show the value to the agent
in person. One of them notes that, and the others who were present confirm it, so that nobody names a person alone. When
danger is imminent, the agent and the supervisor are enough to begin; afterwards somebody who had no part in it has to
review it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# How long a request waits for the next person, and an answer to be read. No legal text sets these; they are our choice.
TERM = timedelta(days=14)
URGENT_TERM = timedelta(hours=12)
READING = timedelta(hours=1)
CONFIRMING = timedelta(hours=24)
LONGEST = TERM + CONFIRMING + READING  # the time from the request to the last moment of an answer
REMIND = timedelta(hours=24)
URGENT_REMIND = timedelta(minutes=15)


class State(StrEnum):
    """These are the states of a request. The last four are final."""

    ASKED = "asked"
    COUNTERSIGNED = "countersigned"
    AGREED = "agreed"
    BROUGHT = "brought"  # one custodian has noted the result; the others who were present have to confirm it
    ANSWERED = "answered"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Act(StrEnum):
    """These are the acts on a request, each of which is stored."""

    ASK = "ask"
    COUNTERSIGN = "countersign"
    AGREE = "agree"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    TAKE = "take"  # the envelope was taken
    ANSWER = "answer"
    CONFIRM = "confirm"
    SHOW = "show"
    SHOW_HERE = "show_here"  # custodians have shown the value to the agent in person
    EXPIRE = "expire"
    CLAIM = "claim"  # the agent who answers the exchange now asks to take the request over
    HAND_OVER = "hand_over"  # the supervisor gives it to that agent, for the key of their browser
    REVIEW = "review"


class Part(StrEnum):
    """These are the parts that a person can have in a request. One person has one part."""

    ASKER = "asker"
    SUPERVISOR = "supervisor"
    CUSTODIAN = "custodian"
    SERVICE = "service"
    SUCCESSOR = "successor"  # the agent who answers the exchange now, when somebody else asked


OPEN = {State.ASKED, State.COUNTERSIGNED, State.AGREED, State.BROUGHT, State.ANSWERED}
IN_HAND = OPEN - {State.ASKED}  # a supervisor has countersigned it, and it goes on
HOLDING = IN_HAND | {State.SHOWN}  # it keeps its report for its term (docs/adr/0033)
# For each act, the part that may perform it and the states in which it is possible.
MOVES: dict[Act, tuple[Part, frozenset[State]]] = {
    Act.COUNTERSIGN: (Part.SUPERVISOR, frozenset({State.ASKED})),
    Act.AGREE: (Part.CUSTODIAN, frozenset({State.COUNTERSIGNED})),
    Act.TAKE: (Part.CUSTODIAN, frozenset({State.AGREED})),
    Act.ANSWER: (Part.CUSTODIAN, frozenset({State.AGREED})),
    # The value may have been shown, on the machine without a network, after the term; that can still be noted.
    Act.SHOW_HERE: (Part.CUSTODIAN, frozenset({State.AGREED, State.EXPIRED})),
    Act.CONFIRM: (Part.CUSTODIAN, frozenset({State.BROUGHT})),
    Act.SHOW: (Part.ASKER, frozenset({State.ANSWERED})),
    Act.WITHDRAW: (Part.ASKER, frozenset(OPEN)),
    Act.EXPIRE: (Part.SERVICE, frozenset(OPEN)),
    Act.CLAIM: (Part.SUCCESSOR, frozenset(OPEN)),
    Act.HAND_OVER: (Part.SUPERVISOR, frozenset(OPEN)),
}
# The acts that state the result, by as many custodians as the threshold.
TELLING = {Act.ANSWER, Act.SHOW_HERE, Act.CONFIRM}
# The acts of who gets the value, or asked for it. Whoever did any other act never becomes the one who reads.
OF_READER = {Act.ASK, Act.CLAIM, Act.WITHDRAW, Act.SHOW}
REFUSALS = {Part.SUPERVISOR: {State.ASKED}, Part.CUSTODIAN: {State.COUNTERSIGNED, State.AGREED, State.BROUGHT}}


class NotAllowed(Exception):
    """This person may not perform this act on this request, or not any more."""


@dataclass(frozen=True)
class Standing:
    """These are the facts that decide what may be done with a request.

    agreed: how many custodians have agreed. threshold: how many must. was_taken: whether an envelope was taken for the
    present browser. told_by: how many custodians have stated the result since the request last expired or was handed
    over. has_reply: whether there is an answer to read. owes_review: whether it was urgent, and was not reviewed yet.
    is_claimed: whether the agent who answers the exchange now asks to take it over.
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
    """Return whether somebody with this part may perform this act now.

    `barred_acts` has what a person may no longer do because of their own former acts.
    """
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
    # Some agreements may not count any more. Then another custodian may agree.
    lacks_one = standing.state is State.AGREED and not standing.is_urgent and standing.agreed < standing.threshold
    if act is Act.AGREE and lacks_one:
        return part is Part.CUSTODIAN
    if act is Act.TAKE and lacks_one:
        return False
    who, states = MOVES[act]
    return part is who and standing.state in states


def barred_acts(done: Collection[Act], *, told: Collection[Act]) -> set[Act]:
    """Return the acts that somebody may not perform after their own former acts on the same request.

    Nobody has two roles in one disclosure, agrees twice, reviews what they had a part in, or states the result twice.
    To countersign and to hand over are both the supervisor's, in either order: a unit may have one supervisor alone.
    told: their acts since the request last expired, after which the result has to be stated again.
    """
    barred: set[Act] = set()
    if done:
        barred |= {Act.AGREE, Act.REVIEW}
    if set(done) - {Act.HAND_OVER}:
        barred |= {Act.COUNTERSIGN}
    if set(done) - OF_READER:
        barred |= {Act.CLAIM}
    if TELLING & set(told):
        barred |= TELLING
    return barred


def state_after(act: Act, *, standing: Standing) -> State:
    """Return the state after an act. `standing.agreed` includes the agreement that is being given."""
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
        case Act.HAND_OVER:  # an answer for the former browser cannot be read in another one, and has to be made again
            return State.AGREED if standing.state in {State.BROUGHT, State.ANSWERED} else standing.state
        case _:
            return standing.state


def term_of(*, is_urgent: bool, state: State, asked_at: datetime, moved_at: datetime) -> datetime:
    """Return when a request ends by itself.

    That is an hour after an answer can be read, a day after a result waits for confirmation, and otherwise a time after
    the request was made.
    """
    if state is State.ANSWERED:
        return moved_at + READING
    if state is State.BROUGHT:
        return moved_at + CONFIRMING
    return asked_at + (URGENT_TERM if is_urgent else TERM)


def is_late(*, is_urgent: bool, moved_at: datetime, now: datetime) -> bool:
    """Return whether the request has waited for the next person for so long that it is shown in red."""
    return now - moved_at > (URGENT_REMIND if is_urgent else REMIND)
