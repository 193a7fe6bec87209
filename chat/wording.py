"""The words of the visitor's page that both the server and the script write. Pure.

The sentences themselves are in `chat.sentences`. The page hands them to the script as data, so that each exists once.
`{n}`, `{low}`… are filled with numbers, `{name}` with the name of the interlocutor. In two voices: *vous*, and *tu* for
a minor.
"""

import math

from chat import sentences
from sentences.catalogue import Sentence

WORDS: dict[str, Sentence] = {
    "title_waiting": sentences.TITLE_WAITING,
    "title_active": sentences.TITLE_ACTIVE,
    "title_closed": sentences.TITLE_CLOSED,
    "you": sentences.YOU,
    "agent": sentences.AGENT,
    "system": sentences.SYSTEM,
    "position_first": sentences.POSITION_FIRST,
    "position": sentences.POSITION,
    "wait_under": sentences.WAIT_UNDER,
    "wait_minutes": sentences.WAIT_MINUTES,
    "wait_mixed": sentences.WAIT_MIXED,
    "wait_hours": sentences.WAIT_HOURS,
    "wait_unknown": sentences.WAIT_UNKNOWN,
    "pending": sentences.PENDING,
    "kept": sentences.KEPT,
    "sent": sentences.SENT,
    "read": sentences.READ,
    "failed": sentences.FAILED,
    "refused": sentences.REFUSED,
    "soon": sentences.SOON,
    "refused_full": sentences.REFUSED_FULL,
    "full": sentences.FULL,
    "misleading": sentences.MISLEADING,
    "retry": sentences.RETRY,
    "trying": sentences.TRYING,
    "line_connected": sentences.LINE_CONNECTED,
    "line_reconnecting": sentences.LINE_RECONNECTING,
    "line_lost": sentences.LINE_LOST,
    "cut": sentences.CUT,
    "typing": sentences.TYPING,
    "offline": sentences.OFFLINE,
    "online": sentences.ONLINE,
    "unsent": sentences.UNSENT,
    "empty": sentences.EMPTY,
    "too_long": sentences.TOO_LONG,
    "count": sentences.COUNT,
    "new": sentences.NEW,
    "arrived": sentences.IS_THERE,
    "code_again": sentences.CODE_AGAIN,
    "code_failed": sentences.CODE_FAILED,
}
# Somebody may see the screen: nothing that says what this page is.
DISCREET: dict[str, Sentence] = {**WORDS, "system": sentences.SYSTEM_DISCREET, "arrived": sentences.NEW}


def words(*, familiar: bool, discreet: bool) -> dict[str, str]:
    """All the sentences, in the active language. familiar: *tu*. discreet: nothing that says what this page is."""
    kept = DISCREET if discreet else WORDS
    return {name: sentence.spoken(familiar=familiar) for name, sentence in kept.items()}


def position_words(said: dict[str, str], position: int | None) -> str:
    """The place in the queue in words; empty for somebody who does not wait."""
    if position is None:
        return ""
    return said["position_first"] if position == 1 else said["position"].format(n=position)


def wait_words(said: dict[str, str], wait_minutes: tuple[int, int] | None) -> str:
    """The range of the wait in words: in hours from 90 minutes on. Without a figure, says honestly that there is none.

    `lib/time.js` does the same with what a frame brings: `tests/js/test_twins.py` holds the two together.
    """
    if wait_minutes is None:
        return said["wait_unknown"]
    low, high = wait_minutes
    if low == 0:
        key = "wait_under"
    elif high <= 90:
        key = "wait_minutes"
    elif low < 60:
        key = "wait_mixed"
    else:
        key = "wait_hours"
    return said[key].format(low=low, high=high, low_hours=low // 60, hours=math.ceil(high / 60))
