"""Docstrings begin with a sentence: that of a function with its verb, that of a class or module with what it is.

A phrase such as « The rows, as the page has them » leaves open whether a function reads, writes or returns them. What
is no verb is told from a short list of words, and by the « s » at the end of a plural or of « Returns »: a new verb
needs no line here. Tests are named by a sentence, and their docstrings are free.

The first paragraph of a class or module ends like a sentence. It begins with a capital letter, a figure, a quotation or
a name, and not with a word such as « Of » that continues what the name of the class began.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.test_names import PACKAGES, ROOT

FOLDERS = (*PACKAGES, "benchmarks", "deploy", "tests")
SIGNATURE = re.compile(r"( *)(?:async )?(def|class) (\w+)")
OPENED = re.compile(r' *[rR]?"""(.*)')
COMMENT = re.compile(r" *#.*$")
FIELD = re.compile(r"[a-z_]+(?:, [a-z_]+)*: ")
FIELD_OF = re.compile(r"(?:^|[.;,] )[a-z_]+(?:, [a-z_]+)*: of\b")
VERB = re.compile(r"[A-Z][a-z]+(?=[\s.,:;]|$)")
# Words with which a sentence in the imperative does not begin.
NO_VERBS = {
    "A", "After", "All", "Already", "Also", "Always", "An", "And", "Another", "Any", "Anything", "As", "At", "Because",
    "Before", "Beside", "Between", "Both", "But", "By", "Each", "Else", "Enough", "Even", "Every", "Everybody",
    "Everything", "False", "Few", "For", "Four", "From", "He", "Here", "How", "If", "In", "Inside", "Into", "It",
    "Like", "Many", "More", "Most", "Never", "No", "Nobody", "None", "Nor", "Not", "Nothing", "Of", "On", "Once",
    "One", "Only", "Or", "Other", "Our", "Over", "Several", "She", "So", "Some", "Somebody", "Something", "Still",
    "That", "The", "Their", "Then", "There", "These", "They", "This", "Those", "Three", "To", "True", "Two", "Under",
    "Unless", "Until", "We", "What", "Whatever", "When", "Where", "Whether", "Which", "While", "Who", "Whoever",
    "Whom", "Whose", "Why", "With", "Within", "Without", "You",
}  # fmt: skip
VERBS_IN_S = {"Focus"}
# Words that continue a sentence which the name of a class or module would have to begin.
CONTINUE = {"Against", "And", "As", "Because", "But", "By", "Nor", "Of", "Or", "Than", "To"}
# A name of code or of a file has a sign in it that no other word has; these names of programs have none.
SMALL = re.compile(r"[a-z][a-z']*[\s,;]")
PROGRAMS = {"allauth's", "clamd", "pgbouncer"}
ENDED = re.compile(r"[.!?:»)]$")


@dataclass(frozen=True)
class Docstring:
    """A docstring. name: that of its function or class; empty for a module. text: the first paragraph."""

    line: int
    name: str
    text: str
    whole: str = ""
    is_of_function: bool = False


def paragraphs(lines: list[str]) -> list[str]:
    """Return the paragraphs of a docstring, which begins with the first of these lines."""
    text: list[str] = []
    for line in lines:
        part, end, _rest = line.partition('"""')
        text.append(part.strip())
        if end:
            break
    return [one.replace("\n", " ").strip() for one in "\n".join(text).split("\n\n")]


def docstrings(source: str) -> Iterator[Docstring]:
    """Yield the docstrings of a module, which are found by its layout: that of `ruff format`."""
    signature: re.Match[str] | None = None
    opens = Docstring(1, "", "")
    may_open = True
    lines = source.splitlines()
    for number, line in enumerate(lines, 1):
        if may_open and (found := OPENED.match(line)):
            parts = paragraphs([found[1], *lines[number:]])
            yield Docstring(number, opens.name, parts[0], " ".join(parts), opens.is_of_function)
        may_open = False
        if found := SIGNATURE.match(line):
            signature = found
        if signature and not line.startswith(signature[1] + " ") and COMMENT.sub("", line).endswith(":"):
            opens = Docstring(number, signature[3], "", is_of_function=signature[2] == "def")
            may_open, signature = True, None


