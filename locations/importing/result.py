"""This module holds what an import says of a file: how many rows became what, and what of it was not taken."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Remark:
    """It is something of the file that was not taken: the whole row where is_refused, otherwise one of its fields."""

    file: str
    line: int
    reason: str
    is_refused: bool


@dataclass
class Result:
    """It is the result of loading one file. Each row read is added, changed, unchanged, kept, ignored or refused."""

    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0
    removed: int = 0
    refused: int = 0
    ignored: int = 0
    remarks: list[Remark] = field(default_factory=list)

    @property
    def has_changed(self) -> bool:
        """Return whether the file added, changed or removed a row."""
        return bool(self.added or self.changed or self.removed)
