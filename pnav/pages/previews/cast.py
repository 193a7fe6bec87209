"""The cast of the previews: a person, whoever answers them, their unit, an exchange, its thread and what follows it.

None of them exists. They are instances of the models and of the values that pages read, made for one drawing and saved
nowhere. A preview writes no row, takes no lock and notifies no process.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.utils import timezone

from chat.captures.queries import Seen
from chat.journal.dates import Moment
from chat.journal.facts import Fact, Told
from chat.messages.transcript import Line
from chat.models import Agent, CaptureState, Conversation, ScanResult, Transmission, Unit
from chat.models.transfer import Handover
from chat.referral.queries import ShownReferral, Step
from chat.referral.removal import Reminder
from chat.rules.lifecycle import Author, Status
from chat.rules.referral import Basis, State
from chat.rules.removal import days_to_look
from chat.visitor.page_state import PageState
from locations.models import Force
from reports.models import ErasureRequest, Report, ReporterRole
from reports.models.report import AgeBand
from reports.rules import retention
from reports.rules.retention import Cause, Decision, Kind, Rule

MOMENT = datetime(2027, 3, 3, 14, 35)  # noqa: DTZ001  `moment` makes it aware, in the site's time zone
DAY = date(2027, 3, 3)
CODE = "abri balcon citron douane étoile"
FILE_NUMBER = "DOSSIER-7K2M"
WRITTEN = "…"  # stands for whatever somebody would have written


def moment() -> datetime:
    """Return MOMENT in the site's time zone."""
    return timezone.make_aware(MOMENT)


# --- the exchange -----------------------------------------------------------------------------------------------------


def unit() -> Unit:
    """Return the unit of the cast."""
    return Unit(name="Brigade de Rennes", force=Force.GENDARMERIE)


def agent() -> Agent:
    return Agent(public_name="Camille", unit=unit())


def report(*, is_minor: bool = False, role: ReporterRole = ReporterRole.VICTIM, discreet: bool = False) -> Report:
    return Report(
        role=role,
        age_band=AgeBand.FROM_15_TO_17 if is_minor else AgeBand.ADULT,
        discreet=discreet,
        filed_at=timezone.now(),
    )


def conversation(
    status: Status = Status.ACTIVE,
    *,
    of: Report | None = None,
    waited: timedelta = timedelta(minutes=1),
    has_code: bool = False,
    copy_by_code: bool = False,
) -> Conversation:
    """Return an exchange of the cast.

    waited: how long ago it was opened. has_code: whether a code de reprise brings the person back.
    """
    now = timezone.now()
    code = {"resume_digest": b"x", "resume_issued_at": now, "resume_until": now + timedelta(days=30)}
    return Conversation(
        report=of or report(),
        status=status,
        opened_at=now - waited,
        queued_at=now - waited,
        assigned_to=agent() if status == Status.ACTIVE else None,
        closed_by=Author.REPORTER if status == Status.CLOSED else "",
        reporter_seen_at=now,
        copy_by_code=copy_by_code,
        **(code if has_code else {}),
    )


def line(seq: int, author: Author, name: str, body: str, state: str = "") -> Line:
    """Return a message of the thread. name: who wrote it. state: what became of a message of the person."""
    now = timezone.localtime()
    return Line(seq, author, name, now.isoformat(timespec="milliseconds"), f"{now:%H:%M}", body, state)


def rule() -> Rule:
    """Return the retention rule of the cast: that of a new installation."""
    return retention.DEFAULTS[Kind.EXCHANGE]


def decision(cause: Cause = Cause.TERM) -> Decision:
    """Return the decision that the exchange is deleted when its rule says, or because erasure was granted."""
    due_at = moment() + timedelta(days=rule().total_days)
    return Decision(retention.State.KEPT, cause, moment() + timedelta(days=rule().days), due_at)


def page_state(
    *,
    is_asked: bool = False,
    is_answered: bool = True,
    has_slip: bool = False,
    follow: str = "",
    has_document: bool = False,
) -> PageState:
    return PageState(
        is_asked=is_asked,
        may_be_asked=False,
        is_answered=is_answered,
        has_slip=has_slip,
        follow=follow,
        has_document=has_document,
        decision=decision(),
        rule=rule(),
    )


def erasure(*, is_granted: bool | None = None, is_readable: bool = True) -> ErasureRequest:
    """Return a request for erasure that waits, or was answered.

    is_readable: whether the motive of a refusal can be decrypted.
    """
    answered_at = None if is_granted is None else moment() + timedelta(days=7)
    asked = ErasureRequest(report=report(), asked_at=moment(), answered_at=answered_at, is_granted=is_granted)
    if not is_readable:
        asked.shown_motive = None
    return asked


