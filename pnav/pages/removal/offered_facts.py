"""Reads which facts of the journal the form of a request offers: one piece of them, and those ticked on others."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from chat.journal import queries
from chat.journal.facts import Fact
from chat.models import Conversation
from pnav.pages.removal.forms import FACTS_MOST

DIGITS_MOST = 6  # digits of a fact's number, at most


@dataclass(frozen=True, slots=True)
class Offered:
    """These are the facts that a form offers.

    facts: first those that were ticked on other pieces, at most FACTS_MOST, then a piece of the journal, the last fact
    first. before: where that piece begins; 0 for the last facts. earlier: where the next one begins; 0 when there is
    none. is_turned: whether only another piece was asked for.
    """

    facts: Sequence[Fact] = ()
    before: int = 0
    earlier: int = 0
    is_turned: bool = False


def read_offered(own: Conversation, typed: QueryDict) -> Offered:
    """Return the facts of the person whose visit this is. Two statements; at most 2 × PIECE facts are decrypted.

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
    """Return the ticked keys. Anything that is no key is left to the form to refuse."""
    found = set()
    for text in typed.getlist("facts"):
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST else 0
