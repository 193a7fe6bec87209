"""The duty at this moment, for supervisors: who waits, who answers, which promise is close to being broken.

Readings only, in a fixed number of queries; numbers, times and, of the supervisor's own units, names of agents. Nothing
that anybody wrote, and no way to a conversation.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.conversations import waits as conversations_waits
from chat.conversations.wording import duration_in_words
from chat.models import Agent, Conversation
from chat.referral import queries as referral_queries
from chat.rules import plain_text, service_level
from chat.rules.lifecycle import Availability
from chat.rules.service_level import Level, Limit, Measure
from common.service_settings import definitions
from common.service_settings import values as setting_values
from common.service_settings.definitions import Setting
from locations.models import Force
from reports.models import AgeBand
from triage.rules import Urgency

ZONES = (*Force.values, "")


LIMITS: Mapping[str, tuple[Setting, Setting | None]] = {
    Measure.WAIT: (definitions.WAIT, definitions.WAIT_WARN),
    Measure.WAIT_URGENT: (definitions.WAIT_URGENT, definitions.WAIT_URGENT_WARN),
    Measure.SILENCE: (definitions.SILENCE, definitions.SILENCE_WARN),
    Measure.ON_DUTY: (definitions.ON_DUTY, None),
    Measure.UNREAD: (definitions.UNREAD, definitions.UNREAD_WARN),
}


def limits() -> Mapping[str, Limit]:
    """The limits in force, by the house's rules. No query."""
    return {
        kind: Limit(setting_values.get(limit), setting_values.get(warn) if warn else 100)
        for kind, (limit, warn) in LIMITS.items()
    }


@dataclass(frozen=True, slots=True)
class Alert:
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """Who waits with one degree of urgency. zones: how many, in the order of ZONES. longest: in words, or empty."""

    label: str
    zones: tuple[int, ...]
    longest: str
    level: Level
    is_urgent: bool

    @property
    def total(self) -> int:
        return sum(self.zones)


@dataclass(frozen=True, slots=True)
class Member:
    """An agent of the supervisor's units. load, capacity: places. held: conversations."""

    name: str
    unit: str
    availability_label: str
    pause_reason: str
    load: int
    capacity: int
    held: int

    @property
    def is_full(self) -> bool:
        return self.load >= self.capacity


@dataclass(frozen=True, slots=True)
class OtherUnit:
    """Another unit, without names. load, capacity: places of those who are available."""

    name: str
    present: int
    available: int
    load: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Silence:
    """A person who waits for an answer. name: empty for another unit's agent.

    since: in words, since the oldest message that nobody answered, whoever held the conversation
    (`chat.conversations.waits`); the level is its. own: how much of it is the present agent's, empty when that is all
    of it, to the minute.
    """

    name: str
    unit: str
    since: str
    own: str
    level: Level


@dataclass(frozen=True, slots=True)
class Board:
    """The duty at one moment. alerts: the gravest first. silences: the longest first, those that are near or broken."""

    waiting: int
    minors: int
    longest_wait: str
    lines: list[WaitingLine]
    under_way: int
    on_duty: int
    free: int
    members: list[Member]
    others: list[OtherUnit]
    silences: list[Silence]
    alerts: list[Alert]

    @property
    def urgent(self) -> int:
        return sum(line.total for line in self.lines if line.is_urgent)


def read(now: datetime, *, units: Collection[int]) -> Board:
    """The board of a supervisor of these units, in four queries."""
    known = limits()
    people = list(
        Conversation.objects.waiting().values_list("urgency", "force", "report__age_band", "queued_at").order_by("pk")
    )
    agents = list(
        Agent.objects.present(now).with_load().select_related("unit").order_by("unit__name", "public_name", "pk")
    )
    active = list(_active())
    held = Counter(row.assigned_to_id for row in active)
    on_duty = [agent for agent in agents if agent.availability == Availability.AVAILABLE]
    free = sum(max(0, agent.capacity - agent.load) for agent in on_duty)
    silent = sorted(_silent(active, now), key=lambda line: -line[1])
    silences = [
        Silence(
            name=plain_text.plain(row.assigned_to.public_name) if row.assigned_to.unit_id in units else "",
            unit=row.assigned_to.unit.name,
            since=_minutes(seconds),
            own=_minutes(own) if own // 60 < seconds // 60 else "",
            level=service_level.level_of_time(seconds, known[Measure.SILENCE]),
        )
        for row, seconds, own in silent
        if service_level.level_of_time(seconds, known[Measure.SILENCE]) > Level.KEPT
    ]
    oldest = min((queued_at for *_rest, queued_at in people), default=None)
    lines = [_line(urgency, people, now, known) for urgency in sorted(Urgency, reverse=True)]
    return Board(
        waiting=len(people),
        minors=sum(AgeBand(age).is_minor for _urgency, _force, age, _queued_at in people),
        longest_wait=duration_in_words(now - oldest) if oldest else "",
        lines=lines,
        under_way=len(active),
        on_duty=len(on_duty),
        free=free,
        members=[_member(agent, held[agent.pk]) for agent in agents if agent.unit_id in units],
        others=_others([agent for agent in agents if agent.unit_id not in units]),
        silences=silences,
        alerts=_sorted(
            [
                *_alerts(people, silences, now, known, on_duty=len(on_duty), free=free),
                *_unread_alerts(now, known[Measure.UNREAD]),
            ]
        ),
    )


