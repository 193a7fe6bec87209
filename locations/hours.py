"""This module reads opening hours in the official forms, tells them in words, and answers « is it open? ». It reads no
clock.

A `Week` is a JSON object with the keys "mon" to "sun". Each is a list of ["08:00", "12:00"] pairs in order, in the
local time of the place; an empty list is a closed day, and "24:00" ends a day. "holidays" is there only when the source
says something of public holidays. Unknown hours are None, never an empty week: nothing may be claimed about such a
place.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Week = dict[str, list[list[str]]]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS = "holidays"
DAYS_COUNTED = 31  # the most days that `open_seconds` looks at
_DAY_NAMES = {
    "mon": gettext_lazy("lundi"),
    "tue": gettext_lazy("mardi"),
    "wed": gettext_lazy("mercredi"),
    "thu": gettext_lazy("jeudi"),
    "fri": gettext_lazy("vendredi"),
    "sat": gettext_lazy("samedi"),
    "sun": gettext_lazy("dimanche"),
}
_FRENCH = dict(zip(("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"), DAYS, strict=True))
_DAY_PATTERN = re.compile(
    r"(lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|jours?[ _]f[ée]ri[ée]s?)\s*:", re.IGNORECASE
)
_SLOT_PATTERN = re.compile(r"(\d{1,2})\s*[h:]\s*(?:(\d{1,2})\s*)?-\s*(\d{1,2})\s*[h:]\s*(\d{0,2})")
_TIME_PATTERN = re.compile(r"(\d{1,2})(?:[h:](\d{1,2})?)?(?::\d{2})?")


class UnreadableHours(ValueError):
    """The source gives hours in a form that this module does not know. The message quotes nothing."""


# --- reading ------------------------------------------------------------------------------------------------------


def parse_text(text: str) -> Week | None:
    """Read the ministry's text form: « $Lundi : 8h00-12h00 14h00-18h00$Mardi : … », or with spaces or « ; » for « $ ».

    A day that the text leaves out is closed. It returns None for an empty text and for « 0h00-0h00 », a placeholder
    that sometimes stands for « 24 h/24 » and never for hours. It raises UnreadableHours.
    """
    text = text.strip(" $;")
    if not text:
        return None
    parts = _DAY_PATTERN.split(text)
    if parts[0].strip(" $;") or len(parts) < 3:
        raise UnreadableHours
    week: Week = {day: [] for day in DAYS}
    for name, hours in zip(parts[1::2], parts[2::2], strict=True):
        if _SLOT_PATTERN.sub("", hours).strip(" $;,"):
            raise UnreadableHours
        day = _FRENCH.get(name.casefold(), HOLIDAYS)
        for slot in _SLOT_PATTERN.findall(hours):
            start, end = _clock(slot[0], slot[1]), _clock(slot[2], slot[3])
            if start == end:
                return None
            _add(week, day, start, end)
    return _finished(week)


def parse_columns(row: Mapping[str, str]) -> Week | None:
    """Read the ministry's structured form: columns `lundi_plage1_debut` … `jours_feries_plage3_fin`, like « 08h00 ».

    00:00 to 24:00 on all seven days is open day and night. It returns None when every column is empty, and raises
    UnreadableHours.
    """
    week: Week = {day: [] for day in DAYS}
    for name, day in (*_FRENCH.items(), ("jours_feries", HOLIDAYS)):
        for number in "123":
            start_text = (row.get(f"{name}_plage{number}_debut") or "").strip()
            end_text = (row.get(f"{name}_plage{number}_fin") or "").strip()
            if not start_text and not end_text:
                continue
            start, end = _read_clock(start_text), _read_clock(end_text)
            if start == end:
                if start != "00:00":
                    raise UnreadableHours
                return None
            _add(week, day, start, end)
    return _finished(week)


def parse_ranges(ranges: Iterable[Mapping[str, str]]) -> Week | None:
    """Read DILA's form since 2022: `plage_ouverture`, ranges of days with one or two slots. Comments are left out.

    It returns None when nothing is given or when the hours are the placeholder 00:00–00:00. It raises UnreadableHours.
    """
    week: Week = {day: [] for day in DAYS}
    for item in ranges:
        first = _FRENCH.get((item.get("nom_jour_debut") or "").strip().casefold())
        last = _FRENCH.get((item.get("nom_jour_fin") or item.get("nom_jour_debut") or "").strip().casefold())
        if first is None or last is None:
            raise UnreadableHours
        start_index, end_index = DAYS.index(first), DAYS.index(last)
        if end_index < start_index:
            raise UnreadableHours
        for number in "12":
            start_text = (item.get(f"valeur_heure_debut_{number}") or "").strip()
            end_text = (item.get(f"valeur_heure_fin_{number}") or "").strip()
            if not start_text and not end_text:
                continue
            start, end = _read_clock(start_text), _read_clock(end_text)
            if start == end:
                return None
            for day in DAYS[start_index : end_index + 1]:
                _add(week, day, start, end)
    return _finished(week)


def _read_clock(text: str) -> str:
    found = _TIME_PATTERN.fullmatch(text)
    if not found:
        raise UnreadableHours
    return _clock(found[1], found[2] or "")


def _clock(hours: str, minutes: str) -> str:
    hour, minute = int(hours), int(minutes or 0)
    if minute > 59 or hour > 24 or (hour == 24 and minute):
        raise UnreadableHours
    return f"{hour:02}:{minute:02}"


def _add(week: Week, day: str, start: str, end: str) -> None:
    """Add a slot; one that passes midnight is cut there."""
    slots = week.setdefault(day, [])
    if start < end:
        slots.append([start, end])
        return
    slots.append([start, "24:00"])
    if end != "00:00":
        following = DAYS[(DAYS.index(day) + 1) % 7] if day in DAYS else day
        week.setdefault(following, []).append(["00:00", end])


def _finished(week: Week) -> Week | None:
    if not any(week.values()):
        return None
    for day, slots in week.items():
        merged: list[list[str]] = []
        for start, end in sorted(slots):
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        week[day] = merged
    return week


def check_week(value: object) -> str | None:
    """Return what is wrong, in French, with hours that a person typed in the admin; None when nothing is."""
    if not isinstance(value, dict):
        return _('Les horaires doivent être un objet, par exemple {"mon": [["08:00", "12:00"]]}.')
    for day, slots in value.items():
        if day not in (*DAYS, HOLIDAYS):
            return _("Jour inconnu : %(day)s.") % {"day": day}
        if not isinstance(slots, list):
            return _("Chaque jour doit contenir une liste de plages.")
        previous = ""
        for slot in slots:
            if not (isinstance(slot, list) and len(slot) == 2 and all(_is_clock(clock) for clock in slot)):
                return _('Chaque plage doit être un couple d\'heures, par exemple ["08:00", "12:00"].')
            if not previous <= slot[0] < slot[1]:
                return _("Les plages d'un jour doivent se suivre sans se recouvrir.")
            previous = slot[1]
    if not any(value.values()):
        return _("Au moins un jour doit être ouvert ; laissez vide si les horaires sont inconnus.")
    return None


def _is_clock(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", value, re.ASCII))


# --- telling ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """It tells days that share their hours: « du lundi au vendredi », « de 8 h à 12 h et de 14 h à 18 h »."""

    days: str
    hours: str


def describe(week: Week) -> list[Line]:
    """Tell the week in words. Neighbouring days with the same hours are told together, and public holidays come last,
    when they are known."""
    if all(week.get(day) == [["00:00", "24:00"]] for day in DAYS):
        return [Line(_("tous les jours"), _("24 heures sur 24"))]
    groups: list[tuple[list[str], list[list[str]]]] = []
    for day in DAYS:
        slots = week.get(day, [])
        if groups and groups[-1][1] == slots:
            groups[-1][0].append(day)
        else:
            groups.append(([day], slots))
    lines = [Line(_days(days), _slots(slots)) for days, slots in groups]
    if HOLIDAYS in week:
        lines.append(Line(_("jours fériés"), _slots(week[HOLIDAYS])))
    return lines


def _days(days: list[str]) -> str:
    if len(days) == 7:
        return _("tous les jours")
    if len(days) == 1:
        return str(_DAY_NAMES[days[0]])
    first, last = str(_DAY_NAMES[days[0]]), str(_DAY_NAMES[days[-1]])
    if len(days) == 2:
        return _("%(first)s et %(last)s") % {"first": first, "last": last}
    return _("du %(first)s au %(last)s") % {"first": first, "last": last}


def _slots(slots: list[list[str]]) -> str:
    if not slots:
        return _("fermé")
    if slots == [["00:00", "24:00"]]:
        return _("24 heures sur 24")
    told = [_("de %(start)s à %(end)s") % {"start": tell_time(start), "end": tell_time(end)} for start, end in slots]
    if len(told) == 1:
        return told[0]
    return _("%(slots)s et %(last)s") % {"slots": ", ".join(told[:-1]), "last": told[-1]}


def tell_time(clock: str) -> str:
    """Return a time in words, as « 8 h », « 17 h 30 » or « minuit »."""
    if clock == "24:00":
        return _("minuit")
    hour, minute = clock.split(":")
    if minute == "00":
        return _("%(hour)s h") % {"hour": int(hour)}
    return _("%(hour)s h %(minute)s") % {"hour": int(hour), "minute": minute}


@dataclass(frozen=True)
class Opening:
    """It says whether a place is open at one moment.

    is_open is None when it cannot be said: on a public holiday of which the source says nothing.
    until is the time when an open place closes, in words; it is empty when the place stays open over the next midnight.
    next_day and next_time are when a closed place opens next, in words; they are empty when the week has no opening.
    """

    is_open: bool | None
    until: str = ""
    next_day: str = ""
    next_time: str = ""


def opening_at(week: Week, moment: datetime, *, department_code: str) -> Opening:
    """Say whether a place of known hours is open at a moment, told in its own local time. moment has a time zone."""
    local = moment.astimezone(time_zone_of(department_code))
    today = local.date()
    holiday = is_public_holiday(today, department_code)
    if holiday and HOLIDAYS not in week:
        return Opening(is_open=None)
    clock = local.strftime("%H:%M")
    slots = week.get(HOLIDAYS if holiday else DAYS[today.weekday()], [])
    for start, end in slots:
        if start <= clock < end:
            goes_on = end == "24:00" and _opens_at_midnight(week, today + timedelta(days=1), department_code)
            return Opening(is_open=True, until="" if goes_on else tell_time(end))
        if clock < start:
            return Opening(is_open=False, next_day=_("aujourd'hui"), next_time=tell_time(start))
    for ahead in range(1, 8):
        day = today + timedelta(days=ahead)
        if is_public_holiday(day, department_code):
            continue
        slots = week.get(DAYS[day.weekday()], [])
        if slots:
            name = _("demain") if ahead == 1 else str(_DAY_NAMES[DAYS[day.weekday()]])
            return Opening(is_open=False, next_day=name, next_time=tell_time(slots[0][0]))
    return Opening(is_open=False)


def open_seconds(week: Week, start: datetime, end: datetime, *, department_code: str, at_most: float) -> float:
    """Return for how many seconds between two moments a place of known hours was open, by its own local time.

    start, end: with a time zone. at_most: the seconds after which no more is counted; a time of more than DAYS_COUNTED
    days is at_most. A public holiday of which the source says nothing counts as the ordinary day that it is: what waits
    at a place that never closes is late on that day too.
    """
    zone = time_zone_of(department_code)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    if (last - day).days > DAYS_COUNTED:
        return at_most
    total = 0.0
    while day <= last and total < at_most:
        for opens, closes in _slots_on(week, day, department_code):
            begins, ends = max(start, _moment(day, opens, zone)), min(end, _moment(day, closes, zone))
            total += max(0.0, (ends - begins).total_seconds())
        day += timedelta(days=1)
    return min(total, at_most)


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """Return the moment of a time of day, in UTC, so that a change of the clocks is counted as it was."""
    if clock == "24:00":
        return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def _slots_on(week: Week, day: date, department_code: str) -> list[list[str]]:
    """Return the hours of a day. A public holiday of which the source says nothing has those of its weekday."""
    is_told = HOLIDAYS in week and is_public_holiday(day, department_code)
    return week.get(HOLIDAYS if is_told else DAYS[day.weekday()], [])


def _opens_at_midnight(week: Week, day: date, department_code: str) -> bool:
    """Return whether a place is open from the first minute of a day."""
    slots = _slots_on(week, day, department_code)
    return bool(slots) and slots[0][0] == "00:00"


# --- time and holidays --------------------------------------------------------------------------------------------

_ZONES = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/St_Barthelemy",
    "978": "America/Marigot",
    "984": "Indian/Kerguelen",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}


def time_zone_of(department_code: str) -> ZoneInfo:
    """Return the local time of a département or collectivity: the capital's where there are several (the Marquesas)."""
    return ZoneInfo(_ZONES.get(department_code, "Europe/Paris"))


