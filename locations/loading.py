"""Load records into the tables: add what is new, change what differs and leave the rest untouched.

Rows travel by COPY into a temporary table and from there in one INSERT … ON CONFLICT a batch, which compares before it
writes. Rows edited by hand are kept as they are. Where two sources describe the same unit, RANKS says which prevails;
an empty field never erases a known one, because several official files describe the same unit, each in part.
"""

# ruff: noqa: S608  (names of tables and columns come from the models, never from a file)

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from locations import formats
from locations.formats import Format, Record, Refused
from locations.models import (
    Competence,
    DataEdition,
    Municipality,
    Partner,
    PlaceName,
    PostalCode,
    ReceptionPoint,
    Source,
    UnitAlias,
)
from locations.names import department_of, normalise_name, normalise_place, unit_core
from locations.reading import Row

BATCH = 5000
RANKS = {
    Source.DEMO: 0,
    Source.COMPETENCE: 1,
    Source.DILA: 2,
    Source.MINISTRY: 3,
    Source.MINISTRY_HOURS: 4,
    Source.HAND: 5,
}
NAME_RANKS = {kind: rank for rank, kind in enumerate(PlaceName.Kind)}


@dataclass(frozen=True)
class Remark:
    """Something of the file that was not taken. is_refused: the whole row; otherwise one of its fields."""

    file: str
    line: int
    reason: str
    is_refused: bool


@dataclass
class Result:
    """The result of loading one file. Each row read is added, changed, unchanged, kept, ignored or refused."""

    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0
    removed: int = 0
    refused: int = 0
    ignored: int = 0
    remarks: list[Remark] = field(default_factory=list)

    @property
    def has_changed(self) -> bool:
        return bool(self.added or self.changed or self.removed)


Line = tuple[int, Record]


def parse_rows(rows: Iterable[Row], known: Format, *, file: str, result: Result) -> Iterator[Line]:
    """The records of a file's rows; refusals and remarks go into `result`."""
    for row in rows:
        result.read += 1
        if row.problem:
            _refuse(result, file, row.line, row.problem)
            continue
        count = 0
        try:
            for record in known.parse(row.cells):
                for remark in record.remarks:
                    result.remarks.append(Remark(file, row.line, remark, is_refused=False))
                count += 1
                yield row.line, record
        except Refused as reason:
            _refuse(result, file, row.line, str(reason))
        else:
            result.ignored += not count


def _refuse(result: Result, file: str, line: int, reason: str) -> None:
    result.refused += 1
    result.remarks.append(Remark(file, line, reason, is_refused=True))


@transaction.atomic
def load_records(
    lines: Iterable[Line],
    *,
    file: str,
    source: Source | str = "",
    result: Result,
) -> Result:
    """Load the records of one file in one transaction: all of it or nothing.

    source: of units, competences and partners. Raises django.db.Error when the database refuses; nothing is kept then.
    """
    sinks: dict[type, Sink] = {}
    kinds: dict[type, Callable[[], Sink]] = {
        formats.CommuneRecord: lambda: CommuneSink(result),
        formats.NameRecord: lambda: NameSink(result),
        formats.PostalRecord: lambda: PostalSink(result),
        formats.UnitRecord: lambda: UnitSink(result, Source(source)),
        formats.PartnerRecord: lambda: PartnerSink(result, Source(source)),
        formats.AliasRecord: lambda: AliasSink(result),
        formats.CompetenceRecord: lambda: CompetenceSink(result, Source(source)),
    }
    for line, record in lines:
        kind = type(record)
        if kind not in sinks:
            # A commune before its names, a unit before its competences: what was read so far must be in the tables.
            for sink in sinks.values():
                sink.flush()
            sinks[kind] = kinds[kind]()
        try:
            for remark in sinks[kind].add(record):
                result.remarks.append(Remark(file, line, remark, is_refused=False))
        except Refused as reason:
            _refuse(result, file, line, str(reason))
    for sink in sinks.values():
        sink.finish()
    return result


