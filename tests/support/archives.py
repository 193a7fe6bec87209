"""Archives of copies, whole in memory: the product gives them piece by piece."""

from collections.abc import Sequence
from datetime import datetime

from chat.personal_copy import archive


def pack(files: Sequence[archive.AnyFile], at: datetime) -> bytes:
    """Return the zip of these files and their digests. Raises as `archive.stream`."""
    _length, pieces = archive.stream(files, at)
    return b"".join(pieces)
