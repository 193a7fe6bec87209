"""Bars drawn by the server: coordinates of an inline SVG that reads without colour. Pure.

Each bar carries its number above it and its name below; a second series is drawn as a line with round marks. The table
beside the chart says the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 240
TOP, BOTTOM = 24, 24
SIDE = 16  # half a label: the first and the last are written whole
LEAST_SCALE = 1.0  # what a full bar is worth at least: three seconds of waiting, in minutes, are no tower
LABELS_AT_MOST = 31  # numbers above bars, beyond which they would touch each other


@dataclass(frozen=True, slots=True)
class Bar:
    """x, y, width, height: of the rectangle. centre: of its texts. mark: the y of the second series, or None.

    label, value: empty where there is no room for them.
    """

    x: float
    y: float
    width: float
    height: float
    centre: float
    label: str
    value: str
    mark: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[Bar]
    line: str
    width: int = WIDTH
    height: int = HEIGHT
    base: int = HEIGHT - BOTTOM


def draw(
    labels: Sequence[str], values: Sequence[float | None], marks: Sequence[float | None] = (), *, every: int = 1
) -> Chart:
    """A bar for each value, None for none; a line through the marks, on the same scale, broken where there is none.

    every: one label in so many is written.
    """
    highest = max([LEAST_SCALE, *(value for value in (*values, *marks) if value is not None)])
    step = (WIDTH - 2 * SIDE) / max(1, len(values))
    room = HEIGHT - TOP - BOTTOM
    bars: list[Bar] = []
    points: list[str] = []
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        mark = marks[place] if place < len(marks) else None
        height = round(room * (value or 0) / highest, 1)
        centre = round(SIDE + step * (place + 0.5), 1)
        mark_y = None if mark is None else round(HEIGHT - BOTTOM - room * mark / highest, 1)
        if mark_y is not None:
            points.append(f"{'L' if points and bars and bars[-1].mark is not None else 'M'}{centre} {mark_y}")
        bars.append(
            Bar(
                x=round(SIDE + step * place + step * 0.15, 1),
                y=round(HEIGHT - BOTTOM - height, 1),
                width=round(step * 0.7, 1),
                height=height,
                centre=centre,
                label=label if place % every == 0 else "",
                value=_short(value) if len(values) <= LABELS_AT_MOST else "",
                mark=mark_y,
            )
        )
    return Chart(bars=bars, line=" ".join(points))


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return str(round(value)) if value >= 10 or value == int(value) else f"{value:.1f}".replace(".", ",")
