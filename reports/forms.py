"""These are the forms of the signalement: boxes to tick, and an optional name and contact, which are sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from common.choices import read_choice
from common.texts.catalogue import Sentence
from reports import texts as report_texts
from reports.models import AgeBand, Fact, Platform, Report, ReporterRole
from reports.seal.sealing import TEXT_MAX_BYTES
from triage import rules
from triage.questionnaire.definition import Questionnaire
from triage.questionnaire.questions import Text
from triage.questionnaire.results import BUILT_IN

# The facts that answers of the orientation already say, so that nobody has to tick them again.
_FACT_OF_ANSWER = {
    ("facts", "harassment"): Fact.INSULTS,
    ("facts", "threat"): Fact.INSULTS,
    ("facts", "page"): Fact.HOSTILE_PAGE,
    ("facts", "image"): Fact.IMAGE,
    ("facts", "account"): Fact.HACKED_ACCOUNT,
    ("facts", "couple"): Fact.COUPLE,
    ("facts", "other"): Fact.OTHER,
    ("single_act", "image"): Fact.IMAGE,
    ("account_purpose", "image"): Fact.IMAGE,
    ("scam", "image"): Fact.IMAGE,
    ("blackmail_image", "yes"): Fact.IMAGE,
    ("author", "couple"): Fact.COUPLE,
    ("sms_kind", "person"): Fact.INSULTS,
    ("demand", "image"): Fact.IMAGE,
    ("demand", "threat"): Fact.INSULTS,
    ("content_kind", "target"): Fact.HOSTILE_PAGE,
}


def initial_from_triage(answers: Mapping[str, str], *, under: Questionnaire = BUILT_IN) -> dict[str, Any]:
    """Return initial values of the form that follow from the answers of the orientation.

    under: the version of the questionnaire that they answer.
    """
    kept = rules.on_path(answers, under=under)
    role = rules.reporter_role(kept)
    if role == "organisation" or kept.get("scam") == "organisation":  # they write as a professional
        role = ReporterRole.PROFESSIONAL
    return {
        "role": role,
        "age_band": rules.victim_age_band(kept, under=under) or AgeBand.UNKNOWN,
        "facts": sorted({_FACT_OF_ANSWER[pair] for pair in kept.items() if pair in _FACT_OF_ANSWER}),
        "platforms": [Platform.PHONE] if "sms" in (kept.get("facts"), kept.get("scam")) else [],
    }


def who_in_words(*, role: str, age_band: str, discreet: bool = False) -> list[str]:
    """Return in words who writes and the age of the person who suffers the facts, as the person who writes reads them.

    If somebody else writes, it is said that the age is not theirs. An unknown age is left out. discreet: use words that
    tell a bystander nothing.
    """
    role = read_choice(ReporterRole, role, ReporterRole.VICTIM)
    age_band = read_choice(AgeBand, age_band, AgeBand.UNKNOWN)
    is_victim, is_known = role == ReporterRole.VICTIM, age_band != AgeBand.UNKNOWN
    if discreet:
        speaker = (report_texts.FOR_ONESELF if is_victim else report_texts.FOR_SOMEBODY).say()
    else:
        speaker = report_texts.OPTIONS["role"][role].say()
    if not is_known:
        return [speaker]
    if is_victim or discreet:
        return [speaker, report_texts.OPTIONS["age_band"][age_band].say()]
    return [report_texts.FOR_PERSON.say(role=speaker, age=report_texts.OPTIONS["age_of_person"][age_band].say())]


def _choices(name: str, discreet: bool) -> list[tuple[str, Text]]:
    neutral = report_texts.NEUTRAL.get(name, {}) if discreet else {}
    return [(value, neutral.get(value, option).later()) for value, option in report_texts.OPTIONS[name].items()]


def _one(name: str, label: Sentence, *, familiar: bool, discreet: bool) -> forms.ChoiceField:
    told = label.later(familiar=familiar)
    return forms.ChoiceField(label=told, choices=_choices(name, discreet), widget=forms.RadioSelect, required=False)


def _several(name: str, label: Sentence, *, familiar: bool, discreet: bool) -> forms.MultipleChoiceField:
    told = label.later(familiar=familiar)
    return forms.MultipleChoiceField(
        label=told, choices=_choices(name, discreet), widget=forms.CheckboxSelectMultiple, required=False
    )


class SealedTextField(forms.CharField):
    """It is a short text that will be sealed. Its limit is in bytes; the error asks for a shorter text."""

    def __init__(self, *, label: Text) -> None:
        super().__init__(label=label, required=False)

    def clean(self, value: str) -> str:
        text: str = super().clean(value)
        if len(text.encode(errors="surrogatepass")) > TEXT_MAX_BYTES:
            raise forms.ValidationError(self.error_messages["too_long"], code="too_long")
        return text


class ReportForm(forms.Form):
    """It is the form of the signalement. Every field is optional, because the orientation and the place suffice for
    routing.

    familiar: the person is a minor, to whom *tu* is said. discreet: somebody may see the screen, so choices are in
    words that tell a bystander nothing. Values are the choices of `reports.models`.
    """

    def __init__(self, *args: Any, familiar: bool, discreet: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.discreet = discreet
        manner = {"familiar": familiar, "discreet": discreet}
        facts = report_texts.NEUTRAL_FACTS if discreet else report_texts.FACTS
        for name, field in {
            "role": _one("role", report_texts.ROLE, **manner),
            "age_band": _one("age_band", report_texts.AGE, **manner),
            "facts": _several("facts", facts, **manner),
            "platforms": _several("platforms", report_texts.PLATFORMS, **manner),
            "since": _one("since", report_texts.SINCE, **manner),
            "expectations": _several("expectations", report_texts.EXPECTATIONS, **manner),
        }.items():
            field.error_messages["invalid_choice"] = report_texts.FROM_LIST.later(familiar=familiar)
            self.fields[name] = field
        for name, label in {"name": report_texts.NAME, "contact": report_texts.CONTACT}.items():
            text = self.fields[name] = SealedTextField(label=label.later(familiar=familiar))
            text.error_messages["too_long"] = report_texts.TOO_LONG.later(familiar=familiar)

    @property
    def already_said(self) -> list[str]:
        """Return in words who writes and the age of the person who suffers, by the present values of the form.

        For example « Victime », « 18 ans ou plus », or « Professionnel, pour une personne de moins de 15 ans ». An
        unknown age is left out.
        """
        values = {}
        for name in ("role", "age_band"):
            value = self[name].value()
            values[name] = value if value in report_texts.OPTIONS[name] else self.initial[name]
        return who_in_words(**values, discreet=self.discreet)

    @property
    def has_error_in_said(self) -> bool:
        """Return whether one of the fields of `already_said` has an error."""
        return "role" in self.errors or "age_band" in self.errors

    @property
    def has_error_in_sealed(self) -> bool:
        """Return whether one of the sealed fields has an error."""
        return "name" in self.errors or "contact" in self.errors

    def clean_role(self) -> str:
        """Return the chosen role; without one, the role that the orientation heard."""
        return self.cleaned_data["role"] or self.initial["role"]

    def clean_age_band(self) -> str:
        """Return the chosen age band; without one, the age band that the orientation heard."""
        return self.cleaned_data["age_band"] or self.initial["age_band"]


class AddedForm(ReportForm):
    """It is the form to add something to a filed signalement, while waiting or talking. Role and age are not asked
    again.

    The page of the exchange shows the fields of TOUCHED. The page of the signalement also has name and contact.
    """

    TOUCHED = ("facts", "platforms", "since", "expectations")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("role", "age_band"):
            del self.fields[name]

    @classmethod
    def of(cls, report: Report, data: Any = None, *, familiar: bool, discreet: bool = False) -> "AddedForm":
        """Return the form with the report's present values; with data, the form as it was sent."""
        initial = {name: getattr(report, name) for name in (*cls.TOUCHED, "role")}
        return cls(data, initial=initial | {"age_band": report.age}, familiar=familiar, discreet=discreet)

    def tell_not_sealed(self, *, familiar: bool) -> None:
        """Add an error beside name or contact, which could not be sealed. familiar: say *tu*."""
        for name in ("name", "contact"):
            if self.cleaned_data.get(name):
                self.add_error(name, report_texts.NOT_SEALED.say(familiar=familiar))

    @property
    def touched(self) -> list[forms.BoundField]:
        """Return the fields that are answered by a touch, in order."""
        return [self[name] for name in self.TOUCHED]

    @property
    def already_said(self) -> list[str]:
        """Return who speaks and the age of who suffers the facts, in words: nobody is asked again."""
        said = {name: self.initial[name] for name in ("role", "age_band")}
        return who_in_words(**said, discreet=self.discreet)


