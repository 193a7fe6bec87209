"""Takes out of our own style sheets what only whoever writes them reads: comments, and blanks between the pieces.

No page is drawn before its sheets are there. Comments compress worst: with the blanks they were three tenths of what
the frame's sheet takes on the line (docs/adr/0110). What stands in quotes and in addresses stays as it is, and so does
a blank that means something: one within a selector (`a :hover`) or within a value.
"""

import re

# What is kept whole, and comments, which are not: but those that begin with « ! » say under which licence a sheet is.
_PIECES = re.compile(
    r"""(?P<kept>/\*!.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|url\([^"')]*\))|(?P<comment>/\*.*?\*/)|(?P<blanks>\s+)""",
    re.DOTALL,
)
_AROUND = re.compile(r"\s*([{};,])\s*")
_MARK = "\0"


def slim_sheet(css: str) -> str:
    """The same rules, in fewer characters. Bounded by the length of the sheet: each piece is read once."""
    kept: list[str] = []

    def shorten(found: re.Match[str]) -> str:
        if found["kept"] is None:
            return " "
        kept.append(found["kept"])
        return _MARK

    short = _PIECES.sub(shorten, css)
    short = re.sub(" {2,}", " ", short)
    short = _AROUND.sub(r"\1", short).replace(": ", ":").replace(";}", "}").strip()
    pieces = iter(kept)
    return re.sub(_MARK, lambda _found: next(pieces), short)
