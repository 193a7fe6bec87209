"""Replies an agent can start from: their variables, and what is missing made visible. Pure.

They are put in the agent's text area, to be read again, changed and sent by hand: nothing is ever sent by itself, and
nothing takes the place of what was being written. The texts are rows: `replies.CannedReply` (shared),
`replies.OwnReply`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common import plain_text

# What a text may name, and what a person calls it when it is not known.
VARIABLES: Final[Mapping[str, Promise]] = {
    "prenom": _("votre prénom"),
    "unite": _("nom de l'unité"),
    "adresse": _("adresse"),
    "telephone": _("téléphone"),
    "horaires": _("horaires"),
    "commune": _("commune"),
}
ALL: Final = ", ".join(f"{{{name}}}" for name in VARIABLES)
_NAMED = re.compile(r"\{([^{}]*)\}")
# As it stands in the text area; `console/thread.js` looks for its beginning before it sends.
MISSING: Final = "[à compléter : "


class Subject(TextChoices):
    """The subjects of shared replies, as agents look for them."""

    WELCOME = "welcome", _("Accueil")
    SAFETY = "safety", _("Sécurité")
    FACTS = "facts", _("Faits et preuves")
    COMPLAINT = "complaint", _("Plainte et unité")
    HELP = "help", _("Aide et partenaires")
    END = "end", _("Fin de l'échange")
    OTHER = "other", _("Autre")


class Audience(TextChoices):
    """To whom a shared reply speaks; empty: to anybody."""

    VICTIM = "victim", _("qui subit les faits")
    HELPER = "helper", _("qui aide : témoin, proche, professionnel")


class Source(StrEnum):
    """Where a reply comes from: who owns it, a step of an emergency, a question of the sheet. The values are those of
    the page."""

    OWN = "own"
    SHARED = "shared"
    PARTNER = "partner"
    STEP = "step"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, filled for one conversation: as it goes into the text area. key: its own, for the page. beside: whose
    it is, or its subject, said after its label. shown: as it is drawn before it is chosen.
    language: the name of the language that it is in, where that is to be said, and code: its code; else empty."""

    key: str
    source: Source
    label: str
    text: str
    beside: str = ""
    language: str = ""
    code: str = ""

    @property
    def shown(self) -> str:
        """The text as it is drawn, without characters that cannot be seen."""
        return plain_text.plain(self.text)


def unknown_variables(text: str) -> list[str]:
    """Return the names between braces that are no variables."""
    return [name for name in _NAMED.findall(text) if name not in VARIABLES]


def faults(text: str) -> list[Promise | str]:
    """Why a text cannot be kept: a variable that nothing fills, a brace that closes or opens nothing. Sentences."""
    found: list[Promise | str] = [
        format_lazy(_("Variable inconnue : {name}. Celles qui existent : {all}."), name=f"{{{name}}}", all=ALL)
        for name in dict.fromkeys(unknown_variables(text))
    ]
    if set(_NAMED.sub("", text)) & set("{}"):
        found.append(_("Une accolade est seule : une variable s'écrit {prenom}, avec les deux."))
    return found


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables; one that is empty or unknown becomes « [à compléter : adresse] »."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return values.get(name) or f"{MISSING}{VARIABLES.get(name, name)}]"

    return _NAMED.sub(value, text)


def choose(vous: str, tu: str, *, familiar: bool) -> str:
    """The text in « tu » where that is how the person is spoken to and one was written; otherwise in « vous »."""
    return tu if familiar and tu else vous


def is_unfinished(text: str) -> bool:
    """Whether something was left to be filled in."""
    return MISSING.strip() in text


def inserted(draft: str, text: str) -> str:
    """Return the draft with the reply after it."""
    return f"{draft.rstrip()}\n{text}" if draft.strip() else text
