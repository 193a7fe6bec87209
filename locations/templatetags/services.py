"""`{% services places form %}` draws the communes of a search with their services. A page may have fifty of them."""

from collections.abc import Iterable

from django import template
from django.forms import Form
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from common.texts import patterns
from common.texts.patterns import Fill, Pattern
from locations.lookup import Place, UnitMatch
from locations.models import Force, ReceptionPoint

register = template.Library()

_COMMUNE = Pattern("locations/_service.html", ["pk", "name", "postal_code", "department", "options", "found_as"])
_OPTION = Pattern("locations/_service_option.html", ["id", "value", "name", "force", "address", "distance"])
# A commune that has no unit has one option all the same: itself.
_NO_UNIT: tuple[None] = (None,)


@register.simple_tag(takes_context=True)
def services(context: Context, places: Iterable[Place], form: Form | None = None, is_first: bool = True) -> SafeString:
    """Draw a group of radio buttons for each place. form is bound and has errors. is_first says that the group is the
    first of its page; then its first button has the focus when there are errors.

    Forty-six communes take less than a third of what Django's own loop over the two templates took (docs/adr/0073).
    """
    familiar, has_errors = bool(context.get("familiar")), bool(form is not None and form.errors)
    options = _Options(familiar=familiar, has_errors=has_errors)
    communes = {
        told: _COMMUNE.filler(familiar=familiar, has_errors=has_errors, is_found_otherwise=told)
        for told in (False, True)
    }
    drawn: list[str] = []
    for place in places:
        inside = "".join([
            options.draw(place, match, is_first=is_first and not drawn and not rank)
            for rank, match in enumerate(place.units or _NO_UNIT)
        ])  # fmt: skip
        commune = place.municipality
        drawn.append(
            communes[bool(place.found_as)](
                commune.insee_code,
                commune.name,
                place.postal_code,
                commune.department_name,
                mark_safe(inside),  # noqa: S308  drawn by our own template
                place.found_as,
            )
        )
    return mark_safe("".join(drawn))  # noqa: S308  drawn by our own template


class _Options:
    """It draws the options of one page, which have most of their units in common. What a unit says is looked up and
    escaped once, and its template is chosen once for each shape of it. units is keyed by the identity of the object,
    which its place holds meanwhile."""

    def __init__(self, *, familiar: bool, has_errors: bool) -> None:
        self.page = {"familiar": familiar, "has_errors": has_errors}
        self.fills: dict[tuple[bool, ...], Fill] = {}
        self.units: dict[int, tuple[bool, tuple[SafeString, SafeString, SafeString]]] = {}
        self.forces = {force.value: str(force.label) for force in Force}

    def draw(self, place: Place, match: UnitMatch | None, *, is_first: bool) -> str:
        """Draw one radio button. match is None for a commune without any unit. is_first says that it is the first of
        the page."""
        commune = place.municipality.insee_code
        if match is None:
            asked = {**self.page, "is_first": is_first, "is_unit": False}
            return _OPTION.filler(**asked)(
                commune, f"{commune}__{place.postal_code}", place.municipality.name, "", "", ""
            )
        unit, distance = match.unit, match.distance_km
        if (known := self.units.get(id(unit))) is None:
            known = self.units[id(unit)] = self._said_of(unit)
        is_example, said = known
        shape = (is_example, bool(said[2]), match.is_competent, distance is not None, is_first)
        if (fill := self.fills.get(shape)) is None:
            fill = self.fills[shape] = self._filler(*shape)
        kilometres = "" if distance is None else f"{distance:.0f}"
        return fill(f"{commune}-{unit.id}", f"{commune}_{unit.id}_{place.postal_code}", *said, kilometres)

    def _said_of(self, unit: ReceptionPoint) -> tuple[bool, tuple[SafeString, SafeString, SafeString]]:
        """Return whether a unit is an example, and its name, its force and its address."""
        force = self.forces.get(unit.force, unit.force)
        address = ", ".join(unit.address_lines)
        return unit.is_example, (patterns.escaped(unit.name), patterns.escaped(force), patterns.escaped(address))

    def _filler(
        self, is_example: bool, has_address: bool, is_competent: bool, has_distance: bool, is_first: bool
    ) -> Fill:
        return _OPTION.filler(
            **self.page,
            is_unit=True,
            is_example=is_example,
            has_address=has_address,
            is_competent=is_competent,
            has_distance=has_distance,
            is_first=is_first,
        )
