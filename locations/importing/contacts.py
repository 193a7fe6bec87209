"""This module loads units and partners. Where two sources describe the same one, RANKS says which prevails."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from locations.importing import records
from locations.importing.merge import Merge, rank_case
from locations.importing.records import Refused
from locations.importing.result import Result
from locations.importing.sink import Sink, known_communes
from locations.models import (
    Partner,
    ReceptionPoint,
    Source,
    UnitAlias,
)
from locations.names import normalise_name, unit_core

RANKS = {
    Source.DEMO: 0,
    Source.COMPETENCE: 1,
    Source.DILA: 2,
    Source.MINISTRY: 3,
    Source.MINISTRY_HOURS: 4,
    Source.HAND: 5,
}


@dataclass
class UnitIndex:
    """It finds the units in the tables by any of the ways in which sources name them."""

    by_key: dict[str, int] = field(default_factory=dict)
    by_public_id: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    by_dila_id: dict[str, str] = field(default_factory=dict)
    by_name: dict[tuple[str, str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    cores: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "UnitIndex":
        """Read every reception point that is there, in two queries."""
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
        """Return the key of a unit: by the ministry's id where it tells one unit, else by its name in the département,
        else by the name under which it was first loaded, which its key keeps when it is renamed.
        """
        core = unit_core(name)
        same_id = self.by_public_id.get((force, public_id), []) if public_id else []
        if len(same_id) == 1:
            return same_id[0]
        if named := [key for key in same_id if self.cores[key] == core]:
            return named[0]
        if present := self.by_name.get((force, department_code, core)):
            return present[0]
        first = unit_key(force, department_code, name)
        return first if first in self.by_key else None


def unit_key(force: str, department_code: str, name: str) -> str:
    """Return the key that recognises a unit from one edition to the next: its force, département and name there.

    The ministry's ids cannot do that: some are shared by two units, some are empty or « 0 », and the police has none.
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
    """Return how columns merge: the better source prevails, the other fills gaps; a demonstration leaves no trace."""
    offered, present = rank_case("excluded.source", RANKS), rank_case("t.source", RANKS)
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


DEMO_GUARD = "NOT (excluded.source = 'demo' AND t.source <> 'demo')"


class ContactSink(Sink):
    """It is what loading units and partners have in common: their commune, and how demonstration rows give way."""

    merge: Merge
    model: type[ReceptionPoint] | type[Partner]
    fields: list[str]
    group: str  # the column that says, with the département, what a source covers
    twice: str  # why the second of two records with the same longer key is refused

    def __init__(self, result: Result, source: Source) -> None:
        self.result, self.source, self.communes = result, source, known_communes()
        self.used: set[str] = set()
        self.covered: set[tuple[str, str]] = set()
        self.real = set(
            self.model.objects.exclude(source__in=[Source.DEMO, Source.COMPETENCE]).values_list(
                self.group, "department_code"
            )
        )

    def _new_merge(self, *own: str) -> Merge:
        """Return the merge of this table. own: the columns of `own_values`."""
        columns = ["key", *own, "source", *self.fields]
        return Merge(self.model, columns, key=["key"], assign=_prevailing(self.fields), guard=DEMO_GUARD)

    def key_of(self, record: Any) -> str:
        """Return what identifies the record in its table."""
        raise NotImplementedError

    def longer_key_of(self, record: Any) -> str:
        """Return the key of a record whose `key_of` another record of the file has too."""
        raise NotImplementedError

    def own_values(self, record: Any) -> tuple[str, ...]:
        """Return the values of the columns that this table alone has."""
        return ()

    def add(self, record: Any) -> list[str]:
        """Take a unit or a partner; one of the demonstration steps back where official ones are."""
        covers = (getattr(record, self.group), record.department_code)
        if self._steps_back(*covers):
            self.result.ignored += 1
            return []
        remarks: list[str] = []
        commune = self._commune(record, remarks)
        key = self.key_of(record)
        if key in self.used:
            key = self.longer_key_of(record)
            if key in self.used:
                raise Refused(self.twice)
        self.used.add(key)
        self.covered.add(covers)
        values = self._values(record, self.fields, commune)
        self.merge.add((key, *self.own_values(record), str(self.source), *values))
        return remarks

    def _commune(self, record: records.ContactRecord, remarks: list[str]) -> str | None:
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
        """Return whether a demonstration row would stand beside real ones of the same place."""
        return self.source == Source.DEMO and (group, department) in self.real

    def flush(self) -> None:
        """Write the units or partners that were taken so far."""
        self.merge.flush()

    def finish(self) -> None:
        """Write the rest; demonstration rows whose place an official one takes are no longer shown."""
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
    """It takes the units of a file and merges them into `ReceptionPoint`."""

    model = ReceptionPoint
    fields = _UNIT_FIELDS
    group = "force"
    twice = "doublon : même unité, même adresse"

    def __init__(self, result: Result, source: Source) -> None:
        super().__init__(result, source)
        self.index = UnitIndex.read()
        self.merge = self._new_merge("force")

    def key_of(self, record: records.UnitRecord) -> str:
        if record.dila_id in self.index.by_dila_id:
            return self.index.by_dila_id[record.dila_id]
        same_id = self.index.by_public_id.get((record.force, record.public_id), []) if record.public_id else []
        if len(same_id) == 1:
            return same_id[0]
        return unit_key(record.force, record.department_code, record.name)

    def longer_key_of(self, record: records.UnitRecord) -> str:
        """Add the street, because some towns have two stations: Tours, Valence, Poitiers."""
        key = unit_key(record.force, record.department_code, record.name)
        return f"{key}:{normalise_name(record.address)}"[:255]

    def own_values(self, record: records.UnitRecord) -> tuple[str, ...]:
        return (record.force,)


class PartnerSink(ContactSink):
    """It takes the partners of a file and merges them into `Partner`."""

    model = Partner
    fields = _PARTNER_FIELDS
    group = "kind"
    twice = "doublon : même identifiant, même nom, même adresse"

    def __init__(self, result: Result, source: Source) -> None:
        super().__init__(result, source)
        self.merge = self._new_merge()

    def key_of(self, record: records.PartnerRecord) -> str:
        return record.dila_id

    def longer_key_of(self, record: records.PartnerRecord) -> str:
        """Add the name and the address, because several bodies of one commune share some DILA ids."""
        return f"{record.dila_id}:{normalise_name(record.name)}:{normalise_name(record.address)}"[:120]
