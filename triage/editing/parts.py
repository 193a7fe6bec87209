"""These are the parts of a draft as forms: one question, one rule, the words of one result, and what makes urgent.

Each form takes its part out of a document, and puts what was written back into a copy. A key (a question's, an
answer's) is never typed: known ones stay and new ones are made, so that reports and statistics keep their meaning.
"""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext as _

from common.texts import contacts, languages
from triage.editing import describing
from triage.editing.fields import Conditions, Words, initial_words
from triage.questionnaire.definition import Questionnaire
from triage.questionnaire.document import (
    DECIDED,
    MOST_OPTIONS,
    MOST_SENTENCES,
    VOICES,
    Place,
    Problem,
    fixed_questions,
)
from triage.questionnaire.questions import Question, When

type Document = dict[str, Any]
NEW = "nouvelle"  # stands in the address of a part that is not there yet


# --- the parts ----------------------------------------------------------------------------------------------------


class Part:
    """It is one part of a draft, as the page of the admin edits it.

    form and formsets are what the page shows. `title` names it. `place` is where it lies in the document. `shown` is a
    mark of what the document has there, by which a page that was shown before a change of it is known.
    """

    title: str
    place: Place
    shown: str
    can_be_deleted = False
    has_focus = False  # whether a field with an error takes it, so that the alert of the page does not
    form: forms.Form
    formsets: list[tuple[str, Any]]

    def __init__(self, document: Document, questionnaire: Questionnaire, key: str, data: Any = None) -> None:
        """Take the part with this key, as in the address. data is what was sent. It raises KeyError for a part that is
        not there."""
        raise NotImplementedError

    @property
    def plain_fields(self) -> list[Any]:
        """Return the fields of the form that are no sentences, for the template.

        `is_group` says that a field holds its own labels.
        """
        fields = [self.form[name] for name in ("outcome", "place", "when") if name in self.form.fields]
        for field in fields:
            field.is_group = isinstance(field.field, Conditions)  # type: ignore[attr-defined]
        return fields

    def is_valid(self) -> bool:
        """Return whether every form of the part is valid. All are looked at, so that each tells its errors."""
        valid = [self.form.is_valid(), *(formset.is_valid() for _label, formset in self.formsets)]
        return all(valid)

    def changed(self, document: Document) -> Document:
        """Return a copy of the document with what was written. It is only for a valid part."""
        raise NotImplementedError

    def without(self, document: Document) -> Document:
        """Return a copy of the document without this part. It is only for one that `can_be_deleted`."""
        raise NotImplementedError

    def spot(self, where: Place) -> tuple[forms.Form, str | None]:
        """Return the form and its field beside which a problem of this part is to be shown.

        where is what follows `place`.
        """
        raise NotImplementedError

    def tell(self, problems: list[Problem], *, is_refused: bool = False) -> None:
        """Put each problem that lies in this part beside its field.

        is_refused: nothing was saved because of them, so that those that lie elsewhere are told above the form.
        """
        for problem in problems:
            is_here = problem.place[: len(self.place)] == self.place
            if is_here or is_refused:
                form, field = self.spot(problem.place[len(self.place) :]) if is_here else (self.form, None)
                name = field if field in form.fields else NON_FIELD_ERRORS
                form.errors.setdefault(name, form.error_class()).append(problem.message)

    def focus(self) -> None:
        """Give the focus to the first field with an error when the page opens."""
        every = [self.form, *(form for _label, formset in self.formsets for form in formset.forms)]
        for form in every:
            for name in form.errors if form.is_bound else ():
                if name in form.fields:
                    form.fields[name].widget.attrs["autofocus"] = True
                    self.has_focus = True
                    return


def _field_of(where: Place) -> str:
    """Return the name of the field of a sentence, from the rest of its place: (name, voice, language)."""
    name, *rest = (*where, "vous", languages.source())
    voice = rest[0] if rest[0] in VOICES else "vous"
    language = next((one for one in rest if one in languages.codes()), languages.source())
    return f"{name}-{voice}-{language}"


def _mark(*shown: Any) -> str:
    """Return a short mark of JSON values."""
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


def unsaved_texts(sent: Mapping[str, str], document: Document) -> str:
    """Return the sentences that the page of a part sent and that the document does not have, one below the other."""
    ends = tuple(f"-{voice}-{language}" for voice in VOICES for language in languages.codes())
    written = [" ".join(text.split()) for name, text in sent.items() if name.endswith(ends)]
    known = {"", *contacts.texts_of(document)}
    return "\n".join(dict.fromkeys(text for text in written if text not in known))


