"""Finds what the documents name in `code`, and checks whether the code has it. Nothing is imported.

A name is looked for as a reader would: `chat.rules.assignment` as a module, `assignment.share_out` in whichever module
is called so, `Conversation.weight` in the class, `console:board` among the names of addresses, `OVERFLOW_SECONDS` and
`HouseRule` anywhere in the code.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("pnav", "chat", "reports", "triage", "locations", "common", "benchmarks", "tests", "deploy")
# Folders from which a document may name a file, besides the root and its own folder.
FOLDERS = ("static/pnav", "templates", "static", "tests", "docs")
SUFFIXES = ["py", "js", "cjs", "html", "css", "md", "toml", "yml", "sh", "txt", "json", "conf", "po", "svg"]


@cache
def files() -> frozenset[str]:
    """Return every file of the repository, and those that are new and not ignored; paths from its root."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(name for name in done.stdout.splitlines() if (ROOT / name).exists())


@cache
def folders() -> frozenset[str]:
    return frozenset(str(parent) for name in files() for parent in Path(name).parents if str(parent) != ".")


@cache
def documents() -> tuple[str, ...]:
    """Return the documents that speak of the code as it is. The changelog speaks of it as it was."""
    kept = (name for name in files() if name.endswith(".md") and name != "CHANGELOG.md")
    return tuple(sorted(kept))


# --- what a document says ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mention:
    """A piece of `code` or a link. line: its number, from 1."""

    document: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.text}"


_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^\s*(```|~~~)")


def _lines(document: str) -> Iterator[tuple[int, str, bool]]:
    """Yield each line with its number, and whether it lies in a block of code."""
    is_code = False
    for number, line in enumerate((ROOT / document).read_text().splitlines(), start=1):
        if _FENCE.match(line):
            is_code = not is_code
        else:
            yield number, line, is_code


def mentions(document: str) -> Iterator[Mention]:
    """Yield what stands between backquotes, outside of blocks of code."""
    for number, line, is_code in _lines(document):
        if not is_code:
            for found in _SPAN.finditer(line):
                yield Mention(document, number, found[2].strip())


def links(document: str) -> Iterator[Mention]:
    """Yield the targets of links to this repository."""
    for number, line, is_code in _lines(document):
        for found in () if is_code else _LINK.finditer(_SPAN.sub("", line)):
            if "://" not in found[1] and not found[1].startswith("mailto:"):
                yield Mention(document, number, found[1])


def commands(document: str) -> Iterator[Mention]:
    """Yield `make …`, `manage.py …` and `python -m …`, in blocks of code too."""
    for number, line, is_code in _lines(document):
        for text in [line] if is_code else (found[2] for found in _SPAN.finditer(line)):
            yield Mention(document, number, text.strip())


_MODULE = r"`((?:[\w-]+/)*[\w-]+\.py)`"
_MODULE_FIRST = re.compile(rf"{_MODULE}: ")
_MODULE_AFTER = re.compile(rf"`([A-Za-z_]\w*)` (?:of|in) {_MODULE}")
_NEXT = re.compile(r" \| |`(?:[\w-]+/)+|`[\w-]+\.(?:py|html|js|md)`")
_BARE = re.compile(r"(\w+)(?:\.\w+)*(?:\(.*\))?")


@dataclass(frozen=True, slots=True)
class Beside:
    """A name that a document puts beside a module: « `a/module.py`: `name` », or « `name` of `a/module.py` »."""

    document: str
    line: int
    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.name} of {self.module}"


def names_beside(document: str) -> Iterator[Beside]:
    """Yield, after a module and a colon, each name in backquotes up to the next file or the next cell of the table."""
    for number, line, is_code in _lines(document):
        if is_code:
            continue
        elsewhere = [(found.start(), found[1], found[2]) for found in _MODULE_AFTER.finditer(line)]
        for _start, name, module in elsewhere:
            yield Beside(document, number, module, name)
        for head in _MODULE_FIRST.finditer(line):
            end = _NEXT.search(line, head.end())
            for found in _SPAN.finditer(line, head.end(), end.start() if end else len(line)):
                name = _BARE.fullmatch(found[2])
                if name and found.start() not in {start for start, _name, _module in elsewhere}:
                    yield Beside(document, number, head[1], name[1])


