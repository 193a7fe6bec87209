"""This module writes the date of a fact as the person reads it, in their language."""

from chat.journal.dates import Moment, Precision
from chat.journal.facts import Fact
from chat.texts import journal as texts
from common import dates


def said_when(moment: Moment) -> str:
    """Return a date in words: « 12 mars 2027 à 18:05 », « vers le 12 mars 2027 », « Date inconnue »."""
    if moment.day is None:
        return texts.AT_UNKNOWN.say()
    day = dates.format_date(moment.day, "j F Y")
    hour = moment.hour.strftime("%H:%M") if moment.hour else ""
    if moment.precision is Precision.ABOUT:
        return texts.AT_ABOUT_HOUR.say(day=day, hour=hour) if hour else texts.AT_ABOUT.say(day=day)
    return texts.AT_MINUTE.say(day=day, hour=hour) if hour else day


def named_by_date(fact: Fact) -> str:
    """Return the name of a fact, which no other one of its exchange has: « Date inconnue (n° 3) »."""
    return texts.NUMBERED.say(when=said_when(fact.moment), number=fact.number)
