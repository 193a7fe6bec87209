"""Caches the letterhead of the service's documents, so that a document needs no query for it."""

from common.cached_reading import CachedReading
from reports.models import Letterhead

KEEP_SECONDS = 20.0
# The Typst source that draws `data.letterhead` once, above the title of a document.
SOURCE = """
#let head = data.at("letterhead", default: ())
#if head.len() > 0 {
  block(width: 100%, below: 1.5em, inset: (bottom: 6pt), stroke: (bottom: 0.5pt + luma(150)), {
    strong(head.first())
    for line in head.slice(1) {
      linebreak()
      text(size: 0.9em, line)
    }
  })
}
"""


def _read() -> tuple[str, ...]:
    head = Letterhead.objects.first()
    return tuple(head.lines) if head is not None else ()


_known: CachedReading[tuple[str, ...]] = CachedReading(_read, KEEP_SECONDS, name="letterhead", otherwise=tuple)


def lines() -> tuple[str, ...]:
    """Return the lines of the letterhead, the name first; () when the service has set none."""
    return _known.get()


def forget() -> None:
    """Read again for the next document, after a change in this process."""
    _known.forget()


def keep_head(head: tuple[str, ...]) -> None:
    """Replace the cached letterhead, for tests."""
    _known.put(head)