# --- who waits ------------------------------------------------------------------------------------------------------


def _limit_of(urgency: int) -> str:
    return Measure.WAIT_URGENT if urgency > Urgency.NORMAL else Measure.WAIT


def _line(urgency: Urgency, people: Iterable[Any], now: datetime, known: Mapping[str, Limit]) -> WaitingLine:
    mine = [(force, queued_at) for degree, force, _age, queued_at in people if degree == urgency]
    oldest = min((queued_at for _force, queued_at in mine), default=None)
    waited = (now - oldest).total_seconds() if oldest else 0
    return WaitingLine(
        label=str(urgency.label),
        zones=tuple(sum(force == zone for force, _queued_at in mine) for zone in ZONES),
        longest=duration_in_words(now - oldest) if oldest else "",
        level=service_level.level_of_time(waited, known[_limit_of(urgency)]) if oldest else Level.KEPT,
        is_urgent=urgency > Urgency.NORMAL,
    )


# --- who answers ----------------------------------------------------------------------------------------------------


def _member(agent: Any, held: int) -> Member:
    return Member(
        name=plain_text.plain(agent.public_name),
        unit=agent.unit.name,
        availability_label=str(Availability(agent.availability).label),
        pause_reason=agent.pause_reason,
        load=agent.load,
        capacity=agent.capacity,
        held=held,
    )


def _others(agents: Iterable[Any]) -> list[OtherUnit]:
    units: dict[str, list[Any]] = {}
    for agent in agents:
        units.setdefault(agent.unit.name, []).append(agent)
    found = []
    for name, members in units.items():
        available = [agent for agent in members if agent.availability == Availability.AVAILABLE]
        load, capacity = (sum(getattr(agent, field) for agent in available) for field in ("load", "capacity"))
        found.append(OtherUnit(name, len(members), len(available), load, capacity))
    return found


def _active() -> Any:
    """Every conversation under way, with since when its person waits."""
    return conversations_waits.with_waits(Conversation.objects.active().select_related("assigned_to__unit"))


def _silent(rows: Iterable[Any], now: datetime) -> Iterable[tuple[Any, float, float]]:
    """Those whose person is here and waits for words, with how many seconds: of theirs, and of the present agent's."""
    for row in rows:
        if (now - row.reporter_seen_at).total_seconds() > 60:
            continue
        since = conversations_waits.waits_since(row)
        if since is not None:
            own = conversations_waits.agent_owes_since(row, since)
            yield row, (now - since).total_seconds(), (now - own).total_seconds()


def _minutes(seconds: float) -> str:
    return _("%(minutes)s min") % {"minutes": int(seconds // 60)}


# --- what is promised -----------------------------------------------------------------------------------------------


def _alerts(
    people: Iterable[Any],
    silences: Iterable[Silence],
    now: datetime,
    known: Mapping[str, Limit],
    *,
    on_duty: int,
    free: int,
) -> list[Alert]:
    waits: Counter[tuple[str, Level]] = Counter()
    for urgency, _force, _age, queued_at in people:
        kind = _limit_of(urgency)
        waits[kind, service_level.level_of_time((now - queued_at).total_seconds(), known[kind])] += 1
    alerts = [
        Alert(level, _wait_text(kind, level, count, known[kind].limit))
        for (kind, level), count in waits.items()
        if level > Level.KEPT
    ]
    for level, count in Counter(silence.level for silence in silences).items():
        alerts.append(Alert(level, _silence_text(level, count, known[Measure.SILENCE].limit)))
    duty = service_level.level_of_duty(on_duty=on_duty, free=free, limit=known[Measure.ON_DUTY])
    if duty > Level.KEPT:
        alerts.append(Alert(duty, _duty_text(on_duty, free)))
    return alerts


def _sorted(alerts: Iterable[Alert]) -> list[Alert]:
    return sorted(alerts, key=lambda alert: (-alert.level, alert.text))


def _unread_alerts(now: datetime, limit: Limit) -> list[Alert]:
    """Summaries that no unit has read: how many, and for how long; whose they are is on their agent's own list."""
    return [
        Alert(level, _unread_text(level, count, limit.limit))
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
