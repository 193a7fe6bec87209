"""This module reads the service at this moment for supervisors: who waits, who answers, which limits are nearly
exceeded.

It only reads, in a fixed number of queries: numbers, times and, for the supervisor's own units, names of agents. It
reads nothing that anybody wrote, and gives no access to a conversation.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.arranging.board_parts import Part
from chat.conversations import lookalikes
from chat.conversations import waits as conversations_waits
from chat.conversations.whereabouts import whereabouts_of, with_departure
from chat.conversations.wording import clock_in_words, duration_in_words, place_of
from chat.models import Agent, Conversation, DangerMark, Emergency
from chat.referral import queries as referral_queries
from chat.rules import service_level
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Availability, is_lease_over, is_on_the_phone
from chat.rules.service_level import Level, Limit, Measure
from chat.rules.whereabouts import Whereabouts
from chat.supervision import left_marks, procedures
from common import plain_text
from common.choices import label_of, read_choice
from common.service_settings import definitions
from common.service_settings import values as setting_values
from common.service_settings.definitions import Setting
from locations.models import Force
from reports.models import AgeBand
from triage.rules import Urgency

ZONES = (*Force.values, "")
# A page sends a beat every 20 seconds. A person who missed three is offline, as for agents (`inbox.OFFLINE_AFTER`).
UNSEEN_SECONDS = 60
# For how long somebody who wrote of suicide or danger has no answer of an agent who is in a pause, absent or gone,
# before supervisors are told. Who is in a pause may well answer, and is given the time to.
LEFT_SECONDS = 60
# How many lines the board's alerts take at most, unless more of them are of somebody in danger. With eleven of them, no
# figure was on the first screen of a laptop.
ALERTS_IN_SIGHT = 5
ELSEWHERE = "console:on_call"  # the page of an alert that only another unit can deal with: whom to call


LIMITS: Mapping[str, tuple[Setting, Setting | None]] = {
    Measure.WAIT: (definitions.WAIT, definitions.WAIT_WARN),
    Measure.WAIT_URGENT: (definitions.WAIT_URGENT, definitions.WAIT_URGENT_WARN),
    Measure.SILENCE: (definitions.SILENCE, definitions.SILENCE_WARN),
    Measure.ON_DUTY: (definitions.ON_DUTY, None),
    Measure.UNREAD: (definitions.UNREAD, definitions.UNREAD_WARN),
}


def limits() -> Mapping[str, Limit]:
    """Return the limits in force, by their measure, from the settings of the service."""
    return {kind: limit_of(kind) for kind in LIMITS}


def limit_of(kind: str) -> Limit:
    """Return the limit of one measure in force."""
    limit, warn = LIMITS[kind]
    return Limit(setting_values.get(limit), setting_values.get(warn) if warn else 100)


@dataclass(frozen=True, slots=True)
class Alert:
    """It is a line among the board's alerts: how grave it is, and its sentence.

    label: the word shown in place of that of the level, or "" for that. part: the part of the board to which it leads,
    if any. page: the name of the address of the page to which it leads, or "". is_urgent: it is of urgent people who
    wait. is_of_duty: it is of the agents who are available.
    """

    level: Level
    text: str
    label: str = ""
    part: Part | None = None
    page: str = ""
    is_urgent: bool = False
    is_of_duty: bool = False

    @property
    def stays(self) -> bool:
        """Return whether it is never folded: it is of people in danger, or who say so, or too few agents are here."""
        return bool(self.label) or self.is_urgent or (self.is_of_duty and self.level is Level.BROKEN)


@dataclass(frozen=True, slots=True)
class AlertLines:
    """It is some of the board's alerts, the gravest first, and after them some of its groups of similar arrivals."""

    alerts: list[Alert]
    groups: list[lookalikes.Shown]

    @property
    def count(self) -> int:
        """Return how many lines they take."""
        return len(self.alerts) + len(self.groups)

    @property
    def broken(self) -> int:
        """Return how many of the alerts are of a limit that is passed."""
        return sum(one.level is Level.BROKEN for one in self.alerts)


