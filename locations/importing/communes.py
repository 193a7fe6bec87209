"""This module loads communes, their names and their postal codes."""

from collections.abc import Iterable

from django.db import connection

from locations.importing import formats, records
from locations.importing.merge import Merge, rank_case
from locations.importing.records import Refused
from locations.importing.result import Result
from locations.importing.sink import Sink, known_communes
from locations.models import (
    Municipality,
    PlaceName,
    PostalCode,
)
from locations.names import normalise_name, normalise_place

NAME_RANKS = {kind: rank for rank, kind in enumerate(PlaceName.Kind)}


class CommuneSink(Sink):
    """It takes the communes of a file, with the names and postal codes that the file gives of them."""

    def __init__(self, result: Result) -> None:
        self.result = result
        ranks = {"exact": 3, "town": 2, "approximate": 1, "": 0}
        is_better = f"{rank_case('excluded.precision', ranks)} >= {rank_case('t.precision', ranks)}"
        position = {
            name: f"CASE WHEN {is_better} THEN excluded.{name} ELSE t.{name} END"
            for name in ("latitude", "longitude", "precision")
        }
        self.merge = Merge(
            Municipality,
            [
                "insee_code",
                "name",
                "kind",
                "parent_id",
                "department_code",
                "department_name",
                "department_search",
                "region_code",
                "region_name",
                "zone",
                "population",
                "latitude",
                "longitude",
                "precision",
            ],
            key=["insee_code"],
            assign={**position, "population": "COALESCE(excluded.population, t.population)"},
        )
        self.seen: set[str] = set()
        self.names: list[tuple[str, str, str]] = []
        self.codes: list[tuple[str, str]] = []

    def add(self, record: records.CommuneRecord) -> list[str]:
        """Take a commune. It raises Refused for one that was read already, or contradicts itself."""
        if record.insee_code in self.seen:
            raise Refused("doublon : code INSEE déjà lu dans ce fichier")
        if (record.kind == "arrondissement") != bool(record.parent):
            raise Refused("arrondissement sans commune, ou commune avec commune parente")
        if record.zone not in {"metro", "drom", "com"}:
            raise Refused(f"zone inconnue : {record.zone}")
        self.seen.add(record.insee_code)
        self.merge.add(
            (
                record.insee_code,
                record.name,
                record.kind,
                record.parent or None,
                record.department_code,
                record.department_name,
                normalise_name(record.department_name),
                record.region_code,
                record.region_name,
                record.zone,
                record.population,
                record.latitude,
                record.longitude,
                record.precision,
            )
        )
        self.names.append((record.insee_code, record.name, PlaceName.Kind.CURRENT))
        self.codes.extend((record.insee_code, code) for code in record.postal_codes)
        return []

    def flush(self) -> None:
        """Write the communes that were taken so far, for files that refer to them."""
        self.merge.flush()

    def finish(self) -> None:
        """Write the rest, then the names and postal codes that the file gave."""
        self.merge.flush()
        self.merge.count_into(self.result)
        _merge_names(self.names)
        _merge_codes((code, insee, PostalCode.Kind.ORDINARY, "", False) for insee, code in self.codes)


def _merge_names(names: Iterable[tuple[str, str, str]]) -> Merge:
    """Merge names of places: (INSEE code, name, kind). A commune's current name prevails over its other kinds."""
    merge = Merge(
        PlaceName,
        ["municipality_id", "name", "search", "kind"],
        key=["municipality_id", "search"],
        guard=f"{rank_case('excluded.kind', NAME_RANKS)} <= {rank_case('t.kind', NAME_RANKS)}",
    )
    seen: set[tuple[str, str]] = set()
    for insee_code, name, kind in names:
        search = normalise_place(name)
        if search and (insee_code, search) not in seen:
            seen.add((insee_code, search))
            merge.add((insee_code, name, search, kind))
    merge.flush()
    return merge


def _merge_codes(codes: Iterable[tuple[str, str, str, str, bool]]) -> Merge:
    """Merge postal codes: (code, INSEE code, kind, label, is_approximate). An ordinary code never becomes a CEDEX."""
    merge = Merge(
        PostalCode,
        ["code", "municipality_id", "kind", "label", "is_approximate"],
        key=["code", "municipality_id"],
        guard="NOT (t.kind = 'postal' AND excluded.kind = 'cedex')",
    )
    seen: set[tuple[str, str]] = set()
    for row in codes:
        if row[:2] not in seen:
            seen.add(row[:2])
            merge.add(row)
    merge.flush()
    return merge


