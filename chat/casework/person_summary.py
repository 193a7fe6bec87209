"""Gathers what an agent knows of a person besides the messages: the report, its place, and partners near it."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from chat.models import Conversation
from chat.rules.danger_words import Kind
from common.choices import label_of
from common.encryption import UnsealError
from common.texts import languages
from locations import hours
from locations.models import Force, ReceptionPoint
from locations.names import department_of
from locations.partners import PartnerGroup, partners_near
from reports.form_of_address import is_familiar
from reports.models import Expectation, Fact, Platform, Report, ReporterRole, Since
from triage import numbers, rules, versions

logger = logging.getLogger(__name__)


# --- what is known of a person ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LocalTime:
    """It is the time at a place whose clocks differ from those of Paris. ahead: by how much; negative: earlier."""

    moment: datetime
    ahead: timedelta

    @property
    def clock(self) -> str:
        """Return what a clock shows there: « 23:05 »."""
        return f"{timezone.localtime(self.moment) + self.ahead:%H:%M}"

    @property
    def ahead_ms(self) -> int:
        """Return the difference in milliseconds, for the script that keeps the time in an open page."""
        return self.ahead // timedelta(milliseconds=1)

    @property
    def difference(self) -> str:
        """Return the difference in words: « 10 h de plus »."""
        words = _("%(hours)s h de plus") if self.ahead > timedelta() else _("%(hours)s h de moins")
        return words % {"hours": abs(self.ahead) // timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """It is what is known of the person of one conversation (« Ce que je sais »), in words.

    answers: pairs of question and answer of the triage, in the words of the version that the person answered; None when
    they cannot be decrypted. is_other_version: that version no longer exists, so that words may differ from what they
    read. familiar: whether the person is spoken to with *tu*. answered_in: the code of the language in which replies
    are offered (`language_to_answer_in`). local_time: the time at the place that the person named; None where it is
    that of Paris.
    """

    report: Report
    answers: list[tuple[str, str]] | None
    is_other_version: bool
    outcome: str
    reasons: list[str]
    numbers: list[Any]
    familiar: bool
    role: str
    age: str
    facts: list[str]
    platforms: list[str]
    since: str
    expectations: list[str]
    force: str
    opening_hours: list[hours.Line]
    opening: hours.Opening | None
    partners: list[PartnerGroup]
    answered_in: str
    local_time: LocalTime | None

    @property
    def unit(self) -> ReceptionPoint | None:
        """Return the point d'accueil of the place that the person chose, if they chose one."""
        return self.report.reception_point

    @property
    def place_key(self) -> str:
        """Return what tells the place from another one, so that an open page notices that the person gave another.

        A place that has to be checked is another one than the same place that is certain.
        """
        report = self.report
        sure = "" if report.is_nearest else "sure"
        return f"{report.municipality_id or ''}_{report.reception_point_id or ''}_{report.postal_code}_{sure}"

    @property
    def language(self) -> str:
        """Return the language in which the person reads the pages: « anglais »; empty for the source language, the
        agents'."""
        code = self.report.language
        return "" if code == languages.source() else languages.name(code)


def _labels(values: list[str], choices: Any) -> list[str]:
    """Return the labels of values; a value that is no longer among the choices stays as it is."""
    return [label_of(choices, value) for value in values]


def open_answers(conversation: Conversation) -> dict[str, str] | None:
    """Return the answers of the triage; None when they cannot be decrypted."""
    try:
        return conversation.report.triage_answers()
    except UnsealError:
        logger.error("triage answers cannot be opened %s", conversation.public_id)
        return None


def read_person_summary(conversation: Conversation, now: datetime) -> PersonSummary:
    """Read what the person said before the exchange, and where they can be received. Access is proven before."""
    report = conversation.report
    opened = open_answers(conversation)
    readable, answers = opened is not None, opened or {}
    known = versions.find(report.triage_version)
    under = known or versions.current()
    assessment = rules.assess_answers(answers, told_in=rules.FOR_AGENTS, under=under)
    unit = report.reception_point
    week = unit.opening_hours if unit else None
    return PersonSummary(
        report=report,
        answers=rules.describe_answers(answers, under=under) if readable else None,
        is_other_version=known is None,
        outcome=_labels([report.outcome], rules.Outcome)[0],
        reasons=[str(reason) for reason in assessment.reasons] if assessment.is_finished else [],
        numbers=list(assessment.numbers),
        familiar=is_familiar(report, answers),
        role=_labels([report.role], ReporterRole)[0],
        age=str(report.age.label),
        facts=_labels(report.facts, Fact),
        platforms=_labels(report.platforms, Platform),
        since=label_of(Since, report.since),
        expectations=_labels(report.expectations, Expectation),
        force=label_of(Force, report.force),
        opening_hours=hours.describe(week) if week else [],
        opening=hours.opening_at(week, now, department_code=unit.department_code) if unit and week else None,
        partners=_partners(report),
        answered_in=language_to_answer_in(conversation),
        local_time=_local_time(report, now),
    )


# What is proposed while words of a kind are not dealt with. The procedure stands over these numbers.
_IN_DANGER = {
    Kind.SUICIDE: (numbers.SUICIDE_PREVENTION,),
    Kind.DANGER: (numbers.POLICE, numbers.EMERGENCY_BY_TEXT),
}


def numbers_to_propose(summary: PersonSummary, dangers: Iterable[Kind]) -> list[numbers.Number]:
    """Return the numbers to propose: those for words of danger that nobody has dealt with, then those of the triage.

    dangers: the kinds of these words (`inbox.Entry.dangers`). A number is named once. Somebody who said no facts may
    write of suicide all the same.
    """
    first = [number for kind in dangers for number in _IN_DANGER.get(kind, ())]
    return list({number.display: number for number in (*first, *summary.numbers)}.values())


def language_to_answer_in(conversation: Conversation) -> str:
    """Return the code of the language in which to answer a person.

    It is the one in which they seem to write, if the site has it, and otherwise the one in which they read the pages.
    """
    guessed = conversation.guessed_language
    return guessed if guessed in languages.codes() else conversation.report.language


def _local_time(report: Report, now: datetime) -> LocalTime | None:
    """Return the time where the person is, by their commune or else their postal code."""
    place = report.municipality
    ahead = hours.ahead_of_paris(place.department_code if place else department_of(report.postal_code), now)
    return LocalTime(now, ahead) if ahead else None


def _partners(report: Report) -> list[PartnerGroup]:
    """Return the partners near the person's commune in groups, without the empty groups."""
    if report.municipality is None:
        return []
    return [group for group in partners_near(report.municipality).groups if group.partners]
