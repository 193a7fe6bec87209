from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .display import Theme


class DisplaySettingsForm(forms.Form):
    """Theme and language. `next` is where the person was: a path of this site, checked by the view."""

    theme = forms.ChoiceField(label=_("Thème"), choices=Theme.choices)
    language = forms.ChoiceField(label=_("Langue"), choices=settings.LANGUAGES)
    next = forms.CharField(required=False, widget=forms.HiddenInput, max_length=200)
