# ruff: noqa: S608  (the queries are made of constants of this module; what a person types is a parameter)
"""This module finds the units that receive a person, from what that person types. A search takes at most two queries.

The first query finds communes by name and by code. The second finds their units or, when nothing was found, what the
person may have meant. Errors of the database are not caught, so that a broken database is a broken page and never
« no such town ».
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.utils.functional import Promise

from common.sql import fetch_first_rows, fetch_rows
from locations import abroad
from locations.distances import told_distance
from locations.models import EXACT_POSITIONS, Municipality, PlaceName, PostalCode, ReceptionPoint, Zone
from locations.names import normalise_name, normalise_place

# A Hit is a Commune, or a Municipality with the columns that a query below adds.
type Hit = Any

MAX_TYPED = 100  # how many characters are read; the rest of a longer text is not
MAX_SUGGESTIONS = 8
NEAREST_SHOWN = 2
_NEAREST_READ = 12  # how many units, the nearest by degrees, are read to choose the nearest by kilometres
_LONGER_READ = 6  # largest communes with a longer name; if there are so many, only these are proposed
_BEGINNING_READ = 40  # how many names that begin as typed are read, of which the most similar are proposed
# No commune's name is longer than 45 characters in its comparable form, and a similar text is hardly longer. The bound
# matters because the text is compared with thousands of names.
_MAX_COMPARED = 60
_ARTICLES = ("la", "le", "les", "l")


class Outcome(StrEnum):
    """It is the result of a search. NONE is not an error: it comes with suggestions or help."""

    EMPTY = "empty"
    NONE = "none"
    ONE = "one"
    SEVERAL = "several"


class UnitMatch(NamedTuple):
    """It is a unit for one commune.

    is_competent: it is known to be competent for the commune; otherwise it is only one of the nearest.
    distance_km: in a straight line from the centre of the commune; None when one of the places is not known precisely.
    """

    unit: ReceptionPoint
    is_competent: bool
    distance_km: float | None


@dataclass(slots=True)
class Commune:
    """It is a commune that a search found, and how: a row of FIND_PLACES, with its columns in the same order.

    It has the attributes of a `Municipality` under the same names. It is a class of its own because a page may hold
    fifty: 46 take 0.02 ms, where objects of `Municipality` take 0.12 ms and a raw query set adds its own time, of the
    3.2 ms that the page takes.
    """

    insee_code: str
    name: str
    kind: str
    parent_id: str | None
    department_code: str
    department_name: str
    department_search: str
    region_name: str
    zone: str
    population: int | None
    latitude: float | None
    longitude: float | None
    precision: str
    hit_name: str
    hit_search: str
    hit_name_kind: str
    hit_code: str
    hit_code_kind: str
    hit_is_vague: bool
    hit_is_longer: bool
    first_code: str | None

    def __str__(self) -> str:
        return f"{self.name} ({self.department_code})"

    @property
    def pk(self) -> str:
        """Return the INSEE code, as for a `Municipality`."""
        return self.insee_code

    @property
    def is_overseas(self) -> bool:
        """Return whether it is outside metropolitan France."""
        return self.zone != Zone.METRO

    @property
    def has_exact_position(self) -> bool:
        """Return whether a distance from here may be shown without « environ »."""
        return self.precision in EXACT_POSITIONS


@dataclass
class Place:
    """It is a commune that was found, with its units: the competent ones or, if none is known, the nearest ones.

    postal_code: the one that was typed, or else the first of the commune; empty for the few communes without one.
    found_as: the name or CEDEX label that led here, if it is not the commune's own name.
    """

    municipality: Municipality | Commune
    postal_code: str
    found_as: str = ""
    units: list[UnitMatch] = field(default_factory=list)

    @property
    def has_competent_unit(self) -> bool:
        """Return whether a unit is known to be competent for this commune, rather than only near."""
        return any(match.is_competent for match in self.units)


@dataclass(frozen=True)
class Suggestion:
    """It is a place to propose. text: the search that finds exactly this place. label: what to show."""

    text: str
    label: str


@dataclass
class Lookup:
    """It is the answer to a search.

    is_cedex: the code is a CEDEX code, of a firm or an administration. cedex_is_approximate: it alone led there, and
    only to the commune of its post office.
    is_short: four digits were typed. The places are those of the code with a zero before them (« 1400 » for 01400), and
    others has the largest communes of the codes with one more digit (« 6700 » for 67000).
    suggestions: « Vouliez-vous dire… », only when there are no places.
    others: communes whose longer name or code begins with the one typed. may_be_other: one of them is larger than the
    first place.
    are_homonyms: the places all have the name that was typed; neither a code nor arrondissements led to them.
    is_contradicted: a code and a name were typed, and no commune has both (« 33000 Mérignac »): the places have one.
    abroad: the country, if the town is known to be outside France (« Monaco », « Belgique »); then there is nothing
    else.
    """

    outcome: Outcome
    places: list[Place] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    others: list[Suggestion] = field(default_factory=list)
    may_be_other: bool = False
    are_homonyms: bool = False
    is_contradicted: bool = False
    is_cedex: bool = False
    cedex_is_approximate: bool = False
    is_short: bool = False
    abroad: str | Promise = ""

    @property
    def is_overseas(self) -> bool:
        """Return whether every place that was found is overseas."""
        return bool(self.places) and all(place.municipality.is_overseas for place in self.places)

    @property
    def only_choice(self) -> tuple[Place, UnitMatch] | None:
        """Return the one commune and its one competent unit, when there is nothing to choose; otherwise None."""
        if self.may_be_other or self.is_short or self.cedex_is_approximate:
            return None
        if len(self.places) == 1 and len(self.places[0].units) == 1 and self.places[0].has_competent_unit:
            return self.places[0], self.places[0].units[0]
        return None

    @property
    def for_exchange(self) -> tuple[Place, ReceptionPoint | None] | None:
        """Return the place for the chat, with a unit if there is one.

        For the chat it only matters whether the police or the gendarmerie answers there. So nobody has to choose
        between units, nor between the communes of one postal code, of which the largest is taken (`is_guess`). None
        when nothing was found, when several communes have the name that was typed, when a larger one may be meant, when
        the code and the name that were typed contradict each other, or when a digit of the code is missing.
        """
        if not self.places or self.may_be_other or self.are_homonyms or self.is_contradicted or self.is_short:
            return None
        place = max(self.places, key=lambda one: one.municipality.population or 0)
        return place, place.units[0].unit if place.units else None

    @property
    def is_guess(self) -> bool:
        """Return whether the place may be another one: « Paris » has twenty arrondissements, four digits are no code,
        and a CEDEX code may be known only by the commune of its post office.
        """
        return len(self.places) > 1 or self.is_short or self.cedex_is_approximate


# --- what was typed -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Query:
    """It is a search as it was typed, parsed without the tables.

    code: five digits, or empty. is_short: only the last four of them were typed, and may as well be the first four of
    another code. insee_code: only in the form that cannot be a postal code ("2A004").
    name: the rest, in its comparable form. candidates: pairs (name, hint), from the most to the least literal. The hint
    is the part that would have to be the département: « saint denis 93 » is first a name, and then « saint denis » in
    « 93 ». department: the code of a département if nothing else was typed ("93", "974", "2A").
    """

    code: str = ""
    insee_code: str = ""
    name: str = ""
    candidates: tuple[tuple[str, str], ...] = ()
    department: str = ""
    says_cedex: bool = False
    is_short: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was typed that could be searched for."""
        return not (self.code or self.insee_code or self.name or self.department)


