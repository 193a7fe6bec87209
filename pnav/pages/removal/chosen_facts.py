"""Fills the texts of a removal request from facts of the journal that the person chooses. Pure."""

from collections.abc import Mapping, Sequence

from django.utils.text import Truncator

from chat.journal.facts import Fact, Told, in_order
from chat.journal.words import said_when
from common import plain_text
from pnav.pages.texts import removal as words

SHOWN = 80  # how many characters of what happened stand beside the box of a fact


def labels_of(facts: Sequence[Fact]) -> list[tuple[str, str]]:
    """Return the key of each fact and its label; those that nobody can read are left out."""
    return [
        (str(fact.public_id), words.FACT_LINE.say(when=said_when(fact.moment), text=Truncator(told.what).chars(SHOWN)))
        for fact in facts
        if (told := _plain(fact)) is not None
    ]


def words_of(facts: Sequence[Fact]) -> Mapping[str, str]:
    """Return what these facts say in each field of a request, by their dates, with each address and account once."""
    told = [(said_when(fact.moment), said) for fact in in_order(facts) if (said := _plain(fact)) is not None]
    days = [said_when(fact.moment) for fact in in_order(facts) if fact.moment.is_known]
    return {
        "addresses": "\n".join(dict.fromkeys(said.link for _when, said in told if said.link)),
        "account": ", ".join(dict.fromkeys(said.account for _when, said in told if said.account)),
        "period": " – ".join(dict.fromkeys([*days[:1], *days[-1:]])),
        "description": "\n".join(words.FACT_LINE.say(when=when, text=said.what) for when, said in told),
    }


def _plain(fact: Fact) -> Told | None:
    """Return what was written, without invisible characters; None when no key opens it."""
    told = fact.told
    if told is None:
        return None
    return Told(
        plain_text.plain(told.what),
        told.moment,
        account=plain_text.plain(told.account),
        link=plain_text.plain(told.link),
    )
