"""Asks people for their passphrases at a terminal, without showing or storing them."""

import getpass
import warnings
from collections.abc import Callable

from django.core.management.base import CommandError

from reports.seal.custody import (
    PASSPHRASE_MIN_LENGTH,
    PASSPHRASE_MIN_LETTERS,
    Weakness,
    find_weakness,
    normalise_passphrase,
)

TRIES = 3
NO_TERMINAL = "Une phrase de passe se tape au clavier, dans un terminal qui ne l'affiche pas."

REFUSALS = {
    Weakness.SHORT: f"Trop courte : il faut au moins {PASSPHRASE_MIN_LENGTH} caractères.",
    Weakness.FEW_LETTERS: f"Trop simple : il faut au moins {PASSPHRASE_MIN_LETTERS} caractères différents.",
    Weakness.REPEATED: "Trop simple : elle répète la même chose.",
    Weakness.RUN: "Trop simple : elle contient une suite de l'alphabet, du clavier ou de chiffres.",
}


def ask(prompt: str) -> str:
    """Return what is typed, without showing it.

    Raises CommandError where it would be visible, because getpass would then show it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except KeyboardInterrupt:
            raise CommandError("Interrompu : rien n'a été écrit ni ouvert.") from None
        except (getpass.GetPassWarning, EOFError):
            raise CommandError(NO_TERMINAL) from None


def ask_new(say: Callable[[str], object], *, taken: list[str]) -> str:
    """Ask for a new passphrase twice, and return it.

    It is asked again, with the reason, while it is weak, mistyped or one of `taken`. Raises CommandError after TRIES
    refusals.
    """
    for _try in range(TRIES):
        passphrase = ask("  Phrase de passe : ")
        weakness = find_weakness(passphrase)
        if weakness:
            say(f"  {REFUSALS[weakness]}")
        elif normalise_passphrase(passphrase) in map(normalise_passphrase, taken):
            say("  Cette phrase a déjà servi pour une autre part : chaque personne choisit la sienne.")
        elif normalise_passphrase(ask("  La même, une seconde fois : ")) != normalise_passphrase(passphrase):
            say("  Les deux saisies sont différentes.")
        else:
            return passphrase
    raise CommandError("Aucune phrase de passe acceptée : rien n'a été écrit. Recommencez la commande.")
