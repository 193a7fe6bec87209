"""These are the steps of a disclosure request: asking, agreeing, taking the envelope, answering. Each is in the audit
log.

The server never opens a sealed value. It stores who agreed to what, hands out the envelope once everybody needed has
agreed, and passes on an answer that it cannot read. Nothing here depends on whether a person left something, because
all reports have the same sealed values (docs/adr/0032).
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from common import clock, encryption
from common.choices import read_choice
from common.data_keys import keys as data_keys
from common.kept_values import known_to
from reports.audit import log as audit_log
from reports.deciders import Standby, Title, get_deciders
from reports.models import (
    AccessKind,
    Motive,
    OpeningField,
    OpeningRequest,
    OpeningStep,
    Report,
    SealedField,
    SealedValue,
)
from reports.rules import openings as opening_rules
from reports.rules.openings import OPEN, Act, NotAllowed, Part, Standing, State
from reports.seal.envelopes import Envelope
from reports.seal.replies import Recipient, Reply
from reports.seal.sealing import Context

FIELDS = {
    OpeningField.NAME: SealedField.NAME,
    OpeningField.CONTACT: SealedField.CONTACT,
    OpeningField.FIRST_CONNECTION: SealedField.CONNECTION,
    OpeningField.LAST_CONNECTION: SealedField.CONNECTION,
}


class Altered(ValueError):
    """The request was changed since people agreed to it."""


class KeyGone(ValueError):
    """The data key of the exchange is gone, or cannot be read now. Without it the custodians cannot open the value."""


class OtherRequest(ValueError):
    """The answer is for another request."""


class OtherReply(ValueError):
    """The answer is another one than the custodian read."""


# Most requests about one report, whatever became of them: its four values can be asked for again after refusals and
# delays. Urgent requests have ten more, so that ordinary ones never stand in their way.
AT_MOST, URGENT_AT_MOST = 20, 30


class TooMany(ValueError):
    """This report has had as many requests as it may have. most: that number, for this kind of request."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class AskedAlready(ValueError):
    """Another request of this account for the same value waits for its countersignature. request: that one."""

    def __init__(self, request: OpeningRequest) -> None:
        super().__init__(request.pk)
        self.request = request


class ReportGone(ValueError):
    """The report was deleted, or has no sealed value, so that there is nothing to open."""


@dataclass(frozen=True)
class Grounds:
    """These are the grounds of a request.

    prosecutor_reference, prosecutor_on: "" when danger is imminent; they are then given in the review.
    """

    motive: str
    legal_ground: str
    prosecutor_reference: str = ""
    prosecutor_on: str = ""  # a date as ISO 8601 writes it


# --- who is what ----------------------------------------------------------------------------------------------------


def part_of(user: Any, request: OpeningRequest) -> Part | None:
    """Return the part of this account in this request; None if the request does not exist for it.

    The holder of the request is the asker as long as the exchange is theirs, and has no other part, whatever role they
    got since. An agent who asked and no longer holds it has no part. Whose the exchange is by now
    (`deciders.exchanges_of`), while somebody else holds the request, is the successor. A supervisor has a part for the
    units that they decide for (`reports.deciders`) only.
    """
    if request.holder_id == user.pk:
        return Part.ASKER if user.is_active and user.is_agent and _own(user).filter(pk=request.pk).exists() else None
    if user.is_agent and _claimable(user).filter(pk=request.pk).exists():
        return Part.SUCCESSOR
    if request.asked_by_id == user.pk:
        return None
    if user.is_supervisor:
        return Part.SUPERVISOR if title_of(user, request) is not None else None
    return Part.CUSTODIAN if user.is_custodian else None


def title_of(user: Any, request: OpeningRequest) -> Title | None:
    """Return the right by which this supervisor decides about a request (own unit or on call); None if they may not."""
    return get_deciders().title_for_opening(user, request, clock.now())


def standby_of(request: OpeningRequest) -> Sequence[Standby]:
    """Return the supervisors who may decide about this request now because they are on call, for its page."""
    return get_deciders().standby_for_opening(request, clock.now())


