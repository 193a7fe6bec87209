"""This is the form by which a message, or another text of the exchange, is sent."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chat.messages import protocol
from common import plain_text

TEXT_ERRORS = {
    protocol.EMPTY: _("Le texte est vide. Écrivez quelques mots."),
    protocol.UNSEEN: _("Rien ne se voit dans ce texte : il n'a que des signes invisibles. Écrivez quelques mots."),
    protocol.TOO_LONG: _("Le texte est trop long : 4 000 caractères au plus."),
    protocol.BAD_FRAME: _("Le texte contient un caractère qui ne peut pas être gardé. Réécrivez-le."),
}


def refuse_unseen(text: str) -> None:
    """Validate a line that becomes a message, or a part of one.

    Raises ValidationError when nothing of it is visible.
    """
    if not plain_text.shows_something(text):
        raise ValidationError(TEXT_ERRORS[protocol.UNSEEN], code=protocol.UNSEEN)


class Text(forms.Field):
    """It is a field for a text under the rules of messages (`protocol.parse_body`)."""

    def clean(self, value: object) -> str:
        """Return the text as it is stored; "" if it is empty and not required. Raises ValidationError."""
        if not self.required and not str(value or "").strip():
            return ""
        try:
            return protocol.parse_body(value or "")
        except protocol.ProtocolError as error:
            reason = error.why or error.code
            raise ValidationError(TEXT_ERRORS[reason], code=reason) from error


MESSAGE_ERRORS = {
    protocol.EMPTY: _("Le message est vide. Écrivez quelques mots, puis envoyez."),
    protocol.UNSEEN: _(
        "Rien ne se voit dans ce message : il n'a que des signes invisibles. Écrivez quelques mots, puis envoyez."
    ),
    protocol.TOO_LONG: _("Le message est trop long : 4 000 caractères au plus. Envoyez-le en plusieurs fois."),
    protocol.BAD_FRAME: _("Le message contient un caractère qui ne peut pas être gardé. Réécrivez-le, puis envoyez."),
}


class MessageForm(forms.Form):
    """It is one message. `client_id` is drawn when the page is made, so that sending the same form twice adds one
    message."""

    client_id = forms.UUIDField()
    # `clean_body` applies the rules that hold for the sockets too (`protocol.parse_body`).
    body = forms.Field(required=False)

    def clean_body(self) -> str:
        """Return the body as it is stored. Raises ValidationError with a sentence for the person."""
        try:
            return protocol.parse_body(self.cleaned_data["body"] or "")
        except protocol.ProtocolError as error:
            reason = error.why or error.code
            raise forms.ValidationError(MESSAGE_ERRORS[reason], code=reason) from error
