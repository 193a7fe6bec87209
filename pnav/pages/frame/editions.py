"""Caches the editions of the official data, for the legal notice."""

from common.cached_reading import CachedReading
from locations.models import DataEdition

KEEP_SECONDS = 60  # editions change a few times a year; pages are asked for many times a second


def _read() -> list[DataEdition]:
    return list(DataEdition.objects.only("title", "publisher", "edition", "licence", "url"))


_editions: CachedReading[list[DataEdition]] = CachedReading(_read, KEEP_SECONDS, name="editions", otherwise=list)


def current() -> list[DataEdition]:
    """Return the editions now loaded, at most KEEP_SECONDS old; the last known ones while the database is away."""
    return _editions.get()


def forget() -> None:
    """Read the editions again at the next page, after an import in this process and between tests."""
    _editions.forget()