def read_query(text: str) -> Query:
    """Parse a search: a town, a postal code, or both, with or without the département. It never fails."""
    text = " ".join(text[:MAX_TYPED].split())
    says_cedex = bool(re.search(r"(?i)\bcedex\b", text))
    compact = re.sub(r"[\s.\-]", "", text).upper().removeprefix("F")
    if re.fullmatch(r"2[AB]\d{3}", compact):
        return Query(insee_code=compact)
    if re.fullmatch(r"\d{4,5}", compact):
        return Query(code=compact.zfill(5), is_short=len(compact) == 4)
    if re.fullmatch(r"\d{1,2}|2[AB]|9[78]\d", compact):
        return Query(department=compact.zfill(2))
    code = ""
    if found := re.search(r"(?<!\d)(?:F-?)?(\d{2})[ .]?(\d{3})(?!\d)", text):
        code = found[1] + found[2]
        text = text[: found.start()] + " " + text[found.end() :]
        # « 38307 Bourgoin-Jallieu CEDEX 9 »: the number after CEDEX adds nothing to the code.
        text = re.sub(r"(?i)\bcedex\b.*", "", text)
    name = normalise_place(text)
    return Query(code=code, name=name, candidates=tuple(_candidates(name)), says_cedex=says_cedex)


def _candidates(name: str) -> Iterable[tuple[str, str]]:
    words = name.split()
    for length in range(len(words), 0, -1):
        yield " ".join(words[:length]), " ".join(words[length:])
    if len(words) > 1 and re.fullmatch(r"\d{1,3}|2[ab]", words[0]):
        yield " ".join(words[1:]), words[0]


