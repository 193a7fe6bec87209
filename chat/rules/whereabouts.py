"""This module says where a person is, by their last sign of life. Pure: `now` is an argument."""

from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# A sign of the page, a beat or a message, may be written some seconds after the quick exit, on a busy server, though it
# was sent before. Nobody comes back within this time but by a code, which is read apart. In the list of their agent a
# message shows that they wait all the same (`chat.console.inbox`).
LATE_SIGN = timedelta(seconds=5)


class Whereabouts(TextChoices):
    """It is where a person is. The values are those of the protocol (`queue` frames)."""

    HERE = "here", _("Présente")
    ASLEEP = "asleep", _("Page en veille")
    OFFLINE = "offline", _("Hors ligne")
    LEFT = "left", _("A quitté la page")

    @property
    def holds_turn(self) -> bool:
        """Return whether their turn may come. People who are offline or left are passed over until they are seen
        again."""
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
    """Say where somebody is now who was last seen at `seen_at`.

    is_hidden: whether their page was out of sight then; such a page may sleep for `asleep_for`. left_at: when they left
    by the quick exit; None if they did not, or came back with a code. A sign counts as one of before for LATE_SIGN.
    absent_after: how long a page may be silent.
    """
    if left_at is not None and seen_at <= left_at + LATE_SIGN:
        return Whereabouts.LEFT
    elapsed = now - seen_at
    if elapsed <= absent_after:
        return Whereabouts.HERE
    return Whereabouts.ASLEEP if is_hidden and elapsed <= asleep_for else Whereabouts.OFFLINE
