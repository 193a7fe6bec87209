"""Passwords that somebody who knows the house guesses: made of its words, or of rows of keys.

Beside Django's own validators (`settings.AUTH_PASSWORD_VALIDATORS`). Nothing is asked of which characters a password
holds: all digits will do, if they are no row.
"""

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What an attacker tries first here, without accents or capitals. `docs/security.md` points to this list.
WORDS = (
    "pnav", "plateforme", "numerique", "signalement", "accompagnement", "victime", "tchat", "cyberharcelement",
    "harcelement", "cyber", "police", "policier", "policiere", "nationale", "national", "gendarmerie", "gendarme",
    "brigade", "commissariat", "interieur", "ministere", "magendarmerie", "unite", "service", "republique",
    "francaise", "france", "marianne", "agent", "superviseur", "referent", "custodian", "supervisor",
    "administrateur", "administrator", "admin", "motdepasse", "password", "passe", "provisoire", "bienvenue",
    "bonjour", "azerty", "qwerty", "qsdfgh", "wxcvbn",
)  # fmt: skip
OTHERS_AT_LEAST = 8  # characters that are none of this: what is guessed one by one


def unforeseen(password: str) -> str:
    """What is left of a password without the words of the house, and without what continues a row (1234, aaa)."""
    plain = unicodedata.normalize("NFKD", password.casefold())
    rest = "".join(sign for sign in plain if not unicodedata.combining(sign))
    for word in sorted(WORDS, key=len, reverse=True):
        rest = rest.replace(word, " ")
    rest = rest.replace(" ", "")
    return "".join(
        sign for before, sign in zip(("", *rest), rest, strict=False) if not before or abs(ord(sign) - ord(before)) > 1
    )


class GuessableValidator:
    """Refuses a password of which fewer than OTHERS_AT_LEAST characters are unforeseen."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(unforeseen(password)) < OTHERS_AT_LEAST:
            raise ValidationError(self.get_help_text(), code="password_guessable")

    def get_help_text(self) -> str:
        return _(
            "Trop facile à deviner : des mots du service (police, gendarmerie, Pnav…) ou des suites (1234, aaaa). "
            "Ajoutez des mots sans rapport avec lui."
        )
