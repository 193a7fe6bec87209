"""Pure rules for changes that a second person must approve: the state of a proposal, and who may decide."""

from datetime import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Act(TextChoices):
    """It is what a proposal does to its object."""

    ADD = "add", _("ajout")
    CHANGE = "change", _("modification")
    DELETE = "delete", _("suppression")
    PUBLISH = "publish", _("publication")


class State(TextChoices):
    """It is the state of a proposal. All but the first are final."""

    PENDING = "pending", _("attend une deuxième personne")
    ACCEPTED = "accepted", _("acceptée")
    REFUSED = "refused", _("refusée")
    WITHDRAWN = "withdrawn", _("retirée")
    LAPSED = "lapsed", _("sans réponse à temps : non appliquée")


def may_decide(*, asked_by: int, by: int, state: str, lapses_at: datetime, now: datetime) -> bool:
    """Return whether this account may accept or refuse now.

    Whether it stands apart from the asker is asked elsewhere (`approvals.actions.stand_apart`).
    """
    return state == State.PENDING and now < lapses_at and asked_by != by
