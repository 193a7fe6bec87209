"""What a visitor sends without a script."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chat import codewords, form_sentences, protocol
from chat.handover_rules import SUMMARY_MAX, Answer

MESSAGE_ERRORS = {
    protocol.EMPTY: _("Le message est vide. Écrivez quelques mots, puis envoyez."),
    protocol.TOO_LONG: _("Le message est trop long : 4 000 caractères au plus. Envoyez-le en plusieurs fois."),
    protocol.BAD_FRAME: _("Le message contient un caractère qui ne peut pas être gardé. Réécrivez-le, puis envoyez."),
}


class MessageForm(forms.Form):
    """One message. `client_id` is made with the page: the same form sent twice adds one message."""

    client_id = forms.UUIDField()
    # The rules are those of the sockets, said once in `protocol.parse_body`.
    body = forms.Field(required=False)

    def clean_body(self) -> str:
        try:
            return protocol.parse_body(self.cleaned_data["body"] or "")
        except protocol.ProtocolError as error:
            raise forms.ValidationError(MESSAGE_ERRORS[error.code], code=error.code) from error


class CodeForm(forms.Form):
    """A code de reprise as typed; cleaned, it is a tuple of words of the list.

    A slip is named, with the nearest word of the list: that tells nothing about the codes in use.
    """

    code = forms.Field(error_messages={"required": form_sentences.CODE_REQUIRED.later()})
    mark = forms.Field(required=False)  # of the page: see `resume.new_mark`

    def clean_mark(self) -> str:
        return (self.cleaned_data["mark"] or "")[:100]

    def clean_code(self) -> tuple[str, ...]:
        reading = codewords.read(self.cleaned_data["code"])
        if reading.is_code:
            return reading.words
        errors = [_describe(word) for word in reading.unknown[: codewords.LENGTH]]
        count = len(reading.words) + len(reading.unknown)
        if count != codewords.LENGTH:
            errors.append(form_sentences.CODE_COUNT.say(n=count))
        raise forms.ValidationError(errors, code="unreadable")


def _describe(word: codewords.UnknownWord) -> str:
    if word.nearest:
        return form_sentences.CODE_NEAR.say(typed=word.typed, nearest=word.nearest)
    return form_sentences.CODE_UNKNOWN.say(typed=word.typed)


class SummaryForm(forms.Form):
    """The person's answer about the summary; `correction`: in their own words."""

    answer = forms.ChoiceField(
        choices=[(value, Answer(value).label) for value in (Answer.AGREED, Answer.CORRECTED, Answer.REFUSED)],
        error_messages={
            "required": form_sentences.SUMMARY_CHOOSE.later(),
            "invalid_choice": form_sentences.SUMMARY_FROM_LIST.later(),
        },
    )
    correction = forms.CharField(
        max_length=SUMMARY_MAX,
        required=False,
        error_messages={"max_length": form_sentences.SUMMARY_TOO_LONG.later()},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("answer") == Answer.CORRECTED and "correction" in cleaned and not cleaned["correction"]:
            self.add_error("correction", form_sentences.SUMMARY_EMPTY.say())
        return cleaned
