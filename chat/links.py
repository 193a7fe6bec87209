"""A link that somebody gave, as it may be shown: readable, and good for nothing else. Pure."""

import re

_SCHEME = re.compile(r"(?i)\b(h)tt(ps?)\s*:\s*/\s*/")


def neutralise(text: str) -> str:
    """The same words with no address that a program would make a link of: « hxxps://exemple[.]fr/page ».

    What is kept is what was typed; this is only how it is drawn.
    """
    return _SCHEME.sub(r"\1xx\2://", text).replace(".", "[.]").replace("@", "[@]")


def lines(text: str) -> list[str]:
    """One neutralised link a line."""
    return [neutralise(line.strip()) for line in text.splitlines() if line.strip()]
