"""This is the form by which a person notes a fact."""

import uuid
from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from chat.journal import facts
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Fact, Told
from chat.texts import journal as texts
from common.choices import read_choice

FIRST_DAY = date(1990, 1, 1)  # before it nothing was online: a slip of the finger
WORDS = {
    "what": facts.WHAT_MAX,
    "platform": facts.PLATFORM_MAX,
    "account": facts.ACCOUNT_MAX,
    "link": facts.LINK_MAX,
    "seen_by": facts.SEEN_BY_MAX,
}
LABELS = {
    "what": texts.WHAT,
    "day": texts.DAY_LABEL,
    "hour": texts.HOUR_LABEL,
    "platform": texts.PLATFORM,
    "account": texts.ACCOUNT,
    "link": texts.LINK,
    "seen_by": texts.SEEN_BY,
}
PRECISIONS = {
    Precision.MINUTE: texts.MINUTE,
    Precision.DAY: texts.ONE_DAY,
    Precision.ABOUT: texts.ABOUT,
    Precision.UNKNOWN: texts.UNKNOWN,
}


class FactForm(forms.Form):
    """It is one fact. fact_id: the id of the fact to be corrected, or drawn for a new one, so that it is there once.

    Only what happened is asked for. Without an answer to « Quand ? » the day and the hour say how well it is known.
    Lines end with one sign, as a browser counts them: what fits its field fits here.
    """

    fact_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    precision = forms.ChoiceField(required=False, widget=forms.RadioSelect)
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d", "%d/%m/%Y"])
    hour = forms.TimeField(required=False, input_formats=["%H:%M", "%H:%M:%S", "%Hh%M"])

    def __init__(self, *args: Any, familiar: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.familiar = familiar
        self.fields["precision"].choices = [  # type: ignore[attr-defined]
            (value.value, said.later(familiar=familiar)) for value, said in PRECISIONS.items()
        ]
        for name, sentence in {
            "precision": texts.WHEN_FROM_LIST, "day": texts.DAY_INVALID, "hour": texts.HOUR_INVALID,
        }.items():  # fmt: skip
            said = sentence.later(familiar=familiar)
            self.fields[name].error_messages |= {"invalid": said, "invalid_choice": said}
        for name in WORDS:
            self.fields[name] = forms.CharField(required=False)
        for name, sentence in LABELS.items():
            self.fields[name].label = sentence.later(familiar=familiar)

    @classmethod
    def new(cls, *, familiar: bool, typed: Any = None) -> "FactForm":
        """Return an empty one; typed: with what was being written in it."""
        return cls(initial={"fact_id": uuid.uuid4(), **(typed or {})}, familiar=familiar)

    @classmethod
    def of(cls, fact: Fact, *, familiar: bool, typed: Any = None) -> "FactForm":
        """Return a fact that is there, to be corrected."""
        told = fact.told or Told("")
        initial = {
            "fact_id": fact.public_id,
            "precision": told.moment.precision.value,
            "day": told.moment.day,
            "hour": told.moment.hour and told.moment.hour.strftime("%H:%M"),
            **{name: getattr(told, name) for name in WORDS},
        }
        return cls(initial=initial | (typed or {}), familiar=familiar)

    def is_unchanged(self, typed: Mapping[str, str]) -> bool:
        """Return whether what was typed in the form of a fact says what it came with."""
        return all(
            str(self.initial[name] or "") == typed.get(name, "").replace("\r\n", "\n")
            for name in (*WORDS, "precision", "day", "hour")
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, most in WORDS.items():
            if name in self.errors:
                continue
            text = cleaned[name] = cleaned[name].replace("\r\n", "\n")
            if name == "what" and not text:
                self._say(name, texts.WHAT_EMPTY)
            elif len(text) > most:
                self._say(name, texts.TOO_LONG, most=most)
        if not {"precision", "day", "hour"} & set(self.errors):
            cleaned["moment"] = self._moment(cleaned)
        return cleaned

    def _moment(self, cleaned: dict[str, Any]) -> Moment | None:
        """Return what was said of the date; None, with what is wrong beside its field, for what says two things."""
        day: date | None = cleaned.get("day")
        hour: time | None = cleaned.get("hour")
        if not (chosen := cleaned.get("precision")):
            chosen = Precision.UNKNOWN if day is None else Precision.DAY if hour is None else Precision.MINUTE
        precision = read_choice(Precision, chosen, Precision.UNKNOWN)
        if precision is Precision.UNKNOWN:
            return Moment()
        # Somewhere it is tomorrow already: the day is the one that the person tells, wherever they are.
        if day is None:
            self._say("day", texts.DAY_MISSING)
        elif day < FIRST_DAY:
            self._say("day", texts.DAY_INVALID)
        elif day > timezone.localdate() + timedelta(days=1):
            self._say("day", texts.DAY_AHEAD)
        elif precision is Precision.MINUTE and hour is None:
            self._say("hour", texts.HOUR_MISSING)
        else:
            told = None if precision is Precision.DAY or hour is None else hour.replace(second=0)
            return Moment(precision, day, told)
        return None

    def _say(self, name: str, sentence: Any, **given: object) -> None:
        self.add_error(name, sentence.say(familiar=self.familiar, **given))

    @property
    def told(self) -> Told:
        """Return the fact; the form is valid."""
        data = self.cleaned_data
        return Told(moment=data["moment"], **{name: data[name] for name in WORDS})