def visible_to(user: Any) -> QuerySet[OpeningRequest]:
    """Return the requests that exist for this account.

    These are its own, and those of exchanges that are its own by now; for a supervisor also those of the units that
    they decide for; for a custodian all others. An administrator has none, whatever they asked for in another role.
    """
    held = Q(pk__in=_own(user).values("pk")) | Q(pk__in=_claimable(user).values("pk"))
    if user.is_supervisor:
        theirs = get_deciders().openings_of(user, clock.now()) & ~Q(asked_by=user) & ~Q(passed_to=user)
        return OpeningRequest.objects.filter(theirs | held)
    if user.is_custodian:
        return OpeningRequest.objects.exclude(asked_by=user).exclude(passed_to=user)
    return OpeningRequest.objects.filter(held) if user.is_agent else OpeningRequest.objects.none()


def _held_by(user: Any) -> Q:
    """Return the condition that a request is held by this account now."""
    return Q(passed_to=user) | Q(passed_to__isnull=True, asked_by=user)


def list_visible(user: Any, most: int) -> list[OpeningRequest]:
    """Return at most `most` of the requests that exist for this account, with who asked and their steps.

    Open ones come first, and in each part the last one that moved. They are found by indexes, however many requests of
    other people there are.
    """
    seen = _near(user).select_related("asked_by").prefetch_related("steps__by").order_by("-moved_at", "-pk")
    going_on = list(seen.filter(state__in=OPEN)[:most])
    return going_on + list(seen.exclude(state__in=OPEN)[: most - len(going_on)])


def _near(user: Any) -> QuerySet[OpeningRequest]:
    """Return `visible_to`, restricted to the requests of few people.

    Without that, PostgreSQL would check the condition, which spans several tables, for every request there ever was.
    Custodians see nearly all requests, so for them it is left out.
    """
    seen = visible_to(user)
    if user.is_custodian or not user.is_agent:
        return seen
    rows = OpeningRequest.objects.order_by().values_list("pk", flat=True)
    claimable = _claimable(user).order_by().values_list("pk", flat=True)
    keys = rows.filter(asked_by=user).union(rows.filter(passed_to=user), claimable).order_by()
    near = Q(pk__in=list(keys))
    if user.is_supervisor:
        near |= Q(asked_by__in=get_deciders().askers_of(user, clock.now()))
    return seen.filter(near)


def _own(user: Any) -> QuerySet[OpeningRequest]:
    """Return the requests that this account holds, of exchanges that are its own (`deciders.exchanges_of`).

    Requests whose report has no exchange, or was deleted, are included, because nobody else has the exchange.
    """
    theirs = get_deciders().exchanges_of(user).filter(report=OuterRef("pk"))
    elsewhere = Report.objects.filter(~Exists(theirs), pk=OuterRef("report"), conversation__isnull=False)
    return OpeningRequest.objects.filter(_held_by(user), ~Exists(elsewhere))


def _claimable(user: Any) -> QuerySet[OpeningRequest]:
    """Return the open requests that somebody else holds, of exchanges that are this account's by now.

    Also when the exchange has ended meanwhile: the person who vanished may be the one in danger.
    """
    theirs = get_deciders().exchanges_of(user).filter(report=OuterRef("report"))
    return OpeningRequest.objects.filter(Exists(theirs), state__in=OPEN).exclude(_held_by(user))


def _is_claim_of(user: Any, request: OpeningRequest) -> bool:
    """Return whether this account asks to take the request over, and the exchange is still its own."""
    return request.claimed_by_id == user.pk and _claimable(user).filter(pk=request.pk).exists()


def is_held(request: OpeningRequest) -> bool:
    """Return whether the account that holds the request still has the exchange, and can read an answer."""
    return part_of(request.holder, request) is Part.ASKER


def of_all(*, until: datetime | None = None, older_than: UUID | None = None) -> QuerySet[OpeningRequest]:
    """Return the requests of everybody, the newest first, in the order of an index, for the register of openings.

    until: only those asked before this moment. older_than: only those before the request with this public id; an
    unknown id restricts nothing.
    """
    rows = OpeningRequest.objects.order_by("-asked_at", "-pk")
    if until is not None:
        rows = rows.filter(asked_at__lt=until)
    if older_than is not None:
        last = OpeningRequest.objects.filter(public_id=older_than).values_list("asked_at", "pk").first()
        if last is not None:
            rows = rows.filter(asked_at__lte=last[0]).exclude(asked_at=last[0], pk__gte=last[1])
    return rows


