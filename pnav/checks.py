"""This module checks that a production site is safe before it serves, in `migrate` and `check --deploy --database
default`."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.http.request import validate_host

from chat.models import WorkerDuty
from common import clock
from common.data_keys import copies
from common.data_keys import router as data_keys_router
from common.offload import pool, process, sandbox
from locations.models import Partner, ReceptionPoint, Source
from pnav import certificates
from reports.models import BackupStatus

# A message is acknowledged after COMMIT. With these settings PostgreSQL has written it to the disk by then.
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")

# Old backups are deleted once an hour; who was off for a night has some time.
BACKUP_PATIENCE = timedelta(days=1)


@register(Tags.database)
def durable_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a PostgreSQL that may lose committed data: one error for each setting that is off.

    Tests are exempt, because their database is deleted after them.
    """
    if settings.TESTING:
        return []
    errors: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            for name in DURABILITY:
                cursor.execute("SELECT current_setting(%s)", [name])
                value = cursor.fetchone()[0]
                if value == "off":
                    errors.append(
                        Error(
                            f"PostgreSQL runs with {name} = off: a message that was acknowledged could be lost.",
                            hint=f"Set {name} = on for the server, the database and the role.",
                            id="pnav.E001",
                        )
                    )
    return errors


# The time limits that must be set for the role where a connection cannot set them. Without a limit a page may hang.
LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@register(Tags.database, deploy=True)
def limits_behind_a_pooler(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of each time limit that the role lacks, and of `jit` that it leaves on.

    With DATABASE_POOLER only the role can set them. Four queries for each database.
    """
    if not settings.DATABASE_POOLER:
        return []
    messages: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            for name, lacking, why in (
                *((limit, "0", "a statement may hold a page for ever") for limit in LIMITS),
                ("jit", "on", "a statement may be compiled for seconds"),
            ):
                cursor.execute("SELECT current_setting(%s)", [name])
                if cursor.fetchone()[0] == lacking:
                    messages.append(
                        Warning(
                            f"Behind a pooler nothing sets {name}: {why}.",
                            hint="ALTER ROLE … SET: docs/operations.md, « pgbouncer ».",
                            id="pnav.W025",
                        )
                    )
    return messages


@register(Tags.security, deploy=True)
def safe_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check what Django's own deployment checks do not know, such as a demonstration that is used as a production."""
    messages: list[CheckMessage] = []
    if settings.DEMO:
        messages.append(Error("DEMO is on: this site is the demonstration, over plain HTTP.", id="pnav.E002"))
    if settings.TESTING:
        messages.append(Error("TESTING is on: durability is not checked.", id="pnav.E003"))
    if not settings.SITE_URL:
        messages.append(Warning("SITE_URL is empty: forms posted through the proxy may be refused.", id="pnav.W001"))
    if not settings.METRICS_TOKEN:
        messages.append(Warning("METRICS_TOKEN is empty: /metrics answers 404 to everyone.", id="pnav.W002"))
    if not all(map(_is_verified, settings.DATABASES.values())):
        messages.append(
            Warning("PostgreSQL is spoken to in clear, or without knowing whether it is the right one.", id="pnav.W003",
                    hint="Add ?sslmode=verify-full&sslrootcert=… to DATABASE_URL, and DATA_KEYS_DATABASE_URL if given.")
        )  # fmt: skip
    if not all(map(_takes_writing, settings.DATABASES.values())):
        messages.append(
            Warning("Several PostgreSQL servers are named, and any of them may be taken, a standby too.",
                    hint="Add &target_session_attrs=read-write to the address.", id="pnav.W026")
        )  # fmt: skip
    redis = urlsplit(settings.REDIS_URL)
    if redis.scheme != "unix" and (redis.scheme != "rediss" or UNVERIFIED & set(parse_qsl(redis.query.lower()))):
        messages.append(
            Warning("Redis is spoken to in clear, or without knowing whether it is the right one.", id="pnav.W004",
                    hint="REDIS_URL should be rediss://…?ssl_ca_certs=…")
        )  # fmt: skip
    if redis.scheme != "unix" and not redis.password:
        messages.append(Warning("Redis asks for no password: it lets everybody in.", id="pnav.W005"))
    return messages


@register(Tags.database, deploy=True)
def demonstration_places(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a site that shows units which the demonstration made up, without saying that it is one.

    A warning while every page says so. Two queries, with `--database default` only.
    """
    if "default" not in (databases or []):
        return []
    if not any(model.objects.filter(source=Source.DEMO).exists() for model in (ReceptionPoint, Partner)):
        return []
    hint = "Load the official files: docs/operations.md, « The official places »."
    if settings.DEMO_NOTICE:
        return [Warning("Units of the demonstration are shown to visitors.", hint=hint, id="pnav.W020")]
    message = "Units of the demonstration are shown as real ones: DEMO_NOTICE is off."
    return [Error(message, hint=hint, id="pnav.E004")]


@register(Tags.database, deploy=True)
def keys_were_copied(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn when copies of the wrapped keys fail, which only the worker can see: this process has no such folder.

    A worker that has said nothing yet is no reason. One query, with `--database default` only.
    """
    if "default" not in (databases or []) or not settings.DATA_KEYS_COPIES_TO:
        return []
    done = WorkerDuty.objects.filter(name=copies.DUTY).first()
    oldest = clock.now() - timedelta(minutes=3 * settings.DATA_KEYS_COPY_MINUTES)
    if done is None or (done.succeeded_at and done.succeeded_at > oldest):
        return []
    message = "The worker does not write into each folder of DATA_KEYS_COPIES_TO: who loses the keys loses all."
    hint = "Its log names the folder (data_keys: copy not written): docs/operations.md, « Keys of exchanges »."
    return [Warning(message, hint=hint, id="pnav.W031")]


@register(Tags.database, deploy=True)
def backups_are_deleted(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of a backup that is older than people are told: it may hold what was erased.

    What backs up may have other settings than the site. One query, with `--database default` only.
    """
    if "default" not in (databases or []):
        return []
    told = {
        "content": ("BACKUP_DAYS", settings.BACKUP_DAYS),
        "keys": ("DATA_KEYS_BACKUP_DAYS", settings.DATA_KEYS_BACKUP_DAYS),
    }
    return [
        Warning(
            f"Backups of « {row.name} » are kept for longer than {told[row.name][0]}, which people are told.",
            hint="What backs up needs the same number: docs/restore.md, « Begin ».",
            id="pnav.W032",
        )
        for row in BackupStatus.objects.filter(name__in=told)
        if row.since and row.since < clock.now() - timedelta(days=told[row.name][1]) - BACKUP_PATIENCE
    ]


@register(Tags.security, deploy=True)
def own_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that SITE_URL, SITE_HOST (the proxy's) and ALLOWED_HOSTS name the same site. No value is in the message."""
    messages: list[CheckMessage] = []
    if settings.SITE_URL:
        address = urlsplit(settings.SITE_URL)
        if address.scheme != "https" or not address.hostname or address.path or address.query:
            messages.append(Warning("SITE_URL is not https:// and a host, without a slash at the end.", id="pnav.W021"))
        if not validate_host((address.hostname or "").lower(), settings.ALLOWED_HOSTS):
            messages.append(
                Warning("The host of SITE_URL is not among ALLOWED_HOSTS: its pages answer 400.", id="pnav.W022")
            )
        if settings.SITE_HOST and settings.SITE_HOST.lower() != (address.hostname or "").lower():
            messages.append(
                Warning("SITE_HOST, which the proxy serves, is not the host of SITE_URL: forms are refused.",
                        id="pnav.W023")
            )  # fmt: skip
    return messages


@register(Tags.security, deploy=True)
def certificates_last(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn of each certificate that the settings name and that ends within `certificates.WARNED_DAYS`.

    One that has ended or cannot be read is an error.
    """
    messages: list[CheckMessage] = []
    hint = "docs/operations.md, « Certificates inside »."
    for use, end in certificates.read_ends().items():
        days = None if end is None else (end - datetime.now(UTC)).days
        if days is None:
            messages.append(Error(f"The certificate « {use} » cannot be read.", hint=hint, id="pnav.E005"))
        elif days < 0:
            messages.append(Error(f"The certificate « {use} » has ended.", hint=hint, id="pnav.E006"))
        elif days < certificates.WARNED_DAYS:
            messages.append(Warning(f"The certificate « {use} » ends in {days} days.", hint=hint, id="pnav.W024"))
    return messages


@register(Tags.security, deploy=True)
def register_leaves(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when the digest of the audit log is sent nowhere."""
    if settings.REGISTER_DIGEST_TO:
        return []
    message = "REGISTER_DIGEST_TO is empty: who owns the database can cut the register's tail unseen."
    return [Warning(message, id="pnav.W009")]


@register(Tags.security, deploy=True)
def keys_are_copied(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn unless new exchanges get data keys, apart from the content, with copies in two folders."""
    messages: list[CheckMessage] = []
    if settings.EXCHANGE_KEYS != "write":
        message = "EXCHANGE_KEYS is read: new exchanges get no key of their own, and backups remember what was erased."
        hint = (
            "A new site: EXCHANGE_KEYS=write. While processes of a version without such keys still run, read is right: "
            "write once none is left (docs/operations.md, « Keys of exchanges »)."
        )
        return [Warning(message, hint=hint, id="pnav.W029")]
    if settings.IDENTITY_KEYS != "write":
        message = "IDENTITY_KEYS is read: of what is erased, custodians open from a backup what was under seal."
        hint = "write once no process of a version before it is left, then move_to_data_keys (docs/operations.md)."
        messages.append(Warning(message, hint=hint, id="pnav.W030"))
    if not data_keys_router.is_apart():
        message = "DATA_KEYS_DATABASE_URL is empty: backups of the content hold the keys of what was erased."
        messages.append(Warning(message, id="pnav.W011"))
    if len(settings.DATA_KEYS_COPIES_TO) < 2:
        message = "DATA_KEYS_COPIES_TO names fewer than two folders: who loses the keys loses every exchange."
        messages.append(Warning(message, id="pnav.W012"))
    return messages


@register(Tags.security, deploy=True)
def safe_machine(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check whether this machine would write the memory of a process to a disk, with keys, messages and addresses."""
    messages: list[CheckMessage] = []
    if process.can_dump():
        messages.append(
            Warning("A crash of this process could leave its memory on a disk.", id="pnav.W006",
                    hint="Linux, LimitCORE=0 or « ulimits: core: 0 ».")
        )  # fmt: skip
    if process.dumps_are_piped():
        messages.append(
            Warning("kernel.core_pattern hands the memory of a process that crashes to a program.", id="pnav.W007",
                    hint="PostgreSQL, Redis and the proxy too: sysctl kernel.core_pattern=core, with LimitCORE=0.")
        )  # fmt: skip
    if process.swaps_in_clear():
        messages.append(
            Warning("This machine swaps to a disk that is not named as an encrypted one.", id="pnav.W008",
                    hint="swapoff, an encrypted swap, zram; or MemorySwapMax=0 for each service.")
        )  # fmt: skip
    return messages


# The options with which redis-py accepts any certificate.
UNVERIFIED = {("ssl_cert_reqs", "none"), ("ssl_cert_reqs", "optional"), ("ssl_check_hostname", "false")}


@register(Tags.security, deploy=True)
def captures_are_safe(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when the process that reads uploaded files keeps privileges, or originals are not scanned for malware.

    This starts one child process.
    """
    if not settings.CAPTURES:
        return []
    messages: list[CheckMessage] = []
    try:
        found, _content = pool.run("common.offload.layers", {})
    except pool.NotDone:
        found = []
    for layer in sorted(sandbox.missing(found)):
        messages.append(
            Warning(f"What draws captures keeps a layer that it could give up: {layer.value}.", id="pnav.W027",
                    hint="docs/adr/0082-captures.md says what is needed: libseccomp, and user namespaces.")
        )  # fmt: skip
    if not settings.CLAMD:
        messages.append(
            Warning("CLAMD is empty: units open originals of captures that nobody has scanned.", id="pnav.W028")
        )
    return messages


@register(Tags.files, deploy=True)
def spool_is_writable(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a folder for long bodies and documents in which this account cannot make a file."""
    try:
        with tempfile.TemporaryFile(dir=settings.SPOOL_DIR or None):
            return []
    except OSError as error:
        message = f"SPOOL_DIR: no file can be made there ({type(error).__name__}), so nothing long is taken or given."
        return [Error(message, hint="A folder of the account that runs the service.", id="pnav.E007")]


def _is_verified(database: Mapping[str, Any]) -> bool:
    """Return whether each server is reached by a socket of this machine, or proves with a certificate that it has its
    name."""
    is_local = all(not host or host.startswith("/") for host in _hosts(database))
    return is_local or database.get("OPTIONS", {}).get("sslmode") == "verify-full"


def _takes_writing(database: Mapping[str, Any]) -> bool:
    """Return whether a connection leads to a server that accepts writes: the only server, or the writable one of
    several."""
    asked = database.get("OPTIONS", {}).get("target_session_attrs")
    return len(_hosts(database)) == 1 or asked in {"read-write", "primary"}


def _hosts(database: Mapping[str, Any]) -> list[str]:
    """Return the servers that the settings name. A path is that of a socket; "" means the default socket."""
    host: str = database.get("HOST") or database.get("OPTIONS", {}).get("host", "")
    return host.split(",")