def _is_department(hint: str, municipality: Municipality | Commune) -> bool:
    code = municipality.department_code.lower().lstrip("0")
    if hint.lstrip("0") == code:
        return True
    names = {municipality.department_search, normalise_name(municipality.region_name)}
    return any(hint in {name, *(name.removeprefix(f"{article} ") for article in _ARTICLES)} for name in names)


def _with_articles(name: str) -> list[str]:
    """Return a name as it is and with each article, because « rochelle » may mean « La Rochelle »."""
    return [name, *(f"{article} {name}" for article in _ARTICLES)]


# --- the search ---------------------------------------------------------------------------------------------------

# The postal code by which a town with several is known: the roundest (Arles 13200, Saint-Paul 97460), else the lowest.
MAIN_CODE = """SELECT o.code FROM locations_postalcode o WHERE o.municipality_id = m.insee_code AND o.kind = 'postal'
    ORDER BY length(rtrim(o.code, '0')), o.code LIMIT 1"""

# A hit on Paris, Lyon or Marseille stands for each of its arrondissements.
FIND_PLACES = f"""
WITH hit AS (
    SELECT n.municipality_id, n.name, n.search, n.kind AS name_kind, '' AS code, '' AS code_kind, FALSE AS vague,
           FALSE AS is_longer
    FROM locations_placename n WHERE n.search = ANY(%(names)s)
    UNION ALL
    SELECT p.municipality_id, p.label, '', '', p.code, p.kind, p.is_approximate, FALSE
    FROM locations_postalcode p WHERE p.code = ANY(%(codes)s)
    UNION ALL
    SELECT c.insee_code, c.name, '', '', '', '', FALSE, FALSE
    FROM locations_municipality c WHERE c.insee_code = ANY(%(insee)s)
    UNION ALL
    -- « Aix » is a commune of 19, and is said for Aix-en-Provence.
    (SELECT n.municipality_id, n.name, n.search, n.kind, '', '', FALSE, TRUE
     FROM locations_placename n JOIN locations_municipality l ON l.insee_code = n.municipality_id
     WHERE n.search LIKE %(longer)s AND n.kind = 'current' AND l.parent_id IS NULL
     ORDER BY l.population DESC NULLS LAST LIMIT {_LONGER_READ})
    UNION ALL
    -- « La Réunion » is a commune of 47, and is said for the island.
    (SELECT l.insee_code, l.name, '', 'current', '', '', FALSE, TRUE
     FROM locations_municipality l WHERE l.department_search = %(department)s AND l.parent_id IS NULL
     ORDER BY l.population DESC NULLS LAST LIMIT 6)
    UNION ALL
    -- « 6700 » is 06700 without its zero, or 67000 without its last digit.
    (SELECT b.municipality_id, l.name, '', 'current', b.code, b.kind, FALSE, TRUE
     FROM locations_postalcode b JOIN locations_municipality l ON l.insee_code = b.municipality_id
     WHERE b.code = ANY(%(begun)s) AND b.kind = 'postal'
     ORDER BY l.population DESC NULLS LAST LIMIT {_LONGER_READ})
), target AS (
    SELECT h.*, h.municipality_id AS insee_code FROM hit h
    UNION ALL
    SELECT h.*, a.insee_code FROM hit h JOIN locations_municipality a ON a.parent_id = h.municipality_id
    WHERE NOT h.is_longer
)
SELECT m.insee_code, m.name, m.kind, m.parent_id, m.department_code, m.department_name, m.department_search,
       m.region_name, m.zone, m.population, m.latitude, m.longitude, m.precision,
       t.name, t.search, t.name_kind, t.code, t.code_kind, t.vague, t.is_longer, ({MAIN_CODE})
FROM target t JOIN locations_municipality m ON m.insee_code = t.insee_code
"""

