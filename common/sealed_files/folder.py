"""Keeps files in a folder, by Django's storage API, so that what was acknowledged to somebody is written."""

import os
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

OWN_FILE, OWN_FOLDER = 0o600, 0o700


class Folder(FileSystemStorage):
    """Files that are on the disk when `save` returns, readable by this account alone, with no address of their own.

    Django's own returns once the kernel has them: after a power cut, what a person was told to be received would be
    missing or empty.
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
        """Raises ValueError always: nobody gets these files by an address."""
        raise ValueError("these files have no address")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
