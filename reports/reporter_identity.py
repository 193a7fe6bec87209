"""Seals what can identify a person as it arrives. No other module sees it, and it is stored in no other form.

Every report has a sealed name, a sealed way to reach its person and a sealed first connection, all of one size, whether
something was given or not. Each later connection adds a value (docs/adr/0030). All of them are encrypted once more with
the data key of the exchange, so that a backup holds nothing that the custodians could open once it is erased
(docs/adr/0114).
"""

import base64
import hmac
import logging
import math
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error, transaction
from django.http import HttpRequest
from django.utils import timezone

from common import encryption
from common.client_address import Connection, connection_of
from common.data_keys import keys as data_keys
from common.sql import array_text, fetch_rows
from reports.models import OpeningRequest, Report, SealedField, SealedValue
from reports.rules.openings import OPEN
from reports.seal.sealing import Context, PublicKey, seal_text

logger = logging.getLogger(__name__)
# Values that are kept of one report: the first FIRST, and the newest up to MOST in all. So whoever reconnects without
# end fills no disk, and hides neither where the report came from nor where its person is now.
FIRST, MOST = 20, 500
# A page without a socket loads itself again and again. Its address is sealed once in this time.
SAME_ADDRESS_SECONDS = 10 * 60
KEYS = """
SELECT public_id, data_key, identity_key_since IS NOT NULL FROM reports_report
WHERE public_id = ANY(%s::uuid[]) AND data_key IS NOT NULL
"""
# For a report that is deleted, or is being deleted, nothing is stored: its row is locked, and then looked at again.
# Which of the two forms is stored is decided under that lock, which keeps `key_identity` out.
RECORD = """
WITH came AS (
    SELECT report.id, new.version,
        CASE WHEN report.identity_key_since IS NULL THEN new.plain ELSE new.keyed END AS sealed
    FROM unnest(%s::uuid[], %s::int[], %s::bytea[], %s::bytea[]) WITH ORDINALITY
        AS new(report, version, plain, keyed, place)
    JOIN reports_report report ON report.public_id = new.report
    WHERE CASE WHEN report.identity_key_since IS NULL THEN new.plain ELSE new.keyed END IS NOT NULL
    ORDER BY new.place
    FOR KEY SHARE OF report
), kept AS (
    INSERT INTO reports_sealedvalue (report_id, field, version, sealed)
    SELECT id, 'connection', version, sealed FROM came
)
SELECT report_id FROM reports_sealedvalue WHERE report_id IN (SELECT id FROM came)
GROUP BY report_id HAVING count(*) >= %s
"""
_KEY, SEEN_AT_MOST = secrets.token_bytes(32), 50_000
_seen: dict[bytes, float] = {}


class Arrival(NamedTuple):
    """It is a connection of the person of a report. report: its public id. at: when, an aware datetime."""

    report: UUID
    connection: Connection
    at: datetime

    @property
    def text(self) -> str:
        """Return the text that is sealed, in French, as custodians and the agent read it. The time is in UTC."""
        return (
            f"adresse : {self.connection.address or 'inconnue'}\n"
            f"port : {self.connection.port or 'inconnu'}\n"
            f"le : {self.at.astimezone(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"
        )


def public_key() -> PublicKey:
    """Return the public key of the seal, from the settings; it is parsed once."""
    return _parsed(settings.SEAL_PUBLIC_KEY)


_parsed = lru_cache(maxsize=2)(PublicKey.parse)


def may_be_keyed() -> bool:
    """Return whether the sealed values of new reports are encrypted with their data key as well (IDENTITY_KEYS)."""
    return bool(settings.IDENTITY_KEYS == "write")


class Aside(TypedDict):
    """It is a name and a way to be reached that were sealed before the report exists. It may be stored in a session.

    report: the public id that the report will have. values: for each field (version, sealed value in base64).
    """

    report: str
    values: dict[str, tuple[int, str]]


