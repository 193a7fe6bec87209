"""Says where a person is, by the last sign of them. Pure: `now` is an argument."""

from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Whereabouts(TextChoices):
    """The values are those of the protocol (`queue` frames)."""

    HERE = "here", _("Présente")
    ASLEEP = "asleep", _("Page en veille")
    OFFLINE = "offline", _("Hors ligne")
    LEFT = "left", _("A quitté la page")

    @property
    def holds_turn(self) -> bool:
        """Whether their turn may come: whoever is offline or has left is passed over until they are seen again."""
        return self in {Whereabouts.HERE, Whereabouts.ASLEEP}


def find_whereabouts(
    *,
    seen_at: datetime,
    is_hidden: bool,
    left_at: datetime | None,
    now: datetime,
    absent_after: timedelta,
    asleep_for: timedelta,
) -> Whereabouts:
    """Where somebody last seen then is now.

    is_hidden: their page then was out of sight, and may sleep for `asleep_for`. left_at: when they left by the quick
    exit, unless they came back with a code.
    """
    if left_at is not None and seen_at <= left_at:
        return Whereabouts.LEFT
    elapsed = now - seen_at
    if elapsed <= absent_after:
        return Whereabouts.HERE
    return Whereabouts.ASLEEP if is_hidden and elapsed <= asleep_for else Whereabouts.OFFLINE
