"""This module keeps the visit's point d'accueil, in its own corner of the session.

Only the postal code of the chosen service, which unit it is, the commune where several share the code, and whether it
was guessed are kept, for the visit only. What a person typed is kept between the form and the choice, then forgotten.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Exists, OuterRef, Value
from django.http import HttpRequest

from locations.forms import Purpose
from locations.lookup import Commune, Place
from locations.models import Competence, Force, Municipality, ReceptionPoint

KEY = "locations"


@dataclass(frozen=True)
class Choice:
    """It is the point d'accueil of this visit.

    postal_code is five digits, or empty for the few communes without one.
    municipality is None when the commune has left the tables since.
    reception_point is None when no unit was known, or when it has left the tables since.
    is_nearest says that the unit is not known to be competent for the commune: it was offered as the nearest.
    is_guessed says that what was typed means several places, and that the largest was taken without asking; or that it
    is a large town for somebody whose own was not found.
    """

    postal_code: str
    municipality: Municipality | None
    reception_point: ReceptionPoint | None
    is_nearest: bool
    is_guessed: bool = False

    @property
    def is_example(self) -> bool:
        """Return whether the unit is one of the demonstration's."""
        return self.reception_point is not None and self.reception_point.is_example

    @property
    def force(self) -> Force | None:
        """Return the force of the chosen point d'accueil; None when there is none, or one of another version."""
        stored = self.reception_point.force if self.reception_point else ""
        return Force(stored) if stored in Force.values else None

    @property
    def key(self) -> str:
        """Return what tells this choice from another one, for a form that is about the one that was shown."""
        unit = self.reception_point.pk if self.reception_point else ""
        return f"{self.municipality.pk if self.municipality else ''}_{unit}_{self.postal_code}"

    @property
    def is_overseas(self) -> bool:
        """Return whether the place is outside metropolitan France; by its postal code, when its commune is gone."""
        if self.municipality is None:
            return self.postal_code.startswith(("97", "98"))
        return self.municipality.is_overseas

    @property
    def as_search(self) -> str:
        """Return the search that finds its commune again, with which the home page fills its field."""
        name = self.municipality.name if self.municipality else ""
        return f"{self.postal_code} {name}".strip()

    def is_among(self, places: Iterable[Place]) -> bool:
        """Return whether its commune is that of one of these places."""
        return self.municipality is not None and self.municipality.pk in {place.municipality.pk for place in places}


def choose(
    request: HttpRequest,
    *,
    postal_code: str,
    municipality: Municipality | Commune,
    reception_point: ReceptionPoint | None,
    is_guessed: bool = False,
) -> None:
    """Keep a point d'accueil for this visit and forget what was typed to find it."""
    kept: dict[str, Any] = {"postal_code": postal_code, "unit": reception_point.pk if reception_point else None}
    if is_guessed:
        kept["guessed"] = True
    alone = (
        bool(postal_code)
        and not Municipality.objects.filter(postal_codes__code=postal_code).exclude(pk=municipality.pk).exists()
    )
    if not alone:
        kept["insee"] = municipality.pk
    request.session[KEY] = kept


def forget(request: HttpRequest) -> None:
    """Drop the point d'accueil and whatever was typed."""
    request.session.pop(KEY, None)


def current_choice(request: HttpRequest) -> Choice | None:
    """Read the point d'accueil of this visit from the tables in at most two queries; return None before a choice."""
    kept = request.session.get(KEY, {})
    if "postal_code" not in kept:
        return None
    communes = Municipality.objects.all()
    if "insee" in kept:
        communes = communes.filter(pk=kept["insee"])
    else:
        communes = communes.filter(postal_codes__code=kept["postal_code"])
    municipality = communes.first()
    unit = None
    if kept["unit"] is not None:
        is_competent = (
            Exists(Competence.objects.filter(municipality=municipality, reception_point=OuterRef("pk")))
            if municipality
            else Value(False, output_field=BooleanField())
        )
        unit = (
            ReceptionPoint.objects.select_related("municipality")
            .annotate(is_competent=is_competent)
            .filter(pk=kept["unit"])
            .first()
        )
    return Choice(
        postal_code=kept["postal_code"],
        municipality=municipality,
        reception_point=unit,
        is_nearest=unit is not None and not unit.is_competent,
        is_guessed="guessed" in kept,
    )


def remember_search(request: HttpRequest, *, text: str, purpose: str) -> None:
    """Keep what was typed until a choice is made, so that the page of results has no place in its address.

    A place that was chosen before is forgotten when another one is typed for the chat, because the report would be
    filed at it without a word. Somebody who looks for contacts keeps it until they choose others.
    """
    before = {} if purpose == Purpose.EXCHANGE else request.session.get(KEY, {})
    kept = {**before, "typed": text, "purpose": purpose}
    # Under other addresses nothing is folded, and nothing is written once more.
    if getattr(request, "is_discreet_address", False):
        kept["is_new"] = True
    request.session[KEY] = kept


def is_new_search(request: HttpRequest) -> bool:
    """Return whether the results of the last search were not shown yet, and note that from now on they were.

    The note is kept in discreet mode alone, where the results come open this once.
    """
    kept = request.session.get(KEY, {})
    if "is_new" not in kept:
        return False
    request.session[KEY] = {name: value for name, value in kept.items() if name != "is_new"}
    return True


def pending_search(request: HttpRequest) -> tuple[str, str] | None:
    """Return the last search and its purpose, or after a choice its postal code, so that results survive « back »."""
    kept = request.session.get(KEY, {})
    if "typed" in kept:
        return kept["typed"], kept["purpose"]
    if kept.get("postal_code"):
        return kept["postal_code"], "contacts"
    return None
