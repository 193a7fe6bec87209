"""This module tells Django which database has the wrapped keys: a separate one (DATA_KEYS_DATABASE_URL), else the
site's."""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

APP = "data_keys"
ALIAS = "data_keys"


def alias() -> str:
    """Return the name, in settings.DATABASES, of the database with the wrapped keys."""
    return ALIAS if is_apart() else DEFAULT_DB_ALIAS


def is_apart() -> bool:
    """Return whether the keys are in a separate database, so that a backup of the content restores no erased key."""
    return ALIAS in settings.DATABASES


class DataKeysRouter:
    """It sends the table of wrapped keys to its database, and no other table."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """Read wrapped keys from their database; for other models Django decides."""
        return alias() if model._meta.app_label == APP else None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """Write wrapped keys to their database; for other models Django decides."""
        return alias() if model._meta.app_label == APP else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Create the table of wrapped keys in its database, and no other table there."""
        if app_label == APP:
            return db == alias()
        return False if db == ALIAS else None
