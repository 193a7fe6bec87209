"""`{% services places form %}`: the communes of a search with their services, of which a page may have fifty."""

from collections.abc import Iterable, Mapping

from django import template
from django.forms import Form
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from common.texts.patterns import Fill, Pattern
from locations.lookup import Place, UnitMatch
from locations.models import Force

register = template.Library()

_COMMUNE = Pattern("locations/_service.html", ["pk", "name", "postal_code", "department", "options", "found_as"])
_OPTION = Pattern("locations/_service_option.html", ["id", "value", "name", "force", "address", "distance"])


@register.simple_tag(takes_context=True)
def services(context: Context, places: Iterable[Place], form: Form | None = None, is_first: bool = True) -> SafeString:
    """Draw a group of radio buttons for each place. form: bound, with errors. is_first: of its page; then the first
    button has the focus when there are errors.

    Forty-six communes take a third of what Django's own loop over the two templates took (docs/adr/0073).
    """
    page = {"familiar": bool(context.get("familiar")), "has_errors": bool(form is not None and form.errors)}
    communes = {told: _COMMUNE.filler(**page, is_found_otherwise=told) for told in (False, True)}
    fillers: dict[tuple[bool, ...], Fill] = {}
    forces = {force.value: str(force.label) for force in Force}  # translated once, and not for each of fifty units
    drawn: list[str] = []
    for number, place in enumerate(places):
        begins = is_first and number == 0
        options = [
            _option(fillers, forces, place, match, page | {"is_first": begins and rank == 0})
            for rank, match in enumerate(place.units or [None])
        ]
        commune = place.municipality
        fill = communes[bool(place.found_as)]
        inside = mark_safe("".join(options))  # noqa: S308  drawn by our own template
        values = (commune.insee_code, commune.name, place.postal_code, commune.department_name, inside, place.found_as)
        drawn.append(fill(*values))
    return mark_safe("".join(drawn))  # noqa: S308  drawn by our own template


def _option(
    fillers: dict[tuple[bool, ...], Fill],
    forces: Mapping[str, str],
    place: Place,
    match: UnitMatch | None,
    asked: dict[str, bool],
) -> str:
    commune = place.municipality.insee_code
    if match is None:
        asked = {**asked, "is_unit": False}
        values: tuple[object, ...] = (commune, f"{commune}__{place.postal_code}", place.municipality.name, "", "", "")
    else:
        unit, distance = match.unit, match.distance_km
        asked = {
            **asked,
            "is_unit": True,
            "is_example": unit.is_example,
            "has_address": bool(unit.address_lines),
            "is_competent": match.is_competent,
            "has_distance": distance is not None,
        }
        values = (
            f"{commune}-{unit.id}",
            f"{commune}_{unit.id}_{place.postal_code}",
            unit.name,
            forces.get(unit.force, unit.force),
            ", ".join(unit.address_lines),
            "" if distance is None else f"{distance:.0f}",
        )
    shape = tuple(asked.values())
    if (fill := fillers.get(shape)) is None:
        fill = fillers[shape] = _OPTION.filler(**asked)
    return fill(*values)
