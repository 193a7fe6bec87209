"""Stores backups in a folder, or in a bucket that speaks S3, by Django's storage API, as captures are stored.

    base/<when>/00000, 00001, …, manifest       a base backup in parts; the manifest is written last
    wal/<segment>, wal/<timeline>.history        WAL, as PostgreSQL names it
    wal/<segment>.partial-<milliseconds>         of the segment that is being written, so far

Names say when and how much, and nothing else. Everything is sealed (`sealing`) before it is handed to the store.
"""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from common.encryption import UnsealError
from common.sealed_files.folder import Folder
from pnav.backup.sealing import open_object, seal_object


class Conflict(Exception):
    """Another complete object has this name already, because two servers write into one store."""


class Missing(Exception):
    """The object does not exist."""


class Store:
    """Sealed objects by their names. Every method may raise the errors of its storage (OSError, or those of boto3)."""

    def __init__(self, storage: Storage, ring: Mapping[str, AESGCM]) -> None:
        self._storage = storage
        self._ring = ring

    def put(self, name: str, clear: bytes) -> int:
        """Seal and write an object and return its size in bytes; 0 when the same object was there already.

        An object that does not open, left by a process that was killed while it wrote, is written again. Raises
        Conflict.
        """
        if self._storage.exists(name):
            try:
                if self.get(name) == clear:
                    return 0
            except UnsealError:
                self._storage.delete(name)
            else:
                raise Conflict(name)
        sealed = seal_object(clear, name=name, ring=self._ring)
        saved = self._storage.save(name, ContentFile(sealed))
        if saved != name:  # another process wrote it in between
            self._storage.delete(saved)
            raise Conflict(name)
        return len(sealed)

    def get(self, name: str) -> bytes:
        """Return an object in clear. Raises Missing, UnsealError."""
        try:
            with self._storage.open(name) as file:
                sealed = file.read()
        except FileNotFoundError:
            raise Missing(name) from None
        return open_object(sealed, name=name, ring=self._ring)

    def folders(self, folder: str) -> list[str]:
        """Return the names of the folders in this one, in order."""
        return sorted(self._listed(folder)[0])

    def files(self, folder: str) -> list[str]:
        """Return the names of the objects in this folder, without it, in order."""
        return sorted(self._listed(folder)[1])

    def delete(self, name: str) -> None:
        self._storage.delete(name)

    def _listed(self, folder: str) -> tuple[list[str], list[str]]:
        try:
            return self._storage.listdir(folder)
        except FileNotFoundError:
            return [], []


def folder_storage(path: str) -> Storage:
    """Return the storage of a folder, which only this account can read."""
    _configure()
    return Folder(location=path)


def bucket_storage(**options: Any) -> Storage:
    """Return the storage of a bucket.

    options: those of django-storages, which the image has when it was built with it.
    """
    _configure()
    from storages.backends.s3 import S3Storage

    storage: Storage = S3Storage(file_overwrite=True, default_acl=None, **options)
    return storage


def _configure() -> None:
    """Give Django empty settings when it has none, because storages read there what they were not given."""
    if not settings.configured:
        settings.configure()
