"""This module reads what a person said of the elements of an offence before the exchange, to show it beside the fact
sheet. Pure.

It reads the answers of the triage and the report, never the messages. Nothing of it is established: it is shown as
« à confirmer » until the agent has asked, and pressed yes or no (docs/adr/0078).

Which answer tells of which element is our own judgement. The words beside an element are the answer as the person read
it, so that whoever confirms it sees what was really said.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.choices import label_of
from reports.models import AgeBand, Fact, Platform, Report, ReporterRole, Since
from reports.rules.offence_elements import Element
from triage import rules
from triage.questionnaire.definition import Questionnaire

YES, NO = "yes", "no"
UNCLEAR = ""  # the answer tells of the element, but says neither yes nor no

type Says = tuple[tuple[Element, str], ...]


class Origin(TextChoices):
    """It is where the person said it."""

    ORIENTATION = "orientation", gettext_lazy("Dit à l'orientation")
    REPORT = "report", gettext_lazy("Dit au signalement")
    JOURNAL = "journal", gettext_lazy("Dit dans les faits notés")


# What each answer (question, option) tells of elements. An answer that a version of the questionnaire does not have
# simply does not occur.
_ANSWERS: Final[Mapping[tuple[str, str], Says]] = {
    ("repetition", "repeated"): ((Element.REPEATED, YES),),
    ("repetition", "group"): ((Element.GROUP, YES),),
    ("repetition", "once"): ((Element.REPEATED, NO), (Element.GROUP, NO)),
    ("repetition", "threat"): ((Element.THREAT, UNCLEAR), (Element.BLACKMAIL, UNCLEAR)),
    ("facts", "harassment"): ((Element.HOSTILE, UNCLEAR),),
    ("facts", "page"): ((Element.ONLINE, YES), (Element.GROUP, UNCLEAR)),
    ("facts", "image"): ((Element.IMAGE, YES),),
    ("facts", "threat"): (
        (Element.THREAT, UNCLEAR),
        (Element.BLACKMAIL, UNCLEAR),
        (Element.SEXUAL_THREAT, UNCLEAR),
    ),
    ("facts", "couple"): ((Element.COUPLE, YES),),
    ("facts", "money"): ((Element.MONEY, YES),),
    ("facts", "account"): ((Element.ONLINE, YES),),
    ("facts", "sms"): ((Element.ONLINE, YES),),
    ("single_act", "threat"): ((Element.THREAT, YES),),
    ("single_act", "blackmail"): ((Element.BLACKMAIL, UNCLEAR), (Element.SEXUAL_THREAT, UNCLEAR)),
    ("single_act", "image"): ((Element.IMAGE, YES),),
    ("image_money", "yes"): ((Element.MONEY, YES),),
    ("image_money", "minor"): ((Element.MINOR, UNCLEAR),),
    ("image_money", "no"): ((Element.MONEY, NO),),
    ("account_purpose", "money"): ((Element.MONEY, UNCLEAR),),
    ("account_purpose", "image"): ((Element.THREAT, YES), (Element.IMAGE, YES)),
    ("demand", "image"): ((Element.BLACKMAIL, YES), (Element.IMAGE, YES)),
    ("demand", "threat"): ((Element.THREAT, YES),),
    ("demand", "money"): ((Element.MONEY, YES),),
    ("demand", "sexual"): ((Element.SEXUAL_THREAT, UNCLEAR),),
    ("blackmail_image", "yes"): ((Element.IMAGE, YES),),
    ("device_money", "yes"): ((Element.MONEY, YES),),
    ("device_money", "no"): ((Element.MONEY, NO),),
    ("content_kind", "public"): ((Element.PUBLIC, YES),),
    ("content_kind", "private"): ((Element.PRIVATE, YES),),
    ("content_public", "public"): ((Element.PUBLIC, YES),),
    ("content_public", "private"): ((Element.PRIVATE, YES),),
    ("insult_public", "public"): ((Element.PUBLIC, YES),),
    ("insult_public", "private"): ((Element.PRIVATE, YES),),
    ("author", "couple"): ((Element.COUPLE, YES),),
    ("author", "school"): ((Element.SCHOOL, YES),),
    ("scam", "image"): ((Element.MONEY, YES), (Element.IMAGE, YES)),
    ("scam", "ransom"): ((Element.MONEY, YES),),
    ("scam", "sms"): ((Element.ONLINE, YES),),
}
_FACTS: Final[Mapping[str, Says]] = {
    Fact.INSULTS: ((Element.HOSTILE, UNCLEAR),),
    Fact.RUMOURS: ((Element.DIGNITY, UNCLEAR),),
    Fact.HACKED_ACCOUNT: ((Element.ONLINE, YES),),
    Fact.HOSTILE_PAGE: ((Element.ONLINE, YES), (Element.GROUP, UNCLEAR)),
    Fact.IMAGE: ((Element.IMAGE, YES),),
    Fact.COUPLE: ((Element.COUPLE, YES),),
}
_PLATFORMS: Final[Mapping[str, Says]] = {
    **{platform: ((Element.ONLINE, YES),) for platform in Platform if platform != Platform.OTHER},
    Platform.SCHOOL: ((Element.ONLINE, YES), (Element.SCHOOL, UNCLEAR)),
}
# Facts that have lasted long may have happened more than once.
_SINCE: Final[Mapping[str, Says]] = dict.fromkeys(
    (Since.MONTH, Since.YEAR, Since.LONGER), ((Element.REPEATED, UNCLEAR),)
)


@dataclass(frozen=True, slots=True)
class Said:
    """It is one thing that was said. words: the answer as the person read it, after its question where that is
    needed."""

    origin: Origin
    words: str


@dataclass(frozen=True, slots=True)
class Reported:
    """It is what was said of one element.

    says: YES, NO or UNCLEAR. who: by whom it was said, in words. said: the answers, each once, in the order in which
    they were given.
    """

    says: str
    who: str
    said: tuple[Said, ...]

    @property
    def by_origin(self) -> list[tuple[Origin, list[str]]]:
        """Return the answers, grouped by where they were given, in their order."""
        origins = dict.fromkeys(one.origin for one in self.said)
        return [(origin, [one.words for one in self.said if one.origin == origin]) for origin in origins]

    @property
    def is_clear(self) -> bool:
        """Return whether the person said yes or no, so that nothing is left to be asked."""
        return self.says != UNCLEAR

    @property
    def answer(self) -> str:
        """Return the answer in words; empty when it is unclear."""
        return {YES: _("oui"), NO: _("non")}.get(self.says, "")


def _who(report: Report) -> str:
    """Return by whom it was said: « par la victime »; empty for a role that this version does not know."""
    known: dict[str, str] = {
        ReporterRole.VICTIM: _("par la victime"),
        ReporterRole.WITNESS: _("par un témoin"),
        ReporterRole.RELATIVE: _("par un proche"),
        ReporterRole.PROFESSIONAL: _("par un professionnel"),
    }
    return known.get(report.role, "")


def _from_orientation(answers: Mapping[str, str], under: Questionnaire) -> list[tuple[Element, str, Said]]:
    kept = rules.on_path(answers, under=under)
    found = []
    for question in under.questions:
        option = question.option(kept.get(question.id))
        if option is None:
            continue
        asked, answered = question.text.spoken(rules.FOR_AGENTS), option.label.spoken(rules.FOR_AGENTS)
        said = Said(Origin.ORIENTATION, f"{asked} {answered}")
        found += [(element, says, said) for element, says in _ANSWERS.get((question.id, option.value), ())]
    return found


def _from_report(report: Report, heard: Collection[tuple[Element, str]]) -> list[tuple[Element, str, Said]]:
    """Return what the report tells of elements.

    heard: what the triage told already. The facts of the report begin with that, so it is not said a second time.
    """
    found = []
    ticked = [
        *(
            (tuple(one for one in _FACTS.get(value, ()) if one not in heard), label_of(Fact, value))
            for value in report.facts
        ),
        *((_PLATFORMS.get(value, ()), label_of(Platform, value)) for value in report.platforms),
        (_SINCE.get(report.since, ()), _("Depuis : %(since)s") % {"since": label_of(Since, report.since)}),
    ]
    for told, words in ticked:
        found += [(element, says, Said(Origin.REPORT, words)) for element, says in told]
    if report.age is not AgeBand.UNKNOWN:
        is_minor = YES if report.is_minor else NO
        found.append((Element.MINOR, is_minor, Said(Origin.REPORT, str(report.age.label))))
    return found


def read_reported(report: Report, answers: Mapping[str, str] | None, *, under: Questionnaire) -> dict[str, Reported]:
    """Return what was said of each element, by its value. Elements of which nothing was said are left out.

    answers: those of the triage; None when they cannot be decrypted. under: the questionnaire under which they were
    given. When one answer says yes and another one no, the element is UNCLEAR. Costs one pass over the answers.
    """
    told: dict[str, list[tuple[str, Said]]] = {}
    first = _from_orientation(answers or {}, under)
    for element, says, said in [*first, *_from_report(report, {(element, says) for element, says, _said in first})]:
        if all(said != known for _says, known in told.get(element, ())):
            told.setdefault(element, []).append((says, said))
    who = _who(report)
    return {
        element: Reported(_settle([says for says, _said in rows]), who, _said_of(rows))
        for element, rows in told.items()
    }


def _settle(says: Sequence[str]) -> str:
    clear = {one for one in says if one != UNCLEAR}
    return clear.pop() if len(clear) == 1 else UNCLEAR


def _said_of(rows: Sequence[tuple[str, Said]]) -> tuple[Said, ...]:
    """Return the answers that say yes or no; if there are none, all of them."""
    clear = [said for says, said in rows if says != UNCLEAR]
    return tuple(clear or [said for _says, said in rows])


def with_facts(
    reported: Mapping[str, Reported], noted: Iterable[tuple[str, bool, str]], report: Report
) -> dict[str, Reported]:
    """Add what the facts that the person noted and showed tell of elements (`chat.journal.panel.proposed_by`).

    noted: for each the element's value, whether the facts clearly say yes, and the words that tell why. When an answer
    said no, the element becomes UNCLEAR, so that the agent asks.
    """
    told = dict(reported)
    for element, is_clear, words in noted:
        said, before = Said(Origin.JOURNAL, words), told.get(element)
        says = [YES if is_clear else UNCLEAR, *([before.says] if before is not None else [])]
        told[element] = Reported(_settle(says), _who(report), (*(before.said if before is not None else ()), said))
    return told
