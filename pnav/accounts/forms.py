"""These are allauth's forms with our texts, and without placeholders, which vanish as soon as one types."""

from typing import Any, cast

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common import security_log
from common.encryption import UnsealError
from common.security_log import Event
from pnav.accounts import sign_in_log
from pnav.accounts.models import User
from pnav.accounts.second_factor import of_account

# In characters: a longer text was not typed. A form may hold 2.5 MB, and all of it would be searched for what makes a
# password easy to guess. This is four times what ASVS 6.2.9 wants to be allowed at least.
TYPED_MAX = 512


class CodeInput(forms.TextInput):
    """It is a field for a code, which is never drawn again with its value.

    A code is valid for seconds, or once, so the next one is typed into an empty field.
    """

    def format_value(self, value: Any) -> None:
        return None


class Worded(forms.Form):
    """It is a form whose fields have our labels and hints.

    labels: the visible name of each field. hints: the help below it. A field that must not be empty says so by
    `aria-required`: with `required`, Firefox tells a screen reader that an empty field is wrong before anybody has
    typed. After the form was sent, the page says beside the field what is missing.
    """

    labels: dict[str, Any] = {}
    hints: dict[str, Any] = {}
    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name == "code":
                field.widget = CodeInput(attrs=field.widget.attrs | {"inputmode": "numeric"})
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            field.widget.attrs.pop("placeholder", None)
            field.error_messages["required"] = _("Remplissez ce champ : %(label)s.") % {"label": field.label}
            if isinstance(field, forms.CharField) and not field.widget.is_hidden and field.max_length is None:
                field.validators = [*field.validators, MaxLengthValidator(TYPED_MAX)]
            if not field.widget.is_hidden and not isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs["class"] = "fr-input"
                field.widget.attrs["spellcheck"] = "false"
                if field.required:
                    field.widget.attrs["aria-required"] = "true"


class LoginForm(Worded, account_forms.LoginForm):
    labels = {"login": _("Identifiant"), "password": _("Mot de passe")}


class ReauthenticateForm(Worded, account_forms.ReauthenticateForm):
    labels = {"password": _("Mot de passe")}


class ChangePasswordForm(Worded, account_forms.ChangePasswordForm):
    labels = {
        "oldpassword": _("Mot de passe actuel"),
        "password1": _("Nouveau mot de passe"),
        "password2": _("Nouveau mot de passe, encore une fois"),
    }
    hints = {
        "password1": _("Au moins 12 caractères. Une phrase que vous seul connaissez convient très bien."),
    }

    def __init__(self, *args: Any, asks_current: bool = True, **kwargs: Any) -> None:
        """Leave out the present password when `asks_current` is false: whoever signed in with it a moment ago need not
        repeat it.
        """
        super().__init__(*args, **kwargs)
        self.fields["password1"].widget.attrs["autocomplete"] = "new-password"
        if not asks_current:
            del self.fields["oldpassword"]

    def clean_oldpassword(self) -> str:
        old = cast(str, super().clean_oldpassword())
        self._refuse_ended()
        return old

    def _refuse_ended(self) -> None:
        """Refuse to replace a first password that has ended, also in a session that was opened in another way."""
        if self.user.first_password_has_ended(timezone.now()):
            raise get_adapter().validation_error("first_password_ended")

    def clean(self) -> dict[str, Any]:
        """Refuse a new password that equals the present one.

        This makes one slow hash, as it does where the present password is typed.
        """
        cleaned = super().clean() or {}
        new = cleaned.get("password1")
        if "oldpassword" in self.fields:
            is_same = bool(new) and new == cleaned.get("oldpassword")
        else:
            self._refuse_ended()
            is_same = bool(new) and self.user.check_password(new)
        if is_same:
            self.add_error("password1", _("Choisissez un mot de passe différent de l'actuel."))
        return cleaned


