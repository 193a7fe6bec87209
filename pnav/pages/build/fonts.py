"""Cuts each font that pages load into two files.

A weight of Marianne is 43 kB. Our own texts need a third of its characters, and that file comes with a first visit. The
rest (other European languages, arrows, signs) is a second file, which a browser fetches only when a page shows one of
its characters (`unicode-range`), so a message in Polish looks as before.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from fontTools import version as fonttools_version
from fontTools.subset import Options, Subsetter, load_font, save_font

# ASCII, Latin-1, œ Œ Ÿ, dashes, quotation marks, the ellipsis, the narrow no-break space, the euro, the minus sign.
EVERYDAY: frozenset[int] = frozenset(
    {
        *range(0x20, 0x7F),
        *range(0xA0, 0x100),
        0x152,
        0x153,
        0x178,
        0x2009,
        0x2011,
        0x2013,
        0x2014,
        0x2018,
        0x2019,
        0x201A,
        0x201C,
        0x201D,
        0x201E,
        0x2022,
        0x2026,
        0x202F,
        0x2039,
        0x203A,
        0x20AC,
        0x2212,
    }
)
# Kerning, and the placing of accents. No style sheet asks for small capitals or old-style figures.
FEATURES = ["ccmp", "kern", "liga", "locl", "mark", "mkmk"]
REST = "-rest"  # the end of the second file's name


def ranges(signs: Iterable[int]) -> str:
    """Return code points as `unicode-range` writes them: `U+20-7E,U+A0`."""
    found: list[list[int]] = []
    for sign in sorted(signs):
        if found and found[-1][1] == sign - 1:
            found[-1][1] = sign
        else:
            found.append([sign, sign])
    return ",".join(f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}" for first, last in found)


def signs_of(source: Path) -> frozenset[int]:
    """Return the code points that a font can draw."""
    options = Options()
    with load_font(str(source), options) as font:
        return frozenset(font.getBestCmap())


def recipe() -> str:
    """Return what the two files depend on besides their source. When it changes, they are made again."""
    return f"fonttools {fonttools_version} {ranges(EVERYDAY)} {' '.join(FEATURES)}"


def _write(source: Path, target: Path, signs: Collection[int]) -> None:
    options = Options()
    options.flavor = "woff2"
    options.layout_features = FEATURES
    options.hinting = False  # today's screens draw well without hinting
    font = load_font(str(source), options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=signs)
    subsetter.subset(font)
    partial = target.with_suffix(".partial")
    save_font(font, str(partial), options)
    partial.replace(target)


def cut(source: Path, folder: Path) -> None:
    """Write both files of a font. The same font and the same release of fonttools give the same bytes."""
    known = signs_of(source)
    _write(source, folder / source.name, known & EVERYDAY)
    _write(source, folder / f"{source.stem}{REST}.woff2", known - EVERYDAY)