# What is read of a unit, in the order of the model. The rest of a `ReceptionPoint`, above all its opening hours, is
# read when it is asked for.
_UNIT_FIELDS = [
    field.attname
    for field in ReceptionPoint._meta.concrete_fields
    if field.attname
    in {
        "id", "name", "address", "postal_code", "town", "telephone", "url", "municipality_id", "department_code",
        "latitude", "longitude", "source", "force",
    }
]  # fmt: skip
_UNIT_COLUMNS = ", ".join([f'u."{name}"' for name in _UNIT_FIELDS])

# Finds the competent units (rank 0) of each commune; if none is known, the nearest ones; without a position, those of
# the département. An index finds the nearest by degrees. Of these, the nearest on a plane that touches the earth at the
# commune are kept: over the 200 km of a département that gives the same order as `geography.distance_km`. Otherwise
# fifty communes would return six hundred rows. A unit is returned once, with all communes for which it was found,
# because communes of one postal code have most of their units in common.
FIND_UNITS = f"""
SELECT near.asked_for, near.rank, near.is_competent, {_UNIT_COLUMNS} FROM (
SELECT x.id, array_agg(a.insee_code::text) AS asked_for, array_agg(x.is_competent) AS is_competent,
       array_agg(x.rank) AS rank
FROM unnest(%(insee)s::text[]) AS wanted (insee_code)
JOIN locations_municipality a ON a.insee_code = wanted.insee_code
CROSS JOIN LATERAL (
    SELECT c.reception_point_id AS id, TRUE AS is_competent, 0 AS rank
    FROM locations_competence c WHERE c.municipality_id = a.insee_code
    UNION ALL
    (SELECT around.id, FALSE, row_number() OVER (
        ORDER BY (around.latitude - a.latitude) ^ 2 + ((around.longitude - a.longitude) * cosd(a.latitude)) ^ 2
     ) FROM (
        SELECT n.id, n.latitude, n.longitude FROM locations_receptionpoint n
        WHERE a.latitude IS NOT NULL AND n.latitude IS NOT NULL
          AND (a.zone = 'metro' OR n.department_code = a.department_code)
          AND NOT EXISTS (SELECT 1 FROM locations_competence c WHERE c.municipality_id = a.insee_code)
        ORDER BY point(n.longitude, n.latitude) <-> point(a.longitude, a.latitude) LIMIT %(read)s
     ) around
     ORDER BY 3 LIMIT %(shown)s)
    UNION ALL
    (SELECT n.id, FALSE, row_number() OVER (ORDER BY n.name, n.id) FROM locations_receptionpoint n
     WHERE a.latitude IS NULL AND n.department_code = a.department_code AND n.source <> 'competence'
       AND NOT EXISTS (SELECT 1 FROM locations_competence c WHERE c.municipality_id = a.insee_code)
     ORDER BY 3 LIMIT %(shown)s)
) x
GROUP BY x.id) near JOIN locations_receptionpoint u ON u.id = near.id
ORDER BY u.name, u.id
"""


def search(text: str) -> Lookup:
    """Find the communes that a text names, and their units. Two queries at most.

    text: as typed: a town, a former commune, a postal or CEDEX code, or both, with or without a département. When
    nothing is found, the Lookup has suggestions, if there are any. Raises the errors of django.db.
    """
    query = read_query(text)
    if query.is_empty:
        return Lookup(Outcome.EMPTY)
    if query.department:
        return Lookup(Outcome.NONE, suggestions=_towns_of(query.department))
    chosen, longer = _find(query)
    if not chosen:
        if country := abroad.country(query.candidates, query.code):
            return Lookup(Outcome.NONE, abroad=country)
        return Lookup(Outcome.NONE, suggestions=_proposed(query, longer), is_cedex=query.says_cedex)
    places = _places(query, chosen)
    _add_units(places)
    coded = [hit for hit in chosen if hit.hit_code]
    shown = {code for place in places for code in (place.municipality.insee_code, place.municipality.parent_id)}
    others = [hit for hit in longer if hit.insee_code not in shown]
    return Lookup(
        Outcome.ONE if len(places) == 1 else Outcome.SEVERAL,
        places=places,
        others=_suggestions(others),
        may_be_other=any((hit.population or 0) > (places[0].municipality.population or 0) for hit in others),
        are_homonyms=len(places) > 1 and not coded and not any(place.municipality.parent_id for place in places),
        is_contradicted=bool(coded) and len(coded) < len(chosen),
        is_cedex=bool(coded) and all(hit.hit_code_kind == PostalCode.Kind.CEDEX for hit in coded),
        cedex_is_approximate=any(hit.hit_is_vague for hit in coded),
        is_short=query.is_short,
    )


