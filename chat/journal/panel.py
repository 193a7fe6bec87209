"""This module reads the journal as an agent sees it: a chart, what the facts propose, and the list. In French, for
agents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.journal import actions, chronology, queries
from chat.journal.chronology import Chart, Findings
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Fact
from chat.models import Conversation
from common import dates, plain_text
from reports.rules.offence_elements import Element

SHOWN = 30  # how many facts stand beside a thread; the others are on a page of their own
A_PAGE = 50  # how many facts that page has
NUMBERS_SHOWN = 8  # how many facts a repetition names


@dataclass(frozen=True, slots=True)
class Line:
    """It is a fact in words.

    link: its address, changed so that no program makes a link of it. is_new: whether it is on this page for the first
    time. captures: the numbers of its captures. tells_links: whether it is the first of its list with a link, where it
    is said how links are changed.
    """

    number: int
    when: str
    what: str
    where: str
    link: str
    seen_by: str
    is_new: bool = False
    captures: Sequence[int] = ()
    tells_links: bool = False


@dataclass(frozen=True, slots=True)
class Proposed:
    """It is an element of an offence that the person's facts suggest. Nothing is ticked because of it.

    is_clear: whether the facts say it directly; several accounts, for example, may be one person's.
    """

    element: str
    label: str
    why: str
    is_clear: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """It is the panel beside the thread.

    total: how many facts were shown and read. new: how many of these were not read before. unread: how many are shown
    but not here, because their words only come when the conversation is on screen. later: how many more lines follow.
    facts: all that were read, in order. accounts, platforms: None where no key opens any of them.
    """

    total: int = 0
    new: int = 0
    unread: int = 0
    lines: Sequence[Line] = ()
    later: int = 0
    accounts: Chart | None = None
    platforms: Chart | None = None
    summary: str = ""
    proposed: Sequence[Proposed] = ()
    lasts: str = ""
    facts: Sequence[Fact] = field(default=(), repr=False)

    @property
    def is_there(self) -> bool:
        """Return whether there is anything to show."""
        return bool(self.total or self.unread)

    @property
    def told(self) -> str:
        """Return the words for screen readers about new facts."""
        return _facts(self.new) if self.new else ""

    def with_captures(self, by_fact: Mapping[int, Sequence[int]]) -> "Panel":
        """Return the panel with the captures of each line and mark. by_fact: the captures of each fact, as
        `chat.captures.queries.Shown`.
        """
        if not by_fact:
            return self
        return replace(
            self,
            lines=with_captures(self.lines, by_fact),
            accounts=self.accounts and self.accounts.with_captures(by_fact),
            platforms=self.platforms and self.platforms.with_captures(by_fact),
        )


def with_captures(lines: Sequence[Line], by_fact: Mapping[int, Sequence[int]]) -> list[Line]:
    """Return the lines, each with the numbers of its fact's captures."""
    return [replace(line, captures=by_fact.get(line.number, ())) for line in lines]


def _facts(count: int) -> str:
    return ngettext("%(count)d fait nouveau", "%(count)d faits nouveaux", count) % {"count": count}


def read_panel(conversation: Conversation, *, is_looked_at: bool) -> Panel:
    """Return the panel of a conversation that its agent has just obtained.

    is_looked_at: whether its page is on the agent's screen, so that shown facts are marked as read. One statement
    without facts, otherwise four at most. All facts are decrypted, at most `definitions.FACTS_MOST` (500 take 15 ms).
    """
    counts = queries.count_facts(conversation)
    if counts.private == counts.all:
        return Panel()
    new = actions.mark_read(conversation) if is_looked_at and counts.unread else 0
    facts = queries.read_facts(conversation) if counts.read or new else []
    unread = 0 if is_looked_at else counts.unread
    if not facts:
        return Panel(unread=unread)
    return _panel_of(facts, new=new, unread=unread)


def read_agreed(conversation: Conversation, until: datetime) -> Panel:
    """Return the panel of a unit, with the facts to which the person agreed (`queries.count_read`).

    Nothing is marked as read. One statement; at most `definitions.FACTS_MOST` facts are decrypted.
    """
    facts = queries.read_facts(conversation, until)
    return _panel_of(facts) if facts else Panel()


def _panel_of(facts: Sequence[Fact], *, new: int = 0, unread: int = 0) -> Panel:
    """Return the panel of these facts. facts: at least one, all read, in order."""
    latest = max(fact.read_at for fact in facts if fact.read_at is not None)
    readable = [fact for fact in facts if fact.told is not None]
    found = chronology.find(readable)
    accounts, platforms = (chronology.draw(readable, by) for by in (chronology.by_account, chronology.by_platform))
    return Panel(
        total=len(facts),
        new=new,
        unread=unread,
        lines=_tell_links([line_of(fact, is_new=bool(new) and fact.read_at == latest) for fact in facts[:SHOWN]]),
        later=max(0, len(facts) - SHOWN),
        accounts=accounts if readable else None,
        platforms=platforms if len(platforms.rows) > 1 or (readable and platforms.rows[0].label) else None,
        summary=summary_of(facts, found),
        proposed=proposed_by(found),
        lasts=_lasts(found),
        facts=facts,
    )


def read_page(conversation: Conversation, after: int) -> tuple[list[Line], int, int]:
    """Return A_PAGE lines after so many, the number of facts, and after how many the next page begins (0 for none)."""
    actions.mark_read(conversation)
    return _page_of(queries.read_facts(conversation), after)


