"""These are canned replies: their variables, and how missing values are made visible. Pure.

A reply is put into the agent's text area after what stands there, to be read, changed and sent by hand. Nothing is ever
sent by itself, and nothing that was being written is replaced. The texts are rows of `CannedReply` (shared) and
`OwnReply` (`chat.models.replies`).
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

# The variables that a text may name, and the words that stand in their place while the value is not known.
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
# What stands in the text area in place of a missing value. `console/compose.js` looks for this before it sends.
MISSING: Final = "[à compléter : "


class Subject(TextChoices):
    """These are the subjects of shared replies, as agents look for them."""

    WELCOME = "welcome", _("Accueil")
    SAFETY = "safety", _("Sécurité")
    FACTS = "facts", _("Faits et preuves")
    COMPLAINT = "complaint", _("Plainte et unité")
    HELP = "help", _("Aide et partenaires")
    END = "end", _("Fin de l'échange")
    OTHER = "other", _("Autre")


class Audience(TextChoices):
    """These are the people to whom a shared reply speaks. An empty value in its row means anybody."""

    VICTIM = "victim", _("qui subit les faits")
    HELPER = "helper", _("qui aide : témoin, proche, professionnel")


class Source(StrEnum):
    """It is where a reply comes from. The page uses the values.

    OWN: the agent's own reply. SHARED: one for all agents. PARTNER: about a partner. STEP: a step of an emergency.
    QUESTION: a question of the fact sheet.
    """

    OWN = "own"
    SHARED = "shared"
    PARTNER = "partner"
    STEP = "step"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Reply:
    """It is one reply, filled for one conversation.

    key: identifies it on the page. text: as it goes into the text area. beside: whose it is, or its subject; it is said
    after the label. language, code: the name and the code of its language, where that has to be said; otherwise empty.
    words: others by which it is found; they are not shown.
    """

    key: str
    source: Source
    label: str
    text: str
    beside: str = ""
    language: str = ""
    code: str = ""
    words: str = ""

    @property
    def shown(self) -> str:
        """Return the text as it is drawn, without invisible characters."""
        return plain_text.plain(self.text)


def unknown_variables(text: str) -> list[str]:
    """Return the names between braces that are not in VARIABLES."""
    return [name for name in _NAMED.findall(text) if name not in VARIABLES]


def faults(text: str) -> list[Promise | str]:
    """Return, as sentences for whoever wrote it, why a text cannot be saved: an unknown variable, or a single brace."""
    found: list[Promise | str] = [
        format_lazy(_("Variable inconnue : {name}. Celles qui existent : {all}."), name=f"{{{name}}}", all=ALL)
        for name in dict.fromkeys(unknown_variables(text))
    ]
    if set(_NAMED.sub("", text)) & set("{}"):
        found.append(_("Une accolade est seule : une variable s'écrit {prenom}, avec les deux."))
    return found


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill in the variables of a text; one whose value is empty or unknown becomes « [à compléter : adresse] »."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return values.get(name) or f"{MISSING}{VARIABLES.get(name, name)}]"

    return _NAMED.sub(value, text)


def choose(vous: str, tu: str, *, familiar: bool) -> str:
    """Return the text with « tu » if the person is spoken to like that and such a text exists; else with « vous »."""
    return tu if familiar and tu else vous


def is_unfinished(text: str) -> bool:
    """Return whether a value that was missing has not been filled in."""
    return MISSING.strip() in text


def inserted(draft: str, text: str) -> str:
    """Return the draft with the reply after it, on a new line."""
    return f"{draft.rstrip()}\n{text}" if draft.strip() else text