class NameSink(Sink):
    """It takes former names and parts of communes."""

    def __init__(self, result: Result) -> None:
        self.result, self.communes = result, known_communes()
        self.names: list[tuple[str, str, str]] = []

    def add(self, record: records.NameRecord) -> list[str]:
        """Take a former name or a part of a commune. It raises Refused for an unknown commune."""
        if record.insee_code not in self.communes:
            raise Refused(f"commune inconnue : {record.insee_code}")
        self.names.append((record.insee_code, record.name, record.kind))
        return []

    def finish(self) -> None:
        """Write the names, and count those that the commune's own name says already as unchanged."""
        merge = _merge_names(self.names)
        merge.count_into(self.result)
        # The difference is the names that say what the commune's own name says already.
        self.result.unchanged += len(self.names) - merge.added - merge.changed - merge.unchanged


class PostalSink(Sink):
    """It takes postal and CEDEX codes, the names written beside them, and La Poste's centres where none is better."""

    def __init__(self, result: Result) -> None:
        self.result, self.communes = result, known_communes()
        self.current = set(PlaceName.objects.filter(kind=PlaceName.Kind.CURRENT).values_list("search", flat=True))
        self.parts = set(
            Municipality.objects.filter(kind=Municipality.Kind.ARRONDISSEMENT).values_list("insee_code", flat=True)
        )
        self.codes: list[tuple[str, str, str, str, bool]] = []
        self.names: list[tuple[str, str, str]] = []
        self.positions: dict[str, tuple[float, float]] = {}

    def add(self, record: records.PostalRecord) -> list[str]:
        """Take a postal code. Raises Refused for an unknown commune, and for a city with arrondissements as a whole."""
        insee_code = record.insee_code
        if insee_code not in self.communes:
            raise Refused(f"commune inconnue : {insee_code}")
        if insee_code in formats.WITH_ARRONDISSEMENTS:
            raise Refused("ville entière : ses codes postaux sont ceux de ses arrondissements")
        self.codes.append((record.code, insee_code, record.kind, record.label[:80], record.is_approximate))
        if record.latitude is not None and record.longitude is not None:
            self.positions.setdefault(insee_code, (record.latitude, record.longitude))
        is_cedex = record.kind == PostalCode.Kind.CEDEX
        if record.locality and insee_code not in self.parts:
            # « BORDEAUX CEDEX » may be that of a neighbour's office: the name stays the town's.
            if is_cedex and normalise_place(record.locality) in self.current:
                return []
            kind = PlaceName.Kind.CEDEX if is_cedex else PlaceName.Kind.LOCALITY
            self.names.append((insee_code, _capitalised(record.locality)[:100], kind))
        return []

    def finish(self) -> None:
        """Write the postal codes, and the names that the file gave with them."""
        merge = _merge_codes(self.codes)
        merge.count_into(self.result)
        self.result.unchanged += len(self.codes) - merge.added - merge.changed - merge.unchanged
        names = _merge_names(self.names)
        self.result.added += names.added
        self.result.changed += names.changed
        if self.positions:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE locations_municipality m SET latitude = p.latitude, longitude = p.longitude,"
                    " precision = 'town' FROM unnest(%s::text[], %s::float8[], %s::float8[])"
                    " AS p (insee_code, latitude, longitude)"
                    " WHERE m.insee_code = p.insee_code AND m.precision IN ('', 'approximate')",
                    [
                        list(self.positions),
                        [latitude for latitude, _ in self.positions.values()],
                        [longitude for _, longitude in self.positions.values()],
                    ],
                )
                self.result.changed += cursor.rowcount


def _capitalised(name: str) -> str:
    """Return « ST JEAN DE MONTS » as « Saint Jean De Monts »; a name that is not all capitals stays as it is."""
    if not name.isupper():
        return name
    words = {"ST": "SAINT", "STE": "SAINTE"}
    return " ".join(words.get(word, word).capitalize() for word in name.split())
