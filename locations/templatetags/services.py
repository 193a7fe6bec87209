"""`{% services places form %}` draws the communes of a search with their services. A page may have fifty of them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django import template
from django.forms import Form
from django.template import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from common.texts import cache as text_cache
from common.texts import patterns
from common.texts.patterns import Fill, Pattern
from locations.lookup import Place, UnitMatch
from locations.models import Force, ReceptionPoint

register = template.Library()

_COMMUNE = Pattern("locations/_service.html", ["pk", "name", "postal_code", "department", "options", "found_as"])
_OPTION = Pattern("locations/_service_option.html", ["id", "value", "name", "force", "address", "distance"])
# A commune that has no unit has one option all the same: itself.
_NO_UNIT: tuple[None] = (None,)
# How many drawn communes a process keeps, at most for as long as the sentences (`common.texts.cache`), and how long the
# HTML of each may be: 3.5 MiB in all at most, with their keys. One with two units has 1,700 characters.
ROWS_KEPT, ROW_CHARACTERS = 500, 3_000


@register.simple_tag(takes_context=True)
def services(context: Context, places: Iterable[Place], form: Form | None = None, is_first: bool = True) -> SafeString:
    """Draw a group of radio buttons for each place. form is bound and has errors. is_first says that the group is the
    first of its page; then its first button has the focus when there are errors.

    Forty-six communes take less than a third of what Django's own loop over the two templates took (docs/adr/0073).
    """
    page = _Services(familiar=bool(context.get("familiar")), has_errors=form is not None and bool(form.errors))
    drawn = [page.draw(place, is_first=is_first and not rank) for rank, place in enumerate(places)]
    return mark_safe("".join(drawn))  # noqa: S308  drawn by our own template


class _Option(NamedTuple):
    """It is what one radio button says. said: the name, the force and the address of a unit, escaped. kilometres: ""
    where no distance may be shown."""

    unit: int
    is_example: bool
    said: tuple[SafeString, SafeString, SafeString]
    is_competent: bool
    kilometres: str


class _Services:
    """It draws the communes of one page, which have most of their units in common. What a unit says is looked up and
    escaped once, and its template is chosen once for each shape of it. units is keyed by the identity of the object,
    which its place holds meanwhile.

    A commune that was drawn before, with all that is written in it the same, is taken from what is kept. Nothing there
    can be out of date, because the names, units and distances by which it is found were just read.
    """

    def __init__(self, *, familiar: bool, has_errors: bool) -> None:
        self.page = {"familiar": familiar, "has_errors": has_errors}
        self.communes: dict[bool, Fill] = {}
        self.options: dict[tuple[bool, ...], Fill] = {}
        self.units: dict[int, tuple[bool, tuple[SafeString, SafeString, SafeString]]] = {}
        self.forces = {force.value: str(force.label) for force in Force}
        self.kept = None if text_cache.is_previewing() else text_cache.rows()
        source: Any = get_template("locations/_service.html")
        # The template differs for each language, and when it was loaded again.
        self.drawn_as = (source.template, familiar, has_errors)

    def draw(self, place: Place, *, is_first: bool) -> str:
        """Draw the services of one commune. is_first says that it is the first of the page."""
        commune = place.municipality
        options = [self._option(match) for match in place.units or _NO_UNIT]
        has_focus = is_first and self.page["has_errors"]  # only then is the first button of the page another one
        key = (
            *self.drawn_as, has_focus, commune.insee_code, commune.name, place.postal_code, commune.department_name,
            place.found_as, *options,
        )  # fmt: skip
        if self.kept is None:
            return self._drawn(place, options, has_focus=has_focus)
        if (row := self.kept.get(key)) is None:
            row = self._drawn(place, options, has_focus=has_focus)
            if len(row) <= ROW_CHARACTERS:
                if len(self.kept) >= ROWS_KEPT:
                    self.kept.clear()
                self.kept[key] = row
        return row

    def _drawn(self, place: Place, options: Sequence[_Option | None], *, has_focus: bool) -> SafeString:
        inside = "".join([
            self._drawn_option(place, option, is_first=has_focus and not rank) for rank, option in enumerate(options)
        ])  # fmt: skip
        commune, told = place.municipality, bool(place.found_as)
        if (fill := self.communes.get(told)) is None:
            fill = self.communes[told] = _COMMUNE.filler(**self.page, is_found_otherwise=told)
        return fill(
            commune.insee_code,
            commune.name,
            place.postal_code,
            commune.department_name,
            mark_safe(inside),  # noqa: S308  drawn by our own template
            place.found_as,
        )

    def _option(self, match: UnitMatch | None) -> _Option | None:
        """Return what the button of a unit says; None for a commune without any unit."""
        if match is None:
            return None
        unit, distance = match.unit, match.distance_km
        if (known := self.units.get(id(unit))) is None:
            known = self.units[id(unit)] = self._said_of(unit)
        return _Option(unit.id, *known, match.is_competent, "" if distance is None else f"{distance:.0f}")

    def _drawn_option(self, place: Place, option: _Option | None, *, is_first: bool) -> str:
        """Draw one radio button. is_first says that it is the first of the page."""
        commune = place.municipality.insee_code
        if option is None:
            asked = {**self.page, "is_first": is_first, "is_unit": False}
            return _OPTION.filler(**asked)(
                commune, f"{commune}__{place.postal_code}", place.municipality.name, "", "", ""
            )
        unit, is_example, said, is_competent, kilometres = option
        shape = (is_example, bool(said[2]), is_competent, bool(kilometres), is_first)
        if (fill := self.options.get(shape)) is None:
            fill = self.options[shape] = self._filler(*shape)
        return fill(f"{commune}-{unit}", f"{commune}_{unit}_{place.postal_code}", *said, kilometres)

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
