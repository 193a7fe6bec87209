"""This module says what may be published of small counts, so that nobody is recognised and no count can be derived.
Pure.

A count below AT_LEAST is never published, nor anything from which it follows by subtraction. Counts are rounded down to
tens, and shares to steps of ten people or more, so that the difference of two totals, or of two periods, is not the
count of anybody (docs/adr/0040).
"""

from collections.abc import Sequence
from dataclasses import dataclass

AT_LEAST = 10
STEPS = (1, 2, 5, 10, 20, 25)  # steps of shares in percent; each divides 100


@dataclass(frozen=True, slots=True)
class Parts:
    """It is what may be shown of the parts of a whole.

    shown: (name, rounded count) of the parts that may be shown, in their order. others: the rounded sum of the parts
    that are not; None when there are none, or when the sum is too small. has_others: whether some parts are not shown.
    """

    shown: list[tuple[str, int]]
    others: int | None
    has_others: bool


def rounded(count: int) -> int | None:
    """Round a count down to tens; None when it is too small to be published."""
    return None if count < AT_LEAST else count // AT_LEAST * AT_LEAST


def percent(part: int, whole: int) -> int | None:
    """Return a share in percent, rounded to the smallest of STEPS that is worth AT_LEAST people or more.

    None when the people in it, or those not in it, are too few to be published, or when no step is large enough. With
    whole percents, a few shares of one small whole would reveal its exact size.
    """
    if part < AT_LEAST or whole - part < AT_LEAST:
        return None
    tens = whole // AT_LEAST * AT_LEAST  # the published total decides, so that the step reveals nothing more
    step = next((step for step in STEPS if step * tens >= 100 * AT_LEAST), None)
    if step is None:
        return None
    return max(step, min(100 - step, round(100 * part / whole / step) * step))


def parts(counts: Sequence[tuple[str, int]]) -> Parts:
    """Hide the small parts, then the next smallest, until at least two are hidden with AT_LEAST people in them.

    If one part alone were hidden, it would be the whole minus the others. If few people were in all hidden parts
    together, that difference would tell nearly as much.
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