@dataclass(frozen=True, slots=True)
class EmergencyLine:
    """It is an emergency procedure that is open; of an exchange that is over, only for whoever may end it.

    since: how long it was open when the board was read, as a clock shows it. unit: empty if no agent has it.
    place, name: those of the person and of the agent; empty for another unit. state: why nobody answers
    (`procedures.state_of`), or empty. conversation: its public id, for who answers in the supervisor's own units;
    otherwise None. to_end: its public id, if the supervisor may end the procedure; otherwise None.
    """

    situation: str
    started_at: datetime
    since: str
    place: str
    name: str
    unit: str
    state: str
    conversation: UUID | None
    to_end: UUID | None


@dataclass(frozen=True, slots=True)
class LeftLine:
    """It is somebody who left before anybody dealt with their words of suicide or danger (`left_marks`).

    conversation: its public id. since: how long ago, in words. name: that of the agent; empty if none had it. state:
    how they left (`procedures.state_of`).
    """

    conversation: UUID
    since: str
    place: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """It is a row of the table of waits: one degree of urgency.

    zones: how many people there are whose turn may come, for each of ZONES. longest: the longest of their waits, in
    words; empty when nobody waits. apart: how many others are offline or have left, and are passed over until they are
    seen again.
    """

    label: str
    zones: tuple[int, ...]
    longest: str
    level: Level
    is_urgent: bool
    apart: int

    @property
    def total(self) -> int:
        """Return how many people are in this line, in all zones."""
        return sum(self.zones)


@dataclass(frozen=True, slots=True)
class WorstWait:
    """It is the wait that is longest beside what was promised for its urgency.

    since: in words. promised: in minutes. level: how the wait compares with it.
    """

    since: str
    promised: int
    level: Level


class _Filled:
    """These are places that can be filled beyond their number, for example when an exchange becomes heavier."""

    __slots__ = ()
    load: int
    capacity: int

    @property
    def taken(self) -> int:
        """Return how many of the places are filled."""
        return min(self.load, self.capacity)

    @property
    def beyond(self) -> int:
        """Return by how many places the load exceeds the capacity."""
        return self.load - self.taken


@dataclass(frozen=True, slots=True)
class Member(_Filled):
    """It is an agent of the supervisor's units.

    load, capacity: in places. held: number of conversations. dormant: how many of these are at rest, and fill no place
    (`chat.conversations.dormancy`). key: that of the agent.
    """

    key: int
    name: str
    unit: str
    availability_label: str
    pause_reason: str
    load: int
    capacity: int
    held: int
    dormant: int
    is_available: bool

    @property
    def is_full(self) -> bool:
        """Return whether all places of this agent are filled."""
        return self.load >= self.capacity


@dataclass(frozen=True, slots=True)
class OtherUnit(_Filled):
    """It is another unit, without names.

    present, available: numbers of agents. load, capacity: places of the available ones. dormant: how many of their
    conversations are at rest. over: how many of the available ones hold more than their places, which their places
    together do not show while a colleague has free ones.
    """

    name: str
    present: int
    available: int
    load: int
    capacity: int
    dormant: int
    over: int


