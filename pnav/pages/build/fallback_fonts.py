"""Scales fonts of the visitor's own machine to the width of Marianne, for use until Marianne is loaded.

Text is shown at once in a font of the machine, and drawn again once the file of Marianne has come (`font-display:
swap`). Where the two differ in width, lines break elsewhere, and what is below moves under the reader's finger. So each
such font gets a face of its own, which says how much larger it is drawn (`size-adjust`) and gives it the height of
Marianne. `local()` asks only the machine: nothing is fetched, and a machine without the font goes on to the next one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fontTools.subset import Options, load_font

# A text with the usual frequencies of letters in what visitors read.
SAMPLE = (
    "Vous échangez par écrit, en direct, avec un policier ou un gendarme formé au cyberharcèlement. C'est gratuit, "
    "jour et nuit, et sans donner votre nom. Votre ville dit si votre secteur dépend de la police ou de la gendarmerie."
)
STACK = "Marianne,arial,sans-serif"  # the families of fonts, as DSFR writes them


@dataclass(frozen=True, slots=True)
class Fallback:
    """It is a font of many machines, and those with exactly the same widths.

    names: how `local()` finds it, by weight. widths: the mean width of a letter of SAMPLE in em, by weight
    (`Metrics.width` of the font's own file).
    """

    family: str
    names: Mapping[int, tuple[str, ...]]
    widths: Mapping[int, float]


FALLBACKS = (
    Fallback(  # on Windows, macOS and iOS; Liberation Sans and Arimo have the same widths
        "Marianne-arial",
        {
            400: ("Arial", "ArialMT", "Liberation Sans", "Arimo", "Helvetica"),
            700: ("Arial Bold", "Arial-BoldMT", "Liberation Sans Bold", "Arimo Bold", "Helvetica Bold"),
        },
        {400: 0.4374, 700: 0.4699},
    ),
    Fallback(  # on Android
        "Marianne-roboto", {400: ("Roboto",), 700: ("Roboto Bold", "Roboto-Bold")}, {400: 0.4340, 700: 0.4423}
    ),
    Fallback(  # on Linux without the ones above
        "Marianne-dejavu", {400: ("DejaVu Sans",), 700: ("DejaVu Sans Bold",)}, {400: 0.5010, 700: 0.5648}
    ),
)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Measures of a font, in em: the mean width of a letter of SAMPLE, and the height of a line above and below the
    baseline.
    """

    width: float
    ascent: float
    descent: float


def read_metrics(source: Path) -> Metrics:
    """Read the measures of a font. Raises KeyError for a font that lacks a letter of SAMPLE."""
    with load_font(str(source), Options()) as font:
        names, advances, heights = font.getBestCmap(), font["hmtx"], font["hhea"]
        units = font["head"].unitsPerEm
        width = sum(advances[names[ord(letter)]][0] for letter in SAMPLE) / len(SAMPLE)
        return Metrics(width / units, heights.ascent / units, -heights.descent / units)


def stack() -> str:
    """Return the list of fonts that replaces STACK."""
    first, rest = STACK.split(",", 1)
    return ",".join([first, *(fallback.family for fallback in FALLBACKS), rest])


def faces(weight: int, own: Metrics) -> Iterator[str]:
    """Yield the `@font-face` of each fallback in this weight. own: the measures of Marianne."""
    for fallback in FALLBACKS:
        scale = own.width / fallback.widths[weight]
        names = ",".join(f'local("{name}")' for name in fallback.names[weight])
        yield (
            f"@font-face{{font-family:{fallback.family};src:{names};font-weight:{weight};"
            f"size-adjust:{scale:.2%};ascent-override:{own.ascent / scale:.2%};"
            f"descent-override:{own.descent / scale:.2%};line-gap-override:0%}}"
        )
