"""Checks whether a restored site is whole, for `manage.py check_backup`, in the order of the answers.

Nothing is changed. It reads once the audit log, every wrapped key and every leaf of the proof of date (a millisecond
for 1,024 of these), counts every table, reads each sealed field of each table once (which keys sealed it), and reads
the whole of one capture.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection, connections, models, router
from django.db.migrations.executor import MigrationExecutor

from chat.captures import receiving, store
from chat.models import Capture, CaptureState
from common import encryption
from common.data_keys import router as keys_router
from common.data_keys.models import WrappedKey
from common.encryption import UnsealError
from pnav.accounts.adapters import MFAAdapter
from pnav.accounts.second_factor import of_account
from pnav.backup.manifest import KEYS, Manifest
from pnav.sessions import is_sealed_by_cookie
from reports.audit import log as audit_log
from reports.audit.log import Digest
from reports.models import ProofDay
from reports.proof_of_date.days import HASH
from reports.retention import key_copies
from reports.rules import merkle, timestamp_tokens
from reports.rules.date_proofs import FIRST
from reports.rules.timestamp_tokens import BadChain, BadToken

ROLE = "pnav_web"
TRIED = 50  # newest and oldest values of a field that are tried until one has a key
SHOWN = 5
# Names of keys that are looked at for each field. A ring that was renewed each month would have as many in eight years.
NAMES = 100
# These tables only grow, so fewer rows than at the backup are a loss.
GROWING = ("reports_accessrecord", "reports_registerdigest", "reports_proofday", "reports_proofchunk")
# Other tables lose some rows every hour. A table with at least this many rows does not lose half of them in a day.
MANY = 100
FACTORS = {Authenticator.Type.TOTP.value: "secret", Authenticator.Type.RECOVERY_CODES.value: "seed"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. is_good: None for information that decides nothing. text: in French, about nobody."""

    is_good: bool | None
    text: str


def findings(manifest: Manifest | None, *, keys: Manifest | None = None, exact: bool = False) -> Iterator[Finding]:
    """Yield the results of all checks, in order.

    manifest: what the backup of the content counted; without it, its counts, the end of the audit log and the last day
    of the proofs are not compared. keys: what the backup of the keys' server counted, which is nothing of the content.
    exact: any difference of a count is bad, for a site that was restored to the very moment of the backup.
    """
    yield from _server()
    if manifest is None:
        yield Finding(
            None,
            "Sans le manifeste de la sauvegarde du contenu (--manifest), le nombre de ses lignes, la fin du registre "
            "et la dernière journée des preuves de date ne sont pas comparés.",
        )
    else:
        yield from _counts(manifest, exact=exact)
    if keys is not None:
        yield from _counts(keys, exact=exact)
    yield _register(manifest)
    yield from _proofs(manifest)
    yield from _wraps()
    yield from _sealed_values()
    yield from _factors()
    yield from _sessions()
    yield from _captures()


def _server() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',"
            " EXISTS (SELECT FROM pg_roles WHERE rolname = %s AND rolcanlogin)",
            [ROLE],
        )
        in_recovery, read_only, has_role = cursor.fetchone()
    if in_recovery:
        yield Finding(False, "PostgreSQL n'a pas fini de rejouer le WAL : attendez, puis recommencez.")
    elif read_only:
        yield Finding(False, "PostgreSQL refuse d'écrire.")
    else:
        yield Finding(True, "PostgreSQL a fini de rejouer le WAL et accepte d'écrire.")
    if has_role:
        yield Finding(True, f"Le rôle {ROLE} est là.")
    else:
        yield Finding(False, f"Le rôle {ROLE} manque : deploy/restore --roles (docs/restore.md).")
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield Finding(
            False, f"Le schéma n'est pas celui de cette version : {len(waiting)} migration(s) à faire (migrate)."
        )
    else:
        yield Finding(True, "Le schéma est celui de cette version.")


