"""Searches the page of a preview for the texts that are tried in it, and marks each where it is read."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from common.texts import marks

ANCHOR = "apercu"
ATTRIBUTE = "data-apercu"  # the attribute of an element whose text stands where no mark-up may be
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_UNREAD = {"head", "script", "style", "template"}
# What these hold is only text, or is drawn by other rules than those of a page.
_WITHOUT_MARK_UP = {"title", "option", "textarea", "script", "style", "svg"}
# Attributes that a person sees or hears.
_READ = {"alt", "aria-description", "aria-label", "label", "placeholder", "title", "value"}
# This matches the attribute, and not the same word within another attribute's value.
_HIDDEN = re.compile(r'("[^"]*")|\shidden(?:="[^"]*")?(?=[\s/>])')


@dataclass
class Marked:
    """A page with its marks, and where each text is in it, by the text's number.

    seen: in what is read, or in what the page shows once something is done, which the preview shows at once. carried:
    in an attribute, a list or a drawing that is seen, which is outlined. unseen: in the title, or where only a machine
    reads.
    """

    page: str = ""
    seen: set[int] = field(default_factory=set)
    carried: set[int] = field(default_factory=set)
    unseen: set[int] = field(default_factory=set)


@dataclass
class _Element:
    tag: str
    place: int  # position of its start tag in `_Page.written`
    attributes: dict[str, str | None]
    end: int = -1

    @property
    def is_closed(self) -> bool:
        """Return whether it hides its content until something is done."""
        return "hidden" in self.attributes or self.tag == "noscript"


class _Page(HTMLParser):
    """Writes the page again as it was, with `<mark>` around each piece of a tried text that is read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.written: list[str] = []
        self.around: list[_Element] = []
        self.texts: list[int] = []  # the texts that have begun and not ended, the innermost last
        self.found = Marked()
        self.marks: list[tuple[int, list[_Element]]] = []  # where each mark was written, and what hides it
        self.carriers: list[_Element] = []

    # --- what holds others --------------------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = _Element(tag, len(self.written), dict(attrs))
        source = self.get_starttag_text() or ""
        self.written.append(marks.take_out(source))
        for name, value in attrs:
            if value and (numbers := _numbers_in(value)):
                self._carry(numbers, element, is_read=name in _READ)
        if tag not in _VOID and not source.endswith("/>"):
            self.around.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        while self.around and tag not in _VOID:
            element = self.around.pop()
            element.end = len(self.written)
            if element.tag == tag:
                break
        self.written.append(f"</{tag}>")

    # --- what is read -------------------------------------------------------------------------------------------------

    def handle_data(self, data: str) -> None:
        place = 0
        for mark in marks.PATTERN.finditer(data):
            self._write(data[place : mark.start()])
            place = mark.end()
            number = marks.number_of(mark)
            if number is not None:
                self.texts.append(number)
            elif self.texts:
                self.texts.pop()
        self._write(data[place:])

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.written.append(f"<!--{marks.take_out(data)}-->")

    def handle_decl(self, decl: str) -> None:
        self.written.append(f"<!{decl}>")

    def _write(self, text: str) -> None:
        if not self.texts or not text.strip():
            self.written.append(text)
            return
        holder = next((one for one in self.around if one.tag in _WITHOUT_MARK_UP), None)
        if holder is not None:
            self.written.append(text)
            self._carry(set(self.texts), holder, is_read=holder.tag not in {"title", "script", "style"})
            return
        if any(one.tag in _UNREAD for one in self.around):
            self.written.append(text)
            self.found.unseen.update(self.texts)
            return
        if self.marks and self.marks[-1][0] == len(self.written) - 1:  # the text continues after `&#x27;`
            self.written[-1] = f"{self.written[-1].removesuffix('</mark>')}{text}</mark>"
        else:
            self.marks.append((len(self.written), [one for one in self.around if one.is_closed]))
            self.written.append(f"<mark>{text}</mark>")
        self.found.seen.update(self.texts)

    def _carry(self, numbers: set[int], element: _Element, *, is_read: bool) -> None:
        around = [*self.around, element]
        is_there = not any(one.tag in _UNREAD or one.is_closed for one in around)
        if is_read and is_there and element.attributes.get("type") != "hidden":
            self.found.carried |= numbers
            self.carriers.append(element)
        else:
            self.found.unseen |= numbers

    # --- what is shown ------------------------------------------------------------------------------------------------

    def finish(self) -> Marked:
        """Show what hides a mark if no other mark is shown, and place the target of the link above the page."""
        self.close()
        shown = [place for place, hiding in self.marks if not hiding]
        first = shown[0] if shown else None
        if first is None and self.marks:
            first, hiding = self.marks[0]
            for element in hiding:
                self._show(element)
        if first is not None:
            self.written[first] = self.written[first].replace("<mark>", f'<mark id="{ANCHOR}">', 1)
        elif self.carriers:
            for element in self.carriers:
                self._add(element, f" {ATTRIBUTE}")
        self.found.page = "".join(self.written)
        return self.found

    def _show(self, element: _Element) -> None:
        if element.tag == "noscript":
            self.written[element.place] = self.written[element.place].replace("<noscript", "<div", 1)
            self.written[element.end] = "</div>"
        else:
            self.written[element.place] = _HIDDEN.sub(lambda one: one[1] or "", self.written[element.place])

    def _add(self, element: _Element, attribute: str) -> None:
        start = self.written[element.place]
        name = len(f"<{element.tag}")
        if attribute not in start:
            self.written[element.place] = f"{start[:name]}{attribute}{start[name:]}"


def _numbers_in(text: str) -> set[int]:
    return {number for one in marks.PATTERN.finditer(text) if (number := marks.number_of(one)) is not None}


def mark_page(page: str) -> Marked:
    """Return the page with its tried texts marked, and without the marks of `common.texts.marks`. One pass over it."""
    parser = _Page()
    parser.feed(page)
    return parser.finish()