def _find(query: Query) -> tuple[list[Hit], list[Hit]]:
    """Return the hits that answer the query, and those whose longer name or code begins with it or whose département
    has it.

    One query.
    """
    values: dict[str, Any] = {
        "names": sorted({variant for name, _hint in query.candidates for variant in _with_articles(name)}),
        "codes": [query.code] if query.code else [],
        "begun": [f"{query.code[1:]}{digit}" for digit in range(10)] if query.is_short else [],
        "insee": [query.insee_code] if query.insee_code else [],
        "department": query.name if not query.code else "",
        "longer": f"{_escape_like(query.name)} %" if query.name and not query.code else "",
    }
    hits = [Commune(*row) for row in fetch_first_rows(FIND_PLACES, values)]
    chosen = _choose(query, [hit for hit in hits if not hit.hit_is_longer])
    longer = [hit for hit in hits if hit.hit_is_longer]
    for hit in longer:
        hit.first_code = hit.hit_code or hit.first_code  # « 6710 » proposes Strasbourg by 67100, and not by 67000
    return chosen, longer


def _proposed(query: Query, longer: list[Hit]) -> list[Suggestion]:
    """Return suggestions for a search that found nothing. At most one query."""
    if query.is_short and longer:
        return _suggestions(longer)
    # For « la » or « saint », the largest communes that begin like this are meant, while thousands look similar.
    begun = [hit for hit in longer if hit.hit_search]
    return _suggestions(begun) if len(begun) >= _LONGER_READ else _meant(query)


def _choose(query: Query, hits: list[Hit]) -> list[Hit]:
    """Choose the hits that answer the query best, in the order of trust that is explained at each step."""
    by_code = [hit for hit in hits if hit.hit_code or (query.insee_code and not hit.hit_search)]
    by_name = [hit for hit in hits if hit.hit_search]
    named: list[Hit] = []
    for name, hint in query.candidates:
        # « Marseille 13 » is the 13e arrondissement, and may also mean Marseille in the Bouches-du-Rhône. Both are
        # answers.
        if named and not (hint and named[0].parent_id and hint == named[0].department_code):
            break
        exact = [hit for hit in by_name if hit.hit_search == name]
        variants = [hit for hit in by_name if hit.hit_search in _with_articles(name)]
        # A commune of exactly this name is meant: Crozet, and not Le Crozet. A former name or a place within a commune
        # says less: « Marigot » is one in Saint-Martin, and may be Le Marigot in Martinique.
        is_own = any(hit.hit_name_kind == PlaceName.Kind.CURRENT for hit in exact)
        found = exact if is_own else variants
        if hint and not (query.code or query.says_cedex):
            found = [hit for hit in found if _is_department(hint, hit)]
        named += found
    if query.code and query.name:
        # Code and name were typed: take the communes of the code that have the name or contain it as a beginning of a
        # word. These were typed, and not only the code of a post office. If code and name disagree, take all.
        codes = {hit.insee_code for hit in by_code}
        both = [hit for hit in named if hit.insee_code in codes]
        begun = [hit for hit in by_code if f" {normalise_place(hit.name)}".find(f" {query.name}") >= 0]
        for hit in begun:
            hit.hit_is_vague = False
        return _with_code(both, by_code) or begun or [*by_code, *named]
    if by_code or named:
        return by_code or named
    # « Saint-Denis 44 »: there is no such commune in that département, so take those of that name elsewhere.
    for name, hint in query.candidates:
        if hint and re.fullmatch(r"\d{1,3}|2[ab]", hint):
            elsewhere = [hit for hit in by_name if hit.hit_search == name]
            if elsewhere:
                return elsewhere
    return []