def _counts(manifest: Manifest, *, exact: bool) -> Iterator[Finding]:
    is_of_keys = manifest.name == KEYS
    asked = connections[keys_router.alias()] if is_of_keys else connection
    where = " du serveur des clés" if is_of_keys else ""
    there = set(asked.introspection.table_names())
    gone = sorted(set(manifest.counts) - there)
    if gone:
        yield Finding(False, f"{len(gone)} table(s) de la sauvegarde{where} manquent : {', '.join(gone[:SHOWN])}.")
    now = {table: _count(asked, table) for table in manifest.counts if table in there}
    fewer = {table: (manifest.counts[table], count) for table, count in now.items() if count < manifest.counts[table]}
    lost = [
        table
        for table, (before, count) in fewer.items()
        if exact or table in GROWING or (before >= MANY and count * 2 < before)
    ]
    more = [table for table, count in now.items() if count > manifest.counts[table]]
    if exact:
        lost += more
    told = (
        f"{len(now)} tables{where} comparées : {sum(manifest.counts.values())} lignes à la sauvegarde, "
        f"{sum(now.values())} maintenant"
    )
    if lost:
        named = ", ".join(f"{table} ({manifest.counts[table]} → {now[table]})" for table in sorted(lost)[:SHOWN])
        yield Finding(False, f"{told}. Anormal : {named}.")
        return
    yield Finding(True, f"{told}.")
    if fewer:
        named = ", ".join(f"{table} ({before} → {count})" for table, (before, count) in sorted(fewer.items())[:SHOWN])
        yield Finding(None, f"Moins de lignes dans {len(fewer)} table(s), comme la conservation en efface : {named}.")


def _count(asked: Any, table: str) -> int:
    with asked.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {asked.ops.quote_name(table)}")  # noqa: S608  a name of the database's own
        return int(cursor.fetchone()[0])


def _register(manifest: Manifest | None) -> Finding:
    published = [Digest.parse(manifest.head)] if manifest is not None and manifest.head else []
    verdict = audit_log.verify(audit_log.read_lines(), published)
    if not verdict.is_whole:
        return Finding(False, f"Le registre est rompu à la ligne {verdict.number} : verify_register le dit en détail.")
    held = f", conforme à la sauvegarde jusqu'à la ligne {verdict.since}" if published else ""
    return Finding(True, f"Le registre est entier : {verdict.count} ligne(s){held}.")


def _proofs(manifest: Manifest | None) -> Iterator[Finding]:
    """Check the statements of all days as a chain, each tree by the roots of its chunks, and each token."""
    previous, last, stamped = FIRST, "", 0
    days = ProofDay.objects.filter(closed_at__isnull=False).order_by("day")
    closed = 0
    for day in days.iterator():
        closed += 1
        try:
            statement = day.read()
            roots, leaves_hold = [], True
            for root, hashes in day.chunks.order_by("number").values_list("root", "hashes").iterator(chunk_size=100):
                roots.append(bytes(root))
                leaves = [bytes(hashes[at : at + HASH]) for at in range(0, len(hashes), HASH)]
                leaves_hold = leaves_hold and merkle.root_of(leaves) == roots[-1]
            is_whole = (
                leaves_hold
                and (statement.day, statement.size, statement.previous) == (day.day, day.size, previous)
                and statement.digest == day.digest
                and merkle.root_of(roots).hex() == statement.root
            )
            for token in day.tokens.filter(token__isnull=False):
                stamped += 1
                read = timestamp_tokens.read_token(bytes(token.token or b""))
                chain = [timestamp_tokens.decode_base64(one) for one in token.certificates]
                timestamp_tokens.verify_token(read, timestamp_tokens.read_chain(chain, at=read.at))
                is_whole = is_whole and read.is_of(day.statement.encode())
        except (BadChain, BadToken, ValueError):
            is_whole = False
        if not is_whole:
            yield Finding(False, f"La preuve de date de la journée du {day.day:%d/%m/%Y} ne tient pas.")
            return
        previous, last = day.digest, f"{day.day.isoformat()}:{day.digest}"
        if manifest is not None and manifest.proof_day.startswith(day.day.isoformat()) and manifest.proof_day != last:
            yield Finding(False, f"La journée du {day.day:%d/%m/%Y} n'est pas celle de la sauvegarde.")
            return
    if manifest is not None and manifest.proof_day and (not last or last[:10] < manifest.proof_day[:10]):
        missing = date.fromisoformat(manifest.proof_day[:10])
        yield Finding(False, f"Les preuves de date s'arrêtent avant le {missing:%d/%m/%Y}, que la sauvegarde avait.")
        return
    yield Finding(True, f"Les preuves de date tiennent : {closed} journée(s) closes, {stamped} jeton(s) d'horodatage.")