def handover(*, to_unit: bool = False) -> Handover:
    """Return a transfer of the exchange to another agent, or to a unit."""
    target = {"to_unit": unit()} if to_unit else {"to_agent": Agent(public_name="Dominique", unit=unit())}
    return Handover(conversation=conversation(), from_agent=agent(), until=moment(), **target)


# --- what follows it --------------------------------------------------------------------------------------------------


def referral(
    state: State,
    *,
    basis: Basis = Basis.AGREED,
    summary: str = WRITTEN,
    other: str = "",
    was_refused: bool = False,
    is_past: bool = False,
) -> ShownReferral:
    """Return a summary for a unit, in this state.

    other: another moment that the person asked for when they refused one. was_refused: see `ShownReferral`. is_past:
    whether the hour of its appointment has passed.
    """
    is_sent = state is not State.ASKED
    row = Transmission(
        state=state,
        basis=basis if is_sent else "",
        file_number=FILE_NUMBER if is_sent else None,
        town="Rennes",
        facts="rumours",
    )
    words = {"moment": "3 mars 2027, 10:00", "address": "1 rue de la Paix, Rennes", "telephone": "01 23 45 67 89"}
    meets_at = timezone.now() - timedelta(days=1) if is_past else None
    step = Step(state, moment(), {"other": other} if other else words if state in _MEETINGS else {}, meets_at)
    return ShownReferral(
        transmission=row,
        unit="Commissariat de Rennes",
        telephone="",
        summary=summary,
        why="",
        steps=[step],
        was_refused=was_refused,
    )


_MEETINGS = {State.MEETING}


def slip_words(
    *, telephone: str = "01 23 45 67 89", hours: Sequence[str] = ("lundi : 8 h à 12 h",), is_past: bool = False
) -> dict[str, object]:
    """Return what the slip of an appointment says. is_past: whether its hour has passed."""
    return {
        "moment": "3 mars 2027, 10:00",
        "unit": "Commissariat de Rennes",
        "address": ["1 rue de la Paix"],
        "telephone": telephone,
        "hours": list(hours),
        "is_past": is_past,
    }


def reminder() -> Reminder:
    """Return a request for removal whose last of three days has come."""
    return Reminder(DAY, [(days, day, True) for days, day in days_to_look(DAY)], is_last=True)


# --- what the person keeps and shows ----------------------------------------------------------------------------------


def facts(*, is_readable: bool = True) -> list[Fact]:
    """Return three facts of the journal: private, shown, and read by whoever answers; unreadable ones if asked."""
    return [
        Fact(uuid.uuid4(), number, told, moment(), moment() if number > 1 else None, moment() if number > 2 else None)
        for number, told in enumerate([Told(WRITTEN, Moment()) if is_readable else None] * 3, 1)
    ]


def captures() -> list[Seen]:
    """Return one capture in each of its states: arriving, received, shown, seen, unreadable, locked, late."""
    states = [
        # State; received, shown, seen, locked.
        (CaptureState.ARRIVING, False, False, False, False),
        (CaptureState.RECEIVED, True, False, False, False),
        (CaptureState.DRAWN, True, True, False, False),
        (CaptureState.DRAWN, True, True, True, False),
        (CaptureState.UNREADABLE, True, False, False, False),
        (CaptureState.DRAWN, True, True, True, True),
    ]
    return [
        capture(number, state, received=received, shown=shown, read=read, locked=locked)
        for number, (state, received, shown, read, locked) in enumerate(states, 1)
    ] + [capture(len(states) + 1, CaptureState.RECEIVED, received=True, late=True)]


def handouts() -> list[Seen]:
    """Return what the agent handed to the person: not drawn yet, impossible to draw, drawn in part, late."""
    states = [(CaptureState.RECEIVED, ()), (CaptureState.UNREADABLE, ()), (CaptureState.DRAWN, ((1, 8, 6),))]
    return [
        capture(number, state, received=True, shown=True, pages=pages, title=WRITTEN)
        for number, (state, pages) in enumerate(states, 1)
    ] + [capture(len(states) + 1, CaptureState.RECEIVED, received=True, shown=True, late=True, title=WRITTEN)]


def capture(
    number: int,
    state: CaptureState,
    *,
    received: bool = False,
    shown: bool = False,
    read: bool = False,
    locked: bool = False,
    late: bool = False,
    pages: Sequence[tuple[int, int, int]] = (),
    title: str = "",
) -> Seen:
    """Return one capture of a megabyte."""
    at = moment()
    return Seen(
        public_id=uuid.uuid4(),
        number=number,
        state=state,
        scan=ScanResult.NOT_ASKED,
        size=1_000_000,
        received=1_000_000 if received else 400_000,
        begun_at=at,
        received_at=at if received else None,
        shown_at=at if shown else None,
        read_at=at if read else None,
        locked_at=at if locked else None,
        fact_number=3,
        pages=pages,
        name=WRITTEN,
        title=title,
        more=bool(pages),
        is_late=late,
    )
