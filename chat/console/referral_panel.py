"""This module reads the panel « Transmettre à l'unité compétente », beside the thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from chat.casework.at_hand import EVERYTHING, AtHand
from chat.models import Conversation
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.referral.forms import TransmissionForm
from chat.referral.queries import ShownReferral
from chat.rules.referral import SUMMARY_MAX, Basis, State
from chat.rules.service_level import Measure
from chat.supervision import live_board
from locations import lookup
from locations.models import ReceptionPoint

UNITS_AT_MOST, TYPED_AT_MOST = 12, 200


@dataclass(frozen=True, slots=True)
class Choice:
    """It is a unit that may be chosen. why: that it is the person's, or what the search found it by.

    is_unsure: it is not known to answer for the place of the person, so that nobody chooses it in advance.
    """

    unit: ReceptionPoint
    why: str
    has_account: bool
    is_unsure: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """It is the panel of transmissions.

    rows: the last one first. choices: the person's unit first. chosen: the key of the ticked one; a unit that has to be
    checked is never ticked in advance. resumes: whether the form began with the summary that the person refused, or
    that was withdrawn, so that nobody has to write it again. suggestions: other places to search for, when nothing was
    found. without: whether an emergency allows sending without the person's agreement.
    """

    rows: list[ShownReferral]
    form: TransmissionForm
    resumes: bool
    choices: list[Choice]
    chosen: str
    suggestions: list[str]
    typed: str
    without: bool
    problem: str
    is_open: bool

    @property
    def is_asked(self) -> bool:
        """Return whether a summary waits for the person's answer."""
        return any(row.is_asked for row in self.rows)

    @property
    def was_refused(self) -> bool:
        """Return whether the person said no to the last summary that they answered (`referral_queries.was_refused`)."""
        answered = (row for row in self.rows if row.state is State.REFUSED or row.transmission.basis == Basis.AGREED)
        last = next(answered, None)
        return last is not None and last.state is State.REFUSED

    @property
    def is_error(self) -> bool:
        """Return whether the panel has an error to show."""
        return bool(self.problem or self.form.errors)

    @property
    def without_account(self) -> list[Choice]:
        """Return the units that can be chosen but have no account to read it with."""
        return [choice for choice in self.choices if not choice.has_account]


def summary_of(told: Sequence[tuple[str, str]]) -> str:
    """Return the first text of a summary, with a line for each pair; "" without any."""
    return "\n".join(f"{name} : {value}" for name, value in told)[:SUMMARY_MAX]


def panel(
    conversation: Conversation,
    *,
    prefill: str,
    without: bool,
    form: TransmissionForm | None = None,
    typed: str = "",
    chosen: str = "",
    problem: str = "",
    at_hand: AtHand = EVERYTHING,
) -> Panel:
    """Return the panel of a conversation that the caller has just obtained.

    without: see `Panel`. form: what was written and not saved. typed: a place to search for. chosen: the key of the
    ticked unit. at_hand: what there is to be read.
    """
    now, typed = timezone.now(), typed.strip()[:TYPED_AT_MOST]
    found = lookup.search(typed) if typed else None
    choices = _choices(conversation, found, chosen)
    if not chosen and choices and choices[0].has_account and not choices[0].is_unsure:
        chosen = str(choices[0].unit.pk)
    rows = (
        referral_queries.referrals_of(conversation, now=now, limit=live_board.limits()[Measure.UNREAD])
        if at_hand.transmissions
        else []
    )
    # It may tell noted facts, which never leave without the person's agreement.
    former = rows[0].summary if rows and rows[0].state in {State.REFUSED, State.WITHDRAWN} and not without else ""
    return Panel(
        rows=rows,
        form=form or TransmissionForm(initial={"summary": former or prefill}),
        resumes=form is None and bool(former),
        choices=choices,
        chosen=chosen,
        suggestions=[one.label for one in found.suggestions[:5]] if found is not None else [],
        typed=typed,
        without=without,
        problem=problem,
        is_open=form is not None or bool(problem),
    )


def _choices(conversation: Conversation, found: lookup.Lookup | None, chosen: str) -> list[Choice]:
    named: dict[int, tuple[ReceptionPoint, str, bool]] = {}
    own = conversation.report.reception_point
    if own is not None:
        is_unsure = conversation.report.is_nearest
        why = _("à vérifier : d'après ce que la personne a saisi") if is_unsure else _("son point d'accueil")
        named[own.pk] = (own, why, is_unsure)
    for place in found.places if found is not None else []:
        for match in place.units:
            why = _("compétente pour %(town)s") if match.is_competent else _("la plus proche de %(town)s")
            if len(named) < UNITS_AT_MOST:
                named.setdefault(
                    match.unit.pk, (match.unit, why % {"town": place.municipality}, not match.is_competent)
                )
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 and int(chosen) not in named:
        other = ReceptionPoint.objects.filter(pk=int(chosen)).first()
        if other is not None:
            named[other.pk] = (other, _("choisie"), False)
    able = referral_actions.points_with_account(list(named)) if named else set()
    return [Choice(unit, why, unit.pk in able, is_unsure) for unit, why, is_unsure in named.values()]
