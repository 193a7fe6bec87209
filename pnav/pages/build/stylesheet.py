"""Cuts DSFR's stylesheet to what this site uses, as text to text: no files, no settings.

The whole of DSFR 1.14.4 is 717 KB of CSS, plus 250 KB for its icons. A page uses a few per cent of it: 14 kB instead of
93, compressed (docs/adr/0073). A rule is kept when every `fr-` class of one of its selectors occurs somewhere in the
code, and a custom property when something kept refers to it. DSFR sets its dark colours for `[data-fr-theme=dark]`, an
attribute that its script writes. Here each of these rules is repeated under `prefers-color-scheme: dark` for
`[data-fr-scheme=system]`, so that the system's theme is followed without any script. Both are for screens alone: paper
is white, and pale letters cannot be read on it. DSFR says left and right, but pages may be written from right to left:
see `pnav.pages.build.directions`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from pnav.pages.build.directions import logical_properties

# Strings, comments and unquoted addresses are skipped whole, because they may hold braces, commas and semicolons.
_ATOM = r"""/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|url\([^"')]*\)"""
_BLOCKS = re.compile(rf"{_ATOM}|[{{}};]", re.DOTALL)
_PIECES = re.compile(rf"{_ATOM}|[()\[\],;]", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CLASS = re.compile(r"\.(fr-(?:\\.|[\w-])+)")
_CLASS_START = re.compile(r"""\[class[*^]="?\s?(fr-[\w-]*-)"?\]""")
_TOKEN = re.compile(r"(?<![\w-])fr-[A-Za-z0-9_-]+(?:@[a-z]+)?")
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")
_ADDRESS = re.compile(r"""url\((["']?)(?!data:)([^"')]+\.svg)\1\)""")

# Conditions for Internet Explorer and old Firefox, and the variant of the State's logo for mourning.
_DROPPED_CONDITIONS = ("min-width:0\\0", "-moz-document")
_DROPPED_SELECTORS = ("data-fr-mourning", "-ms-", ":-moz-ui-invalid")

NOTHING = re.compile(r"(?!)")  # a pattern that matches nowhere

DARK = "[data-fr-theme=dark]"
SYSTEM = "[data-fr-scheme=system]"


@dataclass
class Rule:
    """It is a rule `selectors { declarations }`. Its declarations are (property, value), in order."""

    selectors: list[str]
    declarations: list[tuple[str, str]]


@dataclass
class Group:
    """An at-rule with rules inside: `@media …`, `@supports …`, `@keyframes …`."""

    prelude: str
    children: list["Rule | Group"] = field(default_factory=list)


type Node = Rule | Group


def class_tokens(text: str) -> set[str]:
    """Return the DSFR class names that occur in a template, a script or a Python file."""
    return set(_TOKEN.findall(text))


def variables(text: str) -> set[str]:
    """Return the custom properties that a stylesheet refers to."""
    return set(_VARIABLE.findall(text))


def parse(css: str) -> list[Node]:
    """Read a minified stylesheet. `@charset`, `@import` and `@font-face` are left out."""
    root = Group("")
    stack = [root]
    start = 0
    for match in _BLOCKS.finditer(css):
        mark = match.group()
        if mark == "{":
            prelude = _COMMENT.sub("", css[start : match.start()]).strip()
            start = match.end()
            if prelude.startswith(("@media", "@supports", "@keyframes", "@-moz-document")):
                group = Group(prelude)
                stack[-1].children.append(group)
                stack.append(group)
            else:
                stack.append(Group(prelude))  # a rule, whose text is read at its closing brace
        elif mark == "}":
            group = stack.pop()
            if not group.children and not group.prelude.startswith("@"):
                body = _COMMENT.sub("", css[start : match.start()])
                stack[-1].children.append(Rule(split(group.prelude, ","), _declarations(body)))
            start = match.end()
        elif mark == ";" and len(stack) == 1:
            start = match.end()
    return root.children


def split(text: str, separator: str) -> list[str]:
    """Split at a separator that is outside strings, parentheses and brackets."""
    parts, depth, start = [], 0, 0
    for match in _PIECES.finditer(text):
        mark = match.group()
        if mark in "([":
            depth += 1
        elif mark in ")]":
            depth -= 1
        elif mark == separator and depth == 0:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _declarations(body: str) -> list[tuple[str, str]]:
    pairs = [part.partition(":") for part in split(body, ";")]
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _without_negations(selector: str) -> str:
    """Return the selector without what is in `:not(…)`, because it needs none of those classes to match."""
    while (start := selector.find(":not(")) >= 0:
        depth, end = 1, start + 5
        while depth:
            depth += {"(": 1, ")": -1}.get(selector[end], 0)
            end += 1
        selector = selector[:start] + selector[end:]
    return selector


def is_used(selector: str, used: set[str], without: re.Pattern[str] = NOTHING) -> bool:
    """Return whether everything that the selector asks for may occur on a page. without: what the page has none of."""
    if any(part in selector for part in _DROPPED_SELECTORS):
        return False
    selector = _without_negations(selector)
    if without.search(selector):
        return False
    if any(not any(name.startswith(start) for name in used) for start in _CLASS_START.findall(selector)):
        return False
    names = _CLASS.findall(selector)
    return all(re.sub(r"\\(.)", r"\1", name) in used for name in names)


def select(nodes: Iterable[Node], used: set[str], without: re.Pattern[str] = NOTHING) -> list[Node]:
    """Return the nodes whose classes are used, without empty groups. without: see `is_used`."""
    kept: list[Node] = []
    for node in nodes:
        if isinstance(node, Group):
            if any(part in node.prelude for part in _DROPPED_CONDITIONS):
                continue
            children = node.children if node.prelude.startswith("@keyframes") else select(node.children, used, without)
            if children:
                kept.append(Group(node.prelude, children))
        elif selectors := [selector for selector in node.selectors if is_used(selector, used, without)]:
            kept.append(Rule(selectors, node.declarations))
    return kept


def _rules(nodes: Iterable[Node]) -> Iterator[Rule]:
    for node in nodes:
        if isinstance(node, Rule):
            yield node
        else:
            yield from _rules(node.children)


def prune_variables(nodes: list[Node], wanted: set[str]) -> list[Node]:
    """Drop custom properties to which nothing refers, directly or through another one.

    wanted: those that other stylesheets refer to.
    """
    needed = set(wanted)
    references: dict[str, set[str]] = {}
    for rule in _rules(nodes):
        for name, value in rule.declarations:
            if name.startswith("--"):
                references.setdefault(name, set()).update(variables(value))
            else:
                needed |= variables(value)
    queue = list(needed)
    while queue:
        for name in references.get(queue.pop(), ()):
            if name not in needed:
                needed.add(name)
                queue.append(name)

    def prune(children: Iterable[Node]) -> list[Node]:
        kept: list[Node] = []
        for node in children:
            if isinstance(node, Group):
                if inner := prune(node.children):
                    kept.append(Group(node.prelude, inner))
            else:
                pairs = [pair for pair in node.declarations if not pair[0].startswith("--") or pair[0] in needed]
                if pairs:
                    kept.append(Rule(node.selectors, pairs))
        return kept

    return prune(nodes)


def prune_animations(nodes: list[Node]) -> list[Node]:
    """Drop the key frames to which no rule refers."""
    names = " ".join(
        value for rule in _rules(nodes) for name, value in rule.declarations if name.startswith(("animation", "--"))
    )
    return [
        node
        for node in nodes
        if not (
            isinstance(node, Group) and node.prelude.startswith("@keyframes") and node.prelude.split()[1] not in names
        )
    ]


def follow_system(nodes: Iterable[Node]) -> list[Node]:
    """Keep the dark theme for screens, and add after each of its rules the same one for a system that is dark."""
    result: list[Node] = []
    for node in nodes:
        if isinstance(node, Group):
            result.append(Group(node.prelude, follow_system(node.children)))
            continue
        dark = [selector for selector in node.selectors if DARK in selector]
        if plain := [selector for selector in node.selectors if selector not in dark]:
            result.append(Rule(plain, node.declarations))
        if dark:
            result.append(Group("@media screen", [Rule(dark, node.declarations)]))
            system = [selector.replace(DARK, SYSTEM) for selector in dark]
            result.append(Group("@media screen and (prefers-color-scheme:dark)", [Rule(system, node.declarations)]))
    return result


def follow_direction(nodes: Iterable[Node]) -> list[Node]:
    """Return each rule by the direction of the text, not by left and right (`directions`).

    DSFR is written for left-to-right pages.
    """
    return [
        Group(node.prelude, follow_direction(node.children))
        if isinstance(node, Group)
        else Rule(node.selectors, [pair for one in node.declarations for pair in logical_properties(*one)])
        for node in nodes
    ]


def inline_icons(nodes: Iterable[Node], read: Callable[[str], str]) -> list[Node]:
    """Put icons into the sheet itself, so that they are drawn with the text, without a request for each.

    read: gives the SVG of an address written in the sheet, such as `../icons/system/menu-fill.svg`.
    """

    def replace(match: re.Match[str]) -> str:
        svg = re.sub(r"<\?xml.*?\?>|<!--.*?-->|\s+(?=<)", "", read(match.group(2)), flags=re.DOTALL).strip()
        return f"""url("data:image/svg+xml,{quote(svg.replace('"', "'"), safe=" '=:/,.-()")}")"""

    result: list[Node] = []
    for node in nodes:
        if isinstance(node, Group):
            result.append(Group(node.prelude, inline_icons(node.children, read)))
            continue
        pairs = [(name, _ADDRESS.sub(replace, value)) for name, value in node.declarations]
        # Every browser reads the prefixed name. Repeating the drawing under the other name would double the sheet.
        prefixed = {value for name, value in pairs if name == "-webkit-mask-image"}
        result.append(Rule(node.selectors, [p for p in pairs if not (p[0] == "mask-image" and p[1] in prefixed)]))
    return result


def render(nodes: Iterable[Node]) -> str:
    """Return the stylesheet as text, without needless blanks."""
    parts = []
    for node in nodes:
        if isinstance(node, Group):
            parts.append(f"{node.prelude}{{{render(node.children)}}}")
        else:
            body = ";".join(f"{name}:{value}" for name, value in node.declarations)
            parts.append(f"{','.join(node.selectors)}{{{body}}}")
    return "".join(parts)


def build(
    css: str, *, used: set[str], wanted: set[str], read: Callable[[str], str], without: re.Pattern[str] = NOTHING
) -> str:
    """Return the used part of a stylesheet.

    css: DSFR's sheets, one after the other. used: class names of our code. wanted: custom properties of our sheets.
    read: see `inline_icons`. without: what no page that loads it has, by selector.
    """
    nodes = select(parse(css), used, without)
    nodes = prune_variables(nodes, wanted)
    nodes = prune_animations(nodes)
    return render(inline_icons(follow_system(follow_direction(nodes)), read))
