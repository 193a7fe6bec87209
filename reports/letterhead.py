"""Keeps the letterhead of the service's papers, as this process last read it: a paper that asks costs no query."""

from common.cached_reading import CachedReading
from reports.models import Letterhead

KEEP_SECONDS = 20.0
# For Typst: what draws `data.letterhead` once, above the title of a paper.
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
    """Its lines, the name first; none where the service has set no letterhead."""
    return _known.get()


def forget() -> None:
    """Read again at the next paper: after a change in this process."""
    _known.forget()


def keep_head(head: tuple[str, ...]) -> None:
    """Take this for what was just read: for tests."""
    _known.put(head)
