"""Stores static files under hashed names, slimmed and compressed, so that browsers can keep them for ever."""

import gzip
import hashlib
import json
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import brotli
from django.core.files.base import ContentFile
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

from pnav.pages.build.modules import imported_modules
from pnav.pages.build.slim import slim_sheet

DIGESTS = "integrity.json"  # the file stands beside Django's own list of names
DIGESTED = (".js", ".css")


def _needs(name: str) -> int:
    return len(imported_modules(name)) if name.startswith("pnav/") and name.endswith(".js") else 0


class _Slim:
    """The place of one of our style sheets, as `post_process` opens it: it opens the slimmed sheet."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def open(self, path: str) -> Any:
        with self._source.open(path) as file:
            return ContentFile(slim_sheet(file.read().decode()).encode())


def _slimmed(name: str, where: Any, path: str) -> tuple[Any, str]:
    """Return where `post_process` finds a file: one of our style sheets slimmed, any other file unchanged."""
    return (_Slim(where) if name.startswith("pnav/") and name.endswith(".css") else where, path)


class KeepingCompressor(Compressor):
    """It is WhiteNoise's compressor, which leaves alone what was compressed before.

    Most files of a build are those of the build before, under the same hashed names, and to compress them takes two
    thirds of its time.
    """

    def compress(self, path: str) -> list[str]:
        """Return the paths of the compressed forms of this file, which are made unless they are all there."""
        made = [f"{path}.br", f"{path}.gz"]
        return made if _open_to(path, *made) else super().compress(path)


def _open_to(path: str, in_brotli: str, in_gzip: str) -> bool:
    """Return whether both of the latter are there and whole: a build that was killed leaves the beginning of one."""
    content = Path(path).read_bytes()
    try:
        return bool(
            brotli.decompress(Path(in_brotli).read_bytes()) == content
            and gzip.decompress(Path(in_gzip).read_bytes()) == content
        )
    except (OSError, EOFError, brotli.error, zlib.error):
        return False


class Storage(CompressedManifestStaticFilesStorage):
    """It is WhiteNoise's storage, with modules of our scripts that also name each other by their hashed names (ADR
    0059).

    A change of a module also changes the names of all modules that import it, directly or not. Modules that import each
    other in a circle can have no such name, and `collectstatic` refuses them.

    The digest of each script and style, as it is served, is stored beside them (`pnav.integrity`, ADR 0096).
    """

    support_js_module_import_aggregation = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.digests: Mapping[str, str] = self._read_digests()

    def _read_digests(self) -> Mapping[str, str]:
        try:
            with self.manifest_storage.open(DIGESTS) as file:
                digests: dict[str, str] = json.loads(file.read())
        except FileNotFoundError:
            return {}
        return digests

    def save_manifest(self) -> None:
        """Save Django's list of names, and the digests of what browsers run."""
        super().save_manifest()
        served = sorted(name for name in set(self.hashed_files.values()) if name.endswith(DIGESTED))
        self.digests = {name: self._digest(name) for name in served}
        if self.manifest_storage.exists(DIGESTS):
            self.manifest_storage.delete(DIGESTS)
        text = json.dumps(self.digests, sort_keys=True)
        self.manifest_storage._save(DIGESTS, ContentFile(text.encode()))

    def _digest(self, name: str) -> str:
        with self.open(name) as file:
            return "sha256-" + b64encode(hashlib.sha256(file.read()).digest()).decode()

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """Return the compressor of this build."""
        return KeepingCompressor(**kwargs)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress the files under their hashed names alone.

        No page loads the others, which would be half of what a build compresses, and of its time.
        """
        served = {self.clean_name(name) for name in self.hashed_files.values()}
        return super().compress_files([name for name in paths if self.clean_name(name) in served])

    def post_process(self, paths: dict[str, Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Process the files as Django does, each module after those that it needs.

        So one pass finds every name. In any other order Django goes over all files once for each level of imports, and
        gives up after five. Sheets are slimmed under their hashed names (`slim`). Under their plain names, which no
        page loads, they stay as they were written.
        """
        found = {name: _slimmed(name, *paths[name]) for name in sorted(paths, key=_needs)}
        return super().post_process(found, *args, **kwargs)