def record_edition(
    key: str,
    *,
    title: str,
    publisher: str,
    licence: str,
    url: str,
    edition: str,
    file_name: str,
    sha256: str,
    result: Result,
    at: datetime,
) -> None:
    """Write down which edition of a source was loaded, when, and what it changed."""
    DataEdition.objects.update_or_create(
        source=key,
        defaults={
            "title": title,
            "publisher": publisher,
            "licence": licence,
            "url": url,
            "edition": edition,
            "file_name": file_name,
            "sha256": sha256,
            "rows_read": result.read,
            "rows_added": result.added,
            "rows_changed": result.changed,
            "rows_unchanged": result.unchanged,
            "rows_kept": result.kept,
            "rows_removed": result.removed,
            "rows_refused": result.refused,
            "loaded_at": at,
        },
    )


def refresh_statistics() -> None:
    """Let PostgreSQL count the tables again, so that the plans of searches fit what was just loaded."""
    with connection.cursor() as cursor:
        for model in (Municipality, PlaceName, PostalCode, ReceptionPoint, Competence, Partner):
            cursor.execute(f"ANALYZE {_quote(model._meta.db_table)}")


# --- the merge ----------------------------------------------------------------------------------------------------


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)


def _case(column: str, ranks: dict[Any, int]) -> str:
    """SQL for the rank of a column's value. The values are this module's constants."""
    return f"CASE {column} " + " ".join(f"WHEN '{value}' THEN {rank}" for value, rank in ranks.items()) + " ELSE -1 END"


