"""This module reads when the TLS certificates of this process expire: those that it shows, and those that it trusts.

They are files named by the settings (ADR 0039), which new connections read again (ADR 0093). Pnav does not renew them,
so the days that are left are a metric, and `check --deploy` warns of them.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from django.conf import settings

from common.data_keys import router

# By its use, when the certificate that this process really shows expires. It may differ from the one in the file,
# because a certificate that does not belong to its key is not used (`pnav.server.tls`).
shown: dict[str, datetime] = {}

WARNED_DAYS = 40  # `deploy/authority.py` renews certificates that have 45 days left, so this means that it did not run


def certificate_files(
    database: Mapping[str, Any], keys: Mapping[str, Any], redis_url: str, environment: Mapping[str, str]
) -> dict[str, Path]:
    """Return the certificate files that the settings name, by their use. An empty name, or « system », is no file.

    keys: the settings of the database of the wrapped keys, of which a file is named only if it is another one.
    """
    options, redis = database.get("OPTIONS", {}), dict(parse_qsl(urlsplit(redis_url).query))
    of_keys = {name: file for name, file in keys.get("OPTIONS", {}).items() if file != options.get(name)}
    named = {
        "postgresql_authority": options.get("sslrootcert"),
        "postgresql_client": options.get("sslcert"),
        "data_keys_authority": of_keys.get("sslrootcert"),
        "data_keys_client": of_keys.get("sslcert"),
        "redis_authority": redis.get("ssl_ca_certs"),
        "redis_client": redis.get("ssl_certfile"),
        "web": environment.get("WEB_CERTIFICATE"),
    }
    return {use: Path(name) for use, name in named.items() if name and name != "system"}


def ends_at(path: Path, *, is_authority: bool) -> datetime | None:
    """Return when the certificate of this PEM file expires; None when it cannot be read. This takes milliseconds.

    Of several authorities the last end counts, because the one that is valid longest replaces the others. Otherwise the
    first certificate of the file counts, which is its owner's.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return None
    ends = [one.not_valid_after_utc for one in found]
    return max(ends) if is_authority else ends[0]


def read_ends() -> dict[str, datetime | None]:
    """Read when each certificate of this process expires, by its use. This reads seven small files at most."""
    keys = settings.DATABASES.get(router.ALIAS, {})
    files = certificate_files(settings.DATABASES["default"], keys, settings.REDIS_URL, os.environ)
    found = {use: ends_at(path, is_authority=use.endswith("_authority")) for use, path in files.items()}
    return found | {use: end for use, end in shown.items() if use in found}
