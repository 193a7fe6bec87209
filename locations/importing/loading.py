"""This module loads records into the tables: it adds what is new, changes what differs and leaves the rest untouched.

Rows travel by COPY into a temporary table and from there in one INSERT … ON CONFLICT a batch (`merge`). Rows edited by
hand are kept as they are. Where two sources describe the same unit, `contacts.RANKS` says which prevails; an empty
field never erases a known one, because several official files describe the same unit, each in part.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db import connection, transaction

from locations.importing import records
from locations.importing.communes import CommuneSink, NameSink, PostalSink
from locations.importing.competences import AliasSink, CompetenceSink
from locations.importing.contacts import PartnerSink, UnitSink
from locations.importing.formats import Format
from locations.importing.merge import quote_name
from locations.importing.reading import Row
from locations.importing.records import Record, Refused
from locations.importing.result import Remark, Result
from locations.importing.sink import Sink
from locations.models import (
    Competence,
    DataEdition,
    Municipality,
    Partner,
    PlaceName,
    PostalCode,
    ReceptionPoint,
    Source,
)

Line = tuple[int, Record]


def parse_rows(rows: Iterable[Row], known: Format, *, file: str, result: Result) -> Iterator[Line]:
    """Yield the records of a file's rows; refusals and remarks go into `result`."""
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
        except KeyError as missing:  # each object of a JSON file has columns of its own
            _refuse(result, file, row.line, f"colonne absente : {missing.args[0]}")
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

    source is that of units, competences and partners. It raises django.db.Error when the database refuses, and keeps
    nothing then.
    """
    sinks: dict[type, Sink] = {}
    kinds: dict[type, Callable[[], Sink]] = {
        records.CommuneRecord: lambda: CommuneSink(result),
        records.NameRecord: lambda: NameSink(result),
        records.PostalRecord: lambda: PostalSink(result),
        records.UnitRecord: lambda: UnitSink(result, Source(source)),
        records.PartnerRecord: lambda: PartnerSink(result, Source(source)),
        records.AliasRecord: lambda: AliasSink(result),
        records.CompetenceRecord: lambda: CompetenceSink(result, Source(source)),
    }
    for line, record in lines:
        kind = type(record)
        if kind not in sinks:
            # A commune comes before its names and a unit before its competences: what was read so far must be written.
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
            cursor.execute(f"ANALYZE {quote_name(model._meta.db_table)}")
