"""In which order an agent has the list of their conversations. Makes no query.

Whatever they choose, danger and what is new stand first (`chat.console.inbox.Entry.place_in`).
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.choices import read_choice


class Order(TextChoices):
    """These are the orders. The first one is that of an agent who has chosen none."""

    URGENCY = "urgence", _("Urgence")
    WAIT = "attente", _("Attente")
    NUMBER = "numero", _("Numéro")
    NEWEST = "arrivee", _("Arrivée")


def read_order(kept: str) -> Order:
    """Return the order of what is kept; the given one for nothing, and for a name that this version does not know."""
    return read_choice(Order, kept, Order.URGENCY)