class CodeOfAccount(forms.Form):
    """Opens codes as those of the account that is signing in or that proves its identity again.

    A code that is refused because too many were wrong is logged too.
    """

    user: User

    def clean_code(self) -> str:
        try:
            with of_account(self.user.pk):
                return cast(str, super().clean_code())  # type: ignore[misc]
        except forms.ValidationError as error:
            if error.code == "too_many_login_attempts":
                security_log.log(Event.LOCKED_OUT, account=self.user.pk, way=sign_in_log.CODE)
            raise
        except UnsealError as error:  # somebody else's secret, or the key is gone: no code is right
            security_log.log(Event.FACTOR_UNREADABLE, account=self.user.pk)
            raise get_mfa_adapter().validation_error("incorrect_code") from error


class PasskeyFailureTold(forms.Form):
    """Logs a passkey that proves nothing, because allauth has no signal for it and calls it a wrong code."""

    user: User | None
    reauthenticated: bool

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError as error:
            if error.code == "too_many_login_attempts":
                account = self.user.pk if self.user is not None else None
                security_log.log(Event.LOCKED_OUT, account=account, way=sign_in_log.PASSKEY)
                raise
            raise self._refused() from error
        except (KeyError, AttributeError) as error:  # allauth treats other malformed answers as wrong ones
            raise self._refused() from error

    def _refused(self) -> forms.ValidationError:
        sign_in_log.passkey_failed(self.user, again=self.reauthenticated)
        return cast(forms.ValidationError, get_mfa_adapter().validation_error("passkey_refused"))


class LoginWebAuthnForm(PasskeyFailureTold, webauthn_forms.LoginWebAuthnForm):
    pass


class AuthenticateWebAuthnForm(PasskeyFailureTold, webauthn_forms.AuthenticateWebAuthnForm):
    pass


class ReauthenticateWebAuthnForm(PasskeyFailureTold, webauthn_forms.ReauthenticateWebAuthnForm):
    pass


class AuthenticateForm(CodeOfAccount, Worded, mfa_forms.AuthenticateForm):
    labels = {"code": _("Code de vérification")}
    hints = {"code": _("Les 6 chiffres de votre application, ou l'un de vos codes de secours à 8 chiffres.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Focus the only field; beside a passkey, let it wait for the first digit (`account.js`).

        So the passkey's button stays in sight and is what a screen reader says first.
        """
        super().__init__(*args, **kwargs)
        own = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.WEBAUTHN)
        self.fields["code"].widget.attrs["data-takes-digits" if own.exists() else "autofocus"] = True


class ReauthenticateMFAForm(CodeOfAccount, Worded, mfa_forms.ReauthenticateForm):
    labels = AuthenticateForm.labels
    hints = AuthenticateForm.hints


class ActivateTOTPForm(Worded, totp_forms.ActivateTOTPForm):
    labels = {"code": _("Code affiché par l'application")}
    hints = {"code": _("6 chiffres.")}


class AddWebAuthnForm(Worded, webauthn_forms.AddWebAuthnForm):
    labels = {"name": _("Nom de cette clé"), "passwordless": _("Se connecter avec cette clé seule, sans mot de passe")}
    hints = {
        "name": _("Pour la reconnaître, par exemple : « Téléphone » ou « Clé USB du bureau »."),
        "passwordless": _(
            "La clé vous demandera alors votre empreinte, votre visage ou son code PIN. Une clé USB ancienne peut "
            "refuser : décochez cette case, et elle servira après le mot de passe."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The first button of the sign-in expects a key of this kind.
        self.fields["passwordless"].initial = True
        # The browser fills this field in, if it can; nobody types it.
        self.fields["credential"].error_messages["required"] = _("La clé n'a pas répondu : elle n'est pas enregistrée.")

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean() or {}
        except forms.ValidationError as error:  # the page waited too long, or another one was opened meanwhile
            raise get_mfa_adapter().validation_error("passkey_not_added") from error


class EditWebAuthnForm(Worded, webauthn_forms.EditWebAuthnForm):
    labels = {"name": _("Nom de cette clé")}
