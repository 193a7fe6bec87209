"""This module reads which facts of the journal the form of a request offers: a piece, and what was ticked on other
pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from chat.journal import queries
from chat.journal.facts import Fact
from chat.models import Conversation
from pnav.pages.removal.forms import FACTS_MOST

DIGITS_MOST = 6  # of a number of a fact


@dataclass(frozen=True, slots=True)
class Offered:
    """facts: those that were ticked on other pieces first, FACTS_MOST at most, then a piece of the journal, the last
    one first. before: where that piece begins, 0 for the last facts. earlier: where the next one does; 0: there is
    none. is_turned: another piece was asked for, and nothing else."""

    facts: Sequence[Fact] = ()
    before: int = 0
    earlier: int = 0
    is_turned: bool = False


def read_offered(own: Conversation, typed: QueryDict) -> Offered:
    """Return the facts of the person whose visit this is. Two statements, 2 × PIECE facts opened at most.

    typed: the form, whose `facts` are ticked; `before` is where the piece on the page begins, and `piece` where the one
    that is asked for does. Whoever ticked more than FACTS_MOST stays on the piece, so that none of them is lost.
    """
    ticked = ticked_facts(typed)
    is_turned = "piece" in typed and len(ticked) <= FACTS_MOST
    before = _number(typed.get("piece" if is_turned else "before", ""))
    piece, earlier = queries.own_piece(own, before=before)
    elsewhere = ticked - {fact.public_id for fact in piece}
    kept = queries.own_piece(own, only=elsewhere)[0] if elsewhere else []
    return Offered([*kept, *piece], before, earlier, is_turned)


def ticked_facts(typed: QueryDict) -> set[UUID]:
    """Return the keys that are ticked; what is no key is left to the form to refuse."""
    found = set()
    for text in typed.getlist("facts"):
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST else 0
