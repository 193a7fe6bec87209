from typing import Any

from django import forms

from common.texts import languages
from pnav.pages import completeness
from pnav.pages.models import FEEDBACK_MAX_LENGTH, Feedback
from pnav.pages.texts import obligatory as obligatory_texts


def language_choices() -> list[tuple[str, str]]:
    """Return the languages that are offered, each by its own name, and that of this page, which its reader keeps."""
    codes = completeness.offered_languages()
    if (now := languages.current()) not in codes:
        codes.append(now)
    return [(code, languages.own_name(code)) for code in codes]


class DisplaySettingsForm(forms.Form):
    """It is the form of theme and language.

    `next` is where the person was: a path of this site, which the view checks. familiar: whether to say *tu*.
    """

    theme = forms.ChoiceField(
        label=obligatory_texts.THEME.later(), choices=obligatory_texts.choices("theme"), widget=forms.RadioSelect
    )
    language = forms.ChoiceField(
        label=obligatory_texts.LANGUAGE.later(), choices=language_choices, widget=forms.RadioSelect
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput, max_length=200)

    def __init__(self, *args: Any, familiar: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, missing, unknown in (
            ("theme", obligatory_texts.THEME_CHOOSE, obligatory_texts.THEME_FROM_LIST),
            ("language", obligatory_texts.LANGUAGE_CHOOSE, obligatory_texts.LANGUAGE_FROM_LIST),
        ):
            said = {"required": missing.later(familiar=familiar), "invalid_choice": unknown.later(familiar=familiar)}
            self.fields[name].error_messages.update(said)


class FeedbackForm(forms.Form):
    """It is the form of an opinion: one question, a subject, and a text if the person wishes. familiar: whether to say
    *tu*.
    """

    rating = forms.ChoiceField(choices=obligatory_texts.choices("rating"), widget=forms.RadioSelect)
    page = forms.ChoiceField(
        choices=obligatory_texts.choices("page"), widget=forms.RadioSelect, initial=Feedback.Page.OTHER
    )
    text = forms.CharField(
        label=obligatory_texts.TEXT.later(),
        required=False,
        strip=True,
        max_length=FEEDBACK_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": None}),
    )

    def __init__(self, *args: Any, familiar: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, missing in (
            ("rating", obligatory_texts.RATING, obligatory_texts.RATING_CHOOSE),
            ("page", obligatory_texts.SUBJECT, obligatory_texts.SUBJECT_CHOOSE),
        ):
            field = self.fields[name]
            field.label = label.later(familiar=familiar)
            field.error_messages["required"] = missing.later(familiar=familiar)
            field.error_messages["invalid_choice"] = obligatory_texts.OPINION_FROM_LIST.later(familiar=familiar)
        self.fields["text"].error_messages["max_length"] = obligatory_texts.TEXT_TOO_LONG.later(familiar=familiar)
