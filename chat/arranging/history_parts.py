"""Which parts of « Historique » somebody sees, in which order, and how wide each picture is. Makes no query.

The period, and what is said of how exact its numbers are, are no parts: they stand first, the latter under the figures
of the whole period where these stand first.
"""

from collections.abc import Iterable

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from chat.arranging.layout import Layout, Size


class Part(TextChoices):
    """These are the parts, in the order in which they are where nobody has arranged them.

    That of a picture has the key of its chart (`chat.statistics.charts.Words`).
    """

    WHOLE = "ensemble", _("Toute la période, en chiffres")
    ARRIVALS = "semaine", _("Dessin : quand on vient, par heure et par jour")
    HOUR_OPENED = "heure-ouverts", _("Dessin : échanges ouverts, par heure")
    HOUR_WAITS = "heure-attentes", _("Dessin : attente, par heure")
    HOUR_LEFT = "heure-partis", _("Dessin : partis avant une prise en charge, par heure")
    DAY_OPENED = "jour-ouverts", _("Dessin : échanges ouverts, par jour")
    DAY_WAITS = "jour-attentes", _("Dessin : attente, par jour")
    DAY_LEFT = "jour-partis", _("Dessin : partis avant une prise en charge, par jour")
    OUTCOMES = "issues", _("Dessin : comment les échanges se terminent")
    ORIENTATIONS = "orientations", _("Dessin : résultat de l'orientation")
    RESTS = "veille", _("Échanges en veille")
    TABLES = "tableaux", _("Les mêmes chiffres, en tableaux")


# How wide each picture is where nobody has arranged them.
PICTURES = {
    part: Size.TWO_THIRDS if part == Part.ARRIVALS else Size.THIRD
    for part in Part
    if part not in (Part.WHOLE, Part.RESTS, Part.TABLES)
}

# The pictures lead to their tables, and who cannot see pictures reads these: they may move, and are never hidden.
ALWAYS_SHOWN = frozenset({Part.TABLES})


def read_layout(kept: Iterable[str]) -> Layout[Part]:
    """Make the layout of what is kept (`Layout.read`)."""
    return Layout.read(Part, kept, always_shown=ALWAYS_SHOWN, given=PICTURES)
