"""This module gives the words of the national numbers, which are data and yet are read in the visitor's language.

They are imported in French from `data/units.json`. What an administrator rewrites is shown as written.
"""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from common.texts.typography import keep_together

TEXTS = frozenset(
    (
        _("3018 – violences numériques"),
        _("3114 – prévention du suicide"),
        _("119 – enfance en danger"),
        _("3919 – femmes victimes de violences"),
        _("Pour toute victime. Appel gratuit."),
        _("Pour les jeunes et leurs proches. Gratuit et anonyme."),
        _("Pour qui pense au suicide, ou a peur pour quelqu'un. Gratuit."),
        _("Pour un enfant en danger. Gratuit."),
        _("Pour les femmes victimes de violences."),
        _("tous les jours, en journée"),
        _("tous les jours, de 9 h à 23 h"),
        _("jour et nuit, tous les jours"),
    )
)


def in_language(text: str) -> str:
    """Return a text of a national number in the active language, and any other text as it is."""
    return keep_together(gettext(text)) if text in TEXTS else text