def fault(docstring: Docstring) -> str | None:
    """Return what is wrong with the beginning of a docstring; None for a sentence."""
    if FIELD.match(docstring.text):
        return "say what it is before what its fields mean"
    if FIELD_OF.search(docstring.whole):
        return "say what an argument is: « size: the length of its text », not « size: of its text »"
    if docstring.name.startswith("test_"):
        return None
    if not docstring.is_of_function:
        return fault_of_thing(docstring.text)
    found = VERB.match(docstring.text)
    if found is None or found[0] in NO_VERBS:
        return "begin with the verb: « Return the … »"
    is_in_s = found[0].endswith("s") and not found[0].endswith("ss") and found[0] not in VERBS_IN_S
    return "begin with the verb in the imperative: « Return », not « Returns »" if is_in_s else None


def fault_of_thing(text: str) -> str | None:
    """Return what is wrong with the first paragraph of a class or module; None for a sentence."""
    word = re.split(r"[\s,:;.]", text, maxsplit=1)[0]
    if word in CONTINUE or (SMALL.match(text) and word not in PROGRAMS):
        return "begin with what it is"
    return None if ENDED.search(text) else "end the sentence"


def test_docstrings_begin_with_a_sentence(tried):
    found, count = [], 0
    for folder in FOLDERS:
        paths = sorted((ROOT / folder).rglob("*.py"))
        assert paths, folder
        for path in paths:
            if path.parent.name == "migrations":
                continue
            for docstring in docstrings(path.read_text(encoding="utf-8")):
                count += 1
                if wrong := fault(docstring):
                    found.append(f"{path.relative_to(ROOT)}:{docstring.line}: {docstring.text[:60]} – {wrong}")
    assert not found, "\n".join(found)
    assert count > 7_000, "there are 9,000: the layout by which they are found has changed"
    tried("docstrings", count)


FUNCTION = 'def act(\n    one: str,\n) -> None:  # noqa: X\n    """{}"""\n'


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        (FUNCTION.format("The rows."), "the verb:"),
        (FUNCTION.format("Rows by their key."), "imperative"),
        (FUNCTION.format("Returns the rows."), "imperative"),
        (FUNCTION.format("one: its name."), "fields"),
        (FUNCTION.format("« 2 à 3 »."), "the verb:"),
        ('class Row:\n    """key: of the row."""\n', "fields"),
        ('class Row:\n    async def act(self):\n        r"""As Django\'s."""\n', "the verb:"),
        ('"""key: of the row."""\n', "fields"),
        ('"""Of the rows of a page."""\n', "what it is"),
        ('class Row(Base):\n    """keys and names; the page."""\n', "what it is"),
        ('class Row:\n    """The rows\n    of a page\n\n    They are sorted.\n    """\n', "end the sentence"),
        ('"""The rows of a page"""\n', "end the sentence"),
        (FUNCTION.format("Draw the rows. size: of each,\n    in pixels."), "an argument"),
        ('class Row:\n    """The row of a page.\n\n    key,\n    size: of the row.\n    """\n', "an argument"),
    ],
)
def test_phrase_is_found(source, wrong):
    (docstring,) = docstrings(source)
    assert wrong in (fault(docstring) or "")


@pytest.mark.parametrize(
    "source",
    [
        FUNCTION.format("Return the rows."),
        FUNCTION.format("Press a key."),
        FUNCTION.format("Focus the field."),
        FUNCTION.format("Stop."),
        'class Row(\n    Base,\n):\n    """A row. key: its key."""\n',
        'def test_act():\n    """The rows are those of the page."""\n',
        '"""The rows of a page."""\n',
        '"""clamd reads the rows: two things.\n\n- one\n- two\n"""\n',
        '"""docs/rows.md says what\nthe rows are.\n"""\n',
        'def act(): ...\n\n\nROWS = """The rows."""\n',
    ],
)
def test_sentence_is_left_alone(source):
    assert [wrong for docstring in docstrings(source) if (wrong := fault(docstring))] == []
