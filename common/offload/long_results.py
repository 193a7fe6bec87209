"""Holds the results of background jobs that are too long for memory, such as the copy of a whole exchange.

They are kept in a spool, which is an encrypted file without a name (`common.sealed_files.spool`), and are read from it
piece by piece. So a document takes the memory of a piece, however long it is (docs/adr/0149).
"""

import errno
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from common.offload import pool
from common.sealed_files.spool import Part, Spool

logger = logging.getLogger(__name__)

# The bytes of one spool. The longest exchange in letters of four bytes fills 30 million: what its PDFs are made of, the
# PDFs, and the same as JSON (tests/chat/personal_copy/test_memory.py).
SPOOL_BYTES_AT_MOST = 64 * pool.MIB


@dataclass(frozen=True, slots=True)
class LongResult:
    """It is a result in parts. about: a JSON value of some kilobytes that says what the parts are."""

    about: Any = field(repr=False)
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Return the number of bytes of all parts."""
        return sum(part.size for part in self.parts)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of all parts, one after another."""
        return chain.from_iterable(part.pieces() for part in self.parts)


def keep_pieces(spool: Spool, pieces: Iterable[bytes]) -> Part:
    """Append these bytes to a spool, and return where they are.

    Raises pool.Failed when the disk is full, or the spool longer than SPOOL_BYTES_AT_MOST.
    """
    try:
        return spool.append(pieces, most=SPOOL_BYTES_AT_MOST)
    except OSError as error:
        logger.error("a long result cannot be kept (%s)", errno.errorcode.get(error.errno or 0, "too long"))
        raise pool.Failed("error") from error
