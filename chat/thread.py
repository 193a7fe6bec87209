"""The thread as its reporter reads it on a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chat.lifecycle import Author
from chat.models import Conversation, Message


@dataclass(frozen=True, slots=True)
class Line:
    """One message in words: `name` is who wrote it, `state` what became of it (empty for what others wrote)."""

    seq: int
    author: str
    name: str
    sent_at: datetime
    body: str
    state: str


# What the page puts into its <template>: the script clones it and fills it.
BLANK = Line(seq=0, author="", name="", sent_at=datetime.fromtimestamp(0, UTC), body="", state="")


def agent_name(said: Mapping[str, str], interlocutor: str | None, *, discreet: bool) -> str:
    """How the page names who answers. In discreet mode it does not say who that is."""
    return said["agent"] if discreet or not interlocutor else interlocutor


def _name(message: Message, said: Mapping[str, str], *, discreet: bool) -> str:
    if message.author == Author.REPORTER:
        return said["you"]
    if message.author == Author.SYSTEM:
        return said["system"]
    agent = message.agent
    return agent_name(said, agent.interlocutor if agent else None, discreet=discreet)


def read_lines(
    conversation: Conversation, said: Mapping[str, str], *, after: int = 0, discreet: bool = False
) -> list[Line]:
    """What lies after `after`, in order. said: see `wording.words`. Access is already proven."""
    lines = []
    for message in conversation.messages.filter(seq__gt=after).select_related("agent__unit"):
        message.conversation = conversation
        state = ""
        if message.author == Author.REPORTER:
            state = said["read"] if message.seq <= conversation.agent_read_seq else said["sent"]
        name = _name(message, said, discreet=discreet)
        lines.append(Line(message.seq, message.author, name, message.sent_at, message.body, state))
    return lines
