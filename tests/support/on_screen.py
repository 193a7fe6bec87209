"""What somebody reads or hears of a page without touching it, without what is folded, hidden or meant for machines; or
what they read once every fold is open.
"""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

# Words that tell somebody who looks at the screen what this site is about.
TELLING = re.compile(
    r"polici|police|gendarm|cyber|harc[eè]l|menac|insult|moque|victime|t[ée]moin\b|signalement|plainte|procureur|suicid|"
    r"\bex\b|mourir|violen|intime|République|illégal|pirat|arnaque|chantage|virus|point d['’]accueil|commissariat|"
    r"brigade|minist[eè]re|tchat",
    re.IGNORECASE,
)
# The same in each language that is offered. Somebody who adds a language writes its words here.
TELLING_IN = {
    "fr": TELLING,
    "en": re.compile(
        r"police|gendarm|cyber|harass|threat|insult|victim|witness|complaint|prosecutor|suicid|violen|intimate|illegal|"
        r"scam|blackmail|reception point|to die|dying|officer|ministry|\bchat\b",
        re.IGNORECASE,
    ),
}
# What an address of discreet mode may say after its numbers. Whoever adds a word says that it tells nothing to somebody
# who reads the history of the browser. Fields of a form, to which its errors lead, have their English names.
SILENT = {
    *("contenu", "menu", "pied", "fin", "suite", "body", "doors", "received", "note", "notes", "choix", ""),
    *("avant", "apres", "de", "etat", "autre", "pause", "tout", "encore", "suites", "nouveau", "next"),
    *("active", "waiting"),
}
_ADDRESS = re.compile(r"""(?:href|action|src|value|data-[a-z-]+)=["']((?:/n/|[?#])[^"'\s]*)["']""")
_FIELD = re.compile(r"(?:id_|group-)[a-z_]+")
_NUMBER = re.compile(r"\d*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|/n/.*")


def spoken_addresses(html: str) -> list[str]:
    """Return the addresses in a page of discreet mode whose query or fragment has a word that is not SILENT.

    They are those of links, of forms and buttons, and those that a form or a script is given as a value.
    """
    found = []
    for address in map(unescape, _ADDRESS.findall(html)):
        parts = urlsplit(address)
        query = [word for pair in parse_qsl(parts.query, keep_blank_values=True) for word in pair]
        said = [word for word in query if not _NUMBER.fullmatch(word)]
        said += [] if _FIELD.fullmatch(parts.fragment) else [parts.fragment]
        found += [address] if set(said) - SILENT else []
    return found


_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_UNREAD = {"head", "script", "style", "template", "noscript", "option"}
_SAID = {"aria-label", "alt", "title", "placeholder"}


class _Reader(HTMLParser):
    def __init__(self, *, opens_folds: bool) -> None:
        super().__init__()
        self.opens_folds = opens_folds
        self.open: list[tuple[str, bool]] = []  # each open element, and whether its content is read
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent, is_read = self.open[-1] if self.open else ("", True)
        is_folded = parent == "details-closed" and tag != "summary" and not self.opens_folds
        is_read = is_read and not is_folded and tag not in _UNREAD and "hidden" not in dict(attrs)
        if is_read:  # a screen reader says these aloud, and some are shown beside a mouse
            self.text += [words for name, words in attrs if name in _SAID and words]
        if tag in _VOID:
            return
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