def _with_code(named: list[Hit], by_code: list[Hit]) -> list[Hit]:
    """Copy the code from the hits by code to the hits by name of the same communes, and return the latter."""
    coded = {hit.insee_code: hit for hit in by_code}
    for hit in named:
        hit.hit_code, hit.hit_code_kind = coded[hit.insee_code].hit_code, coded[hit.insee_code].hit_code_kind
    return named


def _places(query: Query, chosen: list[Hit]) -> list[Place]:
    with_parts = {hit.parent_id for hit in chosen if hit.parent_id}
    places: dict[str, Place] = {}
    for hit in chosen:
        if hit.insee_code in with_parts:
            continue
        is_ordinary = hit.hit_code and hit.hit_code_kind == PostalCode.Kind.ORDINARY
        postal_code = hit.hit_code if is_ordinary else hit.first_code or ""
        found_as = ""
        if hit.hit_name_kind and hit.hit_name_kind != PlaceName.Kind.CURRENT:
            found_as = hit.hit_name
        elif hit.hit_code_kind == PostalCode.Kind.CEDEX:
            found_as = f"{hit.hit_code} {hit.hit_name}"
        place = places.get(hit.insee_code)
        # A commune found by its own name and by a former one is shown under its own.
        if place is None or (place.found_as and not found_as):
            places[hit.insee_code] = Place(hit, postal_code, found_as)
    return sorted(
        places.values(),
        key=lambda place: (
            place.municipality.parent_id or "",
            place.municipality.insee_code if place.municipality.parent_id else "",
            -(place.municipality.population or 0),
        ),
    )


def _add_units(places: list[Place]) -> None:
    by_commune: dict[str, list[tuple[int, ReceptionPoint, bool]]] = {}
    values = {
        "insee": [place.municipality.insee_code for place in places],
        "read": _NEAREST_READ,
        "shown": NEAREST_SHOWN,
    }
    for asked_for, ranks, competent, *said in fetch_rows(FIND_UNITS, values):
        unit = ReceptionPoint.from_db(DEFAULT_DB_ALIAS, _UNIT_FIELDS, said)
        for commune, rank, is_competent in zip(asked_for, ranks, competent, strict=True):
            by_commune.setdefault(commune, []).append((rank, unit, is_competent))
    for place in places:
        found = by_commune.get(place.municipality.insee_code, [])
        found.sort(key=lambda one: (one[0], one[1].force, one[1].name))
        place.units = [_match(place.municipality, unit, is_competent=competent) for _rank, unit, competent in found]


def _match(municipality: Municipality | Commune, unit: ReceptionPoint, *, is_competent: bool) -> UnitMatch:
    return UnitMatch(unit, is_competent, told_distance(municipality, unit))


# --- what may have been meant -------------------------------------------------------------------------------------

# Finds names that begin as typed, the largest towns first. Unless there are many of these (« saint mar »), it also
# finds similar names, for which each name with enough trigrams in common is compared; that may be thousands. Only the
# most similar are joined to their communes. Names of one or two letters have too few trigrams to be similar to others.
SIMILAR_NAMES = f"""
WITH beginning AS MATERIALIZED (
    SELECT n.municipality_id, n.name, n.kind, n.search, similarity(n.search, %(name)s) AS likeness
    FROM locations_placename n JOIN locations_municipality l ON l.insee_code = n.municipality_id
    WHERE n.search LIKE %(prefix)s ORDER BY l.population DESC NULLS LAST LIMIT {_BEGINNING_READ}
), alike AS MATERIALIZED (
    SELECT n.municipality_id, n.name, n.kind, n.search, similarity(n.search, %(name)s) AS likeness
    FROM locations_placename n
    WHERE n.search %% %(name)s AND length(%(name)s) > 2 AND (SELECT count(*) FROM beginning) < {_BEGINNING_READ}
    ORDER BY likeness DESC, n.municipality_id LIMIT 200
)
SELECT m.*, c.name AS hit_name, c.kind AS hit_name_kind,
       c.likeness + (c.search LIKE %(word)s)::int AS closeness,
       ({MAIN_CODE}) AS first_code
FROM (SELECT * FROM beginning UNION SELECT * FROM alike) c
JOIN locations_municipality m ON m.insee_code = c.municipality_id
ORDER BY closeness DESC, m.population DESC NULLS LAST, m.insee_code LIMIT 40
"""