# What custodians do at the opening itself, and the other acts that the register names.
OPENED_BY = (Act.TAKE, *sorted(opening_rules.TELLING))
TOLD_OF = (Act.COUNTERSIGN, Act.AGREE, Act.CLAIM, Act.HAND_OVER, Act.SHOW, Act.REVIEW)


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """It is a request in the register of openings. Lists are names, each once, in the order of their first acts.

    handed_over: who gave it to another agent. opened: the custodians who took the envelope, brought the answer, showed
    the value or confirmed it. read: the agents who got the value, by the answer or in person.
    """

    public_id: UUID
    report_public_id: UUID
    field: str
    is_urgent: bool
    asked_at: datetime
    asked_by: str
    countersigned: list[str]
    agreed: list[str]
    handed_over: list[str]
    opened: list[str]
    read: list[str]
    state: str
    moved_at: datetime
    owes_review: bool
    reviewed_at: datetime | None
    reviewed: list[str]


def register_lines(most: int, *, until: datetime | None = None, older_than: UUID | None = None) -> list[RegisterLine]:
    """Return the first `most` requests of `of_all` as lines of the register, in three statements.

    A document may have a thousand, so only the columns that it shows are read.
    """
    rows = of_all(until=until, older_than=older_than).values_list(
        "pk", "public_id", "report_public_id", "field", "is_urgent", "asked_at", "asked_by_id", "state", "moved_at",
        "reviewed_at",
    )[:most]  # fmt: skip
    requests = list(rows)
    holders: dict[int, int] = {row[0]: row[6] for row in requests}
    told = OpeningStep.objects.filter(request__in=list(holders), act__in=[*OPENED_BY, *TOLD_OF])
    steps: dict[int, list[tuple[str, int]]] = {}
    claimants: dict[int, int] = {}
    for request_id, act, by_id in told.order_by("number").values_list("request_id", "act", "by_id"):
        assert by_id is not None  # noqa: S101  the service itself does none of these
        steps.setdefault(request_id, []).append((act, by_id))
        if act == Act.CLAIM:
            claimants[request_id] = by_id
        elif act == Act.HAND_OVER:
            holders[request_id] = claimants.get(request_id, holders[request_id])
        elif act == Act.SHOW_HERE:  # the custodian says so, and the agent who was there got the value
            steps[request_id].append((Act.SHOW, holders[request_id]))
    keys = {row[6] for row in requests} | {by_id for some in steps.values() for _act, by_id in some}
    names = {user.pk: str(user) for user in get_user_model().objects.filter(pk__in=keys)}

    def names_of(request_id: int, *acts: Act) -> list[str]:
        return list(dict.fromkeys(names[by_id] for act, by_id in steps.get(request_id, ()) if act in acts))

    return [
        RegisterLine(
            public_id=public_id,
            report_public_id=report_public_id,
            field=field,
            is_urgent=is_urgent,
            asked_at=asked_at,
            asked_by=names[asked_by],
            countersigned=names_of(pk, Act.COUNTERSIGN),
            agreed=names_of(pk, Act.AGREE),
            handed_over=names_of(pk, Act.HAND_OVER),
            opened=names_of(pk, *OPENED_BY),
            read=names_of(pk, Act.SHOW),
            state=state,
            moved_at=moved_at,
            owes_review=is_urgent and reviewed_at is None and bool(names_of(pk, Act.TAKE)),
            reviewed_at=reviewed_at,
            reviewed=names_of(pk, Act.REVIEW),
        )
        for (
            pk, public_id, report_public_id, field, is_urgent, asked_at, asked_by, state, moved_at, reviewed_at,
        ) in requests
    ]  # fmt: skip


def find_request(user: Any, public_id: UUID) -> OpeningRequest | None:
    """Return a request that this account may see; None as if it did not exist."""
    return visible_to(user).select_related("asked_by").filter(public_id=public_id).first()


def asked_elsewhere(user: Any, public_id: UUID) -> bool:
    """Return whether this account asked for it and no longer has the exchange. They are told that, and nothing else."""
    asked = OpeningRequest.objects.filter(asked_by=user, public_id=public_id)
    return bool(user.is_agent) and asked.exists() and not _own(user).filter(public_id=public_id).exists()


def waiting_for(user: Any) -> list[OpeningRequest]:
    """Return the requests that wait for an act of this account, urgent ones first, then the longest unmoved."""
    keys = _pending_keys()
    if not keys:  # so it is on most pages of the staff, and each of them asks
        return []
    pending = visible_to(user).filter(pk__in=keys).prefetch_related("steps__by")
    mine = [request for request in pending if _awaits(user, request, _part_when_visible(user, request))]
    return sorted(mine, key=lambda request: (not request.is_urgent, request.moved_at))


