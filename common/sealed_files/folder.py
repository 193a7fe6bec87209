"""Stores files in a folder, by Django's storage API, so that a file is on the disk before it is acknowledged."""

import os
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

OWN_FILE, OWN_FOLDER = 0o600, 0o700


class Folder(FileSystemStorage):
    """It is a storage whose files are on the disk when `save` returns, readable by this account alone, and without a
    URL.

    Django's own storage returns when the kernel has the data. After a power cut, a file that a person was told to be
    received could be missing or empty.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"file_permissions_mode": OWN_FILE, "directory_permissions_mode": OWN_FOLDER, **options})

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]
        path = Path(self.path(saved))
        _sync(path)
        _sync(path.parent)
        return saved

    def url(self, name: str | None) -> str:
        """Raise ValueError, because nobody may get these files by an address."""
        raise ValueError("these files have no address")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