TOWNS_OF_DEPARTMENT = f"""
SELECT m.*, m.name AS hit_name, 'current' AS hit_name_kind, 0 AS closeness,
       ({MAIN_CODE}) AS first_code
FROM locations_municipality m WHERE m.department_code = %(department)s AND m.parent_id IS NULL
ORDER BY m.population DESC NULLS LAST LIMIT 8
"""

TOWNS_OF_NAMED_DEPARTMENT = TOWNS_OF_DEPARTMENT.replace(
    "m.department_code = %(department)s",
    "(m.department_search = ANY(%(departments)s) OR m.department_search LIKE %(department_prefix)s)",
)

NEIGHBOURING_CODES = """
SELECT m.*, m.name AS hit_name, 'current' AS hit_name_kind, 0 AS closeness, p.code AS first_code
FROM locations_postalcode p JOIN locations_municipality m ON m.insee_code = p.municipality_id
WHERE p.code LIKE %(prefix)s AND p.kind = 'postal'
ORDER BY left(p.code, 4) = %(four)s DESC, m.population DESC NULLS LAST, p.code LIMIT 40
"""


MEANT = f"""
(SELECT *, 1 AS rank FROM ({TOWNS_OF_NAMED_DEPARTMENT}) d)
UNION ALL (SELECT *, 2 FROM ({SIMILAR_NAMES}) s)
ORDER BY rank, closeness DESC, population DESC NULLS LAST, insee_code
"""


def _towns_of(department: str) -> list[Suggestion]:
    return _suggestions(Municipality.objects.raw(TOWNS_OF_DEPARTMENT, {"department": department}))


def _meant(query: Query) -> list[Suggestion]:
    if query.code and not query.name:
        rows = Municipality.objects.raw(NEIGHBOURING_CODES, {"prefix": f"{query.code[:3]}%", "four": query.code[:4]})
        return _suggestions(rows)
    if not query.name:
        return []
    # Repeated words are dropped, because trigrams count once and repetition makes no name more similar.
    name = " ".join(dict.fromkeys(query.name.split()))[:_MAX_COMPARED].rstrip()
    # The name of a département may be typed too: « Guadeloupe » proposes its towns before similar names.
    rows = Municipality.objects.raw(
        MEANT,
        {
            "name": name,
            "prefix": _escape_like(name) + "%",
            "word": _escape_like(name) + " %",
            "departments": _with_articles(query.name),
            "department_prefix": _escape_like(query.name) + " %",
        },
    )
    return _suggestions(rows)


