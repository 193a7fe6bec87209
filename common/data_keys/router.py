"""Tells Django which database holds the wrapped keys: their own (DATA_KEYS_DATABASE_URL), else the site's."""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

APP = "data_keys"
ALIAS = "data_keys"


def alias() -> str:
    """The name of the database that holds the wrapped keys, in settings.DATABASES."""
    return ALIAS if is_apart() else DEFAULT_DB_ALIAS


def is_apart() -> bool:
    """Whether the keys lie in a database of their own: then a backup of the content brings no key back."""
    return ALIAS in settings.DATABASES


class DataKeysRouter:
    """Keys in their own database, and nothing else there."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """Read wrapped keys from the database that is theirs; of the rest Django decides."""
        return alias() if model._meta.app_label == APP else None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """Write wrapped keys to the database that is theirs; of the rest Django decides."""
        return alias() if model._meta.app_label == APP else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Let the table of wrapped keys be made in its own database, and no other table there."""
        if app_label == APP:
            return db == alias()
        return False if db == ALIAS else None
