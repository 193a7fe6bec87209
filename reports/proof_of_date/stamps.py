"""Has time-stamping authorities sign each closed day, over HTTPS or by files (RFC 3161).

An authority gets one digest a day, which tells nothing about anybody. One that does not answer delays neither the
others nor the day. It is asked again after growing intervals, and /health/ready says that it is late.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from reports.models import ProofDay, ProofToken
from reports.proof_of_date.authorities import Authority, NotStamped, ask_authority, parse_all
from reports.rules import timestamp_tokens
from reports.rules.timestamp_tokens import TOKEN_MOST, BadChain, BadToken, Token

logger = logging.getLogger(__name__)

TURN_SECONDS = 20.0  # the time between two turns of the worker's thread
AT_ONCE = 20  # how many days an authority gets in one turn after it was away
BACK = timedelta(days=60)  # older days are not stamped any more, because each statement covers those before it
WAIT_LEAST, WAIT_MOST = timedelta(seconds=20), timedelta(hours=1)  # after a failure; doubled after each further one
LATE = timedelta(days=2)  # /health/ready reports an authority without a stamp for so long


def authorities() -> list[Authority]:
    """Return the authorities that the operator named, in order."""
    return parse_all(settings.TIMESTAMP_AUTHORITIES)


# --- a token ----------------------------------------------------------------------------------------------------------


def accept(row: ProofToken, answer: bytes, authority: Authority, *, nonce: int | None) -> Token:
    """Store the token of this answer if it is valid and for this day. row: locked, with its day. Raises NotStamped."""
    trusted = authority.trusted()
    try:
        token = timestamp_tokens.read_answer(answer)
        if nonce is not None and token.nonce != nonce:
            raise BadToken("another nonce")
        if not token.is_of(row.day.statement.encode()):
            raise BadToken("of something else")
        certificates = timestamp_tokens.build_chain(token.der, trusted)
        chain = timestamp_tokens.read_chain(certificates, at=token.at)
        timestamp_tokens.verify_token(token, chain)
    except (BadToken, BadChain) as error:
        raise NotStamped(f"{type(error).__name__}: {error}") from None
    row.token = token.der
    row.certificates = [timestamp_tokens.encode_base64(one) for one in certificates]
    row.signer = timestamp_tokens.name_of(chain[0])[:200]
    row.stamped_at, row.failures = token.at, 0
    row.save(update_fields=["token", "certificates", "signer", "stamped_at", "failures"])
    return token


def lacking(authority: Authority, now: datetime) -> "QuerySet[ProofDay]":
    """Return the closed days that this authority has not stamped, the oldest first."""
    stamped = ProofToken.objects.filter(authority=authority.name, token__isnull=False).values("day")
    days = ProofDay.objects.filter(closed_at__isnull=False, day__gte=(now - BACK).date())
    return days.exclude(day__in=stamped).order_by("day")


# --- over HTTPS -------------------------------------------------------------------------------------------------------


def run() -> None:
    """Ask each authority that has an address to stamp the days that it has not stamped.

    Two SQL statements when there are none; otherwise at most AT_ONCE requests of some SECONDS to each authority. Raises
    the database's errors.
    """
    for authority in authorities():
        if authority.url:
            stamp(authority)


def stamp(authority: Authority) -> bool:
    """Have an authority stamp what is lacking, and return whether all went well.

    A day for which another worker is asking is skipped.
    """
    now = _now()
    for day in lacking(authority, now)[:AT_ONCE]:
        ProofToken.objects.get_or_create(day=day, authority=authority.name)
        with transaction.atomic():
            rows = ProofToken.objects.select_for_update(of=("self",), skip_locked=True).select_related("day")
            row = rows.filter(day=day, authority=authority.name, token__isnull=True).first()
            if row is None:
                continue
            if row.failed_at is not None and now < row.failed_at + _wait(row.failures):
                return False
            try:
                request, nonce = timestamp_tokens.build_request(row.day.statement.encode(), with_nonce=True)
                accept(row, ask_authority(authority.url, request), authority, nonce=nonce)
            except NotStamped as error:
                row.failures += 1
                row.failed_at = _now()
                row.save(update_fields=["failures", "failed_at"])
                logger.warning(
                    "proof_of_date: not stamped authority=%s day=%s failures=%d error=%s",
                    authority.name, row.day, row.failures, error,
                )  # fmt: skip
                return False
    return True


def _wait(failures: int) -> timedelta:
    return min(WAIT_LEAST * 2 ** min(failures - 1, 20), WAIT_MOST) if failures else timedelta()


# --- as files ---------------------------------------------------------------------------------------------------------


def export_requests(folder: Path) -> list[Path]:
    """Write a request (.tsq) for each closed day and authority without a stamp, and return the files in order.

    There are at most as many for each authority as BACK has days. An existing file is written again with the same
    content. Raises OSError.
    """
    written = []
    now = _now()
    for authority in authorities():
        for day in lacking(authority, now):
            request, _nonce = timestamp_tokens.build_request(day.statement.encode(), with_nonce=False)
            path = folder / f"{day.day}-{authority.name}.tsq"
            path.write_bytes(request)
            written.append(path)
    return written


@dataclass(frozen=True, slots=True)
class Imported:
    """It is the result of reading one file. problem: "" when its token was stored, or had been before."""

    path: Path
    problem: str = ""


def import_answers(folder: Path) -> list[Imported]:
    """Store the valid answers (.tsr) in this folder. Raises OSError when it cannot be listed."""
    known = {one.name: one for one in authorities()}
    return [_import(path, known) for path in sorted(folder.iterdir()) if path.suffix == ".tsr"]


def _import(path: Path, known: dict[str, Authority]) -> Imported:
    authority = known.get(path.stem[11:])
    try:
        day = date.fromisoformat(path.stem[:10])
    except ValueError:
        day = None
    if authority is None or day is None or path.stem[10:11] != "-":
        return Imported(path, "son nom n'est pas celui d'une demande : AAAA-MM-JJ-autorité.tsr")
    if path.is_symlink() or not path.is_file():
        return Imported(path, "ce n'est pas un fichier")
    closed = ProofDay.objects.filter(day=day, closed_at__isnull=False).first()
    if closed is None:
        return Imported(path, "cette journée n'est pas close ici")
    try:
        with path.open("rb") as file:
            answer = file.read(TOKEN_MOST + 1)
        ProofToken.objects.get_or_create(day=closed, authority=authority.name)
        with transaction.atomic():
            rows = ProofToken.objects.select_for_update(of=("self",)).select_related("day")
            row = rows.get(day=closed, authority=authority.name)
            if row.token is None:
                accept(row, answer, authority, nonce=None)
    except OSError as error:
        return Imported(path, type(error).__name__)
    except NotStamped as error:
        return Imported(path, str(error))
    return Imported(path)


# --- how late it is ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """It is how far the proof of date is.

    day: the last closed day, None if there is none. stamped: for each authority, in order, the last day that it has
    stamped, how many closed days it has not, and how many attempts failed in a row.
    """

    day: date | None
    stamped: dict[str, tuple[date | None, int, int]]

    def late(self) -> list[str]:
        """Return the names of the authorities that have not stamped as many closed days as LATE has, or more."""
        if self.day is None:
            return []
        return [name for name, (_last, lacks, _failures) in self.stamped.items() if lacks >= LATE.days]


STATE = """
SELECT (SELECT max(day) FROM reports_proofday WHERE closed_at IS NOT NULL), a.name,
       (SELECT max(t.day_id) FROM reports_prooftoken t WHERE t.authority = a.name AND t.token IS NOT NULL),
       (SELECT count(*) FROM reports_proofday d WHERE d.closed_at IS NOT NULL AND d.day >= %s
           AND NOT EXISTS (SELECT FROM reports_prooftoken t
                           WHERE t.day_id = d.day AND t.authority = a.name AND t.token IS NOT NULL)),
       (SELECT coalesce(max(t.failures), 0) FROM reports_prooftoken t WHERE t.authority = a.name AND t.token IS NULL)
  FROM unnest(%s::text[]) AS a(name)
"""


def state_of(rows: Iterable[tuple[date | None, str, date | None, int, int]]) -> State:
    """Return the state from the rows of STATE, which was run with `state_values`."""
    day: date | None = None
    stamped = {}
    for newest, name, last, lacks, failures in rows:
        day = newest
        stamped[name] = (last, lacks, failures)
    return State(day, stamped)


def state_values() -> tuple[date, list[str]]:
    """Return the parameters of STATE."""
    return ((datetime.now(UTC) - BACK).date(), [one.name for one in authorities()])


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found