def _escape_like(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _suggestions(rows: Iterable[Hit], limit: int = MAX_SUGGESTIONS) -> list[Suggestion]:
    """Return one suggestion for each commune, from the first of its rows, with arrondissements in order."""
    return [_suggestion(row) for row in _in_order(_once(rows))[:limit]]


def _once(rows: Iterable[Hit]) -> list[Hit]:
    """Return the first row of each commune."""
    found: dict[str, Hit] = {}
    for row in rows:
        found.setdefault(row.insee_code, row)
    return list(found.values())


def _in_order(rows: list[Hit]) -> list[Hit]:
    """Put the arrondissements of a town together and in order, at the place of the first one that was found."""
    parts: dict[str, list[Hit]] = {}
    for row in rows:
        if row.parent_id:
            parts.setdefault(row.parent_id, []).append(row)
    ordered: list[Hit] = []
    for row in rows:
        if not row.parent_id:
            ordered.append(row)
        else:
            ordered += sorted(parts.pop(row.parent_id, []), key=lambda part: part.insee_code)
    return ordered


def _suggestion(row: Hit) -> Suggestion:
    is_own = row.hit_name_kind == PlaceName.Kind.CURRENT
    place = f"{row.name} ({row.department_code})"
    label = place if is_own else f"{row.hit_name} → {place}"
    if row.first_code:
        return Suggestion(f"{row.first_code} {row.hit_name}", f"{label} – {row.first_code}")
    return Suggestion(row.hit_name if row.kind == "commune" else row.name, label)


# --- suggestions while typing -------------------------------------------------------------------------------------

# A name may be followed by the beginning of a département's number (« saint denis 9 »).
NAMES_BEGINNING = f"""
WITH hit AS MATERIALIZED (
    SELECT n.municipality_id, n.name, n.kind, n.search FROM locations_placename n
    WHERE n.search LIKE %(p0)s OR n.search LIKE %(p1)s OR n.search LIKE %(p2)s OR n.search LIKE %(p3)s
       OR n.search LIKE %(p4)s OR n.search = %(stem)s
)
SELECT m.*, h.name AS hit_name, h.kind AS hit_name_kind, ({MAIN_CODE}) AS first_code
FROM hit h JOIN locations_municipality m ON m.insee_code = h.municipality_id
WHERE h.search <> %(stem)s OR m.department_code LIKE %(department)s
ORDER BY h.search = %(name)s DESC, h.kind = 'current' DESC, m.population DESC NULLS LAST, m.insee_code LIMIT 24
"""

# The codes first, some hundreds at most: PostgreSQL may otherwise walk through all communes, the largest first, until
# 24 of them have such a code.
CODES_BEGINNING = """
WITH codes AS MATERIALIZED (
    SELECT code, municipality_id FROM locations_postalcode WHERE code LIKE %(prefix)s AND kind = 'postal'
)
SELECT m.*, m.name AS hit_name, 'current' AS hit_name_kind, p.code AS first_code
FROM codes p JOIN locations_municipality m ON m.insee_code = p.municipality_id
ORDER BY m.population DESC NULLS LAST, p.code LIMIT 24
"""


def suggest(text: str) -> list[Suggestion]:
    """Return places to propose for what is typed so far; none for less than two letters or digits.

    It proposes places that begin like this, the largest first, in one query. If there are none, it proposes what the
    search itself would find or propose: a misspelt name, a département, « Roubaix 59100 », « saint etienne cedex 2 ».
    Three queries at most, which read no units. A name of one letter (« Y ») is found by the search only.
    """
    text = " ".join(text[:MAX_TYPED].split())
    digits = re.sub(r"[\s.]", "", text)
    if re.fullmatch(r"\d{2,5}", digits):
        rows = Municipality.objects.raw(CODES_BEGINNING, {"prefix": f"{digits}%"})
        return _suggestions(rows) or _as_searched(text)
    name = normalise_place(text)
    if len(name) < 2:
        return []
    return _beginning(name) or _as_searched(text)


def _beginning(name: str) -> list[Suggestion]:
    """Return places whose name begins like this, the largest first."""
    stem, _space, department = name.rpartition(" ")
    is_hint = bool(stem) and bool(re.fullmatch(r"\d{1,3}|2[ab]", department))
    patterns = {f"p{rank}": f"{_escape_like(form)}%" for rank, form in enumerate(_with_articles(name))}
    rows = Municipality.objects.raw(
        NAMES_BEGINNING,
        {
            **patterns,
            "name": name,
            "stem": stem if is_hint else "",
            "department": f"{department.upper()}%" if is_hint else "",
        },
    )
    # Complete names are always among them (« Mars »), but the largest town comes first (Marseille).
    kept = _in_order(_once(rows))[:MAX_SUGGESTIONS]
    return _suggestions(sorted(kept, key=lambda row: -(row.population or 0)))


def _as_searched(text: str) -> list[Suggestion]:
    """Return what a search for this text finds or proposes, without units; nothing for a town abroad."""
    query = read_query(text)
    if query.department:
        return _towns_of(query.department)
    chosen, longer = _find(query)
    if chosen:
        return [_found(place) for place in _places(query, chosen)[:MAX_SUGGESTIONS]]
    return [] if abroad.country(query.candidates, query.code) else _proposed(query, longer)


def _found(place: Place) -> Suggestion:
    """Return a suggestion that finds this place again."""
    town = place.municipality
    label = f"{town.name} ({town.department_code})"
    if place.found_as:
        label = f"{place.found_as} → {label}"
    if place.postal_code:
        return Suggestion(f"{place.postal_code} {town.name}", f"{label} – {place.postal_code}")
    return Suggestion(town.name, label)