class Merge:
    """Rows to insert into one table, or to compare with the row of the same key and write where they differ.

    columns: those given with each row, in order. Others take the default of their field.
    assign: SQL for the new value of a column on conflict, with `t` the present row and `excluded` the offered one;
    a column that is not in it takes the offered value.
    guard: SQL that must hold for a present row to be written.
    """

    def __init__(
        self,
        model: type[models.Model],
        columns: list[str],
        *,
        key: list[str],
        assign: dict[str, str] | None = None,
        guard: str = "TRUE",
    ) -> None:
        self.model, self.columns, self.key = model, columns, key
        self.table, self.stage = _quote(model._meta.db_table), _quote(f"stage_{model._meta.model_name}")
        fields = {item.column: item for item in model._meta.concrete_fields}
        self.limits = [getattr(fields[column], "max_length", None) for column in columns]
        self.labels = [str(getattr(fields[column], "verbose_name", column)) for column in columns]
        self.rows: list[tuple[Any, ...]] = []
        self.added = self.changed = self.unchanged = self.kept = 0
        self.has_hand = "edited_by_hand" in fields
        others = [
            item
            for item in model._meta.concrete_fields
            if item.column not in columns and not (item.primary_key and isinstance(item, models.AutoField))
        ]
        self.constants = {
            str(item.column): "now()" if getattr(item, "auto_now", False) else _literal(item.get_default())
            for item in others
        }
        assign = assign or {}
        self.updates = {name: assign.get(name, f"excluded.{_quote(name)}") for name in columns if name not in key}
        self.guard = f"({guard})" + (" AND NOT t.edited_by_hand" if self.has_hand else "")
        self.is_staged = False

    def add(self, row: tuple[Any, ...]) -> None:
        """Raises Refused when a text is longer than its column."""
        for value, limit, label in zip(row, self.limits, self.labels, strict=True):
            if limit and isinstance(value, str) and len(value) > limit:
                raise Refused(f"champ trop long : {label}")
        self.rows.append(row)
        if len(self.rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if not self.rows:
            return
        names = ", ".join(_quote(name) for name in self.columns)
        keys = ", ".join(_quote(name) for name in self.key)
        with connection.cursor() as cursor:
            if self.is_staged:
                cursor.execute(f"TRUNCATE {self.stage}")
            else:
                cursor.execute(f"DROP TABLE IF EXISTS {self.stage}")
                cursor.execute(
                    f"CREATE TEMPORARY TABLE {self.stage} ON COMMIT DROP"
                    f" AS SELECT {names} FROM {self.table} WITH NO DATA"
                )
                self.is_staged = True
            with cursor.copy(f"COPY {self.stage} ({names}) FROM STDIN") as copy:
                for row in self.rows:
                    copy.write_row(row)
            cursor.execute(f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {self.stage}) s")
            total = cursor.fetchone()[0]
            kept = 0
            if self.has_hand:
                cursor.execute(
                    f"SELECT count(*) FROM {self.table} t WHERE t.edited_by_hand"
                    f" AND EXISTS (SELECT 1 FROM {self.stage} s WHERE {self._same('s', 't')})"
                )
                kept = cursor.fetchone()[0]
            into = ", ".join([names, *(_quote(name) for name in self.constants)])
            values = ", ".join([names, *self.constants.values()])
            action = "NOTHING"
            if self.updates:
                sets = [f"{_quote(name)} = {sql}" for name, sql in self.updates.items()]
                if "updated_at" in self.constants:
                    sets.append("updated_at = now()")
                present = ", ".join(f"t.{_quote(name)}" for name in self.updates)
                offered = ", ".join(self.updates.values())
                action = f"UPDATE SET {', '.join(sets)} WHERE {self.guard} AND ({present}) IS DISTINCT FROM ({offered})"
            cursor.execute(
                f"INSERT INTO {self.table} AS t ({into})"
                f" SELECT DISTINCT ON ({keys}) {values} FROM {self.stage} ORDER BY {keys}"
                f" ON CONFLICT ({keys}) DO {action} RETURNING (xmax = 0)"
            )
            inserted = [is_new for (is_new,) in cursor.fetchall()]
        added = sum(inserted)
        self.added += added
        self.changed += len(inserted) - added
        self.kept += kept
        self.unchanged += total - len(inserted) - kept
        self.rows.clear()

    def _same(self, one: str, other: str) -> str:
        return " AND ".join(f"{one}.{_quote(name)} = {other}.{_quote(name)}" for name in self.key)

    def count_into(self, result: Result) -> None:
        result.added += self.added
        result.changed += self.changed
        result.unchanged += self.unchanged
        result.kept += self.kept


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


# --- the sinks ----------------------------------------------------------------------------------------------------


class Sink:
    """Takes the records of one kind; `add` answers the remarks it has on a record it takes, or raises Refused."""

    def add(self, record: Any) -> list[str]:
        raise NotImplementedError

    def flush(self) -> None:
        """Write what was taken so far, when a later sink depends on it."""

    def finish(self) -> None:
        raise NotImplementedError


class CommuneSink(Sink):
    def __init__(self, result: Result) -> None:
        self.result = result
        ranks = {"exact": 3, "town": 2, "approximate": 1, "": 0}
        is_better = f"{_case('excluded.precision', ranks)} >= {_case('t.precision', ranks)}"
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

    def add(self, record: formats.CommuneRecord) -> list[str]:
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
        self.merge.flush()

    def finish(self) -> None:
        self.merge.flush()
        self.merge.count_into(self.result)
        _merge_names(self.names)
        _merge_codes((code, insee, PostalCode.Kind.ORDINARY, "", False) for insee, code in self.codes)


def _merge_names(names: Iterable[tuple[str, str, str]]) -> Merge:
    """Names of places: (INSEE code, name, kind). The current name of a commune prevails over its other kinds."""
    merge = Merge(
        PlaceName,
        ["municipality_id", "name", "search", "kind"],
        key=["municipality_id", "search"],
        guard=f"{_case('excluded.kind', NAME_RANKS)} <= {_case('t.kind', NAME_RANKS)}",
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
    """Postal codes: (code, INSEE code, kind, label, is_approximate). An ordinary code is never turned into a CEDEX."""
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


def _known_communes() -> set[str]:
    return set(Municipality.objects.values_list("insee_code", flat=True))


class NameSink(Sink):
    def __init__(self, result: Result) -> None:
        self.result, self.communes = result, _known_communes()
        self.names: list[tuple[str, str, str]] = []

    def add(self, record: formats.NameRecord) -> list[str]:
        if record.insee_code not in self.communes:
            raise Refused(f"commune inconnue : {record.insee_code}")
        self.names.append((record.insee_code, record.name, record.kind))
        return []

    def finish(self) -> None:
        merge = _merge_names(self.names)
        merge.count_into(self.result)
        # Names that say what the commune's own name says already.
        self.result.unchanged += len(self.names) - merge.added - merge.changed - merge.unchanged


class PostalSink(Sink):
    """Postal and CEDEX codes, the names written beside them, and La Poste's centres where no better position is."""

    def __init__(self, result: Result) -> None:
        self.result, self.communes = result, _known_communes()
        self.current = set(PlaceName.objects.filter(kind=PlaceName.Kind.CURRENT).values_list("search", flat=True))
        self.parts = set(
            Municipality.objects.filter(kind=Municipality.Kind.ARRONDISSEMENT).values_list("insee_code", flat=True)
        )
        self.codes: list[tuple[str, str, str, str, bool]] = []
        self.names: list[tuple[str, str, str]] = []
        self.positions: dict[str, tuple[float, float]] = {}

    def add(self, record: formats.PostalRecord) -> list[str]:
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
    """« ST JEAN DE MONTS » as « Saint Jean De Monts »; a name that is not all capitals stays as it is."""
    if not name.isupper():
        return name
    words = {"ST": "SAINT", "STE": "SAINTE"}
    return " ".join(words.get(word, word).capitalize() for word in name.split())


@dataclass
class UnitIndex:
    """The units in the tables, found by any of the ways that sources name them."""

    by_key: dict[str, int] = field(default_factory=dict)
    by_public_id: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    by_dila_id: dict[str, str] = field(default_factory=dict)
    by_name: dict[tuple[str, str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    cores: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "UnitIndex":
        index = cls()
        units = ReceptionPoint.objects.order_by("key").values_list(
            "pk", "key", "force", "department_code", "public_id", "dila_id", "name"
        )
        by_pk: dict[int, str] = {}
        for pk, key, force, department, public_id, dila_id, name in units:
            by_pk[pk] = key
            index.by_key[key] = pk
            index.cores[key] = unit_core(name)
            if public_id:
                index.by_public_id[force, public_id].append(key)
            if dila_id:
                index.by_dila_id[dila_id] = key
            index.by_name[force, department, unit_core(name)].append(key)
        for force, department, core, pk in UnitAlias.objects.values_list(
            "force", "department_code", "core", "reception_point_id"
        ):
            index.by_name[force, department, core].insert(0, by_pk[pk])
        return index

    def find(self, *, force: str, department_code: str, public_id: str, name: str) -> str | None:
        """The key of a unit: by the ministry's id where it tells one unit, else by name within the département."""
        core = unit_core(name)
        same_id = self.by_public_id.get((force, public_id), []) if public_id else []
        if len(same_id) == 1:
            return same_id[0]
        if named := [key for key in same_id if self.cores[key] == core]:
            return named[0]
        return next(iter(self.by_name.get((force, department_code, core), [])), None)


def unit_key(force: str, department_code: str, name: str) -> str:
    """The key by which a unit is recognised from one edition to the next: force, département and its name there.

    The ministry's ids cannot: some are shared by two units, some are empty or « 0 », police has none.
    """
    return f"{force}:{department_code}:{unit_core(name)}"


_UNIT_FIELDS = [
    "name",
    "address",
    "postal_code",
    "town",
    "telephone",
    "url",
    "municipality_id",
    "department_code",
    "latitude",
    "longitude",
    "opening_hours",
    "public_id",
    "dila_id",
]
_PARTNER_FIELDS = [
    "name",
    "kind",
    "address",
    "postal_code",
    "town",
    "telephone",
    "url",
    "municipality_id",
    "department_code",
    "latitude",
    "longitude",
    "opening_hours",
    "email",
    "hours_note",
    "accessibility",
    "presentation",
    "telephone_hours",
]
_NULLABLE = {"municipality_id", "latitude", "longitude", "opening_hours"}


def _prevailing(columns: list[str]) -> dict[str, str]:
    """On conflict the better source prevails, the other fills what it leaves empty; demonstration leaves no trace."""
    offered, present = _case("excluded.source", RANKS), _case("t.source", RANKS)
    assign = {}
    for name in columns:
        new, old = f"excluded.{name}", f"t.{name}"
        if name not in _NULLABLE:
            new, old = f"NULLIF({new}, '')", f"NULLIF({old}, '')"
        empty = "" if name in _NULLABLE else ", ''"
        assign[name] = (
            f"CASE WHEN t.source = 'demo' THEN excluded.{name}"
            f" WHEN {offered} >= {present} THEN COALESCE({new}, {old}{empty})"
            f" ELSE COALESCE({old}, {new}{empty}) END"
        )
    assign["source"] = f"CASE WHEN {offered} >= {present} THEN excluded.source ELSE t.source END"
    return assign


_DEMO_GUARD = "NOT (excluded.source = 'demo' AND t.source <> 'demo')"


class ContactSink(Sink):
    """The loading that units and partners share: their commune, and demonstration rows that give way to real ones."""

    merge: Merge
    model: type[ReceptionPoint] | type[Partner]
    group: str  # the column that, with the département, says what a source covers

    def __init__(self, result: Result, source: Source) -> None:
        self.result, self.source, self.communes = result, source, _known_communes()
        self.used: set[str] = set()
        self.covered: set[tuple[str, str]] = set()
        self.real = set(
            self.model.objects.exclude(source__in=[Source.DEMO, Source.COMPETENCE]).values_list(
                self.group, "department_code"
            )
        )

    def _commune(self, record: formats.ContactRecord, remarks: list[str]) -> str | None:
        if not record.insee_code:
            return None
        if record.insee_code not in self.communes:
            remarks.append(f"commune inconnue, ignorée : {record.insee_code}")
            return None
        return record.insee_code

    def _values(self, record: Any, fields: list[str], commune: str | None) -> tuple[Any, ...]:
        hours = record.opening_hours
        special = {
            "municipality_id": commune,
            "opening_hours": None if hours is None else json.dumps(hours, sort_keys=True),
        }
        return tuple(special[name] if name in special else getattr(record, name) for name in fields)

    def _steps_back(self, group: str, department: str) -> bool:
        """Whether a demonstration row would stand beside real ones of the same place."""
        return self.source == Source.DEMO and (group, department) in self.real

    def flush(self) -> None:
        self.merge.flush()

    def finish(self) -> None:
        self.merge.flush()
        self.merge.count_into(self.result)
        if self.source == Source.DEMO:
            return
        shown = self.model.objects.filter(source=Source.DEMO, edited_by_hand=False)
        pairs = {(getattr(item, self.group), item.department_code): item for item in shown}
        for item in shown:
            if (getattr(item, self.group), item.department_code) in self.covered & pairs.keys():
                item.delete()
                self.result.removed += 1


class UnitSink(ContactSink):
    model = ReceptionPoint
    group = "force"

    def __init__(self, result: Result, source: Source) -> None:
        super().__init__(result, source)
        self.index = UnitIndex.read()
        self.merge = Merge(
            ReceptionPoint,
            ["key", "force", "source", *_UNIT_FIELDS],
            key=["key"],
            assign=_prevailing(_UNIT_FIELDS),
            guard=_DEMO_GUARD,
        )

    def add(self, record: formats.UnitRecord) -> list[str]:
        if self._steps_back(record.force, record.department_code):
            self.result.ignored += 1
            return []
        remarks: list[str] = []
        commune = self._commune(record, remarks)
        key = self._key(record)
        if key in self.used:
            # Two stations of one town: Tours, Valence, Poitiers. The street tells them apart.
            key = f"{unit_key(record.force, record.department_code, record.name)}:{normalise_name(record.address)}"[
                :255
            ]
            if key in self.used:
                raise Refused("doublon : même unité, même adresse")
        self.used.add(key)
        self.covered.add((record.force, record.department_code))
        self.merge.add((key, record.force, str(self.source), *self._values(record, _UNIT_FIELDS, commune)))
        return remarks

    def _key(self, record: formats.UnitRecord) -> str:
        if record.dila_id in self.index.by_dila_id:
            return self.index.by_dila_id[record.dila_id]
        same_id = self.index.by_public_id.get((record.force, record.public_id), []) if record.public_id else []
        if len(same_id) == 1:
            return same_id[0]
        return unit_key(record.force, record.department_code, record.name)


class PartnerSink(ContactSink):
    model = Partner
    group = "kind"

    def __init__(self, result: Result, source: Source) -> None:
        super().__init__(result, source)
        self.merge = Merge(
            Partner,
            ["key", "source", *_PARTNER_FIELDS],
            key=["key"],
            assign=_prevailing(_PARTNER_FIELDS),
            guard=_DEMO_GUARD,
        )

    def add(self, record: formats.PartnerRecord) -> list[str]:
        if self._steps_back(record.kind, record.department_code):
            self.result.ignored += 1
            return []
        remarks: list[str] = []
        commune = self._commune(record, remarks)
        key = record.dila_id
        if key in self.used:
            # Some DILA ids are shared by several bodies of one commune.
            key = f"{record.dila_id}:{normalise_name(record.name)}:{normalise_name(record.address)}"[:120]
            if key in self.used:
                raise Refused("doublon : même identifiant, même nom, même adresse")
        self.used.add(key)
        self.covered.add((record.kind, record.department_code))
        self.merge.add((key, str(self.source), *self._values(record, _PARTNER_FIELDS, commune)))
        return remarks


class AliasSink(Sink):
    def __init__(self, result: Result) -> None:
        self.result, self.index = result, UnitIndex.read()

    def add(self, record: formats.AliasRecord) -> list[str]:
        force, _, rest = record.dila_id.partition("-")
        key = self.index.by_dila_id.get(record.dila_id)
        if key is None or force != "commissariat_police":
            raise Refused("unité inconnue : chargez d'abord les services de police")
        core = unit_core(record.service)
        if core == self.index.cores[key]:
            self.result.unchanged += 1
            return []
        department = department_of(rest[:5])
        unit = self.index.by_key[key]
        alias, is_new = UnitAlias.objects.get_or_create(
            force="police", department_code=department, core=core, defaults={"reception_point_id": unit}
        )
        if is_new:
            self.result.added += 1
        elif alias.reception_point_id != unit:
            alias.reception_point_id = unit
            alias.save(update_fields=["reception_point"])
            self.result.changed += 1
        else:
            self.result.unchanged += 1
        return []

    def finish(self) -> None:
        """Each alias is written as it comes: there are a hundred."""


class CompetenceSink(Sink):
    """Load which units answer for which commune. A commune in the file has the file's units and no others."""

    def __init__(self, result: Result, source: Source) -> None:
        self.result, self.source = result, source
        self.communes, self.index = _known_communes(), UnitIndex.read()
        self.rows: dict[tuple[str, int], None] = {}
        self.settled: set[str] = set()
        if source == Source.DEMO:
            self.settled = set(Competence.objects.exclude(source=Source.DEMO).values_list("municipality_id", flat=True))

    def add(self, record: formats.CompetenceRecord) -> list[str]:
        if record.insee_code not in self.communes:
            raise Refused(f"commune inconnue : {record.insee_code}")
        if record.insee_code in self.settled:
            self.result.ignored += 1
            return []
        remarks: list[str] = []
        department = department_of(record.insee_code)
        key = self.index.find(
            force=record.force, department_code=department, public_id=record.public_id, name=record.service
        )
        if key is None:
            if self.source == Source.DEMO:
                self.result.ignored += 1
                return []
            key = self._add_by_name(record, department)
            remarks.append(f"unité connue par son nom seulement, sans adresse : {record.service}")
        row = record.insee_code, self.index.by_key[key]
        if row in self.rows:
            raise Refused("doublon : même commune, même unité")
        self.rows[row] = None
        return remarks

    def _add_by_name(self, record: formats.CompetenceRecord, department: str) -> str:
        key = unit_key(record.force, department, record.service)
        unit = ReceptionPoint.objects.create(
            key=key,
            force=record.force,
            name=record.service,
            department_code=department,
            public_id=record.public_id,
            source=Source.COMPETENCE,
        )
        self.index.by_key[key] = unit.pk
        self.index.cores[key] = unit_core(record.service)
        self.index.by_name[record.force, department, unit_core(record.service)].append(key)
        if record.public_id:
            self.index.by_public_id[record.force, record.public_id].append(key)
        return key

    def finish(self) -> None:
        merge = Merge(
            Competence,
            ["municipality_id", "reception_point_id", "source"],
            key=["municipality_id", "reception_point_id"],
            guard=_DEMO_GUARD,
        )
        for insee_code, unit in self.rows:
            merge.add((insee_code, unit, str(self.source)))
        merge.flush()
        merge.count_into(self.result)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM locations_competence c WHERE NOT c.edited_by_hand"
                " AND c.municipality_id = ANY(%s::text[])"
                " AND NOT EXISTS (SELECT 1 FROM unnest(%s::text[], %s::bigint[]) AS n (municipality_id, unit)"
                " WHERE n.municipality_id = c.municipality_id AND n.unit = c.reception_point_id)",
                [
                    sorted({insee_code for insee_code, _ in self.rows}),
                    [insee_code for insee_code, _ in self.rows],
                    [unit for _, unit in self.rows],
                ],
            )
            self.result.removed += cursor.rowcount
