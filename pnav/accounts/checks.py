"""Checks what must be true of accounts before a production serves. All other checks are in `pnav.checks`."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

from pnav.accounts.models import Role, User


@register(Tags.database, deploy=True)
def two_administrators(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn when there are fewer than two active administrators.

    Links and numbers that visitors read wait for a second administrator (ADR 0054), so one alone can change none.
    """
    if settings.TESTING or "default" not in (databases or []):
        return []
    if User._meta.db_table not in connections["default"].introspection.table_names():
        return []  # the first `migrate` has not run yet
    count = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count()
    if count >= 2:
        return []
    return [
        Warning(
            f"{count} administrator: a link or a number that visitors read cannot be changed.",
            hint="Create a second administrator, somebody else's account: whoever asks does not agree.",
            id="pnav.W010",
        )
    ]
