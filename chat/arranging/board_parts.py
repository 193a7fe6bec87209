"""Which parts of the board a supervisor sees, in which order, and how wide each picture is. Makes no query.

Alerts, and what waits for the supervisor's decision, are no parts: they stand first on every board.
"""

from collections.abc import Iterable

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from chat.arranging import layout
from chat.arranging.layout import Size


class Part(TextChoices):
    """These are the parts, in the order in which a board has them that nobody has arranged.

    First what is now: the figures, who waits and the places, then the lists of who may need somebody. What is of many
    days comes after these.
    """

    FIGURES = "chiffres", _("Chiffres du moment")
    WAITS = "dessin-attentes", _("Dessin : qui attend maintenant")
    PLACES = "dessin-places", _("Dessin : les places")
    SILENCES = "silences", _("Échanges silencieux")
    RUNNING = "en-cours", _("Échanges en cours de vos unités")
    QUEUE = "file", _("File d'attente")
    PROMISES = "promesses", _("Retours promis")
    PROMISE = "dessin-promesse", _("Dessin : pris en charge à temps")
    ARRIVALS = "dessin-semaine", _("Dessin : quand on vient")
    STAFFING = "dessin-effectifs", _("Dessin : agents qu'il faut aujourd'hui")
    TABLES = "tableaux", _("Les chiffres des dessins, en tableaux")


# How wide each picture is on a board that nobody has arranged.
PICTURES = {
    Part.WAITS: Size.HALF,
    Part.PLACES: Size.HALF,
    Part.PROMISE: Size.THIRD,
    Part.ARRIVALS: Size.TWO_THIRDS,
    Part.STAFFING: Size.WHOLE,
}
# Arrangements of before 29 November 2026 have all pictures as one part.
FORMER = {"dessins": tuple(PICTURES)}

# The pictures lead to their tables, and who cannot see pictures reads these: they may move, and are never hidden.
ALWAYS_SHOWN = frozenset({Part.TABLES})

# The filter of the lists stands before the first of these that is shown.
FILTERED = frozenset({Part.SILENCES, Part.RUNNING, Part.QUEUE, Part.TABLES})


class Layout(layout.Layout[Part]):
    """It is an arrangement of the board."""

    @property
    def filter_before(self) -> Part:
        """Return the part before which the filter of the lists stands. There is one, because TABLES is always shown."""
        return next(part for part in self.shown if part in FILTERED)


def read_layout(kept: Iterable[str]) -> Layout:
    """Make the layout of what is kept (`layout.Layout.read`)."""
    return Layout.read(Part, kept, always_shown=ALWAYS_SHOWN, given=PICTURES, former=FORMER)