@dataclass(frozen=True, slots=True)
class TouchedReport:
    """It is what the page of the exchange shows of a signalement: who writes, and the boxes with their present ticks.

    The questions and boxes are rendered once for everybody (`chat.templatetags.report_card`). A form with its eight
    fields and thirty lazy options, made at each visit only for the ticks, took 0.09 ms of that page; this takes 0.014.
    """

    report: Report
    familiar: bool
    discreet: bool = False

    def form(self) -> AddedForm:
        """Return the form from which the questions are rendered."""
        return AddedForm.of(self.report, familiar=self.familiar, discreet=self.discreet)

    def held(self, name: str) -> set[str]:
        """Return the report's present answers to one question. name: a field of `AddedForm.TOUCHED`."""
        value = getattr(self.report, name)
        return {value} if isinstance(value, str) else set(value or ())

    @property
    def already_said(self) -> list[str]:
        """Return who speaks and the age of who suffers the facts, in words: nobody is asked again."""
        return who_in_words(role=self.report.role, age_band=self.report.age, discreet=self.discreet)

    def in_words(self) -> list[tuple[str, str]]:
        """Return question and answer, in order, of everything that the signalement holds; a list is joined by commas.

        A value that is no choice any more is told as it is stored.
        """
        fields = self.form().fields
        who = report_texts.ROLE.say(familiar=self.familiar)
        pairs = [(who, ", ".join(self.already_said))]
        for name in AddedForm.TOUCHED:
            field, held = fields[name], self.held(name)
            known = dict(field.choices)  # type: ignore[attr-defined]
            told = [str(label) for value, label in known.items() if value in held]
            told += sorted(value for value in held if value and value not in known)
            if told:
                pairs.append((str(field.label), ", ".join(told)))
        return pairs
