"""This module loads which unit answers for which commune, and the other names by which units are called."""

from django.db import connection

from locations.importing import records
from locations.importing.contacts import DEMO_GUARD, UnitIndex, unit_key
from locations.importing.merge import Merge
from locations.importing.records import Refused
from locations.importing.result import Result
from locations.importing.sink import Sink, known_communes
from locations.models import (
    Competence,
    ReceptionPoint,
    Source,
    UnitAlias,
)
from locations.names import department_of, unit_core


class AliasSink(Sink):
    """It takes the other names of units, before the file that uses them."""

    def __init__(self, result: Result) -> None:
        self.result, self.index = result, UnitIndex.read()

    def add(self, record: records.AliasRecord) -> list[str]:
        """Take another name of a unit. It raises Refused for a unit that no file has given."""
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
        """Do nothing: each alias is written as it comes, since there are only about a hundred."""


class CompetenceSink(Sink):
    """It loads which units answer for which commune. A commune in the file has the file's units and no others.

    Where an administrator settled which unit of a force answers for a commune, its rows of that force stay as they are.
    """

    def __init__(self, result: Result, source: Source) -> None:
        self.result, self.source = result, source
        self.communes, self.index = known_communes(), UnitIndex.read()
        self.rows: dict[tuple[str, int], None] = {}
        by_hand = Competence.objects.filter(edited_by_hand=True)
        self.by_hand: set[tuple[str, str]] = set(by_hand.values_list("municipality_id", "reception_point__force"))
        self.settled: set[str] = set()
        if source == Source.DEMO:
            self.settled = set(Competence.objects.exclude(source=Source.DEMO).values_list("municipality_id", flat=True))

    def add(self, record: records.CompetenceRecord) -> list[str]:
        """Take which unit answers for a commune; what an administrator settled is kept. It raises Refused."""
        if record.insee_code not in self.communes:
            raise Refused(f"commune inconnue : {record.insee_code}")
        if record.insee_code in self.settled:
            self.result.ignored += 1
            return []
        if (record.insee_code, record.force) in self.by_hand:
            self.result.kept += 1
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

    def _add_by_name(self, record: records.CompetenceRecord, department: str) -> str:
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
        """Write which unit answers for which commune, and count what changed."""
        merge = Merge(
            Competence,
            ["municipality_id", "reception_point_id", "source"],
            key=["municipality_id", "reception_point_id"],
            guard=DEMO_GUARD,
        )
        for insee_code, unit in self.rows:
            merge.add((insee_code, unit, str(self.source)))
        merge.flush()
        merge.count_into(self.result)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM locations_competence c WHERE NOT c.edited_by_hand"
                " AND c.municipality_id = ANY(%s::text[])"
                " AND NOT EXISTS (SELECT 1 FROM locations_competence h"
                " JOIN locations_receptionpoint hand ON hand.id = h.reception_point_id"
                " JOIN locations_receptionpoint own ON own.id = c.reception_point_id"
                " WHERE h.edited_by_hand AND h.municipality_id = c.municipality_id AND hand.force = own.force)"
                " AND NOT EXISTS (SELECT 1 FROM unnest(%s::text[], %s::bigint[]) AS n (municipality_id, unit)"
                " WHERE n.municipality_id = c.municipality_id AND n.unit = c.reception_point_id)",
                [
                    sorted({insee_code for insee_code, _ in self.rows}),
                    [insee_code for insee_code, _ in self.rows],
                    [unit for _, unit in self.rows],
                ],
            )
            self.result.removed += cursor.rowcount