def _awaits(user: Any, request: OpeningRequest, part: Part | None) -> bool:
    """Return whether a request waits for an act of somebody with this part.

    What a colleague asked for in an exchange that has ended may be taken over, but need not be, unless it is urgent.
    """
    acts = _acts_of(user, request, part) - {Act.REFUSE, Act.WITHDRAW}
    return bool(acts) and (acts != {Act.CLAIM} or request.is_urgent or answers_now(user, request))


def answers_now(user: Any, request: OpeningRequest) -> bool:
    """Return whether this account answers the exchange of a request, which has not ended."""
    return get_deciders().answers_now(user, request)


def _part_when_visible(user: Any, request: OpeningRequest) -> Part:
    """Return the part of this account in a request of `visible_to`, mostly without a query."""
    if request.holder_id == user.pk:
        return Part.ASKER
    if user.is_custodian:
        return Part.CUSTODIAN
    if not user.is_supervisor:
        return Part.SUCCESSOR
    return Part.SUCCESSOR if _claimable(user).filter(pk=request.pk).exists() else Part.SUPERVISOR


def acts_of(user: Any, request: OpeningRequest) -> set[Act]:
    """Return the acts that this account may perform on this request now."""
    return _acts_of(user, request, part_of(user, request))


def _acts_of(user: Any, request: OpeningRequest, part: Part | None) -> set[Act]:
    steps = list(request.steps.all())
    standing = standing_of(request, steps)
    acts = {act for act in Act if opening_rules.is_allowed(act, part=part, standing=standing)}
    mine, told = (
        [Act(step.act) for step in some if step.by_id == user.pk and step.act in set(Act)]
        for some in (steps, _since_expiry(steps))
    )
    acts -= opening_rules.barred_acts(mine, told=told)
    if not request.recipient:  # no browser was named to which an answer could be sent
        acts -= {Act.ANSWER}
    if request.claimed_by_id == user.pk:  # they asked already, and nobody agrees to their own claim
        acts -= {Act.CLAIM, Act.HAND_OVER}
    return acts


def standing_of(request: OpeningRequest, steps: Sequence[OpeningStep] | None = None) -> Standing:
    """Gather the facts that decide about a request, from its row and its steps."""
    steps = list(request.steps.select_related("by")) if steps is None else steps
    was_taken = any(step.act == Act.TAKE for step in steps)
    since_passed = steps[_last_place(steps, {Act.HAND_OVER}) :]
    # Only steps of people who are custodians now count. Agreements of somebody who left or changed roles do not.
    counted = [step for step in steps if step.by is None or (step.by.is_active and step.by.is_custodian)]
    return Standing(
        state=_state(request),
        is_urgent=request.is_urgent,
        agreed=sum(step.act == Act.AGREE for step in counted),
        threshold=settings.SEAL_THRESHOLD,
        owes_review=request.is_urgent and request.reviewed_at is None and was_taken,
        # Whether the envelope for the present browser was taken.
        was_taken=any(step.act == Act.TAKE for step in since_passed),
        is_claimed=request.claimed_by_id is not None,
        told_by=len({step.by_id for step in _since_expiry(counted) if step.act in opening_rules.TELLING}),
        has_reply=request.sealed_reply is not None,
    )


def _since_expiry(steps: Sequence[OpeningStep]) -> Sequence[OpeningStep]:
    """Return the steps since the request last expired or was handed over.

    An answer from before an expiry was not confirmed, and is erased. One from before a handing over cannot be opened in
    the browser of its new reader.
    """
    return steps[_last_place(steps, {Act.EXPIRE, Act.HAND_OVER}) :]


def _last_place(steps: Sequence[OpeningStep], acts: Collection[Act]) -> int:
    """Return the number of steps up to and including the last one of these acts; 0 when there is none."""
    return max((place for place, step in enumerate(steps, 1) if step.act in acts), default=0)


REVIEW_OWED = Q(is_urgent=True, reviewed_at__isnull=True, steps__act=Act.TAKE)


def _pending_keys() -> list[int]:
    """Return the keys of the requests that wait for somebody: they are open, or their review is owed.

    Each half of the union has an index. It is a query of its own, because within another query PostgreSQL would read
    every request there ever was.
    """
    rows = OpeningRequest.objects.order_by().values_list("pk", flat=True)
    return list(rows.filter(state__in=OPEN).union(rows.filter(REVIEW_OWED)).order_by())


