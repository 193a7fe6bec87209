"""This module draws all charts as inline SVG on the server. Pure.

Each is an image with a name and a description, and the table that it names has the same figures. Nothing is said by
colour alone: doubtful or broken values are hatched, larger ones are larger and further up. Zeros are neither drawn nor
labelled. The SVG contains no styles or colours; `charts.css` has them, for themes, forced colours and paper.

A chart is WIDTH units wide, about a telephone's screen, so that its letters are legible there. `wide` ones are
stretched over a large screen, where the style sheet makes their letters smaller. What grows with the data is drawn as
few paths, so a chart has at most BYTES_AT_MOST bytes, POINTS_AT_MOST points and ROWS_AT_MOST rows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe

from common.texts.typography import keep_together

WIDTH = 320
LEFT, RIGHT = 30, 8  # the room for the numbers of the scale, and for half of the last label
TOP, BOTTOM = 14, 20
ROW, ROW_BAR = 36, 12  # the height of a row with its label above it, and of its bar
SQUARE, SQUARE_STEP = 14, 18
AXIS_GAP = 5  # between a drawing and the words of its axis
# How far below its place a text is written, to stand in the middle of it or under it. In letters, because these are
# smaller where a chart is stretched.
MIDDLE, BELOW = ".36em", ".8em"
LETTER_SIZE = 11  # of `.chart__text` in charts.css; it is smaller where a chart is stretched, never larger
# How wide the letters of Marianne are, in their size: the widest of each class, in its two weights. Others are as wide
# as WIDEST, like letters with signs that Marianne does not have.
LETTER_CLASSES = (
    (0.28, "ijlìíîï \u00a0',.:;·‘’"),
    (0.34, "-!"),
    (0.38, "IJÌÍÎÏª()[]/|"),
    (0.42, "frº°²³¹"),
    (0.44, "t•"),
    (0.48, "s1*"),
    (0.52, '“”"?'),
    (0.54, "z_–"),
    (0.56, "cgkvxyçýÿFL"),
    (0.58, "aàáâãäå«»"),
    (0.60, "eèéêëESÈÉÊË+$=×€023456789"),
    (0.62, "uùúûüßPÞ"),
    (0.64, "hnoñðòóôõöøBT"),
    (0.66, "dpqþ"),
    (0.68, "bR"),
    (0.70, "Z#"),
    (0.74, "UYÙÚÛÜÝŸ"),
    (0.76, "&ACKVXÀÁÂÃÄÅÇ…"),
    (0.82, "DGÐ"),
    (0.84, "wOQÒÓÔÕÖØ%@"),
    (0.86, "HNÑ"),
    (0.96, "mMæ"),
    (1.08, "ŒœWÆ—"),
    (1.00, "●▲■"),  # the signs of delays, which another font draws
)
WIDEST = 1.25
GAP = 6  # what is left free in a line with a label and a figure, the edges of the drawing among it
LETTERS = {letter: width for width, letters in LETTER_CLASSES for letter in letters}
LEAST_SCALE = 1.0  # a full bar is worth at least this, so that three seconds of waiting, in minutes, draw no tall bar
POINTS_AT_MOST = 366  # a year of days
MARKS_AT_MOST = 62  # the most round marks on a line; more would hide it
VALUES_AT_MOST = 12  # the most numbers above bars; more would touch each other
ROWS_AT_MOST = 24
PLACES_AT_MOST = 12  # the places of one agent: the capacity is ten at most, and a grave exchange may exceed it by one
BYTES_AT_MOST = 24_000
LEVELS = 5  # the shades of a heat map
DAYS, HOURS = 7, 24


@dataclass(frozen=True, slots=True)
class Words:
    """It is the name of a chart, and what it shows in one or two sentences. key: the beginning of its elements' ids."""

    key: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """It is the table with the figures of a chart, by the id of its `table`.

    columns: which cells of a row are read for a point, 1 for the first after the row's head; empty where the table is a
    grid like the chart, whose rows are the chart's columns.
    """

    id: str
    columns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """It is a chart as `components/chart.html` shows it. table: None where each figure is written in the drawing."""

    words: Words
    svg: SafeString
    table: Table | None = None
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """It is one line of a chart of rows. value: None when it is not published. said: the value in words.

    limit: what was promised, on the same scale.
    """

    label: str
    value: float | None
    said: str
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """These are the places of one agent, or of one unit. free: those that may be taken now, none of who is in a
    pause."""

    label: str
    load: int
    capacity: int
    free: int
    said: str


