"""Says how long one waits now, for the home page, as the queue shows it; nothing where nobody knows.

A process makes one short statement every KEEP_SECONDS at most, however many people read the page. While the database is
away the page says what was known last, or that nothing is known.
"""

import math

from chat.conversations import position
from common.cached_reading import CachedReading
from pnav.pages.texts import pages as words

KEEP_SECONDS = 15
type Range = tuple[int, int] | None

_wait: CachedReading[Range] = CachedReading(
    position.wait_of_newcomer, KEEP_SECONDS, name="wait of a newcomer", otherwise=lambda: None
)


def forget() -> None:
    """Read the queue again at the next page. For tests."""
    _wait.forget()


def in_words() -> str:
    """Return « Attente maintenant : entre 2 et 6 minutes » in the active language, in hours from 90 minutes on."""
    return say(_wait.get())


def say(found: Range) -> str:
    """Say a range of minutes, or that nobody can say."""
    if found is None:
        return words.WAIT_UNKNOWN.say()
    low, high = found
    if low == 0:
        return words.WAIT_UNDER.say(high=high)
    if high <= 90:
        return words.WAIT_MINUTES.say(low=low, high=high)
    return words.WAIT_HOURS.say(hours=math.ceil(high / 60))