@dataclass(frozen=True)
class BrowserKeys:
    """These are the keys that a browser still needs, so that it can throw away the others.

    wanted: the public keys, in base64, of this account's open requests, with spaces between; owner: whose they are,
    which tells nothing to who finds it in a browser; longest_seconds: after that no request is open, whoever asked.
    """

    wanted: str
    owner: str
    longest_seconds: int


def browser_keys(user: Any) -> BrowserKeys:
    """Return which keys this account still needs in the browsers where it asked.

    Also those of exchanges that wait for somebody again: they may come back to it.
    """
    held = OpeningRequest.objects.filter(_held_by(user), state__in=OPEN).exclude(recipient=b"")
    claimed = OpeningRequest.objects.filter(claimed_by=user, state__in=OPEN, claim_recipient__isnull=False)
    raw = [
        *held.values_list("recipient", flat=True),
        *claimed.values_list("claim_recipient", flat=True),
    ]
    owner = salted_hmac("reports.openings.browser_keys", str(user.pk), algorithm="sha256").hexdigest()[:32]
    longest = int(opening_rules.LONGEST.total_seconds())
    return BrowserKeys(" ".join(Recipient(bytes(one)).text for one in raw if one), owner, longest)


# --- acts ----------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_opening(
    *, report: Report, field: str, grounds: Grounds, is_urgent: bool, recipient: Recipient | None, by: Any
) -> OpeningRequest:
    """Ask for one value of a report. Access to the report has been proved.

    recipient: the key of the asker's browser, None to be shown the value on the spot.
    The same asked again, for the same browser, while the first one waits for its countersignature, is the first one.
    Anything else raises AskedAlready then. Raises TooMany, ReportGone.
    """
    Report.objects.select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    now = clock.now()
    held = OpeningRequest.objects.filter(_held_by(by), report=report, state=State.ASKED)
    before = held.filter(field=field, is_urgent=is_urgent).first()
    if before is not None:
        if not _is_same(before, grounds, recipient):
            raise AskedAlready(before)
        return before
    most = URGENT_AT_MOST if is_urgent else AT_MOST
    if OpeningRequest.objects.filter(report=report).count() >= most:
        raise TooMany(most)
    request = OpeningRequest(
        report=report,
        report_public_id=report.public_id,
        field=field,
        version=_asked_for(report, field).version,
        is_urgent=is_urgent,
        asked_by=by,
        asked_at=now,
        moved_at=now,
        recipient=recipient.raw if recipient else b"",
    )
    request.sealed_grounds = _seal_grounds(request, grounds)
    request.save()
    _keep(request, Act.ASK, by=by, part=Part.ASKER, at=now)
    return request


def grounds_of(request: OpeningRequest) -> Grounds | None:
    """Return the grounds of a request; None when they were deleted with the report.

    Raises encryption.UnsealError, also when anything to which people agreed was changed since.
    """
    if not request.sealed_grounds:
        return None
    kept = json.loads(encryption.unseal(request.sealed_grounds, context=request.context))
    return Grounds(**known_to(Grounds, kept))


def _is_same(request: OpeningRequest, grounds: Grounds, recipient: Recipient | None) -> bool:
    """Return whether a request was made with these grounds, for this browser."""
    try:
        return grounds_of(request) == grounds and bytes(request.recipient) == (recipient.raw if recipient else b"")
    except encryption.UnsealError:
        return False


def is_key_gone(request: OpeningRequest) -> bool:
    """Return whether the data key of the exchange is gone, or cannot be read now.

    Then nothing tells whether the request was altered.
    """
    return bool(data_keys.load([request.data_key]))


@transaction.atomic
def countersign_request(*, request_id: int, by: Any) -> OpeningRequest:
    """Agree, as the supervisor, that this is asked. Raises NotAllowed, as all acts do, and ReportGone.

    From then on the request delays the deletion of its report. So the report is locked first, as in `ask_opening`: a
    deletion that was decided before has ended by then, and one that begins now passes the report over.
    """
    report_id = OpeningRequest.objects.filter(pk=request_id).values_list("report", flat=True).first()
    reports = Report.objects.select_for_update(of=("self",), no_key=True)
    if report_id is None or not reports.filter(pk=report_id).first():
        raise ReportGone
    return _act(Act.COUNTERSIGN, request_id=request_id, by=by)


def agree_to_request(*, request_id: int, by: Any) -> OpeningRequest:
    """Agree as a custodian. The last agreement that is needed makes the envelope available. Raises NotAllowed."""
    return _act(Act.AGREE, request_id=request_id, by=by)