# --- what the code has ------------------------------------------------------------------------------------------------


@cache
def modules() -> dict[str, str]:
    """Return the files of our modules and packages, by their dotted name."""
    found = {}
    for name in files():
        if name.endswith(".py") and name.partition("/")[0] in (*OURS, "manage.py"):
            dotted = name.removesuffix(".py").replace("/", ".")
            found[dotted.removesuffix(".__init__")] = name
            for parent in Path(name).parents:  # a folder without __init__ is a package too
                if str(parent) != ".":
                    found.setdefault(str(parent).replace("/", "."), "")
    return found


@cache
def called(short: str) -> tuple[str, ...]:
    """Return the modules whose dotted name is this, or ends with it."""
    return tuple(name for name in modules() if name == short or name.endswith(f".{short}"))


@dataclass(frozen=True, slots=True)
class Space:
    """What a module or a class has, by name; for a class in it, what that class has."""

    names: frozenset[str]
    classes: dict[str, "Space"]


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Import() | ast.ImportFrom():
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
            case ast.Assign():
                for target in node.targets:
                    yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.TypeAlias(name=ast.Name(id=name)):
                yield name
            case ast.If() | ast.Try() | ast.With() | ast.For():
                yield from _names([one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt)])


def _space(body: list[ast.stmt]) -> Space:
    names, classes = set(_names(body)), {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            inner = _space(node.body)
            attributes = (one for one in ast.walk(node) if isinstance(one, ast.Attribute))
            own = {one.attr for one in attributes if getattr(one.value, "id", "") in {"self", "cls"}}
            bases = {getattr(base, "attr", getattr(base, "id", "")) for base in node.bases}
            classes[node.name] = Space(inner.names | own | frozenset(f"<{base}>" for base in bases), inner.classes)
    return Space(frozenset(names), classes)


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text())


@cache
def space(module: str) -> Space:
    """Return what a module of ours has."""
    name = modules()[module]
    return _space(_tree(name).body) if name else Space(frozenset(), {})


@cache
def said_in(module: str) -> frozenset[str]:
    """Return what a file of ours names for others.

    These are what it and its classes define, the names of arguments, what it reads of something else, and its texts. A
    variable inside a function is none of these.
    """
    path = next((name for name in sorted(files(), key=len) if name == module or name.endswith(f"/{module}")), None)
    if path is None:
        return frozenset()
    tree = _tree(path)
    own = _space(tree.body)
    found = set(own.names).union(*(cls.names for cls in own.classes.values()))
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=str(name)) | ast.keyword(arg=str(name)) | ast.Attribute(attr=name):
                found.add(name)
            case ast.Constant(value=str(name)):
                found.add(name)
    return frozenset(found)


@cache
def defined_in(module: str) -> frozenset[str]:
    """Return what a file of ours and its classes define or import: what somebody can be told to add to.

    What it only reads of another module, as an attribute, is not here.
    """
    path = next((name for name in sorted(files(), key=len) if name == module or name.endswith(f"/{module}")), None)
    if path is None:
        return frozenset()
    own = _space(_tree(path).body)
    return own.names.union(*(cls.names for cls in own.classes.values()))


@cache
def classes() -> dict[str, list[Space]]:
    """Return every class of ours by its name, wherever it stands."""
    found: dict[str, list[Space]] = {}

    def add(one: Space) -> None:
        for name, inner in one.classes.items():
            found.setdefault(name, []).append(inner)
            add(inner)

    for module in modules():
        add(space(module))
    return found


# What our classes inherit from libraries. Of a foreign class that is not listed here, everything is accepted.
_CHOICES = {"values", "choices", "labels", "label", "value", "name"}
FOREIGN: dict[str, set[str]] = {
    "": set(), "object": set(), "Protocol": set(), "NamedTuple": {"_replace", "_asdict"}, "Exception": {"args"},
    "StrEnum": _CHOICES, "TextChoices": _CHOICES, "IntegerChoices": _CHOICES,
    "Model": {"objects", "pk", "id", "save", "delete", "clean", "full_clean", "refresh_from_db", "DoesNotExist"},
}  # fmt: skip


