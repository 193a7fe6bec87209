"""These are the words of the visitor's page that both the server and the script write.

The sentences themselves are in `chat.texts.thread`. The page hands them to the script as data, so that each exists
once. `{n}`, `{low}`… are filled with numbers, `{name}` with the name of the interlocutor. In two voices: *vous*, and
*tu* for a minor.
"""

import math
from collections.abc import Mapping

from django.utils.translation import get_language

from chat.texts import thread as thread_texts
from common.texts import cache as text_cache
from common.texts.catalogue import Sentence

WORDS: dict[str, Sentence] = {
    "title_waiting": thread_texts.TITLE_WAITING,
    "title_active": thread_texts.TITLE_ACTIVE,
    "title_closed": thread_texts.TITLE_CLOSED,
    "you": thread_texts.YOU,
    "agent": thread_texts.AGENT,
    "system": thread_texts.SYSTEM,
    "position_first": thread_texts.POSITION_FIRST,
    "position": thread_texts.POSITION,
    "wait_under": thread_texts.WAIT_UNDER,
    "wait_minutes": thread_texts.WAIT_MINUTES,
    "wait_mixed": thread_texts.WAIT_MIXED,
    "wait_hours": thread_texts.WAIT_HOURS,
    "wait_unknown": thread_texts.WAIT_UNKNOWN,
    "pending": thread_texts.PENDING,
    "kept": thread_texts.KEPT,
    "sent": thread_texts.SENT,
    "read": thread_texts.READ,
    "failed": thread_texts.FAILED,
    "refused": thread_texts.REFUSED,
    "soon": thread_texts.SOON,
    "refused_full": thread_texts.REFUSED_FULL,
    "full": thread_texts.FULL,
    "misleading": thread_texts.MISLEADING,
    "retry": thread_texts.RETRY,
    "trying": thread_texts.TRYING,
    "line_connected": thread_texts.LINE_CONNECTED,
    "line_reconnecting": thread_texts.LINE_RECONNECTING,
    "line_lost": thread_texts.LINE_LOST,
    "cut": thread_texts.CUT,
    "typing": thread_texts.TYPING,
    "offline": thread_texts.OFFLINE,
    "online": thread_texts.ONLINE,
    "connecting": thread_texts.CONNECTING,
    "earlier_failed": thread_texts.EARLIER_FAILED,
    "unsent": thread_texts.UNSENT,
    "unsent_kept": thread_texts.UNSENT_KEPT,
    "empty": thread_texts.EMPTY,
    "unseen": thread_texts.UNSEEN,
    "too_long": thread_texts.TOO_LONG,
    "count": thread_texts.COUNT,
    "new": thread_texts.NEW,
    "answered": thread_texts.ANSWERED,
    "arrived": thread_texts.IS_THERE,
    "code_again": thread_texts.CODE_AGAIN,
    "code_failed": thread_texts.CODE_FAILED,
    "code_making": thread_texts.CODE_MAKING,
    "code_unsure": thread_texts.CODE_UNSURE,
    "awake_on": thread_texts.AWAKE_ON,
    "awake_failed": thread_texts.AWAKE_FAILED,
    "warn_on": thread_texts.WARN_ON,
    "warn_failed": thread_texts.WARN_FAILED,
    "facts_kept": thread_texts.FACTS_KEPT,
    "facts_later": thread_texts.FACTS_LATER,
    "facts_refused": thread_texts.FACTS_REFUSED,
    "notice_title": thread_texts.NOTICE_TITLE,
    "notice_body": thread_texts.NOTICE_BODY,
}
# Somebody may see the screen: nothing that says what this page is.
DISCREET: dict[str, Sentence] = {**WORDS, "system": thread_texts.SYSTEM_DISCREET, "arrived": thread_texts.NEW}


def words(*, familiar: bool, discreet: bool) -> Mapping[str, str]:
    """Return all sentences in the active language. familiar: *tu*. discreet: without what says which page this is.

    The dictionary is the same for everybody until the sentences are read again, because looking up fifty of them took
    0.02 ms a page.
    """
    said = DISCREET if discreet else WORDS
    if text_cache.is_previewing():
        return {name: sentence.spoken(familiar=familiar) for name, sentence in said.items()}
    kept, place = text_cache.words(), ("script", get_language(), familiar, discreet)
    if (words := kept.get(place)) is None:
        words = kept[place] = {name: sentence.spoken(familiar=familiar) for name, sentence in said.items()}
    return words


def position_sentence(said: Mapping[str, str], position: int | None) -> str:
    """Return the sentence with the position in the queue; empty for somebody who does not wait.

    `showPlace` of the page's script says the same of what a frame brings, by `lib/time.js`: `tests/js/test_twins.py`
    holds the two together.
    """
    if position is None:
        return ""
    return said["position_first"] if position == 1 else said["position"].format(n=position)


def wait_words(said: Mapping[str, str], wait_minutes: tuple[int, int] | None) -> str:
    """Return the range of the wait in words: in hours from 90 minutes on. Without a figure, says honestly that there is
    none.

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