def refuse_request(*, request_id: int, by: Any, reason: str) -> OpeningRequest:
    """Refuse as the supervisor or as a custodian, which ends the request. Raises NotAllowed.

    reason: for the asker; it is not stored once the report is deleted.
    """
    return _act(Act.REFUSE, request_id=request_id, by=by, note=reason)


def withdraw_request(*, request_id: int, by: Any) -> OpeningRequest:
    """Withdraw one's own request. Raises NotAllowed when its state does not allow that, or when it is another's."""
    return _act(Act.WITHDRAW, request_id=request_id, by=by)


@transaction.atomic
def claim_request(*, request_id: int, by: Any, recipient: Recipient | None) -> OpeningRequest:
    """Ask to take a request over, as the agent who answers the exchange now.

    recipient: the key of their browser; None to be shown the value in person. They can read nothing of the request
    before a supervisor agrees. Raises NotAllowed.
    """
    request = _lock(request_id)
    part = _require(Act.CLAIM, request, by)
    request.claimed_by, request.claim_recipient = by, recipient.raw if recipient else b""
    request.save(update_fields=["claimed_by", "claim_recipient"])
    _keep(request, Act.CLAIM, by=by, part=part, at=clock.now(), key=recipient)
    return request


def hand_over_request(*, request_id: int, by: Any, to: int) -> OpeningRequest:
    """Hand a request over, as the supervisor, to the agent who answers the exchange now. Agreements stay valid.

    to: the account that the page showed. An answer for the former browser is erased, and the envelope has to be taken
    again for the new one. Raises NotAllowed, also when somebody else claims the request by now or the claimant no
    longer answers the exchange; Altered, KeyGone.
    """
    with transaction.atomic():
        request = _lock(request_id)
        part = _require(Act.HAND_OVER, request, by)
        claimant = request.claimed_by
        if claimant is None or claimant.pk != to or not _is_claim_of(claimant, request):
            raise NotAllowed
        _require_unaltered(request)
        grounds = grounds_of(request)
        request.passed_to, request.recipient = claimant, bytes(request.claim_recipient or b"")
        request.claimed_by = request.claim_recipient = None
        if grounds is not None:
            request.sealed_grounds = _seal_grounds(request, grounds)
        request.save(update_fields=["passed_to", "recipient", "claimed_by", "claim_recipient", "sealed_grounds"])
        _move(request, Act.HAND_OVER, by=by, part=part, at=clock.now())
    return request


def take_envelope(*, request_id: int, by: Any) -> Envelope:
    """Return the sealed value with its context, for the machine where it is opened.

    It is the same however often it is taken. Raises NotAllowed, ReportGone, Altered, KeyGone.
    """
    with transaction.atomic():
        request = _lock(request_id)
        _require(Act.TAKE, request, by)
        if request.report_id is None:
            raise ReportGone
        _require_unaltered(request)
        try:
            value = _value(request)
            sealed = value.for_custodians
        except encryption.UnsealError:
            raise Altered from None
        _keep(request, Act.TAKE, by=by, part=Part.CUSTODIAN, at=clock.now())
    recipient = Recipient(bytes(request.recipient)) if request.recipient else None
    return Envelope(
        Context(request.report_public_id, value.field, value.version),
        sealed,
        request.public_id if recipient else None,
        recipient,
    )


def answer_request(*, request_id: int, by: Any, reply: Reply) -> OpeningRequest:
    """Store the answer that a custodian brings back. Its reader gets it once the custodians present have confirmed it.

    Raises OtherRequest when the answer is for another request, NotAllowed, Altered, KeyGone.
    """
    with transaction.atomic():
        request = _lock(request_id)
        if reply.request != request.public_id or not request.recipient:
            raise OtherRequest
        _require_unaltered(request)
        request.sealed_reply = reply.sealed
        return _act(Act.ANSWER, request_id=request_id, by=by, request=request)


def shown_here(*, request_id: int, by: Any) -> OpeningRequest:
    """Record that the agent who asked was shown the value on the machine where it was opened. Raises NotAllowed."""
    return _act(Act.SHOW_HERE, request_id=request_id, by=by)


