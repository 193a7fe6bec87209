"""Refuses passwords that attackers try first: stolen ones, and those made of our words, common words or rows of keys.

These come beside Django's own validators (`settings.AUTH_PASSWORD_VALIDATORS`). There is no rule about which characters
a password must hold: digits alone are accepted, if they are no row and no date.
"""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import matching, scoring

from pnav.accounts.passwords import breached as breached_passwords

# What an attacker tries first here, without accents or capitals. `docs/security.md` refers to this list.
WORDS = (
    "pnav", "plateforme", "numerique", "signalement", "accompagnement", "victime", "tchat", "cyberharcelement",
    "harcelement", "cyber", "police", "policier", "policiere", "nationale", "national", "gendarmerie", "gendarme",
    "brigade", "commissariat", "interieur", "ministere", "magendarmerie", "unite", "service", "republique",
    "francaise", "france", "marianne", "agent", "superviseur", "referent", "custodian", "supervisor",
    "administrateur", "administrator", "admin", "motdepasse", "password", "passe", "provisoire", "bienvenue",
    "bonjour", "azerty", "qwerty", "qsdfgh", "wxcvbn",
)  # fmt: skip
OTHERS_AT_LEAST = 8  # characters that must be guessed one by one, because they belong to none of these
GUESSES_LOG10_AT_LEAST = 10  # zxcvbn's best mark of five
# The characters that zxcvbn judges, because it takes seconds for long rows; an easy beginning is refused all the same.
LOOKED_AT = 24
SHORTEST_NAME = 3


def unforeseen_part(password: str) -> str:
    """Return what is left of a password without words of the service and without what continues a row (1234, aaa)."""
    rest = breached_passwords.fold(password)
    for word in sorted(WORDS, key=len, reverse=True):
        rest = rest.replace(word, " ")
    rest = rest.replace(" ", "")
    return "".join(
        sign for before, sign in zip(("", *rest), rest, strict=False) if not before or abs(ord(sign) - ord(before)) > 1
    )


def names_of(user: Any) -> Iterator[str]:
    """Yield the words of an account's names, folded; nothing when there is no account."""
    for name in ("username", "first_name", "last_name"):
        words = "".join(
            sign if sign.isalnum() else " " for sign in breached_passwords.fold(getattr(user, name, "") or "")
        )
        yield from (word for word in words.split() if len(word) >= SHORTEST_NAME)


def guesses_log10(password: str, user: Any = None) -> float:
    """Return how many tries find the password, as a power of ten.

    The tries combine words (ours, the account's, French, English, names), years, dates, rows of keys and repetitions.
    Source: zxcvbn (Wheeler, USENIX Security 2016).
    """
    looked_at = breached_passwords.fold(password)[:LOOKED_AT]
    if not looked_at:
        return 0.0
    house = matching.build_ranked_dict([*names_of(user), *WORDS])
    dictionaries = {**matching.RANKED_DICTIONARIES, "house": house, "french": breached_passwords.words()}
    found = matching.omnimatch(looked_at, dictionaries)
    return float(scoring.most_guessable_match_sequence(looked_at, found)["guesses_log10"])


class StolenValidator:
    """Refuses a password that lists of stolen passwords have."""

    def validate(self, password: str, user: Any = None) -> None:
        if breached_passwords.is_stolen(password):
            raise ValidationError(self.get_help_text(), code="password_stolen")

    def get_help_text(self) -> str:
        return _(
            "Ce mot de passe a déjà été volé ailleurs : il est dans les listes que les attaquants essaient d'abord. "
            "Choisissez-en un autre."
        )


class GuessableValidator:
    """Refuses a password with fewer than OTHERS_AT_LEAST unforeseen characters, or that too few tries find."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(unforeseen_part(password)) < OTHERS_AT_LEAST or guesses_log10(password, user) < GUESSES_LOG10_AT_LEAST:
            raise ValidationError(self.get_help_text(), code="password_guessable")

    def get_help_text(self) -> str:
        return _(
            "Trop facile à deviner : des mots du service (police, gendarmerie, Pnav…), votre nom, un mot courant avec "
            "une année, ou des suites (1234, aaaa). Ajoutez des mots sans rapport entre eux."
        )