def set_aside(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a form that waits to be filed, with name and contact sealed.

    Raises sealing.TextRefused.
    """
    report = uuid4()
    values = {}
    for field in (SealedField.NAME, SealedField.CONTACT):
        version, sealed = _seal(report, field, fields[field])
        values[str(field)] = (version, base64.b64encode(sealed).decode())
    aside: Aside = {"report": str(report), "values": values}
    return {name: said for name, said in fields.items() if name not in values} | {"set_aside": aside}


def seal_identity(
    report: Report, *, name: str, contact: str, connection: Connection, aside: Aside | None = None
) -> None:
    """Seal name, contact and connection of a new report, in the transaction that files it.

    name, contact: "" when nothing was given; its sealed value looks like any other. aside: used in their place, if they
    were sealed before. Raises sealing.TextRefused when a text is too long.
    """
    arrival = Arrival(report.public_id, connection, timezone.now())
    texts = {SealedField.NAME: name, SealedField.CONTACT: contact, SealedField.CONNECTION: arrival.text}
    values = {field: _seal(report.public_id, field, text) for field, text in texts.items()}
    if aside:
        for field, (version, sealed) in aside["values"].items():
            values[SealedField(field)] = (version, base64.b64decode(sealed))
    SealedValue.objects.bulk_create(
        SealedValue(report=report, field=field, version=version, sealed=_as_kept(report, field, version, sealed))
        for field, (version, sealed) in values.items()
    )


def replace_identity(report: Report, *, name: str, contact: str) -> None:
    """Seal a name or a way to be reached that is given after the report was filed, in place of the first value.

    "" leaves the value as it is. Both rows are written again whatever was given, with other bytes (where the values are
    encrypted with the data key as well) and the same version, so that neither a row's transaction (`xmin`) nor a former
    copy nor the register tells which of them was given. A value for which a disclosure request is open is not replaced.
    The caller has locked the report. Raises sealing.TextRefused when a text is too long, and UnsealError when the data
    key of the exchange cannot be used; then nothing is written.
    """
    texts = {SealedField.NAME: name, SealedField.CONTACT: contact}
    asked = set(OpeningRequest.objects.filter(report=report, state__in=OPEN).values_list("version", flat=True))
    values = list(SealedValue.objects.filter(report=report, field__in=texts))
    for value in values:
        value.report = report
        text = texts[SealedField(value.field)]
        if text and value.version not in asked:
            context = Context(report.public_id, value.field, value.version)
            sealed = seal_text(text, public_key=public_key(), context=context)
        else:
            sealed = value.for_custodians
        value.sealed = _as_kept(report, value.field, value.version, sealed)
    SealedValue.objects.bulk_update(values, ["sealed"])


def record(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Seal and store these connections of reports that still exist; delete those between the first and the newest.

    Returns the connections that could not be sealed now because the data key of their exchange cannot be read. Raises
    the errors of django.db; nothing is stored then, and the caller may try again. A failure of the deletion is only
    logged, because a second try would store the connections twice; the next call deletes what was left.
    """
    found = fetch_rows(KEYS, [array_text({one.report for one in arrivals})])
    keys: dict[UUID, tuple[UUID | None, bool]] = {report: (key, is_keyed) for report, key, is_keyed in found}
    mute = data_keys.load(key for key, _is_keyed in keys.values())
    late: list[Arrival] = []
    rows: list[tuple[UUID, int, str | None, str | None]] = []
    for one in arrivals:
        key, is_keyed = keys.get(one.report, (None, False))
        if is_keyed and key in mute:
            late.append(one)
            continue
        version, plain = _seal(one.report, SealedField.CONNECTION, one.text)
        keyed = None
        if key is not None and key not in mute:
            context = SealedValue.context_of(one.report, SealedField.CONNECTION, version)
            keyed = _array_item(encryption.seal_bytes(plain, context=context, data_key=key))
        rows.append((one.report, version, None if is_keyed else _array_item(plain), keyed))
        time.sleep(0)  # sealing holds the interpreter's lock for a tenth of a millisecond: let other threads run
    columns = list(zip(*rows, strict=True)) or [()] * 4
    for (report_id,) in fetch_rows(RECORD, [*map(array_text, columns), MOST]):
        try:
            _let_go(report_id)
        except Error as error:  # InterfaceError too, of a connection that is gone
            logger.warning("arrivals: old values stay for now (%s)", type(error).__name__)
    return late


@transaction.atomic
def _let_go(report_id: int) -> None:
    """Delete the connections between the first and the newest, except one for which a disclosure request is open."""
    values = SealedValue.objects.filter(report_id=report_id).order_by("pk")
    asked = OpeningRequest.objects.filter(report_id=report_id, state__in=OPEN).values("version")
    keys = values.values_list("pk", flat=True)
    last_of_first = keys[FIRST - 1 : FIRST].first()
    oldest_of_newest = keys.reverse()[MOST - FIRST - 1 : MOST - FIRST].first()
    if last_of_first is not None and oldest_of_newest is not None:
        values.filter(pk__gt=last_of_first, pk__lt=oldest_of_newest).exclude(version__in=asked).delete()


def record_request(request: HttpRequest, report: UUID) -> None:
    """Seal the connection of a page without a socket, once for each address in SAME_ADDRESS_SECONDS.

    Such pages ask again and again. Which addresses were sealed is remembered in this process only, as a hash with a key
    that ends with the process. In Redis, a report beside the hash of an address would reveal whose it is. Raises the
    errors of django.db.
    """
    connection = connection_of(request)
    mark = hmac.digest(_KEY, f"{report}:{connection.address}".encode(), "sha256")
    if _is_new(mark):
        try:
            late = record([Arrival(report, connection, timezone.now())])
        except Error:
            _seen.pop(mark, None)  # nothing was stored, so the next page tries again
            raise
        if late:
            _seen.pop(mark, None)


def not_keyed(after: int, most: int) -> list[int]:
    """Return the keys of reports whose sealed values are not encrypted with their data key yet, in order.

    after: only reports with a greater key. most: at most this many. Reports without a data key are left out.
    """
    rows = Report.objects.filter(identity_key_since__isnull=True, data_key__isnull=False, pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:most])