def confirm_answer(*, request_id: int, by: Any, fingerprint: str) -> OpeningRequest:
    """Confirm, as another custodian who was present, that this answer was made, or that the value was shown.

    fingerprint: that of the answer, as the page shows it; "" for a value that was shown in person. Raises OtherReply
    when it is not that of the present answer, NotAllowed, Altered, KeyGone.
    """
    with transaction.atomic():
        request = _lock(request_id)
        _require(Act.CONFIRM, request, by)
        _require_unaltered(request)
        if not constant_time_compare(fingerprint, reply_fingerprint(request)):
            raise OtherReply
        return _act(Act.CONFIRM, request_id=request_id, by=by, request=request)


def reply_fingerprint(request: OpeningRequest) -> str:
    """Return the fingerprint of the answer that was brought back; "" when there is none."""
    return Reply(request.public_id, bytes(request.sealed_reply)).fingerprint if request.sealed_reply else ""


def show_answer(*, request_id: int, by: Any) -> bytes:
    """Return the answer, for the browser that asked. It is erased here and cannot be read again. Raises NotAllowed."""
    with transaction.atomic():
        request = _lock(request_id)
        sealed = bytes(request.sealed_reply or b"")
        _act(Act.SHOW, request_id=request_id, by=by, request=request)
    return sealed


@transaction.atomic
def review_opening(*, request_id: int, by: Any, text: str) -> OpeningRequest:
    """Record the review of an urgent opening. Raises NotAllowed.

    text: what justified it, looked at afterwards; it is not stored once the report is deleted.
    """
    request = _lock(request_id)
    part = _require(Act.REVIEW, request, by)
    request.reviewed_at = clock.now()
    request.save(update_fields=["reviewed_at"])
    _keep(request, Act.REVIEW, by=by, part=part, at=request.reviewed_at, note=text)
    return request


def expire_requests(*, now: datetime) -> int:
    """End the requests whose term has passed, and erase answers that nobody read in time. Return how many ended."""
    ended = 0
    for pk in OpeningRequest.objects.filter(state__in=OPEN).values_list("pk", flat=True):
        with transaction.atomic():
            request = _lock(pk)
            if request.state not in OPEN or now < term_of(request):
                continue
            _move(request, Act.EXPIRE, by=None, part=Part.SERVICE, at=now)
            ended += 1
    return ended


def count_pending(most: int) -> int:
    """Return how many requests wait for somebody, including reviews that are owed; at most `most`."""
    return min(most, len(_pending_keys()))


def late_requests(now: datetime) -> list[OpeningRequest]:
    """Return the requests that wait for longer than they should, including reviews that are owed."""
    pending = OpeningRequest.objects.filter(pk__in=_pending_keys()).prefetch_related("steps__by")
    return [request for request in pending if is_late(request, now) and _waits_for_somebody(request)]


def is_late(request: OpeningRequest, now: datetime) -> bool:
    """Return whether the request has not moved for so long that it is shown as late."""
    return opening_rules.is_late(is_urgent=request.is_urgent, moved_at=request.moved_at, now=now)


def _state(request: OpeningRequest) -> State:
    """Return the state of a request. A state of a later version counts as EXPIRED, which allows nothing."""
    return read_choice(State, request.state, State.EXPIRED)


def term_of(request: OpeningRequest) -> datetime:
    """Return when the request ends by itself."""
    return opening_rules.term_of(
        is_urgent=request.is_urgent, state=_state(request), asked_at=request.asked_at, moved_at=request.moved_at
    )


def note_of(step: OpeningStep) -> str:
    """Return the reason or the review of a step; "" for none. Raises encryption.UnsealError."""
    return encryption.unseal(step.sealed_note, context=step.context) if step.sealed_note else ""


# --- parts of them ----------------------------------------------------------------------------------------------------


def _waits_for_somebody(request: OpeningRequest) -> bool:
    standing = standing_of(request)
    return standing.state in OPEN or standing.owes_review


def _lock(request_id: int) -> OpeningRequest:
    return OpeningRequest.objects.select_for_update(of=("self",)).get(pk=request_id)


def _require(act: Act, request: OpeningRequest, by: Any) -> Part:
    part = part_of(by, request)
    is_over = request.state in OPEN and clock.now() >= term_of(request)  # the worker has not ended it yet
    if part is None or is_over or act not in acts_of(by, request):
        raise NotAllowed
    return part


@transaction.atomic
def _act(
    act: Act, *, request_id: int, by: Any, note: str = "", request: OpeningRequest | None = None
) -> OpeningRequest:
    request = request or _lock(request_id)
    part = _require(act, request, by)
    _move(request, act, by=by, part=part, at=clock.now(), note=note)
    return request