def _wraps() -> Iterator[Finding]:
    """Check that every wrapped key opens, and that every report finds its own."""
    closed = opened = 0
    for row in WrappedKey.objects.iterator(chunk_size=1000):
        try:
            encryption.unseal(row.wrapped, context=row.context)
            opened += 1
        except UnsealError:
            closed += 1
    if closed:
        yield Finding(False, f"{closed} clé(s) d'échange ne s'ouvrent pas avec CONTENT_KEYS, {opened} s'ouvrent.")
    else:
        yield Finding(True, f"Les {opened} clés d'échange s'ouvrent toutes avec CONTENT_KEYS.")
    found = key_copies.compare()
    if found.missing:
        yield Finding(
            False,
            f"{found.missing} signalement(s) sur {found.reports} n'ont plus de clé : effacés depuis la sauvegarde "
            "(retention --replay les supprime), ou leur clé est perdue (data_keys --check les nomme).",
        )
    else:
        yield Finding(True, f"Les {found.reports} signalements qui ont une clé la trouvent.")


def _sealed_values() -> Iterator[Finding]:
    """Open the newest and the oldest value of each sealed field, for each key of the ring and for an exchange's own.

    At most NAMES keys of a field are tried. A field with more of them was not written by this site and is said.
    """
    kinds = good = 0
    bad: list[str] = []
    crowded: list[str] = []
    for model in (one for one in apps.get_models() if hasattr(one, "SEALED")):
        rows = model._base_manager.using(router.db_for_read(model))
        if beside := getattr(model, "SEALED_WITH", ()):
            rows = rows.select_related(*beside)
        for field in model.SEALED:
            label = f"{model._meta.label}.{field}"
            for position, (key, selected) in enumerate(_by_key(rows, field)):
                if position == NAMES:
                    crowded.append(label)
                    break
                kinds += 1
                if _one_opens(selected, field):
                    good += 1
                else:
                    bad.append(f"{label} ({key})")
    if crowded:
        yield Finding(
            False,
            f"Plus de {NAMES} clés différentes dans {len(crowded)} champ(s) ({', '.join(crowded[:SHOWN])}) : les "
            "suivantes ne sont pas essayées.",
        )
    if bad:
        yield Finding(False, f"{len(bad)} sorte(s) de valeurs scellées ne s'ouvrent pas : {', '.join(bad[:SHOWN])}.")
    yield Finding(True if good or not bad else None, f"{good} sorte(s) de valeurs scellées sur {kinds} s'ouvrent.")