class OptionForm(Words):
    """It holds the words of one answer of a question."""

    value = forms.CharField(required=False, widget=forms.HiddenInput)
    sentences: ClassVar = {"label": ("Libellé", True), "hint": ("Précision", False)}

    @property
    def heading(self) -> str:
        """Return the name of the answer above its fields."""
        return self.initial.get(f"label-vous-{languages.source()}") or _("Nouvelle réponse")


class QuestionForm(Words):
    """It holds the words of one question."""

    sentences: ClassVar = {"text": ("Question", True), "help": ("Explication", False)}

    def __init__(self, *args: Any, questionnaire: Questionnaire, question: Question | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count = len(questionnaire.questions)
        index = questionnaire.questions.index(question) if question else count
        self.fields["place"] = forms.IntegerField(
            label=_("Place parmi les questions"), min_value=1, max_value=max(count, index + 1), initial=index + 1
        )
        self.fields["when"] = Conditions(
            label=_("Posée quand"),
            questionnaire=questionnaire,
            questions=list(questionnaire.questions[:index]),
            required=False,
            initial=[],
            help_text=_("Une de ces conditions suffit. Sans condition, la question est posée à tout le monde."),
        )


class QuestionPart(Part):
    """It is a question with its answers."""

    def __init__(self, document: Document, questionnaire: Questionnaire, key: str, data: Any = None) -> None:
        """Take the question. It raises KeyError for one that is not there."""
        self.key = key
        question = None if key == NEW else questionnaire.by_id[key]
        given: dict[str, Any] = next((one for one in document["questions"] if one["id"] == key), {})
        self.place = ("questions", key)
        index = questionnaire.questions.index(question) if question else None
        self.shown = _mark(index, given)
        self.title = describing.question_name(question) if question else _("Nouvelle question")
        self.is_fixed = key in fixed_questions(questionnaire)
        self.can_be_deleted = question is not None and not self.is_fixed
        initial = initial_words("text", given.get("text")) | initial_words("help", given.get("help"))
        initial["when"] = given.get("asked_when", [])
        self.form = QuestionForm(data, questionnaire=questionnaire, question=question, initial=initial)
        options = [
            initial_words("label", one["label"]) | initial_words("hint", one.get("hint")) | {"value": one["value"]}
            for one in given.get("options", [])
        ]
        factory = forms.formset_factory(
            OptionForm,
            extra=0 if self.is_fixed else 2,
            can_delete=not self.is_fixed,
            can_order=True,
            max_num=MOST_OPTIONS,
            validate_max=True,
        )
        self.options = factory(data, initial=options, prefix="options")
        self.formsets = [(_("Réponses"), self.options)]
        self.known = {one["value"] for one in options}

    def is_valid(self) -> bool:
        """Return whether the question can be kept: its fields are right, and it has at least two answers."""
        return super().is_valid() and self._has_enough()

    def _has_enough(self) -> bool:
        if len(self._options()) < 2:
            self.form.add_error(None, _("Une question a au moins deux réponses."))
            return False
        return True

    def _options(self) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = []
        taken = set(self.known)
        for form in self.options.ordered_forms:
            words, hint = form.words("label"), form.words("hint")
            if not words:
                continue
            value = form.cleaned_data.get("value", "")
            if value not in self.known or any(one["value"] == value for one in kept):
                value = next(f"o{number}" for number in range(1, 1000) if f"o{number}" not in taken)
                taken.add(value)
            kept.append({"value": value, "label": words} | ({"hint": hint} if hint else {}))
        return kept

    def changed(self, document: Document) -> Document:
        """Return a copy of the document with the question as it was written; a new one gets a key and a place."""
        copy = deepcopy(document)
        questions = copy["questions"]
        before = next((one for one in questions if one["id"] == self.key), None)
        if before is None:
            self.key = _unused("q", {one["id"] for one in questions})
            slug = _unused("precision-", {one["slug"] for one in questions}, first=13)
            self.place = ("questions", self.key)
        else:
            slug = before["slug"]
            questions.remove(before)
        cleaned, explained = self.form.cleaned_data, self.form.words("help")  # type: ignore[attr-defined]
        question = (
            {"id": self.key, "slug": slug, "text": self.form.words("text")}  # type: ignore[attr-defined]
            | ({"help": explained} if explained else {})
            | {"options": self._options(), "asked_when": cleaned["when"]}
        )
        questions.insert(cleaned["place"] - 1, question)
        return copy

    def without(self, document: Document) -> Document:
        """Return a copy of the document without this question."""
        copy = deepcopy(document)
        copy["questions"] = [one for one in copy["questions"] if one["id"] != self.key]
        return copy

    def spot(self, where: Place) -> tuple[forms.Form, str | None]:
        """Return the form, and its field, beside which a problem at this place is told."""
        match where:
            case ("options", value, *rest) if rest:
                for form in self.options.forms:
                    if form["value"].value() == value:
                        return form, _field_of(tuple(rest))
            case (("text" | "help"), *_rest):
                return self.form, _field_of(where)
            case ("asked_when", *_rest):
                return self.form, "when"
        return self.form, None


def _unused(prefix: str, taken: set[str], *, first: int = 1) -> str:
    return next(f"{prefix}{number}" for number in range(first, 1000) if f"{prefix}{number}" not in taken)


class RuleForm(forms.Form):
    """It holds one rule: where it leads, when it holds, and at which place it is tried."""

    def __init__(self, *args: Any, questionnaire: Questionnaire, count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"] = forms.ChoiceField(
            label=_("Mène à"), choices=[(str(one), str(one.label)) for one in DECIDED]
        )
        self.fields["place"] = forms.IntegerField(label=_("Place parmi les règles"), min_value=1, max_value=count)
        self.fields["when"] = Conditions(
            label=_("Quand"),
            questionnaire=questionnaire,
            questions=list(questionnaire.questions),
            help_text=_("Une de ces conditions suffit. La première règle qui convient décide."),
        )


class RulePart(Part):
    """It is a rule, which says where answers lead."""

    formsets: list[tuple[str, Any]] = []
    can_be_deleted = False

    def __init__(self, document: Document, questionnaire: Questionnaire, key: str, data: Any = None) -> None:
        """Take the rule. It raises KeyError for one that is not there."""
        decisions = document["decisions"]
        self.index = len(decisions) if key == NEW else _index(key, len(decisions))
        is_new = self.index == len(decisions)
        self.place = ("decisions", self.index)
        self.title = _("Nouvelle règle") if is_new else _("Règle %(number)d") % {"number": self.index + 1}
        self.can_be_deleted = not is_new
        initial = {"outcome": "chat", "when": []} if is_new else dict(decisions[self.index])
        self.shown = _mark(None if is_new else decisions[self.index])
        initial["place"] = self.index + 1
        count = len(decisions) + is_new
        self.form = RuleForm(data, questionnaire=questionnaire, count=count, initial=initial)

    def changed(self, document: Document) -> Document:
        """Return a copy of the document with the rule at the place that was chosen; the first that holds decides."""
        copy = self.without(document)
        cleaned = self.form.cleaned_data
        copy["decisions"].insert(cleaned["place"] - 1, {"outcome": cleaned["outcome"], "when": cleaned["when"]})
        self.place = ("decisions", cleaned["place"] - 1)
        return copy

    def without(self, document: Document) -> Document:
        """Return a copy of the document without this rule."""
        copy = deepcopy(document)
        del copy["decisions"][self.index : self.index + 1]
        return copy

    def spot(self, where: Place) -> tuple[forms.Form, str | None]:
        """Return the field beside which a problem at this place is told."""
        return self.form, "when" if where[:1] == ("when",) else "outcome"


def _index(key: str, count: int) -> int:
    """Return the place of a rule, from its number in the address. It raises KeyError."""
    if not key.isascii() or not key.isdigit() or not 1 <= int(key[:6]) <= count:
        raise KeyError(key)
    return int(key) - 1


class UrgentForm(forms.Form):
    """It holds the conditions under which a report is urgent."""

    def __init__(self, *args: Any, questionnaire: Questionnaire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["when"] = Conditions(
            label=_("Urgence élevée quand"),
            questionnaire=questionnaire,
            questions=list(questionnaire.questions),
            required=False,
            help_text=_("Une de ces conditions suffit. Les mineurs, le danger et les idées suicidaires le sont déjà."),
        )


class UrgentPart(Part):
    """It is what makes a situation urgent, besides what the code says."""

    formsets: list[tuple[str, Any]] = []
    place = ("urgent",)

    def __init__(self, document: Document, questionnaire: Questionnaire, key: str, data: Any = None) -> None:
        self.shown = _mark(document["urgent"])
        self.title = _("Ce qui rend urgent")
        self.form = UrgentForm(data, questionnaire=questionnaire, initial={"when": document["urgent"]})

    def changed(self, document: Document) -> Document:
        """Return a copy of the document with the conditions that make an orientation urgent."""
        return deepcopy(document) | {"urgent": self.form.cleaned_data["when"]}

    def spot(self, where: Place) -> tuple[forms.Form, str | None]:
        """Return the one field, beside which every problem is told."""
        return self.form, "when"


class ResultForm(Words):
    """It holds the title of one result."""

    sentences: ClassVar = {"title": ("Titre", True)}


class SentenceForm(Words):
    """It holds one sentence of a result."""

    sentences: ClassVar = {"text": ("Phrase", True)}

    @property
    def heading(self) -> str:
        """Return the name of the sentence above its fields."""
        return self.initial.get("said") or self.initial.get(f"text-vous-{languages.source()}") or _("Nouvelle phrase")


class ResultPart(Part):
    """It is the words of one result."""

    def __init__(self, document: Document, questionnaire: Questionnaire, key: str, data: Any = None) -> None:
        """Take the result. It raises KeyError for one that has no words here."""
        given = document["results"][key]
        outcome = next(one for one in questionnaire.results if str(one) == key)
        self.key, self.place = key, ("results", key)
        self.shown = _mark(given)
        self.title = _("Résultat « %(label)s »") % {"label": outcome.label}
        self.form = ResultForm(data, initial=initial_words("title", given["title"]))
        self.groups = [len(group) for group in given["reasons"]]
        reasons = [
            initial_words("text", one["text"]) | {"said": self._when(one["when"], index, number, questionnaire)}
            for index, group in enumerate(given["reasons"])
            for number, one in enumerate(group)
        ]
        self.reasons = self._formset(data, "reasons", reasons, is_closed=True)
        titles = [
            initial_words("text", one["text"]) | {"said": self._when(one["when"], 0, number, questionnaire)}
            for number, one in enumerate(given.get("titles", []))
        ]
        self.titles = self._formset(data, "titles", titles, is_closed=True)
        self.sentences = {
            part: self._formset(data, part, [initial_words("text", one) for one in given[part]])
            for part in ("service", "prepare")
        }
        others = [(_("Autres titres (le premier qui convient est dit à la place du titre)"), self.titles)]
        self.formsets = [
            *(others if titles else []),
            (_("Pourquoi (de chaque groupe, la première phrase qui convient est dite)"), self.reasons),
            (_("Ce que fait ce service"), self.sentences["service"]),
            (_("À préparer"), self.sentences["prepare"]),
        ]

    @staticmethod
    def _when(when: list[dict[str, list[str]]], group: int, number: int, questionnaire: Questionnaire) -> str:
        conditions = tuple(When(**{name: tuple(values) for name, values in one.items()}) for one in when)
        said = " / ".join(describing.describe_conditions(conditions, questionnaire))
        return _("Groupe %(group)d, phrase %(number)d – %(said)s") % {
            "group": group + 1, "number": number + 1, "said": said,
        }  # fmt: skip

    @staticmethod
    def _formset(data: Any, prefix: str, initial: list[dict[str, str]], *, is_closed: bool = False) -> Any:
        """Return the formset. Where is_closed, sentences are changed, and none is added or taken away."""
        factory = forms.formset_factory(
            SentenceForm,
            extra=0 if is_closed else 1,
            can_delete=not is_closed,
            can_order=not is_closed,
            max_num=len(initial) if is_closed else MOST_SENTENCES,
            validate_max=True,
        )
        return factory(data, initial=initial, prefix=prefix)

    def changed(self, document: Document) -> Document:
        """Return a copy of the document with the words of the result as they were written."""
        copy = deepcopy(document)
        result = copy["results"][self.key]
        result["title"] = self.form.words("title")  # type: ignore[attr-defined]
        written = iter(self.reasons.forms)
        for group in result["reasons"]:
            for reason in group:
                reason["text"] = next(written).words("text")
        for one, form in zip(result.get("titles", []), self.titles.forms, strict=True):
            one["text"] = form.words("text")
        for part, formset in self.sentences.items():
            result[part] = [words for form in formset.ordered_forms if (words := form.words("text"))]
        return copy

    def spot(self, where: Place) -> tuple[forms.Form, str | None]:
        """Return the form, and its field, beside which a problem at this place is told."""
        match where:
            case ("title", *_rest):
                return self.form, _field_of(where)
            case ("reasons", int(group), int(number), "text", *rest):
                return self.reasons.forms[sum(self.groups[:group]) + number], _field_of(("text", *rest))
            case (("service" | "prepare") as part, int(index), *rest) if index < len(self.sentences[part].forms):
                return self.sentences[part].forms[index], _field_of(("text", *rest))
        return self.form, None


PARTS: Mapping[str, type[Part]] = {
    "question": QuestionPart,
    "regle": RulePart,
    "urgence": UrgentPart,
    "resultat": ResultPart,
}


def address_of(place: Place) -> tuple[str, str] | None:
    """Return the part where a problem can be mended, as its kind and key in the address, or None when no form has
    it."""
    match place:
        case ("questions", str(name), *_rest):
            return "question", name
        case ("decisions", int(index), *_rest):
            return "regle", str(index + 1)
        case ("urgent", *_rest):
            return "urgence", "tout"
        case ("results", str(outcome), *_rest):
            return "resultat", outcome
    return None
