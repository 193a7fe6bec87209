"""Shows a text as it was written, with nothing in it that cannot be seen. Pure.

What is kept and what the frames carry is what was sent, to the letter: it may be evidence. What is drawn, by the server
and by `static/pnav/lib/plain.js` (a test holds both together), shows the marks that turn a line around, hide in a word
or pile up over the lines above as « ⟦U+202E⟧ », and says of a host name in mixed alphabets that it may deceive.
Nothing is made clickable anywhere.

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
_LATIN_OR_OLDER = "\u0000-\u058f"  # Latin, Greek, Cyrillic, Armenian: they need no joiner
# Written by honest people: joiners inside emoji and inside scripts that need them, the flags of England and others.
_HONEST = re.compile(
    f"(?<=[^{_LATIN_OR_OLDER}{_HIDDEN}])[\u200c\u200d](?=[^{_LATIN_OR_OLDER}{_HIDDEN}])"
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{2,8}\U000e007f"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
_SUSPECT = re.compile(f"[{_HIDDEN}]|(?<=[{_MARKS}]{{4}})[{_MARKS}]+")

# Whatever is neither blank nor hidden; U+FE0F alone changes the look of a sign that is not there.
_SEEN = re.compile(f"[^\\s\ufe0f{_HIDDEN}]")

_LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_FOREIGN = re.compile(f"[^\u0000-\u007f\ufe0f{_LATIN}]")  # U+FE0F: what makes a sign an emoji
_SEPARATORS = "\u2024\u2044\u2215\u29f8\u3002\ufe52\uff0e\uff0f\uff61"
# A name of a host, with or without what stands before and after it in an address. It begins where a run of such
# characters begins: tried from each of them, a run without a dot would take the square of its length. The matches are
# the same, for what a run holds is found from its first character or not at all (tests/common/test_plain_text.py).
_OUTSIDE = r"\s/@:<>()\"«»,;⟦⟧"
_HOST = re.compile(rf"(?<![^{_OUTSIDE}])[^{_OUTSIDE}]+(?:[.\u3002\uff0e\uff61][^{_OUTSIDE}.]+)+")
_ASCII_END = re.compile(r"[A-Za-z]{2}$")


def is_misleading(host: str) -> bool:
    """Whether a host name ends in ordinary letters and has others before, or is written in its coded form.

    Letters, marks, digits, and what looks like a dot or a slash: « l’école.Depuis », « 50€.Ok » lack but a space.
    """
    if any(label.lower().startswith("xn--") for label in host.split(".")):
        return True
    foreign = _FOREIGN.findall(host) if _ASCII_END.search(host) else []
    return any(letter in _SEPARATORS or unicodedata.category(letter)[0] in "LMN" for letter in foreign)


def plain(text: str) -> str:
    """The text to show to whoever reads it."""
    if text.isascii() and text.isprintable() and "xn--" not in text.lower():
        return text
    return _HOST.sub(lambda found: _flagged(found.group()), visible(text))


def shows_something(text: str) -> bool:
    """Whether anything of this text can be seen. Looks at one character of nearly every text, at each of them once."""
    return "!" <= text[:1] <= "~" or _SEEN.search(text) is not None


def visible(text: str) -> str:
    """The same without a word about host names. The end of a line as forms send it (U+000D, U+000A) is one."""
    text = text.replace("\r\n", "\n")
    honest = {found.start() + n for found in _HONEST.finditer(text) for n in range(len(found.group()))}
    return _SUSPECT.sub(lambda found: found.group() if found.start() in honest else _seen(found.group()), text)


def _seen(hidden: str) -> str:
    """The code point; of many that pile up, the first and how many more there are."""
    more = f" +{len(hidden) - 1}" if len(hidden) > 1 else ""
    return f"⟦U+{ord(hidden[0]):04X}{more}⟧"


def _flagged(host: str) -> str:
    bare = host.rstrip(".!?…'’")
    return f"{bare} ⟦{_('adresse trompeuse possible')}⟧{host[len(bare) :]}" if is_misleading(bare) else host


_SCHEME = re.compile(r"(?i)\b(h)tt(ps?)\s*:\s*/\s*/")


def neutralise(text: str) -> str:
    """The same words with no address that a program would make a link of: « hxxps://exemple[.]fr/page ».

    What is kept is what was typed; this is only how it is drawn.
    """
    return _SCHEME.sub(r"\1xx\2://", text).replace(".", "[.]").replace("@", "[@]")


def lines(text: str) -> list[str]:
    """One neutralised link a line, as it is shown."""
    return [neutralise(plain(line.strip())) for line in text.splitlines() if line.strip()]
