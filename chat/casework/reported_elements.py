"""Reads what a person said of the elements of an offence before the exchange, to show it beside the sheet of facts.

From the answers of the orientation and from the signalement alone, never from the messages. Nothing of it is
established: « à confirmer » until the agent has asked and pressed oui or non. Pure.

Which answer speaks of which element is ours to say; the words that stand beside it are the answer that the person read,
so that whoever confirms sees what was really said.
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
UNCLEAR = ""  # it speaks of the element, and leaves the answer open

type Says = tuple[tuple[Element, str], ...]


class Origin(TextChoices):
    """Where it was said."""

    ORIENTATION = "orientation", gettext_lazy("Dit à l'orientation")
    REPORT = "report", gettext_lazy("Dit au signalement")
    JOURNAL = "journal", gettext_lazy("Dit dans les faits notés")


# An answer that one version of the questionnaire has and another has not says nothing of anybody.
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
# How long it has lasted says that it may have happened more than once.
_SINCE: Final[Mapping[str, Says]] = dict.fromkeys(
    (Since.MONTH, Since.YEAR, Since.LONGER), ((Element.REPEATED, UNCLEAR),)
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said. words: the answer, as the person read it, after its question if that is needed."""

    origin: Origin
    words: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What was said of one element. says: YES, NO, or UNCLEAR. who: of the person who said it. said: in the order
    of the journey, at most one of each answer."""

    says: str
    who: str
    said: tuple[Said, ...]

    @property
    def by_origin(self) -> list[tuple[Origin, list[str]]]:
        """Return where it was said, and the answers that were given there, in their order."""
        origins = dict.fromkeys(one.origin for one in self.said)
        return [(origin, [one.words for one in self.said if one.origin == origin]) for origin in origins]

    @property
    def is_clear(self) -> bool:
        """Return whether the person said yes or no, so that nothing is left to be asked."""
        return self.says != UNCLEAR

    @property
    def answer(self) -> str:
        """Return the answer in words; nothing where it is left open."""
        return {YES: _("oui"), NO: _("non")}.get(self.says, "")


def _who(report: Report) -> str:
    """« par la victime »; empty for a role that this version does not know."""
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
    """heard: what the orientation has already; the facts of the form begin with it, and nobody says it twice."""
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
    """Return what was said of each element, by its value; elements of which nothing was said are not there.

    answers: of the orientation; None when no key opens them. under: the questionnaire under which they were given.
    Where one answer says yes and another no, it is UNCLEAR. Costs one pass over the answers of one person.
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
    """Return what settles it, or else all that speaks of it."""
    clear = [said for says, said in rows if says != UNCLEAR]
    return tuple(clear or [said for _says, said in rows])


def with_facts(
    reported: Mapping[str, Reported], noted: Iterable[tuple[str, bool, str]], report: Report
) -> dict[str, Reported]:
    """Return the same with what the facts that the person showed speak for (`chat.journal.panel.proposed_by`).

    noted: the value of an element, whether they say yes to it or leave it open, and the words that tell why. Where an
    answer said no, it is UNCLEAR: the agent asks.
    """
    told = dict(reported)
    for element, is_clear, words in noted:
        said, before = Said(Origin.JOURNAL, words), told.get(element)
        says = [YES if is_clear else UNCLEAR, *([before.says] if before is not None else [])]
        told[element] = Reported(_settle(says), _who(report), (*(before.said if before is not None else ()), said))
    return told
