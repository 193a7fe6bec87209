"""What a visitor sends without a script."""

from django import forms
from django.utils.translation import gettext_lazy as _

from chat import protocol

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
    """A code de reprise as typed; `actions.find_by_code` reads it."""

    code = forms.Field(
        error_messages={"required": _("Écrivez le code de reprise : trois groupes de quatre lettres ou chiffres.")}
    )
