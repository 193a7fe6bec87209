"""The words of the visitor's page that both the server and the script write. Pure.

The page hands them to the script as data, so that each sentence exists once. `{n}`, `{low}`… are filled with numbers,
`{name}` with the name of the interlocutor. In two voices: *vous*, and *tu* for a minor.
"""

import math

from django.utils.translation import gettext as _


def words(*, familiar: bool, discreet: bool) -> dict[str, str]:
    """All the sentences, in the active language. familiar: *tu*. discreet: nothing that says what this page is."""

    def choose(vous: str, tu: str) -> str:
        return tu if familiar else vous

    return {
        "title_waiting": _("File d'attente"),
        "title_active": _("Échange en cours"),
        "title_closed": _("Échange terminé"),
        "you": choose(_("Vous"), _("Toi")),
        "agent": _("Interlocuteur"),
        "system": _("Pnav") if not discreet else _("Information"),
        "position_first": choose(_("Vous êtes la prochaine personne."), _("Tu es la prochaine personne.")),
        "position": choose(_("Vous êtes en position {n} dans la file."), _("Tu es en position {n} dans la file.")),
        "wait_under": _("Attente estimée : moins de {high} minutes."),
        "wait_minutes": _("Attente estimée : entre {low} et {high} minutes."),
        "wait_mixed": _("Attente estimée : entre {low} minutes et {hours} heures."),
        "wait_hours": _("Attente estimée : entre {low_hours} h et {hours} h."),
        "wait_unknown": choose(
            _("Aucun agent n'est disponible en ce moment. Votre place est gardée. La durée n'est pas connue."),
            _("Aucun agent n'est disponible en ce moment. Ta place est gardée. La durée n'est pas connue."),
        ),
        "pending": _("Envoi en cours…"),
        "kept": _("Gardé, partira dès que possible"),
        "sent": _("Envoyé"),
        "read": _("Lu"),
        "failed": _("Non envoyé"),
        "refused": _("Non envoyé : l'échange est terminé"),
        "misleading": _("adresse trompeuse possible"),
        "retry": _("Réessayer"),
        "trying": _("Nouvel essai…"),
        "line_connected": _("Connecté"),
        "line_reconnecting": _("Reconnexion…"),
        "line_lost": _("Hors connexion"),
        "cut": choose(
            _("L'échange s'est terminé avant l'envoi. Vous pouvez copier votre texte."),
            _("L'échange s'est terminé avant l'envoi. Tu peux copier ton texte."),
        ),
        "typing": _("{name} écrit…"),
        "offline": choose(
            _("Connexion interrompue. Vos messages sont gardés et partiront dès le retour."),
            _("Connexion interrompue. Tes messages sont gardés et partiront dès le retour."),
        ),
        "online": _("Connexion rétablie."),
        "empty": choose(
            _("Le message est vide. Écrivez quelques mots, puis envoyez."),
            _("Le message est vide. Écris quelques mots, puis envoie."),
        ),
        "too_long": choose(
            _("Le message est trop long : 4 000 caractères au plus. Envoyez-le en plusieurs fois."),
            _("Le message est trop long : 4 000 caractères au plus. Envoie-le en plusieurs fois."),
        ),
        "count": _("{n} caractères sur 4 000"),
        "new": _("Nouveau message"),
        "arrived": _("{name} est là") if not discreet else _("Nouveau message"),
        "code_again": _("Créer un nouveau code"),
        "code_failed": choose(
            _("Le code n'a pas pu être créé. Réessayez dans un instant."),
            _("Le code n'a pas pu être créé. Réessaie dans un instant."),
        ),
    }


def position_words(said: dict[str, str], position: int | None) -> str:
    """The place in the queue in words; empty for somebody who does not wait."""
    if position is None:
        return ""
    return said["position_first"] if position == 1 else said["position"].format(n=position)


def wait_words(said: dict[str, str], wait_minutes: tuple[int, int] | None) -> str:
    """The range of the wait in words: in hours from 90 minutes on. Without a figure, says honestly that there is none.

    The script has the same few lines: change both.
    """
    if wait_minutes is None:
        return said["wait_unknown"]
    low, high = wait_minutes
    if low == 0:
        key = "wait_under"
    elif high <= 90:
        key = "wait_minutes"
    elif low < 60:
        key = "wait_mixed"
    else:
        key = "wait_hours"
    return said[key].format(low=low, high=high, low_hours=low // 60, hours=math.ceil(high / 60))
