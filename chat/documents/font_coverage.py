"""This module finds out which characters the available fonts can draw, and replaces others by their codes:
« ⟦U+1F468⟧ ».

PDF/UA forbids a page with a character that is not drawn. What a person wrote must neither prevent a document nor vanish
from it. Typst only says whether it succeeded, so characters are tried together, and the set is halved until those that
fail are known. The results are cached for the life of the process.

Consecutive characters that cannot be drawn share one pair of brackets, and a repeated one is written once:
« ⟦U+1F468 200D 1F469 ×3, 1F44D⟧ ». Otherwise a page of emoji would become nine pages of codes, and a long exchange took
2.4 GiB to render.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping

# A *sign* is a character with what is joined to it (marks, variation selectors, skin tones, joiners), or the two
# letters of a flag. Characters that every font of ours draws are skipped.
_JOINED = r"[\u0300-\u036f\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]"
_SIGN = re.compile(
    r"[\U0001f1e6-\U0001f1ff]{2}"
    rf"|[^\x00-\u017f\u2010-\u2027\u2030-\u2040\u2042\u2044-\u2052\u2054-\u205e\u20ac\u27e6\u27e7]{_JOINED}*(?:\u200d.{_JOINED}*)*"
)
AT_MOST = 60  # the most tries for a document; each takes some forty milliseconds
# How many different signs of a document are drawn; further ones are replaced by their codes. A long text in Chinese has
# some three thousand. With 100,000 signs of every script, a child ran out of memory with any fonts.
SIGNS_AT_MOST = 5_000
KEPT = 20_000

_known: dict[str, bool] = {}


def signs_of(texts: Iterable[str]) -> list[str]:
    """Return the signs that have to be tried, each once."""
    return list(dict.fromkeys(sign for text in texts for sign in _SIGN.findall(text)))


def drawable(texts: Iterable[str], *, can_draw: Callable[[list[str]], bool]) -> set[str]:
    """Return the signs of these texts that can be drawn.

    Those that are undecided after AT_MOST tries count as not drawable, and so do those after SIGNS_AT_MOST signs.
    """
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
    """Return, for each known sign of these texts, whether it can be drawn."""
    return {sign: _known[sign] for sign in signs_of(texts) if sign in _known}


def remember_signs(found: Mapping[str, bool]) -> None:
    """Cache what a child process found out."""
    _known.update(found)
    if len(_known) > KEPT:
        _known.clear()


def with_codes(text: str, kept: set[str]) -> str:
    """Return the text with codes in place of the signs that are not in `kept`."""
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
    """Return the codes of consecutive signs."""
    told = []
    for sign, alike in itertools.groupby(run):
        count = len(list(alike))
        told.append(" ".join(f"{ord(one):04X}" for one in sign) + (f" ×{count}" if count > 1 else ""))
    return f"⟦U+{', '.join(told)}⟧"
