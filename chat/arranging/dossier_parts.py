"""In which order an agent has the parts of « Ce que je sais ». Makes no query.

The emergency procedure and the numbers are no parts: they stand first in every dossier. Nothing can be hidden.
"""

from collections.abc import Iterable

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from chat.arranging.layout import Layout


class Part(TextChoices):
    """These are the parts, in the order in which an agent has them who has arranged nothing."""

    TOLD = "dit", _("Signalement, faits et captures")
    ORIENTATION = "orientation", _("Orientation")
    RECEPTION = "accueil", _("Point d'accueil")
    PARTNERS = "partenaires", _("Partenaires à proposer")
    SHEET = "fiche", _("Fiche des faits")
    PROPOSALS = "propositions", _("Propositions à la personne")
    TRANSFER = "passage", _("Passer l'échange")
    TRANSMISSION = "transmission", _("Transmettre à l'unité compétente")
    NOTES = "notes", _("Notes privées, question à un collègue, historique")
    SUMMARIES = "resumes", _("Résumés de fin et document")
    ANONYMITY = "anonymat", _("Anonymat et conservation")


def read_layout(kept: Iterable[str]) -> Layout[Part]:
    """Make the layout of what is kept (`Layout.read`)."""
    return Layout.read(Part, kept, always_shown=frozenset(Part))