def read_agreed_page(conversation: Conversation, until: datetime, after: int) -> tuple[list[Line], int, int]:
    """Do the same with the facts that went with a summary (`read_agreed`). Nothing is marked as read."""
    return _page_of(queries.read_facts(conversation, until), after)


def _page_of(facts: Sequence[Fact], after: int) -> tuple[list[Line], int, int]:
    later = after + A_PAGE
    lines = _tell_links([line_of(fact) for fact in facts[after:later]])
    return lines, len(facts), later if later < len(facts) else 0


def _tell_links(lines: list[Line]) -> list[Line]:
    first = next((place for place, line in enumerate(lines) if line.link), None)
    if first is not None:
        lines[first] = replace(lines[first], tells_links=True)
    return lines


def line_of(fact: Fact, *, is_new: bool = False) -> Line:
    """Return the line of a fact, with its texts as they are shown; a fact that cannot be decrypted says so."""
    told = fact.told
    if told is None:
        return Line(fact.number, _("Date inconnue"), _("Ce fait ne peut pas être lu en ce moment."), "", "", "", is_new)
    where = " · ".join(plain_text.plain(text) for text in (told.platform, told.account) if text)
    return Line(
        number=fact.number,
        when=when(told.moment),
        what=plain_text.plain(told.what),
        where=where,
        link=plain_text.neutralise(plain_text.visible(told.link)),
        seen_by=plain_text.plain(told.seen_by),
        is_new=is_new,
    )


def when(moment: Moment) -> str:
    """Return a date in words: « 12 mars 2027 à 18:05 », « vers le 12 mars 2027 », « date inconnue »."""
    if moment.day is None:
        return _("Date inconnue")
    values = {"day": _day(moment.day), "hour": moment.hour.strftime("%H:%M") if moment.hour else ""}
    if moment.precision is Precision.ABOUT:
        return (_("vers le %(day)s à %(hour)s") if moment.hour else _("vers le %(day)s")) % values
    return (_("%(day)s à %(hour)s") if moment.hour else "%(day)s") % values


def _day(day: date) -> str:
    return dates.format_date(day, "j F Y")


def summary_of(facts: Sequence[Fact], found: Findings) -> str:
    """Return what the chart shows in a sentence, which is its alternative text. A fact that no key opens has a date
    that nobody knows here, which is not the same as none: it is counted apart.
    """
    closed = sum(fact.told is None for fact in facts)
    unknown = sum(not fact.moment.is_known for fact in facts) - closed
    parts = [ngettext("%(n)d fait", "%(n)d faits", len(facts)) % {"n": len(facts)}]
    if lasts := _lasts(found):
        parts.append(lasts)
    if found.accounts:
        parts.append(ngettext("%(n)d compte nommé", "%(n)d comptes nommés", found.accounts) % {"n": found.accounts})
    if unknown:
        parts.append(ngettext("%(n)d sans date", "%(n)d sans date", unknown) % {"n": unknown})
    if closed:
        words = ngettext("%(n)d ne peut pas être lu en ce moment", "%(n)d ne peuvent pas être lus en ce moment", closed)
        parts.append(words % {"n": closed})
    return ", ".join(parts) + "."


def _lasts(found: Findings) -> str:
    if found.first is None or found.last is None:
        return ""
    days = ngettext("%(n)d jour", "%(n)d jours", found.days) % {"n": found.days}
    return _("du %(first)s au %(last)s (%(days)s)") % {
        "first": _day(found.first),
        "last": _day(found.last),
        "days": days,
    }


def proposed_by(found: Findings) -> list[Proposed]:
    """Return the elements that the facts suggest. The agent ticks them or not."""
    made = []
    if found.repeated:
        first = found.repeated[0]
        numbers = ", ".join(map(str, first.numbers[:NUMBERS_SHOWN]))
        if len(first.numbers) > NUMBERS_SHOWN:
            numbers += "…"
        why = _("%(account)s : faits n° %(numbers)s") % {"account": plain_text.plain(first.account), "numbers": numbers}
        if more := len(found.repeated) - 1:
            why += " " + ngettext("et %(n)d autre compte", "et %(n)d autres comptes", more) % {"n": more}
        made.append(Proposed(Element.REPEATED.value, str(Element.REPEATED.label), why, is_clear=True))
    if found.is_group:
        why = ngettext("%(n)d compte nommé", "%(n)d comptes nommés", found.accounts) % {"n": found.accounts}
        made.append(Proposed(Element.GROUP.value, str(Element.GROUP.label), why, is_clear=False))
    return made


def as_pairs(conversation: Conversation, until: datetime | None = None) -> Iterator[tuple[str, str]]:
    """Yield the facts that were shown and read, in order, for a document: when, and what.

    until: when a summary was sent, for the facts that went with it. They are read with the first of them.
    """
    for fact in queries.read_facts(conversation, until):
        line = line_of(fact)
        words = [line.what, line.where, line.link, line.seen_by and _("Vu par : %(who)s") % {"who": line.seen_by}]
        yield line.when, "\n".join(filter(None, words))


def as_lines(facts: Sequence[Fact], room: int) -> list[str]:
    """Return facts for a summary in lines, as many as fit in so many characters, then how many are left out."""
    lines: list[str] = []
    for place, fact in enumerate(facts):
        line = line_of(fact)
        text = " – ".join(filter(None, (line.when, line.where, " ".join(line.what.split()))))
        rest = _("… et %(n)d autres faits, dans l'échange.") % {"n": len(facts) - place}
        if room < len(text) + 1 + len(rest) + 1:
            return [*lines, rest] if room > len(rest) else lines
        lines.append(text)
        room -= len(text) + 1
    return lines