def top_of(*series: Sequence[float | None]) -> float:
    """Return the common scale of several charts: the highest of all their values."""
    return max([LEAST_SCALE, *(value for values in series for value in values if value is not None)])


def round_top(highest: float) -> float:
    """Return the last mark of a scale from zero on which so high a value fits: 20 for 17, 100 for 95."""
    step = _round_step(highest / 3)
    return step * math.ceil(highest / step - 1e-9)


# --- along time -------------------------------------------------------------------------------------------------------


def draw_bars(
    words: Words,
    values: Sequence[float | None],
    labels: Sequence[str],
    *,
    table: Table,
    top: float | None = None,
    marks: Sequence[float | None] = (),
    limit: float | None = None,
    dark: int | None = None,
    every: int = 1,
    wide: bool = False,
    height: int = 130,
) -> Chart:
    """Draw a bar for each value (None for no bar), and a line with round marks through a second series.

    The line is interrupted where a mark is None. top: that of the scale, where several charts share one. limit: the
    value of a dashed line. dark: the index of today's bar; the others are pale. every: one label in so many is written.
    Raises ValueError beyond POINTS_AT_MOST values.
    """
    count = _bounded(len(values), POINTS_AT_MOST)
    frame = _Frame(height, count, top or top_of(values, marks, [limit]))
    svg = _begin(words, height, table, columns=count, frame=frame)
    frame.draw_scale(svg)
    pale = [place for place, value in enumerate(values) if value and place != dark]
    bars = _path(svg, "chart__bar" if dark is None else "chart__bar chart__bar--pale")
    bars.set("d", "".join(frame.bar(place, values[place] or 0) for place in pale))
    if dark is not None and values[dark]:
        _path(svg, "chart__bar").set("d", frame.bar(dark, values[dark] or 0))
    frame.draw_line(svg, marks)
    if limit is not None:
        _path(svg, "chart__limit").set("d", f"M{LEFT} {frame.y(limit)}H{WIDTH - RIGHT}")
    if count <= VALUES_AT_MOST and not marks:
        for place, value in enumerate(values):
            if value:
                _text(svg, frame.middle(place), frame.y(value) - 3, _short(value), anchor="middle")
    frame.draw_labels(svg, labels, every)
    return Chart(words, _end(svg), table, wide)


def draw_band(
    words: Words,
    low: Sequence[float],
    high: Sequence[float],
    labels: Sequence[str],
    *,
    table: Table,
    top: float | None = None,
    real: Sequence[float | None] = (),
    every: int = 6,
    wide: bool = False,
    height: int = 130,
) -> Chart:
    """Draw a hatched band from low to high, in steps, and a line with round marks through the real values.

    Raises ValueError beyond POINTS_AT_MOST values.
    """
    count = _bounded(len(low), POINTS_AT_MOST)
    frame = _Frame(height, count, top or top_of(low, high, real))
    svg = _begin(words, height, table, columns=count, frame=frame)
    frame.draw_scale(svg)
    _add_hatching(svg, words.key)
    edge = frame.steps(high)
    back = [f"H{frame.x(place + 1)}V{_n(frame.y(low[place]))}" for place in reversed(range(count))]
    band = _path(svg, "chart__band")
    band.set("d", f"{edge}{''.join(back)}H{frame.x(0)}Z")
    band.set("fill", f"url(#{words.key}-hachures)")
    frame.draw_line(svg, real)
    frame.draw_labels(svg, labels, every)
    return Chart(words, _end(svg), table, wide)


