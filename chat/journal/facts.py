"""This module holds one fact of the journal as a value. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from chat.journal import dates
from chat.journal.dates import Moment

# Characters. Ours: what happened fits a screen of a phone; an address of a post is rarely longer than 300.
WHAT_MAX = 500
PLATFORM_MAX = 80
ACCOUNT_MAX = 120
LINK_MAX = 500
SEEN_BY_MAX = 200


@dataclass(frozen=True, slots=True)
class Told:
    """It is what the person wrote of one fact. A link is text: nobody follows it. Empty: not said."""

    what: str = field(repr=False)
    moment: Moment = field(default_factory=Moment, repr=False)
    platform: str = field(default="", repr=False)
    account: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    seen_by: str = field(default="", repr=False)

    def as_words(self) -> dict[str, Any]:
        """Return the words as they are sealed."""
        return {
            "what": self.what,
            "when": dates.as_words(self.moment),
            "platform": self.platform,
            "account": self.account,
            "link": self.link,
            "seen_by": self.seen_by,
        }

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> "Told":
        """Read what was sealed as JSON. A part that is missing, as in a row of another version, is empty."""
        return cls(
            what=words.get("what", ""),
            moment=dates.from_words(words.get("when") or {}),
            platform=words.get("platform", ""),
            account=words.get("account", ""),
            link=words.get("link", ""),
            seen_by=words.get("seen_by", ""),
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """It is one row of the journal, opened. told: None when no key opens it where it stands. changed_at: when its words
    were last corrected, None when never. is_withheld: as of `JournalFact`."""

    public_id: UUID
    number: int
    told: Told | None
    noted_at: datetime
    shown_at: datetime | None = None
    read_at: datetime | None = None
    changed_at: datetime | None = None
    is_withheld: bool = False

    @property
    def moment(self) -> Moment:
        """Return when it happened, as it was told; unknown when no key opens the fact."""
        return self.told.moment if self.told is not None else Moment()


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Sort facts by their dates (`dates.order_key`), whatever order they come in."""
    return sorted(facts, key=lambda fact: dates.order_key(fact.moment, fact.number))
