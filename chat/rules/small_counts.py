"""Says what may be published of small counts, so that nobody is recognised and nothing computed back. Pure.

A count under AT_LEAST is never published, nor what would give it away by subtraction; what is published is rounded down
to tens and shares to ten people, so that the difference of two totals, or of two periods, is no count of anybody
(docs/adr/0040).
"""

from collections.abc import Sequence
from dataclasses import dataclass

AT_LEAST = 10
STEPS = (1, 2, 5, 10, 20, 25)  # percents, of which a hundred is a multiple


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a whole that may be shown, in their order, rounded; and what the others make together, if it may be.

    others: None when there are none, or too few people in them to say. has_others: whether some are not shown.
    """

    shown: list[tuple[str, int]]
    others: int | None
    has_others: bool


def rounded(count: int) -> int | None:
    """Down to tens; None when it is too small to be said."""
    return None if count < AT_LEAST else count // AT_LEAST * AT_LEAST


def percent(part: int, whole: int) -> int | None:
    """A share, to the nearest step that is AT_LEAST people or more; None when those in it, or those who are not, are
    too few to be said, or no step is large enough.

    In whole percents, a few shares of one small whole would tell that whole to the last person.
    """
    if part < AT_LEAST or whole - part < AT_LEAST:
        return None
    tens = whole // AT_LEAST * AT_LEAST  # what is said of the whole decides, so that the step tells nothing more
    step = next((step for step in STEPS if step * tens >= 100 * AT_LEAST), None)
    if step is None:
        return None
    return max(step, min(100 - step, round(100 * part / whole / step) * step))


def parts(counts: Sequence[tuple[str, int]]) -> Parts:
    """Suppress the small parts, then the next smallest until at least two are hidden, with AT_LEAST people in them.

    With one hidden part, the whole minus the others would tell it; with few people in all hidden parts, nearly so.
    """
    hidden = {name for name, count in counts if count < AT_LEAST}
    left = sorted((count, name) for name, count in counts if count >= AT_LEAST)
    people = sum(count for name, count in counts if name in hidden)
    while hidden and left and (len(hidden) < 2 or people < AT_LEAST):
        count, name = left.pop(0)
        hidden.add(name)
        people += count
    return Parts(
        shown=[(name, count // AT_LEAST * AT_LEAST) for name, count in counts if name not in hidden],
        others=rounded(people) if hidden else None,
        has_others=bool(hidden),
    )