@dataclass(frozen=True, slots=True)
class Silence:
    """It is a person who waits for an answer.

    name: that of the agent; empty for another unit. since: the time, in words, since the oldest message that nobody has
    answered, whoever had the conversation (`chat.conversations.waits`); level is the level of this time. own: the same
    wait, counted only since the present agent could have answered; empty when both are the same number of minutes.
    is_marked: words of suicide or danger are not dealt with (`chat.casework.danger`). is_left: besides, the agent is
    not available or gone, and level is BROKEN. is_offline: the person is not seen any more, which is shown only of who
    is left. is_on_the_phone: the agent telephones. holder: the key of the agent. agent: the same, if they are available
    and of one of the supervisor's units. conversation: its public id. place, urgency: in words, urgency_name: as
    in frames and pages, and is_minor, as in the table of exchanges under way: only for one of the supervisor's units.
    """

    name: str
    unit: str
    since: str
    own: str
    level: Level
    is_marked: bool = False
    is_left: bool = False
    is_offline: bool = False
    is_on_the_phone: bool = False
    holder: int | None = None
    agent: int | None = None
    conversation: UUID | None = None
    place: str = ""
    urgency: str = ""
    urgency_name: str = ""
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """It is the service at one moment.

    emergencies: open procedures, in the order of `procedures.open_procedures`; they are shown before all alerts.
    emergencies_left_out: how many more there are, of exchanges that are over. left_marks: people who left in danger,
    in the order of `left_marks.left_marks`; they are shown after these. left_marks_left_out: how many more there are.
    alerts: the gravest first. Of alerts and groups some may be folded (`in_sight`, `folded`).
    waiting: people whose turn may come, without calm members of `groups`; `alike` of them are members of `groups` who
    say that they are in danger, `asleep` have a page that sleeps. offline, left: people who are passed over, also calm
    members of `groups`; no limit applies to them. silences: people without an answer whose level is NEAR or BROKEN,
    those who are left (`Silence.is_left`) first, then others who wrote of suicide or danger, then the longest.
    silent_apart: how many others have no answer and are offline. marked: the public ids of people under way or in the
    queue who wrote of suicide or danger, which nobody has dealt with. in_danger: those of them whom the alerts « Danger
    » tell of. worst_wait: None when nobody waits. in_danger_now: how many people are in danger: critical in the queue
    or under way, with an open procedure, or with words of danger that nobody has dealt with. endangered: the public ids
    of these, without those left out. groups: arrivals that look alike. under_way: active conversations; dormant: how
    many of these are at rest.
    """

    emergencies: list[EmergencyLine]
    emergencies_left_out: int
    left_marks: list[LeftLine]
    left_marks_left_out: int
    waiting: int
    alike: int
    asleep: int
    offline: int
    left: int
    minors: int
    longest_wait: str
    lines: list[WaitingLine]
    under_way: int
    dormant: int
    on_duty: int
    free: int
    members: list[Member]
    others: list[OtherUnit]
    silences: list[Silence]
    silent_apart: int
    marked: frozenset[UUID]
    in_danger: frozenset[UUID]
    worst_wait: WorstWait | None
    in_danger_now: int
    endangered: frozenset[UUID]
    alerts: list[Alert]
    groups: list[lookalikes.Shown]

    @property
    def apart(self) -> int:
        """Return how many people who wait are passed over for now."""
        return self.offline + self.left

    @property
    def alike_apart(self) -> int:
        """Return how many calm members of `groups` are here: the console's queue counts them, `waiting` does not."""
        return sum(one.calm_here for one in self.groups)

    @property
    def in_queue(self) -> int:
        """Return how many people are in the queue and here, as the console counts them: no page has another figure."""
        return self.waiting + self.alike_apart

    @property
    def over(self) -> list[Member]:
        """Return the agents of the supervisor's units who hold more than their places, who holds the most first."""
        return sorted((one for one in self.members if one.beyond), key=lambda one: -one.beyond)

    @property
    def over_elsewhere(self) -> int:
        """Return how many agents of other units hold more than their places."""
        return sum(one.over for one in self.others)

    @property
    def procedures(self) -> int:
        """Return how many emergency procedures are open."""
        return len(self.emergencies) + self.emergencies_left_out

    @property
    def danger_owed(self) -> int:
        """Return of how many people the words of suicide or danger are not dealt with, also of those who left."""
        return len(self.marked) + len(self.left_marks) + self.left_marks_left_out

    @property
    def silent_broken(self) -> int:
        """Return how many people have waited for an answer longer than the limit."""
        return sum(one.level is Level.BROKEN for one in self.silences)

    @property
    def alarms(self) -> int:
        """Return how many things need somebody: emergency procedures, people who left in danger, alerts, and groups of
        arrivals that look alike."""
        return len(self.emergencies) + len(self.left_marks) + len(self.alerts) + len(self.groups)

    @property
    def in_sight(self) -> AlertLines:
        """Return what stands among the alerts below the emergency procedures and the people who left in danger."""
        return self._alert_lines()[0]

    @property
    def folded(self) -> AlertLines:
        """Return what stands under « Voir les … autres alertes »: nothing of somebody in danger, and never one alone,
        which its own title would be as high as."""
        return self._alert_lines()[1]

    def _alert_lines(self) -> tuple[AlertLines, AlertLines]:
        grave = sum(one.stays for one in self.alerts) + sum(bool(one.critical) for one in self.groups)
        room = ALERTS_IN_SIGHT - len(self.emergencies) - len(self.left_marks) - grave
        others = self.alarms - len(self.emergencies) - len(self.left_marks) - grave
        if others <= max(room, 0) + 1:
            return AlertLines(self.alerts, self.groups), AlertLines([], [])
        shown, folded = AlertLines([], []), AlertLines([], [])
        for alert in self.alerts:
            if not alert.stays:
                room -= 1
            (shown if alert.stays or room >= 0 else folded).alerts.append(alert)
        for group in self.groups:
            if not group.critical:
                room -= 1
            (shown if group.critical or room >= 0 else folded).groups.append(group)
        return shown, folded

    @property
    def urgent(self) -> int:
        """Return how many people with a raised urgency wait."""
        return sum(line.total for line in self.lines if line.is_urgent)


