"""A sink takes the records of one kind while a file is loaded."""

from typing import Any

from locations.models import (
    Municipality,
)


class Sink:
    """It takes the records of one kind. `add` answers the remarks it has on a record it takes, or raises Refused."""

    def add(self, record: Any) -> list[str]:
        """Take one record and return remarks about it, in French. It raises Refused for one that cannot be kept."""
        raise NotImplementedError

    def flush(self) -> None:
        """Write what was taken so far, when a later sink depends on it."""

    def finish(self) -> None:
        """Write what is left and count what changed, when the file has been read."""
        raise NotImplementedError


def known_communes() -> set[str]:
    """Return the codes of all communes. It makes one query, of some 35,000 rows."""
    return set(Municipality.objects.values_list("insee_code", flat=True))
