from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .display import Theme
from .models import FEEDBACK_MAX_LENGTH, Feedback


class DisplaySettingsForm(forms.Form):
    """Theme and language. `next` is where the person was: a path of this site, checked by the view."""

    theme = forms.ChoiceField(
        label=_("Thème"),
        choices=Theme.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez un thème."), "invalid_choice": _("Choisissez un thème de la liste.")},
    )
    language = forms.ChoiceField(
        label=_("Langue"),
        choices=settings.LANGUAGES,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choisissez une langue."),
            "invalid_choice": _("Choisissez une langue de la liste."),
        },
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput, max_length=200)


class FeedbackForm(forms.Form):
    """An opinion: one question, a subject, and a text if the person wishes."""

    rating = forms.ChoiceField(
        label=_("Ce service vous a-t-il aidé ?"),
        choices=Feedback.Rating.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Dites-nous si le service vous a aidé : choisissez une réponse.")},
    )
    page = forms.ChoiceField(
        label=_("De quoi voulez-vous parler ?"),
        choices=Feedback.Page.choices,
        widget=forms.RadioSelect,
        initial=Feedback.Page.OTHER,
        error_messages={"required": _("Choisissez un sujet.")},
    )
    text = forms.CharField(
        label=_("Que pouvons-nous améliorer ? (facultatif)"),
        required=False,
        strip=True,
        max_length=FEEDBACK_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": None}),
        error_messages={
            "max_length": _("Votre texte est trop long : %(show_value)d caractères, pour %(limit_value)d au plus.")
        },
    )
