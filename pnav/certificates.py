"""Reads when the certificates inside end: those that this process shows, and those that it trusts.

They are files named by the settings (ADR 0039), which new connections read again (ADR 0093). Something else must put
newer ones there: the days left are told as a metric and by `check --deploy`.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from django.conf import settings

# By use, when what this process shows ends, where that may be another one than lies in the file now: a pair that does
# not belong together is not taken (`pnav.server.tls`).
shown: dict[str, datetime] = {}

WARNED_DAYS = 40  # `deploy/authority.py` has put newer ones in their place five days before


def certificate_files(database: Mapping[str, Any], redis_url: str, environment: Mapping[str, str]) -> dict[str, Path]:
    """The files that are named, by what they are for. An empty name, or « system », is none."""
    options, redis = database.get("OPTIONS", {}), dict(parse_qsl(urlsplit(redis_url).query))
    named = {
        "postgresql_authority": options.get("sslrootcert"),
        "postgresql_client": options.get("sslcert"),
        "redis_authority": redis.get("ssl_ca_certs"),
        "redis_client": redis.get("ssl_certfile"),
        "web": environment.get("WEB_CERTIFICATE"),
    }
    return {use: Path(name) for use, name in named.items() if name and name != "system"}


def ends_at(path: Path, *, is_authority: bool) -> datetime | None:
    """When the certificate of this PEM file ends: of several authorities the last, for one that is trusted longer takes
    over; otherwise the first in the file, which is its owner's. None when it cannot be read. Milliseconds.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return None
    ends = [one.not_valid_after_utc for one in found]
    return max(ends) if is_authority else ends[0]


def read_ends() -> dict[str, datetime | None]:
    """Read when each certificate of this process ends, by use. Five small files at most."""
    files = certificate_files(settings.DATABASES["default"], settings.REDIS_URL, os.environ)
    found = {use: ends_at(path, is_authority=use.endswith("_authority")) for use, path in files.items()}
    return found | {use: end for use, end in shown.items() if use in found}