def read(now: datetime, *, units: Collection[int]) -> Board:
    """Read the board of a supervisor, in ten queries.

    now: by the clock of this process, for the board shows times and takes nothing away (docs/adr/0014 is about what
    does). units: keys of the units in which they may step in.
    """
    known = limits()
    everybody = _people(now)
    people = [person for person in everybody if person.whereabouts.holds_turn]  # of a group only those in danger
    lost = [person for person in everybody if person.is_marked]
    places = Counter(person.whereabouts for person in everybody)
    agents = list(
        Agent.objects.present(now).with_load().select_related("unit").order_by("unit__name", "public_name", "pk")
    )
    active = list(_active())
    held = Counter(row.assigned_to_id for row in active)
    on_duty = [agent for agent in agents if agent.availability == Availability.AVAILABLE]
    available_here = {agent.pk for agent in on_duty if agent.unit_id in units}
    free = sum(max(0, agent.capacity - agent.load) for agent in on_duty)
    silent = sorted(
        _silent(active, now), key=lambda line: (not _is_left(line[0], line[1], now), not _is_marked(line[0]), -line[1])
    )
    silences = [
        Silence(
            name=plain_text.plain(row.assigned_to.public_name) if row.assigned_to.unit_id in units else "",
            unit=row.assigned_to.unit.name,
            since=_minutes(seconds),
            own=_minutes(own) if own // 60 < seconds // 60 else "",
            level=level,
            is_marked=_is_marked(row),
            is_left=_is_left(row, seconds, now),
            is_offline=_is_unseen(row, now),
            is_on_the_phone=is_on_the_phone(row.assigned_to.pause_reason),
            holder=row.assigned_to_id,
            agent=row.assigned_to_id if row.assigned_to_id in available_here else None,
            conversation=row.public_id,
            place=place_of(row.report) if row.assigned_to.unit_id in units else "",
            urgency=row.get_urgency_display() if row.assigned_to.unit_id in units else "",
            urgency_name=(
                read_choice(Urgency, row.urgency, Urgency.NORMAL).name.lower()
                if row.assigned_to.unit_id in units
                else ""
            ),
            is_minor=row.assigned_to.unit_id in units and row.report.is_minor,
        )
        for row, seconds, own in silent
        if (level := _level_of_silence(row, seconds, now, known[Measure.SILENCE])) > Level.KEPT
    ]
    oldest = min((person.queued_at for person in people), default=None)
    lines = [_line(urgency, everybody, now, known) for urgency in sorted(Urgency, reverse=True)]
    rows_open, left_out = procedures.open_procedures(units)
    emergencies = [_emergency_line(row, now, units) for row in rows_open]
    marks, marks_left_out = left_marks.left_marks(now, units)
    endangered = {row.public_id for row in active if _is_marked(row) or row.urgency == Urgency.CRITICAL}
    endangered |= {one.public_id for one in everybody if one.is_marked}
    endangered |= {one.public_id for one in people if one.urgency == Urgency.CRITICAL}
    endangered |= {row.conversation.public_id for row in rows_open} | {row.conversation.public_id for row in marks}
    return Board(
        emergencies=emergencies,
        emergencies_left_out=left_out,
        left_marks=_left_lines(marks, now),
        left_marks_left_out=marks_left_out,
        groups=lookalikes.waiting_groups(now),
        waiting=len(people),
        alike=sum(person.is_alike for person in people),
        asleep=places[Whereabouts.ASLEEP],
        offline=places[Whereabouts.OFFLINE],
        left=places[Whereabouts.LEFT],
        minors=sum(person.is_minor for person in people),
        longest_wait=duration_in_words(now - oldest) if oldest else "",
        lines=lines,
        under_way=len(active),
        dormant=sum(row.is_dormant for row in active),
        on_duty=len(on_duty),
        free=free,
        members=[_member(agent, held[agent.pk]) for agent in agents if agent.unit_id in units],
        others=_others([agent for agent in agents if agent.unit_id not in units]),
        silences=silences,
        silent_apart=sum(conversations_waits.waits_since(row) is not None for row in active) - len(silent),
        marked=frozenset(row.public_id for row in active if _is_marked(row)) | {row.public_id for row in lost},
        in_danger=frozenset(row.public_id for row in lost)
        | {row.public_id for row, seconds, _own in silent if _is_left(row, seconds, now)},
        worst_wait=_worst_wait(people, now, known),
        in_danger_now=len(endangered) + left_out + marks_left_out,
        endangered=frozenset(endangered),
        alerts=_sorted(
            [
                *_lost_alerts(len(lost)),
                *_alerts_elsewhere(now, units),
                *_alerts(people, silences, now, known, on_duty=len(on_duty), free=free),
                *_unread_alerts(now, known[Measure.UNREAD]),
            ]
        ),
    )