def draw_heat_map(
    words: Words, counts: Sequence[Sequence[int]], days: Sequence[str], *, table: Table, top: int | None = None
) -> Chart:
    """Draw a square for each hour of the week, larger and stronger the greater its count.

    counts: for each of DAYS, one for each of HOURS. days: their short names. top: that of the scale.
    """
    highest = top or max([1, *(count for day in counts for count in day)])
    step = (WIDTH - LEFT - RIGHT) / HOURS
    height = math.ceil(DAYS * step) + BOTTOM
    svg = _begin(words, height, table, columns=HOURS, rows=DAYS, plot=(LEFT, 0, WIDTH - LEFT - RIGHT, DAYS * step))
    levels: list[list[str]] = [[] for _level in range(LEVELS)]
    for day, hours in enumerate(counts):
        _text(svg, LEFT - 4, step * (day + 0.5), days[day], anchor="end", dy=MIDDLE)
        for hour, count in enumerate(hours):
            if count:
                level = level_of(count, highest)
                side = step * (0.35 + 0.6 * (level + 1) / LEVELS)
                x, y = LEFT + step * (hour + 0.5) - side / 2, step * (day + 0.5) - side / 2
                levels[level].append(f"M{_n(x)} {_n(y)}h{_n(side)}v{_n(side)}h-{_n(side)}z")
    for level, squares in enumerate(levels):
        if squares:
            _path(svg, f"chart__heat chart__heat--{level + 1}").set("d", "".join(squares))
    for hour in range(0, HOURS, 3):
        _text(svg, LEFT + step * (hour + 0.5), DAYS * step + AXIS_GAP, f"{hour} h", anchor="middle", dy=BELOW)
    return Chart(words, _end(svg), table, is_wide=True)


def level_of(count: int, highest: int) -> int:
    """Return which of the LEVELS squares is drawn for a count above zero; 0 is the smallest.

    It follows the root of the count: beside the hour of a raid the other hours were all the smallest square.
    """
    return min(LEVELS - 1, max(0, math.ceil(LEVELS * math.sqrt(count / highest)) - 1))


# --- one row for each -------------------------------------------------------------------------------------------------


def draw_rows(words: Words, rows: Sequence[Row], *, top: float | None = None) -> Chart:
    """Draw a bar for each row, with its label and its value in words above it, and a mark at what was promised.

    The part beyond the promise is hatched; an unpublished value is an empty outline. Raises ValueError beyond
    ROWS_AT_MOST rows.
    """
    _bounded(len(rows), ROWS_AT_MOST)
    scale = top or top_of([row.value for row in rows], [row.limit for row in rows])
    room = WIDTH - 2
    svg = _begin(words, ROW * max(1, len(rows)), None)
    _add_hatching(svg, words.key)
    for place, row in enumerate(rows):
        y = ROW * place
        _text(svg, 1, y + 14, _clipped(row.label, row.said))
        _text(svg, WIDTH - 1, y + 14, row.said, anchor="end", strong=True)
        bar = y + 19
        if row.value is None:
            _box(svg, "chart__hidden", 1, bar, room, ROW_BAR)
            continue
        end = room * min(1.0, row.value / scale)
        kept = end if row.limit is None else min(end, room * row.limit / scale)
        if row.value:
            _box(svg, "chart__bar", 1, bar, kept, ROW_BAR)
        if end > kept:
            _box(svg, "chart__over", 1 + kept, bar, end - kept, ROW_BAR).set("fill", f"url(#{words.key}-hachures)")
        if row.limit is not None:
            _path(svg, "chart__promise").set("d", f"M{_n(1 + room * min(1.0, row.limit / scale))} {bar - 3}v18")
    return Chart(words, _end(svg))


