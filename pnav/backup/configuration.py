"""Reads what `deploy/backup` and `deploy/restore` need of their environment. `.env.example` explains each variable.

None of the site's own secrets is among them, except the password of a role that can only read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured

from common.encryption import parse_keys
from pnav import secret_files
from pnav.backup.manifest import CONTENT, KEYS
from pnav.backup.store import Store, bucket_storage, folder_storage

VARIABLES = (
    "BACKUP_NAME",
    "BACKUP_DATABASE_URL",
    "BACKUP_DATABASE_PASSWORD",
    "BACKUP_STATUS_DATABASE_URL",
    "BACKUP_STATUS_DATABASE_PASSWORD",
    "BACKUP_KEYS",
    "BACKUP_DIR",
    "BACKUP_S3_BUCKET",
    "BACKUP_S3_PREFIX",
    "BACKUP_S3_ENDPOINT",
    "BACKUP_S3_REGION",
    "BACKUP_S3_ACCESS_KEY",
    "BACKUP_S3_SECRET_KEY",
    "BACKUP_SPOOL",
    "BACKUP_TOOLS",
    "BACKUP_EVERY_HOURS",
    "BACKUP_WAL_SECONDS",
)


@dataclass(frozen=True, slots=True)
class Server:
    """It is a PostgreSQL server. url: as libpq reads it, without the password, so that it may be on a command line."""

    url: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Configuration:
    """These are the settings of a backup.

    name: what is backed up, « content » or « keys ». every: the time between two base backups. days: the age at which a
    backup is deleted. wal_seconds: the time between two turns of the WAL; at most this and a little is lost with the
    machine. status: where the time of the last backup is written; the same server unless another one is named.
    """

    name: str
    server: Server
    status: Server
    store: Store
    spool: Path
    days: int
    every: timedelta
    wal_seconds: float


def read_store(environment: Mapping[str, str]) -> Store:
    """Return the store and its keys, which is all that a restore needs. Raises ImproperlyConfigured, naming the
    variable.
    """
    ring = _ring(secret_files.read(environment, "BACKUP_KEYS"))
    folder, bucket = environment.get("BACKUP_DIR", ""), environment.get("BACKUP_S3_BUCKET", "")
    if bool(folder) == bool(bucket):
        raise ImproperlyConfigured("BACKUP_DIR or BACKUP_S3_BUCKET: give one of them, where backups lie.")
    if folder:
        return Store(folder_storage(folder), ring)
    storage = bucket_storage(
        bucket_name=bucket,
        location=environment.get("BACKUP_S3_PREFIX", ""),
        endpoint_url=_required(environment, "BACKUP_S3_ENDPOINT"),
        region_name=environment.get("BACKUP_S3_REGION") or None,
        access_key=_secret(environment, "BACKUP_S3_ACCESS_KEY"),
        secret_key=_secret(environment, "BACKUP_S3_SECRET_KEY"),
    )
    return Store(storage, ring)


def read(environment: Mapping[str, str]) -> Configuration:
    """Return all that a backup needs. Raises ImproperlyConfigured, which names the variable and never its value."""
    name = environment.get("BACKUP_NAME") or CONTENT
    if name not in (CONTENT, KEYS):
        raise ImproperlyConfigured("BACKUP_NAME: content, or keys.")
    server = Server(
        _required(environment, "BACKUP_DATABASE_URL"), secret_files.read(environment, "BACKUP_DATABASE_PASSWORD")
    )
    status = server
    if environment.get("BACKUP_STATUS_DATABASE_URL"):
        password = secret_files.read(environment, "BACKUP_STATUS_DATABASE_PASSWORD")
        status = Server(environment["BACKUP_STATUS_DATABASE_URL"], password)
    # People are told a date that follows from these: backups of contents and backups of keys each have their own age.
    days = ("BACKUP_DAYS", 30) if name == CONTENT else ("DATA_KEYS_BACKUP_DAYS", 7)
    return Configuration(
        name=name,
        server=server,
        status=status,
        store=read_store(environment),
        spool=Path(_required(environment, "BACKUP_SPOOL")),
        days=int(_number(environment, *days, least=1)),
        every=timedelta(hours=_number(environment, "BACKUP_EVERY_HOURS", 24, least=1)),
        wal_seconds=_number(environment, "BACKUP_WAL_SECONDS", 15, least=1),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise ImproperlyConfigured(f"{name} is missing.")
    return environment[name]


def _secret(environment: Mapping[str, str], name: str) -> str:
    value = secret_files.read(environment, name)
    if not value:
        raise ImproperlyConfigured(f"{name} or {name}_FILE is missing.")
    return value


def _number(environment: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) >= least):
        raise ImproperlyConfigured(f"{name}: a whole number, {least} or more.")
    return int(text)


def _ring(text: str) -> dict[str, AESGCM]:
    try:
        return parse_keys(text)
    except ImproperlyConfigured:  # the text of this error names another variable
        raise ImproperlyConfigured(
            "BACKUP_KEYS or BACKUP_KEYS_FILE must hold name:key pairs, keys of 32 bytes in URL-safe base64."
        ) from None