def ahead_of_paris(department_code: str, moment: datetime) -> timedelta:
    """Return how much later the clocks of a département show at a moment than those of Paris; negative: earlier."""
    there = moment.astimezone(time_zone_of(department_code)).utcoffset()
    here = moment.astimezone(ZoneInfo("Europe/Paris")).utcoffset()
    return (there or timedelta()) - (here or timedelta())


# These days are in articles L3422-2 (abolition of slavery) and L3134-13 (Alsace, Moselle) of the code du travail.
_LOCAL_HOLIDAYS = {
    "971": [(5, 27)],
    "972": [(5, 22)],
    "973": [(6, 10)],
    "974": [(12, 20)],
    "976": [(4, 27)],
    "977": [(10, 9)],
    "978": [(5, 28)],
    "57": [(12, 26)],
    "67": [(12, 26)],
    "68": [(12, 26)],
}
_FIXED_HOLIDAYS = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]


def is_public_holiday(day: date, department_code: str) -> bool:
    """Return whether a day is a public holiday there, by article L3133-1 of the code du travail and those above."""
    if (day.month, day.day) in [*_FIXED_HOLIDAYS, *_LOCAL_HOLIDAYS.get(department_code, [])]:
        return True
    offset = (day - _easter(day.year)).days
    return offset in {1, 39, 50} or (offset == -2 and department_code in {"57", "67", "68"})


def _easter(year: int) -> date:
    """Return Easter Sunday in the Gregorian calendar, by the method of Meeus, Jones and Butcher."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap_centuries, leap_rest = divmod(century, 4)
    correction = (century + 8) // 25
    epact = (19 * golden + century - leap_centuries - (century - correction + 1) // 3 + 15) % 30
    weekday = (32 + 2 * leap_rest + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