def draw_places(words: Words, rows: Sequence[Places]) -> Chart:
    """Draw a square for each place: full when it is taken, empty when it is free, hatched when it is one too many.

    More than PLACES_AT_MOST places are drawn as a bar of their share. Raises ValueError beyond ROWS_AT_MOST rows.
    """
    _bounded(len(rows), ROWS_AT_MOST)
    svg = _begin(words, ROW * max(1, len(rows)), None)
    _add_hatching(svg, words.key)
    for place, row in enumerate(rows):
        y = ROW * place
        _text(svg, 1, y + 14, _clipped(row.label, row.said))
        _text(svg, WIDTH - 1, y + 14, row.said, anchor="end", strong=True)
        top, most = y + 18, row.load + row.free
        if most > PLACES_AT_MOST:
            _box(svg, "chart__free", 1, top, WIDTH - 2, SQUARE)
            _box(svg, "chart__bar", 1, top, (WIDTH - 2) * row.load / most, SQUARE)
            continue
        for number in range(most):
            kind = "free" if number >= row.load else "bar" if number < row.capacity else "over"
            square = _box(svg, f"chart__{kind}", 1 + SQUARE_STEP * number, top, SQUARE, SQUARE)
            if kind == "over":
                square.set("fill", f"url(#{words.key}-hachures)")
    return Chart(words, _end(svg))


# --- the pieces -------------------------------------------------------------------------------------------------------


class _Frame:
    """Calculates positions in a chart along time. top: the highest value; the frame ends at the round mark above it."""

    def __init__(self, height: int, count: int, top: float) -> None:
        self.height, self.count, self.top = height, count, round_top(top)
        self.step = (WIDTH - LEFT - RIGHT) / max(1, count)
        self.base = height - BOTTOM

    def x(self, place: float) -> str:
        """Return the left edge of a place, as SVG writes it."""
        return _n(LEFT + self.step * place)

    def y(self, value: float) -> float:
        """Return the height of a value on the drawing; one above the scale is drawn at its top."""
        return round(self.base - (self.base - TOP) * min(value, self.top) / self.top, 1)

    def middle(self, place: int) -> float:
        """Return the middle of a place, in units of the drawing."""
        return LEFT + self.step * (place + 0.5)

    def bar(self, place: int, value: float) -> str:
        """Return the path of one bar; bars touch when there are many."""
        share = 0.75 if self.count <= MARKS_AT_MOST else 1.0
        x, width = LEFT + self.step * (place + (1 - share) / 2), self.step * share
        return f"M{_n(x)} {self.base}V{_n(self.y(value))}h{_n(width)}V{self.base}z"

    def steps(self, values: Sequence[float]) -> str:
        """Draw steps from the left edge to the right one, each value as wide as its place."""
        return f"M{self.x(0)} {_n(self.y(values[0]))}" + "".join(
            f"V{_n(self.y(value))}H{self.x(place + 1)}" for place, value in enumerate(values)
        )

    def draw_line(self, svg: Element, values: Sequence[float | None]) -> None:
        """Draw a line through the values, interrupted where a value is None."""
        parts, is_drawn = [], False
        for place, value in enumerate(values):
            if value is not None:
                parts.append(f"{'L' if is_drawn else 'M'}{_n(self.middle(place))} {_n(self.y(value))}")
            is_drawn = value is not None
        if not parts:
            return
        if len(values) > MARKS_AT_MOST:
            _path(svg, "chart__line chart__line--long").set("d", "".join(parts))
            return
        _path(svg, "chart__line").set("d", "".join(parts))
        # A line of no length with a round end is a point: one element for all of them.
        _path(svg, "chart__marks").set("d", "".join(f"M{part[1:]}h0" for part in parts))
        _path(svg, "chart__holes").set("d", "".join(f"M{part[1:]}h0" for part in parts))

    def draw_scale(self, svg: Element) -> None:
        """Draw two or three lines of round numbers, without the zero, and the base."""
        lines = _path(svg, "chart__scale")
        step = _round_step(self.top / 3)
        ticks = [step * number for number in range(1, math.floor(self.top / step + 1e-9) + 1)]
        lines.set("d", "".join(f"M{LEFT} {_n(self.y(tick))}H{WIDTH - RIGHT}" for tick in ticks))
        for tick in ticks:
            _text(svg, LEFT - 4, self.y(tick), _short(tick), anchor="end", dy=MIDDLE)
        _path(svg, "chart__base").set("d", f"M{LEFT} {self.base}H{WIDTH - RIGHT}")

    def draw_labels(self, svg: Element, labels: Sequence[str], every: int) -> None:
        """Write every so many labels below the axis; an empty one is left out."""
        for place, label in enumerate(labels):
            if label and place % every == 0:
                _text(svg, self.middle(place), self.base + AXIS_GAP, label, anchor="middle", dy=BELOW)


