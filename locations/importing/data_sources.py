"""This module gives the sources of the data, as the footer shows them."""

import time
from dataclasses import dataclass

from locations.models import DataEdition

REMEMBERED_SECONDS = 60
_remembered: tuple[float, list["DataSource"]] | None = None


@dataclass(frozen=True)
class DataSource:
    """It is one source: « Insee, La Poste – Code officiel géographique (édition 2026), Licence Ouverte »."""

    title: str
    publisher: str
    edition: str
    licence: str
    url: str


def data_sources() -> list[DataSource]:
    """Return the editions loaded, by publisher. A process reads them once a minute: the footer is on every page."""
    global _remembered
    now = time.monotonic()
    if _remembered is None or now - _remembered[0] > REMEMBERED_SECONDS:
        fields = ("title", "publisher", "edition", "licence", "url")
        _remembered = now, [DataSource(**row) for row in DataEdition.objects.values(*fields)]
    return _remembered[1]


def refresh() -> None:
    """Forget what was read, after an import or in a test."""
    global _remembered
    _remembered = None
