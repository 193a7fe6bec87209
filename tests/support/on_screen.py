"""What somebody reads of a page without touching it, without what is folded, hidden or meant for machines; or what they
read once every fold is open.
"""

import re
from html.parser import HTMLParser

# Words that tell somebody who looks at the screen what this site is about.
TELLING = re.compile(
    r"polici|police|gendarm|cyber|harc[eè]l|menac|insult|moque|victime|t[ée]moin\b|signalement|plainte|procureur|suicid|"
    r"\bex\b|mourir|violen|intime|République|illégal|pirat|arnaque|chantage|virus|point d['’]accueil|commissariat|"
    r"brigade",
    re.IGNORECASE,
)
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_UNREAD = {"head", "script", "style", "template", "noscript", "option"}


class _Reader(HTMLParser):
    def __init__(self, *, opens_folds: bool) -> None:
        super().__init__()
        self.opens_folds = opens_folds
        self.open: list[tuple[str, bool]] = []  # each open element, and whether its content is read
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        parent, is_read = self.open[-1] if self.open else ("", True)
        is_folded = parent == "details-closed" and tag != "summary" and not self.opens_folds
        is_read = is_read and not is_folded and tag not in _UNREAD and "hidden" not in dict(attrs)
        self.open.append(("details-closed" if tag == "details" and "open" not in dict(attrs) else tag, is_read))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] not in {tag, f"{tag}-closed"}:
            pass

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1][1]:
            self.text.append(data)


def words_on_screen(html: str, *, opens_folds: bool = False) -> str:
    """Return the text of a page as it is on screen when it comes, with blanks squeezed.

    opens_folds: whether folded text is included.
    """
    reader = _Reader(opens_folds=opens_folds)
    reader.feed(html)
    return " ".join(" ".join(reader.text).split())
