"""These are the forms that a visitor sends without a script."""

from typing import Any

from django import forms

from chat.personal_copy import lock
from chat.rules import resume_words
from chat.rules.transfer import SUMMARY_MAX, Answer
from chat.texts import forms as form_texts
from chat.texts import personal_copy as copy_texts


class CodeForm(forms.Form):
    """It is a code de reprise as typed; cleaned, it is a tuple of words of the list.

    A slip is named, with the nearest word of the list: that tells nothing about the codes in use.
    """

    code = forms.Field(error_messages={"required": form_texts.CODE_REQUIRED.later()})
    mark = forms.Field(required=False)  # the mark of the page (`resume.new_mark`)

    def clean_mark(self) -> str:
        return (self.cleaned_data["mark"] or "")[:100]

    def clean_code(self) -> tuple[str, ...]:
        reading = resume_words.read(self.cleaned_data["code"])
        if reading.is_code:
            return reading.words
        errors = [_describe(word) for word in reading.unknown[: resume_words.LENGTH]]
        count = len(reading.words) + len(reading.unknown)
        if count != resume_words.LENGTH:
            errors.append(form_texts.CODE_COUNT.say(n=count))
        raise forms.ValidationError(errors, code="unreadable")


def _describe(word: resume_words.UnknownWord) -> str:
    if word.nearest:
        return form_texts.CODE_NEAR.say(typed=word.typed, nearest=word.nearest)
    return form_texts.CODE_UNKNOWN.say(typed=word.typed)


class SummaryForm(forms.Form):
    """It is the form of the person's answer about the summary. `correction` is in their own words."""

    answer = forms.ChoiceField(
        choices=[(value, Answer(value).label) for value in (Answer.AGREED, Answer.CORRECTED, Answer.REFUSED)],
        error_messages={
            "required": form_texts.SUMMARY_CHOOSE.later(),
            "invalid_choice": form_texts.SUMMARY_FROM_LIST.later(),
        },
    )
    correction = forms.CharField(
        max_length=SUMMARY_MAX,
        required=False,
        error_messages={"max_length": form_texts.SUMMARY_TOO_LONG.later()},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("answer") == Answer.CORRECTED and "correction" in cleaned and not cleaned["correction"]:
            self.add_error("correction", form_texts.SUMMARY_EMPTY.say())
        return cleaned


class CopyForm(forms.Form):
    """« Ma copie »: on what device, and by which words it is closed. familiar: *tu*."""

    MINE, SHARED = "mine", "shared"

    device = forms.ChoiceField(widget=forms.RadioSelect)
    captures = forms.BooleanField(required=False)
    lock = forms.BooleanField(required=False)
    words = forms.CharField(required=False, strip=True)
    anyway = forms.BooleanField(required=False)  # the warning of a shared device was read

    def __init__(self, *args: Any, familiar: bool, discreet: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.familiar, self.discreet = familiar, discreet
        self.words_max = lock.WORDS_MAX
        device: Any = self.fields["device"]
        device.label = copy_texts.DEVICE.say(familiar=familiar)
        device.choices = [(self.MINE, copy_texts.DEVICE_MINE.say()), (self.SHARED, copy_texts.DEVICE_SHARED.say())]
        missing = copy_texts.DEVICE_MISSING.say(familiar=familiar)
        device.error_messages |= {"required": missing, "invalid_choice": missing}
        sentence = copy_texts.WITH_CAPTURES_DISCREET if discreet else copy_texts.WITH_CAPTURES
        self.fields["captures"].label = sentence.say()
        self.fields["lock"].label = copy_texts.LOCK.say()
        self.fields["words"].label = copy_texts.WORDS.say()
        self.fields["words"].help_text = copy_texts.WORDS_HINT.say(familiar=familiar)

    @classmethod
    def new(cls, *, words: str, familiar: bool, discreet: bool = False) -> "CopyForm":
        """Return a form in which nothing is answered yet. words: those that it proposes."""
        return cls(familiar=familiar, discreet=discreet, initial={"words": words, "captures": True})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("lock"):
            words = cleaned.get("words", "")
            if len(words) > lock.WORDS_MAX:
                self.add_error("words", copy_texts.WORDS_LONG.say(count=lock.WORDS_MAX))
            elif len(lock.normalize_words(words).replace(" ", "")) < lock.LETTERS_MIN:
                said = copy_texts.WORDS_SHORT.say(familiar=self.familiar, count=lock.LETTERS_MIN)
                self.add_error("words", said)
        return cleaned

    @property
    def closing_words(self) -> str:
        """Return the words that lock the copy; "" when it is not locked. The form must be valid."""
        return self.cleaned_data["words"] if self.cleaned_data["lock"] else ""

    @property
    def is_to_be_warned(self) -> bool:
        """Return whether the device is shared, and its warning was not read yet. Of a valid form."""
        return self.cleaned_data["device"] == self.SHARED and not self.cleaned_data["anyway"]


class ProofForm(forms.Form):
    """Asks of which message, fact, capture or copy a proof of date is taken, by its number in it. familiar: *tu*."""

    MESSAGE, FACT, CAPTURE, COPY = "message", "fact", "capture", "copy"

    kind = forms.ChoiceField(widget=forms.RadioSelect)
    number = forms.IntegerField(min_value=1, max_value=2**31 - 1)

    def __init__(self, *args: Any, familiar: bool, discreet: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.familiar = familiar
        kind: Any = self.fields["kind"]
        kind.label = copy_texts.PROOF_OF.say()
        words = {
            self.MESSAGE: copy_texts.PROOF_MESSAGE,
            self.FACT: copy_texts.PROOF_NOTE if discreet else copy_texts.PROOF_FACT,
            self.CAPTURE: copy_texts.PROOF_FILE if discreet else copy_texts.PROOF_CAPTURE,
            self.COPY: copy_texts.PROOF_COPY,
        }
        kind.choices = [(value, sentence.say()) for value, sentence in words.items()]
        missing = copy_texts.PROOF_KIND_MISSING.say(familiar=familiar)
        kind.error_messages |= {"required": missing, "invalid_choice": missing}
        number = self.fields["number"]
        number.label = copy_texts.PROOF_NUMBER.say()
        number.help_text = copy_texts.PROOF_NUMBER_HINT.say()
        said = copy_texts.PROOF_NUMBER_WRONG.say(familiar=familiar)
        number.error_messages |= dict.fromkeys(("required", "invalid", "min_value", "max_value"), said)