def _bounded(count: int, most: int) -> int:
    if count > most:
        raise ValueError(f"A chart of {count} has more than {most}.")
    return count


def _round_step(least: float) -> float:
    """Return 1, 2 or 5 times a power of ten that is at least so much; a whole number, because people are counted."""
    power = 10.0 ** math.floor(math.log10(max(least, 1)))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least - 1e-9)


def _begin(
    words: Words,
    height: int,
    table: Table | None,
    *,
    columns: int = 0,
    rows: int = 1,
    frame: _Frame | None = None,
    plot: tuple[float, float, float, float] | None = None,
) -> Element:
    """Return the SVG element, with the positions of its points for `console/charts.js`.

    It is an image with its title and description, unless a table has its figures: then that image is the zone around it
    (`components/chart.html`), which the keys of a point reach, and the drawing inside is hidden from a screen reader.
    """
    svg = Element("svg", {"class": "chart__svg", "viewBox": f"0 0 {WIDTH} {height}", "focusable": "false"})
    if table is not None:
        svg.set("aria-hidden", "true")
    else:
        svg.set("role", "img")
        svg.set("aria-label", str(words.title))
        if words.description:
            svg.set("aria-description", str(words.description))
    if frame is not None:
        plot = (LEFT, TOP, WIDTH - LEFT - RIGHT, frame.base - TOP)
    if table is not None and plot is not None:
        svg.set("data-plot", " ".join(_n(number) for number in plot))
        svg.set("data-points", f"{columns} {rows}")
    return svg


def _end(svg: Element) -> SafeString:
    for empty in [part for part in svg.findall("path") if not part.get("d")]:
        svg.remove(empty)
    return mark_safe(tostring(svg, encoding="unicode"))  # noqa: S308  written as XML, each text escaped


def _add_hatching(svg: Element, key: str) -> None:
    pattern = SubElement(
        SubElement(svg, "defs"),
        "pattern",
        {"id": f"{key}-hachures", "width": "4", "height": "4", "patternUnits": "userSpaceOnUse"},
    )
    pattern.set("patternTransform", "rotate(45)")
    _path(pattern, "chart__stripe").set("d", "M0 0v4")


def _path(svg: Element, name: str) -> Element:
    return SubElement(svg, "path", {"class": name})


def _box(svg: Element, name: str, x: float, y: float, width: float, height: float) -> Element:
    numbers = {"x": x, "y": y, "width": width, "height": height}
    return SubElement(svg, "rect", {"class": name} | {key: _n(number) for key, number in numbers.items()})


def _text(svg: Element, x: float, y: float, text: str, *, anchor: str = "", dy: str = "", strong: bool = False) -> None:
    attributes = {"class": "chart__text chart__text--strong" if strong else "chart__text", "x": _n(x), "y": _n(y)}
    if anchor:
        attributes["text-anchor"] = anchor
    if dy:
        attributes["dy"] = dy
    SubElement(svg, "text", attributes).text = keep_together(text)


def width_of(text: str) -> float:
    """Return how wide a text of a chart is at most, in units of the drawing."""
    return LETTER_SIZE * sum(LETTERS.get(letter, WIDEST) for letter in text)


def _clipped(label: str, said: str) -> str:
    """Return the label, cut to the room that the words at the end of its line leave."""
    room = WIDTH - GAP - width_of(said)
    if width_of(label) <= room:
        return label
    ends = accumulate((LETTER_SIZE * LETTERS.get(letter, WIDEST) for letter in label), initial=width_of("…"))
    kept = max(7, sum(end <= room for end in ends) - 1)
    return f"{label[:kept].rstrip()}…"


def _n(number: float) -> str:
    """Return a coordinate as text, never with a French decimal comma."""
    return f"{round(number, 1):g}"


def _short(value: float) -> str:
    """Return a value as text; halves are rounded up and thousands apart as in `floatformat:"g"`, so that tables and
    charts agree."""
    if value >= 10 or value == int(value):
        return number_format(math.floor(value + 0.5), force_grouping=True)
    return f"{value:.1f}".replace(".", ",")