@transaction.atomic
def key_identity(report_id: int) -> int:
    """Encrypt the sealed values of a report with its data key as well, note that it is done, and return how many.

    A connection that comes meanwhile waits for the lock of the report (RECORD) for some milliseconds. A second call
    does nothing. Raises UnsealError when the data key is gone, and the errors of django.db.
    """
    report = Report.objects.select_for_update(of=("self",)).filter(pk=report_id).first()
    if report is None or report.data_key is None or report.identity_key_since is not None:
        return 0
    report.identity_key_since = timezone.now()
    values = [value for value in SealedValue.objects.filter(report=report) if not value.is_keyed]
    for value in values:
        value.sealed = _as_kept(report, value.field, value.version, bytes(value.sealed))
    SealedValue.objects.bulk_update(values, ["sealed"], batch_size=200)
    report.save(update_fields=["identity_key_since"])
    return len(values)


def _is_new(mark: bytes) -> bool:
    """Return whether this mark was not seen in the last SAME_ADDRESS_SECONDS, and remember it.

    For each mark that comes, up to two that are too old are forgotten, so that the memory of the process tells of ten
    minutes and not of days. When there are more than SEEN_AT_MOST, the oldest are forgotten as well.
    """
    now = time.monotonic()
    if _seen.get(mark, 0.0) > now:
        return False
    _seen.pop(mark, None)  # so that it is put last again, because the first ones must be the oldest
    _seen[mark] = now + SAME_ADDRESS_SECONDS
    for _each in range(2):
        oldest = next(iter(_seen), b"")
        if _seen.get(oldest, math.inf) <= now:
            _seen.pop(oldest, None)
    while len(_seen) > SEEN_AT_MOST:
        _seen.pop(next(iter(_seen)), None)
    return True


def _seal(report: UUID, field: SealedField, text: str) -> tuple[int, bytes]:
    # The version is random, because counting would need a lock. Which connection is the later one follows from the key.
    version = secrets.randbelow(SealedValue.VERSIONS) + 1
    return version, seal_text(text, public_key=public_key(), context=Context(report, field, version))


def _as_kept(report: Report, field: str, version: int, sealed: bytes) -> bytes:
    """Return a sealed value as it is stored: encrypted with the data key as well, if the values of its report are."""
    if report.identity_key_since is None:
        return sealed
    context = SealedValue.context_of(report.public_id, field, version)
    return encryption.seal_bytes(sealed, context=context, data_key=report.data_key)


def _array_item(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'