def _move(request: OpeningRequest, act: Act, *, by: Any, part: Part, at: datetime, note: str = "") -> None:
    """Store the step, then the state that follows from all steps."""
    _keep(request, act, by=by, part=part, at=at, note=note)
    request.state = opening_rules.state_after(act, standing=standing_of(request))
    request.moved_at = at
    if request.state not in {State.ANSWERED, State.BROUGHT}:  # in other states no answer is kept
        request.sealed_reply = None
    request.save(update_fields=["state", "moved_at", "sealed_reply"])


def _keep(
    request: OpeningRequest,
    act: Act,
    *,
    by: Any,
    part: Part,
    at: datetime,
    note: str = "",
    key: Recipient | None = None,
) -> None:
    """Store a step, and record it in the audit log.

    note: it is stored as long as the report exists, with whose key it is sealed. What is typed about a report that was
    deleted would outlast it by years, so only the act and its date are kept then.
    key: that of the browser that the audit log names, when it is not the request's own yet.
    """
    title = title_of(by, request) if part is Part.SUPERVISOR else None
    step = OpeningStep(request=request, act=act, at=at, by=by, part=part, number=request.steps.count() + 1)
    step.on_call = title.on_call if title else None
    if note and request.report_id is not None:
        step.sealed_note = encryption.seal(note, context=step.context, data_key=step.data_key)
    step.save()
    audit_log.record(
        kind=AccessKind.OPENING,
        by=by,
        subject=str(request.report_public_id),
        motive="danger imminent" if request.is_urgent else "autorisation du procureur",
        detail=_told(request, act, key) + (title.told if title else ""),
    )


def _told(request: OpeningRequest, act: str, key: Recipient | None = None) -> str:
    """Return what the audit log says of an act: which value, for which browser."""
    if key is None and request.recipient and act != Act.CLAIM:
        key = Recipient(bytes(request.recipient))
    recipient = key.fingerprint if key else "on the spot"
    return f"{request.public_id}: {act}, {request.field} {request.version}, {recipient}"


def record_reading(request: OpeningRequest, *, by: Any) -> None:
    """Record in the audit log that somebody other than the asker reads the grounds of a request."""
    title = title_of(by, request) if by.is_supervisor else None
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.OPENING,
            by=by,
            subject=str(request.report_public_id),
            motive=Motive.CONTROL,
            detail=_told(request, "read") + (title.told if title else ""),
        )


def forget_grounds(report_ids: Collection[int]) -> None:
    """Delete what was typed in the requests about these reports.

    That they were asked, by whom, and how they ended stays.
    """
    requests = OpeningRequest.objects.filter(report__in=report_ids)
    # This locks the requests. It comes first, so that the next statement also finds the note of an act that is being
    # stored, and an act that follows finds no report.
    requests.update(sealed_grounds=b"")
    OpeningStep.objects.filter(request__in=requests).update(sealed_note=None)


def forget_stray_notes() -> int:
    """Delete the notes of requests whose report is gone, and return how many.

    Version 0.2.0 stored such notes, and its processes still do while they run beside these.
    """
    return OpeningStep.objects.filter(request__report__isnull=True, sealed_note__isnull=False).update(sealed_note=None)


def _seal_grounds(request: OpeningRequest, grounds: Grounds) -> bytes:
    return encryption.seal(json.dumps(grounds.__dict__), context=request.context, data_key=request.data_key)


def _require_unaltered(request: OpeningRequest) -> None:
    """Check that report, value, recipient and urgency are those to which people agreed. Raises Altered, KeyGone."""
    if is_key_gone(request):
        raise KeyGone
    try:
        grounds_of(request)
    except encryption.UnsealError:
        raise Altered from None


def _asked_for(report: Report, field: str) -> SealedValue:
    """Return the value that is asked for now. Every report has one, whether the person left something or not.

    Raises ReportGone for a report from before the seal.
    """
    values = SealedValue.objects.filter(report=report, field=FIELDS[OpeningField(field)])
    value = values.order_by("-pk" if field == OpeningField.LAST_CONNECTION else "pk").first()
    if value is None:  # the report was filed before the seal existed
        raise ReportGone
    return value


def _value(request: OpeningRequest) -> SealedValue:
    field = FIELDS[OpeningField(request.field)]
    rows = SealedValue.objects.select_related("report")
    value = rows.filter(report=request.report, field=field, version=request.version).first()
    if value is None:
        raise ReportGone
    return value
