"""Knows which signs the fonts at hand can draw on paper. A sign that none can is written by its code: « ⟦U+1F468⟧ ».

PDF/UA refuses a page with a sign that is not drawn, and what a person wrote must not keep a document from being made,
nor vanish from it. Typst says no more than yes or no: signs are tried together, and halved until the ones that fail
are known. What was found is kept for the life of the process.

Signs without a drawing that follow one another share one pair of brackets, and one that is repeated is written once:
« ⟦U+1F468 200D 1F469 ×3, 1F44D⟧ ». A page of emoji would otherwise be nine pages of codes, and a long exchange took
2.4 GiB to draw.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping

# A sign: a base with what is joined to it (marks, variation selectors, tones of skin, joiners), or the two letters of a
# flag. What every font of ours draws is not looked at.
_JOINED = r"[\u0300-\u036f\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]"
_SIGN = re.compile(
    r"[\U0001f1e6-\U0001f1ff]{2}"
    rf"|[^\x00-\u017f\u2010-\u2027\u2030-\u2040\u2042\u2044-\u2052\u2054-\u205e\u20ac\u27e6\u27e7]{_JOINED}*(?:\u200d.{_JOINED}*)*"
)
AT_MOST = 60  # tries a document: some forty milliseconds each
# Different signs a document; what comes after stands there by its code. A long text in Chinese has some three thousand.
# With signs of every script there is, 100,000 of them, a child had no memory left, whatever the fonts.
SIGNS_AT_MOST = 5_000
KEPT = 20_000

_known: dict[str, bool] = {}


def signs_of(texts: Iterable[str]) -> list[str]:
    """The signs that have to be tried, each once."""
    return list(dict.fromkeys(sign for text in texts for sign in _SIGN.findall(text)))


def drawable(texts: Iterable[str], *, can_draw: Callable[[list[str]], bool]) -> set[str]:
    """Those of the signs of these texts that can be drawn. What is left after AT_MOST tries counts as not drawn, and so
    does what comes after SIGNS_AT_MOST signs."""
    signs = signs_of(texts)[:SIGNS_AT_MOST]
    if len(_known) > KEPT:
        _known.clear()
    groups = [[sign for sign in signs if sign not in _known]]
    tries = 0
    while groups and tries < AT_MOST:
        group = groups.pop()
        if not group:
            continue
        tries += 1
        if can_draw(group):
            _known.update(dict.fromkeys(group, True))
        elif len(group) == 1:
            _known[group[0]] = False
        else:
            half = len(group) // 2
            groups += [group[half:], group[:half]]
    return {sign for sign in signs if _known.get(sign)}


def known_signs(texts: Iterable[str]) -> dict[str, bool]:
    """Return what is known of the signs of these texts: whether each can be drawn."""
    return {sign: _known[sign] for sign in signs_of(texts) if sign in _known}


def remember_signs(found: Mapping[str, bool]) -> None:
    """Keep what a child process found."""
    _known.update(found)
    if len(_known) > KEPT:
        _known.clear()


def with_codes(text: str, kept: set[str]) -> str:
    """The text with the codes of the signs that are not among those kept."""
    pieces: list[str] = []
    run: list[str] = []
    end = 0
    for found in _SIGN.finditer(text):
        if found[0] in kept:
            continue
        if found.start() != end and run:
            pieces.append(_codes(run))
            run = []
        pieces.append(text[end : found.start()])
        run.append(found[0])
        end = found.end()
    if run:
        pieces.append(_codes(run))
    return "".join((*pieces, text[end:]))


def _codes(run: Iterable[str]) -> str:
    """Signs that follow one another."""
    told = []
    for sign, alike in itertools.groupby(run):
        count = len(list(alike))
        told.append(" ".join(f"{ord(one):04X}" for one in sign) + (f" ×{count}" if count > 1 else ""))
    return f"⟦U+{', '.join(told)}⟧"
