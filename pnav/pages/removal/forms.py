"""These are the forms of the removal kit: where the content is and who is concerned, then what the request says.

Nothing of them is stored. All that is typed is optional and has a maximal length.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from chat.journal import queries
from pnav.pages.models import RemovalPlatform
from pnav.pages.texts import removal as words

OTHER = "other"  # the choice of a site that is not in the list
LINE, TEXT = 200, 1000  # the most characters of a line, and of a text
FACTS_MOST = queries.PIECE  # how many facts of the journal one request may use, from whichever pieces of it
# The length of the fields that facts fill: 20 facts of 500 characters, their addresses and their accounts.
FROM_FACTS = 12_000


class PlatformForm(forms.Form):
    """Asks where the content is, and who is concerned. platforms: those that are offered."""

    platform = forms.ChoiceField(label=words.PLATFORM.later())
    who = forms.ChoiceField(label=words.WHO.later(), choices=words.choices("who"), widget=forms.RadioSelect)
    intimate = forms.BooleanField(label=words.INTIMATE.later(), required=False)

    def __init__(self, *args: Any, platforms: Sequence[RemovalPlatform], familiar: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = [(row.slug, row.name) for row in platforms if row.kind != RemovalPlatform.Kind.HELP]
        platform: Any = self.fields["platform"]
        platform.choices = [("", words.PLATFORM_CHOOSE.say()), *sites, (OTHER, words.OTHER.say())]
        missing = {"platform": words.PLATFORM_MISSING, "who": words.WHO_MISSING}
        for name, sentence in missing.items():
            said = sentence.say(familiar=familiar)
            self.fields[name].error_messages.update({"required": said, "invalid_choice": said})


class RequestForm(PlatformForm):
    """Asks what the request says.

    familiar: whether the reader is said *tu*. facts: keys and labels of the facts of the journal that may be chosen;
    without any there is no such field.
    """

    name = forms.CharField(label=words.NAME.later(), required=False, max_length=LINE)
    email = forms.EmailField(label=words.EMAIL.later(), required=False, max_length=LINE)
    addresses = forms.CharField(
        label=words.ADDRESSES.later(), required=False, max_length=FROM_FACTS, widget=forms.Textarea
    )
    account = forms.CharField(label=words.ACCOUNT.later(), required=False, max_length=FROM_FACTS)
    period = forms.CharField(label=words.PERIOD.later(), required=False, max_length=LINE)
    description = forms.CharField(
        label=words.DESCRIPTION.later(), required=False, max_length=FROM_FACTS, widget=forms.Textarea
    )
    grounds = forms.MultipleChoiceField(
        label=words.GROUNDS.later(),
        choices=words.choices("grounds"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reasons = forms.CharField(label=words.REASONS.later(), required=False, max_length=TEXT, widget=forms.Textarea)
    steps = forms.CharField(label=words.STEPS.later(), required=False, max_length=TEXT, widget=forms.Textarea)

    SEVERAL = frozenset({"grounds", "facts"})
    VOICED = {"name": words.NAME, "reasons": words.REASONS, "steps": words.STEPS}

    facts = forms.MultipleChoiceField(label=words.FACTS.later(), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *args: Any, familiar: bool = False, facts: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, familiar=familiar, **kwargs)
        chosen: Any = self.fields["facts"]
        chosen.choices = facts
        if not facts:
            del self.fields["facts"]
        for name, sentence in self.VOICED.items():
            self.fields[name].label = sentence.say(familiar=familiar)
        for field in self.fields.values():
            if isinstance(field, forms.CharField):
                field.widget.attrs.pop("maxlength", None)  # a text that is too long gets an error, and is never cut
                field.error_messages["max_length"] = words.TOO_LONG.say(most=field.max_length)
        self.fields["email"].error_messages["invalid"] = words.EMAIL_WRONG.say(familiar=familiar)
        wrong = words.GROUNDS_WRONG.say(familiar=familiar)
        for name in self.SEVERAL & self.fields.keys():
            self.fields[name].error_messages.update({"invalid_choice": wrong, "invalid_list": wrong})
        self.many_facts = words.FACTS_MANY.say(familiar=familiar, most=FACTS_MOST)

    @classmethod
    def as_typed(cls, typed: QueryDict) -> dict[str, Any]:
        """Return what was typed, right or wrong, as the initial values of a form on a page that asks for something
        else.
        """
        return {name: typed.getlist(name) if name in cls.SEVERAL else typed.get(name, "") for name in cls.base_fields}

    def clean_facts(self) -> list[str]:
        """Refuse more than FACTS_MOST facts, because that many fit into the fields that they fill."""
        chosen: list[str] = self.cleaned_data["facts"]
        if len(chosen) > FACTS_MOST:
            raise forms.ValidationError(self.many_facts)
        return chosen
