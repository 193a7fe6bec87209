"""Limits on how much an exchange may hold, and on how fast a person may write in it (docs/adr/0050). Pure.

`chat.messages.writing` applies them in the statement, and under the lock, by which messages get their numbers. So the
sums are exact, whoever posts, by whichever way, and through however many processes. The limits bound what one stranger
can cost, and a person who types does not reach them. They are therefore no settings of the service (docs/adr/0044).
"""

from dataclasses import dataclass

from chat.rules.lifecycle import Status


@dataclass(frozen=True, slots=True)
class Size:
    """It is the most that an exchange may hold.

    messages: those of the whole exchange, Pnav's own lines included. characters: those of everything that both sides
    wrote.
    """

    messages: int
    characters: int


# Eight hours at four messages a minute, of both sides together, make about 2,000 messages. 600,000 characters are a
# novel. At four bytes a character at most, an exchange is 2.4 MB; at 20 messages a second it could be 6.9 GB a day.
REPORTER = Size(3_000, 600_000)
# When the person has reached their limit, the agent can still say goodbye, give telephone numbers and hand over.
AGENT = Size(3_300, 700_000)


@dataclass(frozen=True, slots=True)
class Pace:
    """A person may send `at_once` messages at once, and then one in each interval."""

    at_once: int
    interval_seconds: float

    @property
    def ahead_seconds(self) -> float:
        """Return how far ahead of now, in seconds, the next message may be due, if one is due in each interval."""
        return self.at_once * self.interval_seconds


# A frightened person writes fifteen messages at once, then one every few seconds. Messages that come faster wait in
# their page, which sends them later by itself.
UNANSWERED = Pace(20, 3)
# Once an agent answers, a person who types fast sends one message a second, and a page that was offline sends all that
# it kept.
ANSWERED = Pace(60, 1)


def pace_of(status: str) -> Pace:
    """Return the pace of a person's messages, which is faster once an agent answers (docs/adr/0050)."""
    return ANSWERED if status == Status.ACTIVE else UNANSWERED


def size_for(*, is_agent: bool) -> Size:
    """Return how much an exchange may hold for messages of this side (docs/adr/0050)."""
    return AGENT if is_agent else REPORTER
