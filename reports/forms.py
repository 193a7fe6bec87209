"""The signalement as a form: boxes to tick, and a name and a way to be reached that who wants to leaves under seal."""

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

# What the orientation already heard, so that nobody ticks it twice.
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
    """Return what the answers of the orientation already say, as initial values of the form. under: what they
    answered."""
    kept = rules.on_path(answers, under=under)
    role = rules.reporter_role(kept)
    if role == "organisation" or kept.get("scam") == "organisation":  # they speak in their profession
        role = ReporterRole.PROFESSIONAL
    return {
        "role": role,
        "age_band": rules.victim_age_band(kept, under=under) or AgeBand.UNKNOWN,
        "facts": sorted({_FACT_OF_ANSWER[pair] for pair in kept.items() if pair in _FACT_OF_ANSWER}),
        "platforms": [Platform.PHONE] if "sms" in (kept.get("facts"), kept.get("scam")) else [],
    }


def who_in_words(*, role: str, age_band: str, discreet: bool = False) -> list[str]:
    """Return who speaks, and the age of who suffers the facts, as the person reads them. The age is that of somebody
    else where somebody else speaks. age_band: unknown, it is left out. discreet: in words that tell a bystander
    nothing."""
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
    """A short text that is sealed as it arrives. The seal counts bytes; the error speaks of a shorter text."""

    def __init__(self, *, label: Text) -> None:
        super().__init__(label=label, required=False)

    def clean(self, value: str) -> str:
        text: str = super().clean(value)
        if len(text.encode(errors="surrogatepass")) > TEXT_MAX_BYTES:
            raise forms.ValidationError(self.error_messages["too_long"], code="too_long")
        return text


class ReportForm(forms.Form):
    """Everything is optional: what routing needs is known from the orientation and from the point d'accueil.

    familiar: the person is a minor and is said *tu*. discreet: somebody may see the screen; what is ticked is said in
    words that tell them nothing. Each value stays within the choices of `reports.models`.
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
        """Return who speaks and the age of who suffers, in words, as the form holds them now: « Victime », « 18 ans
        ou plus »; « Professionnel, pour une personne de moins de 15 ans ». An age that nobody said is left out."""
        values = {}
        for name in ("role", "age_band"):
            value = self[name].value()
            values[name] = value if value in report_texts.OPTIONS[name] else self.initial[name]
        return who_in_words(**values, discreet=self.discreet)

    @property
    def has_error_in_said(self) -> bool:
        """Return whether what was already said is refused now."""
        return "role" in self.errors or "age_band" in self.errors

    @property
    def has_error_in_sealed(self) -> bool:
        """Return whether what would be left under seal is refused now."""
        return "name" in self.errors or "contact" in self.errors

    def clean_role(self) -> str:
        """Unticked: what the orientation heard."""
        return self.cleaned_data["role"] or self.initial["role"]

    def clean_age_band(self) -> str:
        """Unticked: what the orientation heard."""
        return self.cleaned_data["age_band"] or self.initial["age_band"]


class AddedForm(ReportForm):
    """What somebody adds to a signalement that is filed, while they wait or talk: who speaks and the age were said.

    The page of the exchange shows the `touched`; the page of the signalement also takes a name and a way to be reached.
    """

    TOUCHED = ("facts", "platforms", "since", "expectations")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("role", "age_band"):
            del self.fields[name]

    @classmethod
    def of(cls, report: Report, data: Any = None, *, familiar: bool, discreet: bool = False) -> "AddedForm":
        """Return what the report holds now; with data, what was sent to be added to it."""
        initial = {name: getattr(report, name) for name in (*cls.TOUCHED, "role")}
        return cls(data, initial=initial | {"age_band": report.age}, familiar=familiar, discreet=discreet)

    def tell_not_sealed(self, *, familiar: bool) -> None:
        """Say beside a name or a way to be reached that it could not be sealed. familiar: say *tu*."""
        for name in ("name", "contact"):
            if self.cleaned_data.get(name):
                self.add_error(name, report_texts.NOT_SEALED.say(familiar=familiar))

    @property
    def touched(self) -> list[forms.BoundField]:
        """Return the questions that are answered by a touch, in their order."""
        return [self[name] for name in self.TOUCHED]

    @property
    def already_said(self) -> list[str]:
        """Return who speaks and the age of who suffers the facts, in words: nobody is asked again."""
        said = {name: self.initial[name] for name in ("role", "age_band")}
        return who_in_words(**said, discreet=self.discreet)


@dataclass(frozen=True, slots=True)
class TouchedReport:
    """What the page of the exchange shows of a signalement: who speaks, and what may still be touched, as it holds it.

    The questions and their boxes are drawn once for everybody (`chat.templatetags.report_card`). A form with its eight
    fields and thirty lazy options, made at each visit for the ticks alone, took 0.09 ms of that page; this takes 0.014.
    """

    report: Report
    familiar: bool
    discreet: bool = False

    def form(self) -> AddedForm:
        """Return the form of which the questions are drawn."""
        return AddedForm.of(self.report, familiar=self.familiar, discreet=self.discreet)

    def held(self, name: str) -> set[str]:
        """Return the answers to one question that the report holds; name: of `AddedForm.TOUCHED`."""
        value = getattr(self.report, name)
        return {value} if isinstance(value, str) else set(value or ())

    @property
    def already_said(self) -> list[str]:
        """Return who speaks and the age of who suffers the facts, in words: nobody is asked again."""
        return who_in_words(role=self.report.role, age_band=self.report.age, discreet=self.discreet)