# --- who waits ------------------------------------------------------------------------------------------------------


def limit_of_wait(urgency: int) -> str:
    """Return the measure that applies to the wait of a person with this urgency."""
    return Measure.WAIT_URGENT if urgency > Urgency.NORMAL else Measure.WAIT


@dataclass(frozen=True, slots=True)
class _Person:
    urgency: int
    force: str
    is_minor: bool
    queued_at: datetime
    whereabouts: Whereabouts
    public_id: UUID
    is_marked: bool
    is_alike: bool


def _people(now: datetime) -> list[_Person]:
    """Read the people who wait, without those who look alike, are calm and are here.

    These are shown as groups, and no limit applies, because nobody waits for them. Those who say that they are in
    danger keep their turn (docs/adr/0074), and count as anybody in danger. Whoever is absent counts among the absent,
    as in the queue.
    """
    waiting = Conversation.objects.waiting().without_calm_look_alikes(now)
    rows = _with_marks(with_departure(waiting.order_by("pk"))).values_list(
        "urgency", "force", "report__age_band", "queued_at", "reporter_seen_at", "reporter_is_hidden", "left_at",
        "public_id", "marked_seqs", "dealt_seq", "lookalike_group", named=True,
    )  # fmt: skip
    return [
        _Person(
            row.urgency,
            row.force,
            read_choice(AgeBand, row.report__age_band, AgeBand.UNKNOWN).is_minor,
            row.queued_at,
            whereabouts_of(row, now),
            row.public_id,
            _is_marked(row),
            row.lookalike_group is not None,
        )
        for row in rows
    ]


def _line(urgency: Urgency, everybody: Iterable[_Person], now: datetime, known: Mapping[str, Limit]) -> WaitingLine:
    of_degree = [person for person in everybody if person.urgency == urgency]
    mine = [person for person in of_degree if person.whereabouts.holds_turn]
    oldest = min((person.queued_at for person in mine), default=None)
    waited = (now - oldest).total_seconds() if oldest else 0
    return WaitingLine(
        label=str(urgency.label),
        zones=tuple(sum(person.force == zone for person in mine) for zone in ZONES),
        longest=duration_in_words(now - oldest) if oldest else "",
        level=service_level.level_of_time(waited, known[limit_of_wait(urgency)]) if oldest else Level.KEPT,
        is_urgent=urgency > Urgency.NORMAL,
        apart=len(of_degree) - len(mine),
    )


