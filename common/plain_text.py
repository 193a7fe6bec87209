"""This module makes everything in a text visible before it is shown. Pure.

What is stored, and what frames carry, is exactly what was sent, because it may be evidence. What is shown, by the
server and by `static/pnav/lib/plain.js` (a test holds the two together), replaces marks that reverse a line, hide in a
word or pile up over the lines above by « ⟦U+202E⟧ » and the like, and warns of host names in mixed alphabets, which may
deceive. Nothing is made clickable anywhere.

Sources: Unicode UAX 9 (directional formatting), UTS 39 (mixed scripts), UTR 36 (invisible characters).
"""

import re
import unicodedata

from django.utils.translation import gettext as _

# Controls, save the line feed and the tab; direction marks, embeddings, overrides and isolates; characters without a
# width; fillers that are blank; what is reserved for programs; tags.
_HIDDEN = (
    "\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_LATIN_OR_OLDER = "\u0000-\u058f"  # Latin, Greek, Cyrillic and Armenian, which need no joiner
# Hidden characters in honest use: joiners inside emoji and inside scripts that need them, and flags such as England's.
_HONEST = re.compile(
    f"(?<=[^{_LATIN_OR_OLDER}{_HIDDEN}])[\u200c\u200d](?=[^{_LATIN_OR_OLDER}{_HIDDEN}])"
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{2,8}\U000e007f"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
_SUSPECT = re.compile(f"[{_HIDDEN}]|(?<=[{_MARKS}]{{4}})[{_MARKS}]+")

# A character that is neither blank nor hidden. U+FE0F by itself shows nothing: it changes the look of another one.
_SEEN = re.compile(f"[^\\s\ufe0f{_HIDDEN}]")

_LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_FOREIGN = re.compile(f"[^\u0000-\u007f\ufe0f{_LATIN}]")  # U+FE0F is the character that makes a sign an emoji
_SEPARATORS = "\u2024\u2044\u2215\u29f8\u3002\ufe52\uff0e\uff0f\uff61"
# A host name, with or without what is before and after it in an address. A match may only begin where a run of such
# characters begins; otherwise a run without a dot would take quadratic time. The matches are the same, because what a
# run holds is found from its first character or not at all (tests/common/test_plain_text.py).
_OUTSIDE = r"\s/@:<>()\"«»,;⟦⟧"
_HOST = re.compile(rf"(?<![^{_OUTSIDE}])[^{_OUTSIDE}]+(?:[.\u3002\uff0e\uff61][^{_OUTSIDE}.]+)+")
_ASCII_END = re.compile(r"[A-Za-z]{2}$")


def is_misleading(host: str) -> bool:
    """Return whether a host name may deceive: it ends in ASCII letters and has foreign characters before, or is in
    Punycode.

    Foreign letters, marks, digits, and characters that look like a dot or a slash count. Other signs do not: in
    « l’école.Depuis » and « 50€.Ok » only a space is missing.
    """
    if any(label.lower().startswith("xn--") for label in host.split(".")):
        return True
    foreign = _FOREIGN.findall(host) if _ASCII_END.search(host) else []
    return any(letter in _SEPARATORS or unicodedata.category(letter)[0] in "LMN" for letter in foreign)


def plain(text: str) -> str:
    """Return a text as it is shown: hidden characters made visible, and misleading host names marked."""
    if text.isascii() and text.isprintable() and "xn--" not in text.lower():
        return text
    return _HOST.sub(lambda found: _flagged(found.group()), visible(text))


def shows_something(text: str) -> bool:
    """Return whether anything of a text can be seen. For nearly every text, looking at the first character is
    enough."""
    return "!" <= text[:1] <= "~" or _SEEN.search(text) is not None


def visible(text: str) -> str:
    """Make hidden characters visible, without marking host names. Line ends of forms (U+000D, U+000A) become U+000A."""
    text = text.replace("\r\n", "\n")
    honest = {found.start() + n for found in _HONEST.finditer(text) for n in range(len(found.group()))}
    return _SUSPECT.sub(lambda found: found.group() if found.start() in honest else _seen(found.group()), text)


def _seen(hidden: str) -> str:
    """Return the code point in brackets; for several that pile up, the first one and how many more there are."""
    more = f" +{len(hidden) - 1}" if len(hidden) > 1 else ""
    return f"⟦U+{ord(hidden[0]):04X}{more}⟧"


def _flagged(host: str) -> str:
    bare = host.rstrip(".!?…'’")
    return f"{bare} ⟦{_('adresse trompeuse possible')}⟧{host[len(bare) :]}" if is_misleading(bare) else host


_SCHEME = re.compile(r"(?i)\b(h)tt(ps?)\s*:\s*/\s*/")


def neutralise(text: str) -> str:
    """Return a text without addresses that a program would turn into links: « hxxps://exemple[.]fr/page ».

    It is only for showing; what is stored stays as it was typed.
    """
    return _SCHEME.sub(r"\1xx\2://", text).replace(".", "[.]").replace("@", "[@]")


def lines(text: str) -> list[str]:
    """Return the lines of a text that are not blank, each as it is shown and with its links neutralised."""
    return [neutralise(plain(line.strip())) for line in text.splitlines() if line.strip()]
