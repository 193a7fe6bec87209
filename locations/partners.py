"""This module reads the partners of a commune (associations, courts and other services) by sort and distance."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise

from common.texts.catalogue import Sentence
from locations import texts as location_texts
from locations.distances import distance_to, told_distance
from locations.models import Municipality, Partner


@dataclass
class PartnerGroup:
    """It holds the partners of one sort, nearest first. It is empty when none is known in the département.

    key: what tells the sort from the others.
    """

    key: str
    title: str | Promise
    partners: list[tuple[Partner, float | None]]
    note: Sentence | None = None


@dataclass
class Partners:
    """It holds the partners of a commune by sort, and those who answer everywhere."""

    groups: list[PartnerGroup]
    national: list[Partner]

    @property
    def has_examples(self) -> bool:
        """Return whether one of those shown is the demonstration's."""
        local = (partner for group in self.groups for partner, _distance in group.partners)
        return any(partner.is_example for partner in (*local, *self.national))

    @property
    def has_local_help(self) -> bool:
        """Return whether an association or an office of victim help is known in the département."""
        helps = {Partner.Kind.VICTIM_HELP, Partner.Kind.VICTIM_OFFICE}
        return any(partner.kind in helps for group in self.groups for partner, _distance in group.partners)


_GROUPS: tuple[tuple[str | Promise, tuple[str, ...], int, Sentence | None], ...] = (
    (
        location_texts.HELP.later(),
        (Partner.Kind.VICTIM_HELP, Partner.Kind.VICTIM_OFFICE, Partner.Kind.WOMEN_RIGHTS),
        3,
        None,
    ),
    (location_texts.MIND.later(), (Partner.Kind.PSYCHOLOGIST,), 3, None),
    (
        location_texts.LAW.later(),
        (Partner.Kind.JUSTICE_HOUSE, Partner.Kind.JUSTICE_POINT, Partner.Kind.LAW_ACCESS, Partner.Kind.BAR),
        3,
        None,
    ),
    (
        location_texts.COURTS.later(),
        (Partner.Kind.COURT, Partner.Kind.LOCAL_COURT, Partner.Kind.JUVENILE_COURT, Partner.Kind.COMPENSATION),
        3,
        location_texts.COURTS_NOTE,
    ),
    (location_texts.FORMALITIES.later(), (Partner.Kind.FRANCE_SERVICES,), 2, None),
)


def partners_near(municipality: Municipality) -> Partners:
    """Return the partners of a commune's département by sort and distance, and the national ones. It makes one query.

    Which association or court is responsible for a commune is not in the data, so nothing more is claimed.
    """
    department = municipality.department_code
    found = Partner.objects.filter(Q(department_code=department) | Q(kind=Partner.Kind.NATIONAL)).order_by("key")
    return group_partners(municipality, list(found.defer("hours_note")))


def group_partners(municipality: Municipality, partners: Sequence[Partner]) -> Partners:
    """Return these partners by sort and distance from a commune, with the national ones apart."""
    groups = []
    for title, kinds, limit, note in _GROUPS:
        members = [partner for partner in partners if partner.kind in kinds]
        members.sort(key=lambda partner: _sort_distance(municipality, partner))
        shown = [(partner, told_distance(municipality, partner)) for partner in members[:limit]]
        groups.append(PartnerGroup(kinds[0], title, shown, note))
    return Partners(groups, [partner for partner in partners if partner.kind == Partner.Kind.NATIONAL])


def _sort_distance(municipality: Municipality, partner: Partner) -> float:
    distance = distance_to(municipality, partner)
    return float("inf") if distance is None else distance