def _worst_wait(people: Iterable[_Person], now: datetime, known: Mapping[str, Limit]) -> WorstWait | None:
    waits = [((now - one.queued_at).total_seconds(), known[limit_of_wait(one.urgency)], one) for one in people]
    if not waits:
        return None
    seconds, limit, person = max(waits, key=lambda wait: wait[0] / max(1, wait[1].limit))
    level = service_level.level_of_time(seconds, limit)
    return WorstWait(duration_in_words(now - person.queued_at), limit.limit, level)


def _emergency_line(row: Emergency, now: datetime, units: Collection[int]) -> EmergencyLine:
    conversation = row.conversation
    agent = conversation.assigned_to
    is_own = agent is not None and agent.unit_id in units
    return EmergencyLine(
        situation=label_of(Situation, row.situation),
        started_at=row.started_at,
        since=clock_in_words(now - row.started_at),
        place=place_of(conversation.report) if is_own or agent is None else "",  # nobody's is everybody's
        name=plain_text.plain(agent.public_name) if is_own and agent else "",
        unit=agent.unit.name if agent else "",
        state=procedures.state_of(conversation),
        conversation=conversation.public_id if is_own and conversation.is_open else None,
        to_end=conversation.public_id if procedures.may_end(conversation, units) else None,
    )


def _left_lines(marks: Iterable[DangerMark], now: datetime) -> list[LeftLine]:
    lines = []
    for row in marks:
        agent = row.conversation.assigned_to
        lines.append(
            LeftLine(
                conversation=row.conversation.public_id,
                since=duration_in_words(now - (row.left_at or now)),
                place=place_of(row.conversation.report),
                name=plain_text.plain(agent.public_name) if agent else "",
                state=procedures.state_of(row.conversation),
            )
        )
    return lines


# --- who answers ----------------------------------------------------------------------------------------------------


def _member(agent: Any, held: int) -> Member:
    return Member(
        key=agent.pk,
        name=plain_text.plain(agent.public_name),
        unit=agent.unit.name,
        availability_label=label_of(Availability, agent.availability),
        pause_reason=agent.pause_reason,
        load=agent.load,
        capacity=agent.capacity,
        held=held,
        dormant=agent.dormant,
        is_available=agent.availability == Availability.AVAILABLE,
    )


def _others(agents: Iterable[Any]) -> list[OtherUnit]:
    units: dict[str, list[Any]] = {}
    for agent in agents:
        units.setdefault(agent.unit.name, []).append(agent)
    found = []
    for name, members in units.items():
        available = [agent for agent in members if agent.availability == Availability.AVAILABLE]
        load, capacity, dormant = (
            sum(getattr(agent, field) for agent in available) for field in ("load", "capacity", "dormant")
        )
        over = sum(agent.load > agent.capacity for agent in available)
        found.append(OtherUnit(name, len(members), len(available), load, capacity, dormant, over))
    return found


def _active() -> Any:
    """Return all active conversations, with the columns of `waits.with_waits` and the numbers of marked messages."""
    active = Conversation.objects.active().select_related("assigned_to__unit", "report__municipality")
    return _with_marks(conversations_waits.with_waits(active))


def _with_marks(rows: Any) -> Any:
    """Add the numbers of marked messages, and up to which of them they are dealt with; both None without any."""
    return rows.annotate(marked_seqs=F("danger_mark__seqs"), dealt_seq=F("danger_mark__dealt_seq"))


def _is_marked(row: Any) -> bool:
    """Return whether words of suicide or danger are marked that nobody has dealt with."""
    return any(seq > row.dealt_seq for seq in row.marked_seqs or ())


def _is_left(row: Any, seconds: float, now: datetime) -> bool:
    """Return whether somebody who wrote such words waits for an agent who is not available, or whose lease is over."""
    return seconds >= LEFT_SECONDS and _is_marked(row) and not _is_on_duty(row.assigned_to, now)


def _is_on_duty(agent: Agent, now: datetime) -> bool:
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    return agent.availability == Availability.AVAILABLE and not is_lease_over(
        seen_at=agent.seen_at, now=now, lease=lease
    )


