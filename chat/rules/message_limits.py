"""Says how much an exchange holds, and how fast a person may write in it. Pure.

Held where messages are written (`chat.messages.writing`), in the statement and under the lock that number them: whoever
posts, by whichever way, through however many processes, the sums are exact. Not rules of the house (docs/adr/0044):
they endanger nobody within any number that a person can reach by typing, and bound what one stranger costs.
"""

from dataclasses import dataclass

from chat.rules.lifecycle import Status


@dataclass(frozen=True, slots=True)
class Size:
    """messages: of the exchange, Pnav's own lines included. characters: of what both sides wrote."""

    messages: int
    characters: int


# Eight hours of both sides at four messages a minute make 2,000 messages; 600,000 characters are a novel. At four bytes
# each at most an exchange is 2.4 MB, where 20 messages a second made 6.9 GB a day.
REPORTER = Size(3_000, 600_000)
# Who answers can still say goodbye, give the numbers and hand over when the person has reached their bound.
AGENT = Size(3_300, 700_000)


@dataclass(frozen=True, slots=True)
class Pace:
    """So many messages at once, then one in each interval."""

    at_once: int
    interval_seconds: float

    @property
    def ahead_seconds(self) -> float:
        """How far the moment at which all that was sent would have been due, one an interval, may lie ahead."""
        return self.at_once * self.interval_seconds


# A frightened person writes fifteen messages at once, then one every few seconds; what is sent faster waits in their
# page and goes by itself.
UNANSWERED = Pace(20, 3)
# Once somebody answers: who types fast sends one a second, and a page that was cut off all that it kept.
ANSWERED = Pace(60, 1)


def pace_of(status: str) -> Pace:
    """The pace of a person's messages: quicker once somebody answers. Why these numbers: ADR 0050."""
    return ANSWERED if status == Status.ACTIVE else UNANSWERED


def size_for(*, is_agent: bool) -> Size:
    """How large an exchange may become for this side; an agent has room left to end it. Why these numbers: ADR 0050."""
    return AGENT if is_agent else REPORTER
