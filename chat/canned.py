"""Replies an agent can start from, as versioned data. Pure.

They are put in the agent's text area, to be read again, changed and sent by hand: nothing is ever sent as it is by
itself. `{name}` is the agent's public name. Whoever changes a text changes VERSION too.
Source of the facts (numbers, hours, rights, first gestures, evidence): the service's reference facts.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VERSION: Final = "2026-08-1"

type Text = str | Promise


@dataclass(frozen=True)
class Reply:
    """One text. vous: to an adult; tu: to a minor, where it differs."""

    key: str
    label: Text
    vous: Text
    tu: Text | None = None

    def spoken(self, *, familiar: bool, name: str) -> str:
        """The text as it goes into the text area."""
        text = self.tu if familiar and self.tu is not None else self.vous
        return str(text).replace("{name}", name)


REPLIES: Final = (
    Reply(
        "hello",
        _("Se présenter"),
        _(
            "Bonjour, je m’appelle {name}. Je suis là pour vous, pendant tout cet échange. "
            "Prenez votre temps : qu’est-ce qui se passe ?"
        ),
        _(
            "Bonjour, je m’appelle {name}. Je suis là pour toi, pendant tout cet échange. "
            "Prends ton temps : qu’est-ce qui se passe ?"
        ),
    ),
    Reply(
        "safety",
        _("Vérifier la sécurité"),
        _(
            "D’abord une question : êtes-vous en sécurité, là où vous êtes ? "
            "En cas de danger, appelez le 17 ou le 112. Si vous ne pouvez pas parler, écrivez au 114 par SMS."
        ),
        _(
            "D’abord une question : es-tu en sécurité, là où tu es ? En cas de danger, appelle le 17 ou le 112. "
            "Si tu ne peux pas parler, écris au 114 par SMS."
        ),
    ),
    Reply(
        "thanks",
        _("Accueillir ce qui est dit"),
        _("Merci de me le confier. Ce n’est pas facile à raconter, et vous avez bien fait d’écrire."),
        _("Merci de me le confier. Ce n’est pas facile à raconter, et tu as bien fait d’écrire."),
    ),
    Reply(
        "time",
        _("Laisser du temps"),
        _("Prenez le temps qu’il vous faut. Je reste là et je lis tout ce que vous écrivez."),
        _("Prends le temps qu’il te faut. Je reste là et je lis tout ce que tu écris."),
    ),
    Reply(
        "reading",
        _("Prévenir que je relis"),
        _("Je relis ce que vous m’avez écrit, pour bien comprendre. Je vous réponds dans quelques minutes."),
        _("Je relis ce que tu m’as écrit, pour bien comprendre. Je te réponds dans quelques minutes."),
    ),
    Reply(
        "facts",
        _("Demander les faits"),
        _(
            "Pouvez-vous me dire depuis quand cela dure, où cela se passe (réseau social, messagerie, jeu…), "
            "et si c’est une seule personne ou plusieurs ? Dites seulement ce que vous voulez dire."
        ),
        _(
            "Peux-tu me dire depuis quand cela dure, où cela se passe (réseau social, messagerie, jeu…), "
            "et si c’est une seule personne ou plusieurs ? Dis seulement ce que tu veux dire."
        ),
    ),
    Reply(
        "evidence",
        _("Garder les preuves"),
        _(
            "Gardez des preuves : captures d’écran, messages, audio ou vidéo, certificat médical, avec les dates. "
            "Faites-le avant de bloquer un compte ou de demander un retrait."
        ),
        _(
            "Garde des preuves : captures d’écran, messages, audio ou vidéo, avec les dates. "
            "Fais-le avant de bloquer un compte ou de demander un retrait."
        ),
    ),
    Reply(
        "gestures",
        _("Premiers gestes"),
        _(
            "Ensuite, vous pouvez bloquer les comptes des auteurs, verrouiller vos comptes et limiter qui voit ce que "
            "vous publiez. Et en parler à un proche : vous n’avez pas à porter cela sans aide."
        ),
        _(
            "Ensuite, tu peux bloquer les comptes des auteurs, verrouiller tes comptes et limiter qui voit ce que "
            "tu publies. Et en parler à un adulte de confiance : tu n’as pas à porter cela sans aide."
        ),
    ),
    Reply(
        "complaint",
        _("Parler de la plainte"),
        _(
            "Vous pouvez porter plainte, et être accompagné pour le faire. C’est vous qui décidez. "
            "Voulez-vous que nous regardions ensemble comment la préparer ?"
        ),
        _(
            "Tu peux porter plainte dans un commissariat ou une gendarmerie, même sans adulte avec toi. "
            "C’est toi qui décides. Veux-tu que nous regardions ensemble comment la préparer ?"
        ),
    ),
    Reply(
        "support",
        _("Donner un numéro d’aide"),
        _("France Victimes écoute et aide toutes les victimes au 116 006 : 7 j/7, de 9 h à 19 h, gratuit."),
        _(
            "Le 3018 aide les jeunes face aux violences numériques : 7 j/7, de 9 h à 23 h. "
            "C’est gratuit, et tu n’as pas à donner ton nom."
        ),
    ),
    Reply(
        "suicide",
        _("Idées suicidaires : 3114"),
        _(
            "Ce que vous me dites est important. Le 3114 répond jour et nuit, gratuitement, à qui a des idées "
            "suicidaires. Si votre vie est en danger maintenant, appelez le 15 ou le 17. Êtes-vous avec quelqu’un ?"
        ),
        _(
            "Ce que tu me dis est important. Le 3114 répond jour et nuit, gratuitement, à qui a des idées "
            "suicidaires. Si ta vie est en danger maintenant, appelle le 15 ou le 17. Y a-t-il quelqu’un avec toi ?"
        ),
    ),
    Reply(
        "before_end",
        _("Avant de terminer"),
        _(
            "Avant de terminer : y a-t-il encore quelque chose que vous voulez me dire ou me demander ? "
            "Si cela recommence, vous pouvez revenir."
        ),
        _(
            "Avant de terminer : y a-t-il encore quelque chose que tu veux me dire ou me demander ? "
            "Si cela recommence, tu peux revenir."
        ),
    ),
)


def find(key: str) -> Reply | None:
    """The reply of a key, or None."""
    return next((reply for reply in REPLIES if reply.key == key), None)