def _level_of_silence(row: Any, seconds: float, now: datetime, limit: Limit) -> Level:
    return Level.BROKEN if _is_left(row, seconds, now) else service_level.level_of_time(seconds, limit)


def _silent(rows: Iterable[Any], now: datetime) -> Iterable[tuple[Any, float, float]]:
    """Yield the conversations whose person waits for an answer, and is present or left (`_is_left`).

    A phone that is put away sends no beat: somebody in danger is not passed over for that. Each comes with the seconds
    of the wait, and the seconds since the present agent could have answered.
    """
    for row in rows:
        since = conversations_waits.waits_since(row)
        if since is None:
            continue
        seconds = (now - since).total_seconds()
        if not _is_unseen(row, now) or _is_left(row, seconds, now):
            own = conversations_waits.agent_owes_since(row, since)
            yield row, seconds, (now - own).total_seconds()


def _is_unseen(row: Any, now: datetime) -> bool:
    return (now - row.reporter_seen_at).total_seconds() > UNSEEN_SECONDS


def _minutes(seconds: float) -> str:
    return _("%(minutes)s min") % {"minutes": int(seconds // 60)}


# --- alerts ---------------------------------------------------------------------------------------------------------


def _alerts(
    people: Iterable[_Person],
    silences: Iterable[Silence],
    now: datetime,
    known: Mapping[str, Limit],
    *,
    on_duty: int,
    free: int,
) -> list[Alert]:
    waits: Counter[tuple[str, Level]] = Counter()
    for person in people:
        kind = limit_of_wait(person.urgency)
        waits[kind, service_level.level_of_time((now - person.queued_at).total_seconds(), known[kind])] += 1
    alerts = [
        Alert(level, _wait_text(kind, level, count, known[kind].limit), is_urgent=kind == Measure.WAIT_URGENT)
        for (kind, level), count in waits.items()
        if level > Level.KEPT
    ]
    for level, count in Counter(silence.level for silence in silences if not silence.is_left).items():
        alerts.append(Alert(level, _silence_text(level, count, known[Measure.SILENCE].limit), part=Part.SILENCES))
    if left := sum(silence.is_left for silence in silences):
        alerts.append(Alert(Level.BROKEN, _left_text(left), _("Danger"), Part.SILENCES))
    duty = service_level.level_of_duty(on_duty=on_duty, free=free, limit=known[Measure.ON_DUTY])
    if duty > Level.KEPT:
        alerts.append(Alert(duty, _duty_text(on_duty, free), is_of_duty=True))
    return alerts


def _lost_alerts(count: int) -> list[Alert]:
    """Return the alert for people in the queue whose marks nobody has dealt with.

    They have no agent yet, or theirs was lost or passed them on. They are told of also while they are offline: no agent
    reads what they write (`chat.casework.waiting_danger`).
    """
    if not count:
        return []
    text = ngettext(
        "%(count)s personne a écrit des mots de suicide ou de danger, et n'a pas d'agent.",
        "%(count)s personnes ont écrit des mots de suicide ou de danger, et n'ont pas d'agent.",
        count,
    )
    return [Alert(Level.BROKEN, text % {"count": count}, _("Danger"), Part.QUEUE)]


def _alerts_elsewhere(now: datetime, units: Collection[int]) -> list[Alert]:
    """Return the alerts of what only a supervisor of another unit can deal with: how many, and of which units.

    Whoever is alone on duty can call one of these, or be named on call. Otherwise nobody awake would learn of it.
    """
    alerts = []
    if marks := left_marks.count_elsewhere(now, units):
        text = ngettext(
            "%(count)s personne d'une autre unité est partie, et personne n'a pris en compte ses mots de suicide ou de "
            "danger : %(units)s.",
            "%(count)s personnes d'autres unités sont parties, et personne n'a pris en compte leurs mots de suicide ou "
            "de danger : %(units)s.",
            sum(marks.values()),
        )
        alerts.append(_alert_elsewhere(text, marks, _("Danger")))
    if running := procedures.count_elsewhere(now, units):
        text = ngettext(
            "%(count)s procédure d'une autre unité est encore ouverte, et l'échange terminé : %(units)s.",
            "%(count)s procédures d'autres unités sont encore ouvertes, et les échanges terminés : %(units)s.",
            sum(running.values()),
        )
        alerts.append(_alert_elsewhere(text, running, _("Procédure d'urgence")))
    return alerts


def _alert_elsewhere(text: str, counts: Mapping[str, int], label: str) -> Alert:
    named = ", ".join(f"{unit} ({count})" for unit, count in counts.items())
    return Alert(Level.BROKEN, text % {"count": sum(counts.values()), "units": named}, label, page=ELSEWHERE)


def _left_text(count: int) -> str:
    text = ngettext(
        "%(count)s personne a écrit des mots de suicide ou de danger, et son agent n'est pas disponible.",
        "%(count)s personnes ont écrit des mots de suicide ou de danger, et leur agent n'est pas disponible.",
        count,
    )
    return text % {"count": count}


def _sorted(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the gravest first, of these the alerts of people in danger, which have a label of their own, then of
    urgent people who wait.

    What only another unit can deal with comes last of its level: it stands for a day, and hides nobody who waits now.
    """

    def place(alert: Alert) -> tuple[Any, ...]:
        return (-alert.level, alert.page == ELSEWHERE, not alert.label, not alert.is_urgent, alert.text)

    return sorted(alerts, key=place)


def _unread_alerts(now: datetime, limit: Limit) -> list[Alert]:
    """Return alerts for transmissions that no unit has read; their page names those of the supervisor's units."""
    return [
        Alert(level, _unread_text(level, count, limit.limit), page="console:unread_referrals")
        for level, count in Counter(referral_queries.unread_levels(now, limit)).items()
    ]


def _unread_text(level: Level, count: int, limit: int) -> str:
    if level is Level.BROKEN:
        text = ngettext(
            "%(count)s transmission non lue par l'unité depuis plus de %(limit)s min.",
            "%(count)s transmissions non lues par l'unité depuis plus de %(limit)s min.",
            count,
        )
    else:
        text = ngettext(
            "%(count)s transmission bientôt non lue depuis %(limit)s min.",
            "%(count)s transmissions bientôt non lues depuis %(limit)s min.",
            count,
        )
    return text % {"count": count, "limit": limit}


def _wait_text(kind: str, level: Level, count: int, limit: int) -> str:
    values = {"count": count, "limit": limit}
    if kind == Measure.WAIT_URGENT:
        if level is Level.BROKEN:
            text = ngettext(
                "%(count)s personne en urgence attend depuis plus de %(limit)s min.",
                "%(count)s personnes en urgence attendent depuis plus de %(limit)s min.",
                count,
            )
        else:
            text = ngettext(
                "%(count)s personne en urgence attendra bientôt depuis %(limit)s min.",
                "%(count)s personnes en urgence attendront bientôt depuis %(limit)s min.",
                count,
            )
    elif level is Level.BROKEN:
        text = ngettext(
            "%(count)s personne attend depuis plus de %(limit)s min.",
            "%(count)s personnes attendent depuis plus de %(limit)s min.",
            count,
        )
    else:
        text = ngettext(
            "%(count)s personne attendra bientôt depuis %(limit)s min.",
            "%(count)s personnes attendront bientôt depuis %(limit)s min.",
            count,
        )
    return text % values


def _silence_text(level: Level, count: int, limit: int) -> str:
    if level is Level.BROKEN:
        text = ngettext(
            "%(count)s échange sans mot de l'agent depuis plus de %(limit)s min.",
            "%(count)s échanges sans mot de l'agent depuis plus de %(limit)s min.",
            count,
        )
    else:
        text = ngettext(
            "%(count)s échange bientôt sans mot de l'agent depuis %(limit)s min.",
            "%(count)s échanges bientôt sans mot de l'agent depuis %(limit)s min.",
            count,
        )
    return text % {"count": count, "limit": limit}


def _duty_text(on_duty: int, free: int) -> str:
    if not on_duty:
        return _("Aucun agent n'est disponible.")
    if free <= 0:
        return _("Toutes les places sont prises.")
    text = ngettext("%(count)s seul agent est disponible.", "%(count)s agents seulement sont disponibles.", on_duty)
    return text % {"count": on_duty}