def _by_key(rows: "models.QuerySet[Any]", field: str) -> "Iterator[tuple[str, models.QuerySet[Any]]]":
    """Yield the rows with a value in this field by the key that sealed it: « clé d'échange », and each of the ring.

    At most NAMES + 1 names of the ring are read.
    """
    start = _substring(field, "1 for 1")
    label = models.Func(
        models.F(field),
        template="substring(%(expressions)s from 3 for get_byte(%(expressions)s, 1))",
        output_field=models.BinaryField(),
    )
    own = rows.annotate(sealed_start=start).filter(sealed_start=bytes((encryption.DATA_KEY_VERSION,)))
    if own.exists():
        yield "clé d'échange", own
    with_ring = rows.annotate(sealed_start=start).filter(sealed_start=bytes((encryption.VERSION,)))
    names = with_ring.order_by().annotate(sealed_name=label).values_list("sealed_name", flat=True).distinct()
    for name in names[: NAMES + 1]:
        head = bytes((encryption.VERSION, len(name))) + bytes(name)
        selected = rows.annotate(sealed_start=_substring(field, f"1 for {len(head)}")).filter(sealed_start=head)
        yield bytes(name).decode(errors="replace"), selected


def _substring(field: str, place: str) -> models.Func:
    return models.Func(
        models.F(field), template=f"substring(%(expressions)s from {place})", output_field=models.BinaryField()
    )


def _one_opens(rows: "models.QuerySet[Any]", field: str) -> bool:
    """Return whether the newest and the oldest value open.

    A value whose own key was erased is skipped, because nothing opens it any more. Where TRIED values are all of this
    kind, the check of the wrapped keys says so.
    """
    for order in ("-pk", "pk"):
        for row in rows.order_by(order)[:TRIED]:
            sealed = bytes(getattr(row, field))
            key = encryption.data_key_of(sealed)
            if key is not None and not WrappedKey.objects.filter(pk=key).exists():
                continue
            try:
                encryption.unseal(sealed, context=row.context)
            except UnsealError:
                return False
            break
    return True


def _tried(what: str, values: list[Callable[[], object]]) -> Iterator[Finding]:
    if not values:
        yield Finding(None, f"{what} : aucun ici.")
        return
    try:
        for value in values:
            value()
    except (UnsealError, ValueError, KeyError):
        yield Finding(False, f"{what} : ne s'ouvrent pas avec CONTENT_KEYS.")
    else:
        yield Finding(True, f"{what} : s'ouvrent.")


def _factors() -> Iterator[Finding]:
    def opens(row: Authenticator) -> Callable[[], object]:
        def opened() -> object:
            with of_account(row.user_id):
                return MFAAdapter().decrypt(row.data[FACTORS[row.type]])

        return opened

    newest = [Authenticator.objects.filter(type=kind).order_by("-pk").first() for kind in FACTORS]
    yield from _tried("Seconds facteurs des comptes", [opens(row) for row in newest if row is not None])


def _sessions() -> Iterator[Finding]:
    row = Session.objects.exclude(session_data="").order_by("-expire_date").first()
    try:
        is_closed = row is not None and is_sealed_by_cookie(row.session_data)
    except ValueError:  # not base64, so Pnav did not write this row
        yield Finding(False, "Visites : la dernière n'est pas telle que Pnav les écrit.")
        return
    if is_closed:
        yield Finding(True, "Visites : leur cookie seul les ouvre.")
        return

    def opened() -> object:
        assert row is not None  # noqa: S101
        return encryption.unseal(base64.b64decode(row.session_data), context=f"session:{row.session_key}")

    yield from _tried("Visites", [opened] if row is not None else [])


def _captures() -> Iterator[Finding]:
    capture = (
        Capture.objects.exclude(state=CaptureState.ARRIVING)
        .select_related("conversation")
        .order_by("-received_at")
        .first()
    )
    if capture is None:
        yield Finding(None, "Captures : aucune ici.")
        return
    try:
        sealer = receiving.sealer_of(capture)
        read = sum(map(len, store.read_file(sealer, capture.store_id, store.ORIGINAL, capture.tokens)))
    except (UnsealError, store.StoreAway) as error:
        yield Finding(False, f"Captures : la plus récente ne se lit pas ({type(error).__name__}) : voir leur dépôt.")
        return
    yield Finding(read == capture.size, "Captures : la plus récente s'ouvre entière.")