def _has_member(cls: Space, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Return whether a class of ours, or one that it is made from, has this; of a foreign one nobody can say: yes."""
    if name in cls.names:
        return True
    for base in (one[1:-1] for one in cls.names if one.startswith("<")):
        if base in seen:
            continue
        ours = classes().get(base)
        if ours is None and name in FOREIGN.get(base, {name}):
            return True
        if any(_has_member(one, name, seen | {base}) for one in ours or ()):
            return True
    return False


def _is_in(one: Space, parts: list[str]) -> bool:
    first, rest = parts[0], parts[1:]
    if not rest:
        return first in one.names
    if first in one.classes:
        return _has_member(one.classes[first], rest[0]) if len(rest) == 1 else _is_in(one.classes[first], rest)
    return first in one.names  # an instance, or something imported, whose attributes are not read


@cache
def aliases() -> dict[str, set[str]]:
    """Return other names under which the code imports modules of ours: `audit_log` for `reports.audit.log`."""
    found: dict[str, set[str]] = {}
    for name in modules().values():
        for node in ast.walk(_tree(name)) if name else ():
            for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
                if alias.asname:
                    parent = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
                    found.setdefault(alias.asname, set()).add(f"{parent}{alias.name}")
    return found


def is_dotted(text: str) -> bool:
    """Return whether a dotted name is a module, something in one, a member of a class, or something installed."""
    parts = text.split(".")
    for length in range(len(parts), 0, -1):
        short = ".".join(parts[:length])
        for module in {*called(short), *(aliases().get(short, set()) & modules().keys())}:
            if length == len(parts) or _is_in(space(module), parts[length:]):
                return True
    for cls in (one for name in (parts[0], f"{parts[0]}QuerySet") for one in classes().get(name, ())):
        if len(parts) == 2 and _has_member(cls, parts[1]):
            return True
    models = f"{parts[0]}.models"  # « chat.Departure », as Django names a model
    if len(parts) == 2 and models in modules() and parts[1] in space(models).names:
        return True
    if parts[0] == "request":  # an attribute that a middleware gives it
        return parts[-1] in words()
    return _is_installed(parts) or f'"{text}"' in source()


def _is_installed(parts: list[str]) -> bool:
    """Return whether it is something of a library: the module is there, and its own name is taken on trust."""
    if parts[0] in OURS:
        return False
    try:
        return find_spec(parts[0]) is not None
    except (ImportError, ValueError):
        return False


@cache
def source() -> str:
    """Return the code, the tests and the settings, as one text; without these tests, which name what is not there."""
    found = []
    for name in files():
        if not name.endswith((".md", ".po", ".svg", ".png", ".lock")) and not name.startswith(("docs/", "tests/docs/")):
            try:
                found.append((ROOT / name).read_text())
            except UnicodeDecodeError:
                continue
    return "\n".join(found)


@cache
def words() -> frozenset[str]:
    """Return every word of it: what is not there at all is no name of ours."""
    return frozenset(re.findall(r"\w+", source()))


@cache
def targets() -> frozenset[str]:
    """Return the targets of the Makefile."""
    return frozenset(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def management_commands() -> frozenset[str]:
    """Return those of ours, and those of Django and its packages that documents may name."""
    ours = {Path(name).stem for name in files() if "/management/commands/" in name}
    return frozenset(ours | {"migrate", "check", "makemigrations", "createsuperuser", "collectstatic", "clearsessions",
                             "shell", "dbshell", "runserver", "flush", "sqlmigrate", "test", "showmigrations",
                             "compilemessages", "makemessages", "loaddata"})  # fmt: skip


def is_file(text: str, document: str) -> bool:
    """Return whether there is such a file or folder, seen from the root, from the document, or from where parts of the
    site lie. `*` stands for anything.
    """
    path = text.rstrip("/")
    beginnings = ["", str(Path(document).parent), *FOLDERS]
    for beginning in beginnings:
        full = str(Path(beginning) / path) if beginning not in {"", "."} else path
        full = str((ROOT / full).resolve()).removeprefix(f"{ROOT}/")
        if full in files() or full in folders():
            return True
        if "*" in full and any(Path(name).match(full) for name in files()):
            return True
    return any(name.endswith(f"/{path}") for name in files())
