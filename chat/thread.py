"""The thread as its reporter reads it on a page."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from django.utils import timezone

from chat import display
from chat.lifecycle import Author
from chat.models import Agent, Conversation, Message
from locations.models import Force
from reports.statements import execute
from sentences import dates


class Line(NamedTuple):
    """One message in words: `name` is who wrote it, `state` what became of it (empty for what others wrote).

    instant: ISO 8601, for a machine. time: for a person, with the day unless it is today.
    """

    seq: int
    author: str
    name: str
    instant: str
    time: str
    body: str
    state: str


LINES = """
SELECT m.seq, m.author, a.public_name, u.force, m.sent_at, m.sealed_body
FROM chat_message m LEFT JOIN chat_agent a ON a.id = m.agent_id LEFT JOIN chat_unit u ON u.id = a.unit_id
WHERE m.conversation_id = %s AND m.seq > %s ORDER BY m.seq
"""

# What the page puts into its <template>: the script clones it and fills it.
BLANK = Line(seq=0, author="", name="", instant="", time="", body="", state="")


def agent_name(said: Mapping[str, str], interlocutor: str | None, *, discreet: bool) -> str:
    """How the page names who answers. In discreet mode it does not say who that is."""
    return said["agent"] if discreet or not interlocutor else interlocutor


def _time(local: datetime, today: date) -> str:
    hour = f"{local:%H:%M}"
    return hour if local.date() == today else f"{dates.written(local, 'j F')}, {hour}"


def read_lines(
    conversation: Conversation, said: Mapping[str, str], *, after: int = 0, discreet: bool = False
) -> list[Line]:
    """What lies after `after`, in order. said: see `wording.words`. Access is already proven."""
    rows = execute(LINES, [conversation.pk, after])
    names = {Author.REPORTER.value: said["you"], Author.SYSTEM.value: said["system"]}
    zone, today = timezone.get_current_timezone(), timezone.localdate()
    lines = []
    for seq, author, agent, force, sent_at, sealed in rows:
        name, state = names.get(author), ""
        if name is None:
            name = agent_name(said, Agent.interlocutor_of(agent, Force(force)), discreet=discreet)
        if author == Author.REPORTER:
            state = said["read"] if seq <= conversation.agent_read_seq else said["sent"]
        local = sent_at.astimezone(zone)
        body = Message.opened(sealed, conversation=conversation.public_id, seq=seq, author=author)
        lines.append(Line(seq, author, name, local.isoformat(), _time(local, today), display.plain(body), state))
    return lines
