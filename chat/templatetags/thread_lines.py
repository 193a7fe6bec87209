"""These are the tags `{% thread_lines lines %}` and `{% console_lines messages … %}`, which render the messages of an
exchange.

A page may have hundreds of them. The first tag is for its person, the second for whoever answers.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from chat.casework import danger
from chat.messages.transcript import AIMED, Line, Said
from chat.rules.lifecycle import Author
from common import dates
from common.choices import label_of
from common.texts.patterns import Pattern

register = template.Library()

_MESSAGE = Pattern("chat/_message.html", [f"line.{field}" for field in Line._fields])
_OF_CONSOLE = Pattern(
    "console/_message.html",
    [f"line.{field}" for field in ("aim", "author", "seq", "name", "instant", "time", "state", "body", "danger")],
)

_AIM = mark_safe(f' id="{AIMED}" tabindex="-1"')  # noqa: S308  our own words

_DANGER = Pattern("console/_danger.html", ["key", "prevention", "prevention_number"])


@register.simple_tag
def thread_lines(lines: Iterable[Line]) -> SafeString:
    """Render `chat/_message.html` for each line.

    A hundred messages take 0.5 ms instead of 1.8 by Django's own loop (docs/adr/0073).
    """
    fill = _MESSAGE.filler()
    return mark_safe("".join([fill(*line) for line in lines]))  # noqa: S308  drawn by our own template


@register.simple_tag
def console_lines(
    messages: Sequence[Said],
    *,
    read_seq: int,
    now: datetime,
    dangers: danger.Dangers | None = None,
    key: object = "",
    prevention: str = "",
    prevention_number: str = "",
    aimed: object = 0,
) -> SafeString:
    """Draw `console/_message.html` for each message, in the words of an agent.

    read_seq: the last message that the person has read. now: says which day is today. dangers: what messages tell of,
    if they were read for it already. key: that of the conversation, where it can be answered; prevention,
    prevention_number: what is then offered (`console/_danger.html`). aimed: the number of the message to which the
    address leads.
    """
    fill = _OF_CONSOLE.filler()
    told = danger.read_thread(messages) if dangers is None else dangers
    names = {author.value: label_of(Author, author) for author in Author} | {Author.AGENT.value: _("Agent")}
    read, sent = _("Lu"), _("Envoyé")
    zone = timezone.get_current_timezone()
    today, days = timezone.localdate(now), dict[date, str]()
    drawn = []
    for message in messages:
        author, local, body = message.author, message.sent_at.astimezone(zone), message.shown
        is_agent = author == Author.AGENT
        kinds = told.get(message.seq)
        drawn.append(
            fill(
                _AIM if message.seq == aimed else "",
                author,
                message.seq,
                names.get(author, author),
                local.isoformat(),
                _hour(local, today, days),
                (read if message.seq <= read_seq else sent) if is_agent else "",
                body,
                _DANGER.draw([key, prevention, prevention_number], kinds=tuple(kinds)) if kinds else "",
            )
        )
    return mark_safe("".join(drawn))  # noqa: S308  drawn by our own template


def _hour(local: datetime, today: date, days: dict[date, str]) -> str:
    """Return « 14:35 », or « 28 nov., 14:35 ».

    days: the days in words so far, because most messages share them.
    """
    day, hour = local.date(), f"{local:%H:%M}"
    if day == today:
        return hour
    if day not in days:
        days[day] = dates.format_date(local, "j N")
    return f"{days[day]}, {hour}"
