"""The editions of the official data, for the footer of every page."""

import logging
import time
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError

from locations.models import DataEdition

logger = logging.getLogger(__name__)
KEEP_SECONDS = 60  # editions change a few times a year; pages are asked for many times a second


@dataclass
class _Shelf:
    """What this process read last, and when."""

    read_at: float = float("-inf")  # monotonic seconds
    editions: list[DataEdition] = field(default_factory=list)


_shelf = _Shelf()


def current() -> list[DataEdition]:
    """The editions now loaded, at most KEEP_SECONDS old; the last known ones while the database is away."""
    now = time.monotonic()
    if now - _shelf.read_at >= KEEP_SECONDS:
        _shelf.read_at = now
        try:
            _shelf.editions = list(DataEdition.objects.only("title", "publisher", "edition", "licence", "url"))
        except (DatabaseError, InterfaceError) as error:
            logger.warning("editions: the database failed (%s)", type(error).__name__)
    return _shelf.editions


def forget() -> None:
    """Read again at the next page: after an import in this process, and between tests."""
    _shelf.read_at = float("-inf")
    _shelf.editions = []
