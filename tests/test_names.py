"""Names of functions say what they act on (docs/adr/0062). They are found in the whole code, and no list has to be
kept.

A name of one word is read together with its module: `encryption.seal(…)`, `languages.current()`. It is allowed only
where it is always called that way, and where the module's name is the thing that it acts on. Anywhere else the name
contains its object: `seal_identity`, `file_report`.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("pnav", "chat", "reports", "triage", "locations", "common")
# Words for what a module does, or for a part of Django, and not for what its functions act on. A name that ends in «
# ing » is that of an act as well, unless it names a thing.
NO_OBJECTS = {
    "actions", "base", "embedded", "forms", "models", "queries", "rules", "tasks", "utils", "validation",
    "validators", "views",
}  # fmt: skip
THINGS_IN_ING = {"staffing", "wellbeing", "closing", "wording", "onboarding"}
# Words that say nothing about what is done, whatever the module is called.
VAGUE = {
    "after", "again", "age", "always", "beside", "bring", "carry", "earlier", "give", "keep", "left", "may", "of",
    "own", "past", "put", "ring", "shown", "told", "tried", "under",
}  # fmt: skip
# Others call these under this very name: `python -m`, and the child processes of `common.offload`.
ENTRY_POINTS = {"main", "work"}
# The files of texts call it hundreds of times and contain nothing else. It is read like Django's `path` in a file of
# addresses.
EXCEPTIONS = {"common.texts.catalogue.add"}


@dataclass(frozen=True)
class Function:
    module: str
    name: str

    @property
    def is_one_word(self) -> bool:
        return "_" not in self.name

    @property
    def path(self) -> str:
        return f"{self.module}.{self.name}"


def sources() -> dict[str, str]:
    """Return every module of the site by its name, with its text."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if ".migrations" not in name:
                found[name] = path.read_text()
    return found


def is_named_for_others(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether this name is called from elsewhere than Python: a page (by its address), a tag or a filter."""
    if any("register" in ast.unparse(decorator) for decorator in node.decorator_list):
        return True
    first = next(iter([*node.args.posonlyargs, *node.args.args]), None)
    return first is not None and first.annotation is not None and "HttpRequest" in ast.unparse(first.annotation)


def public_functions(module: str, tree: ast.Module) -> Iterator[Function]:
    """Yield the functions of this module that other modules may call."""
    for node in tree.body:
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and node.name not in ENTRY_POINTS
            and not is_named_for_others(node)
        ):
            yield Function(module, node.name)


def imported_bare(trees: Mapping[str, ast.Module]) -> set[str]:
    """Return what any module imports by name from another one, as `module.name`."""
    return {
        f"{node.module}.{alias.name}"
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def says_its_object(module: str) -> bool:
    """Return whether the last word of the module's name is a thing, so that `module.verb` says what is acted on."""
    last = module.rpartition(".")[2]
    return last not in NO_OBJECTS and (not last.endswith("ing") or last in THINGS_IN_ING)


def faults(texts: Mapping[str, str]) -> list[str]:
    trees = {module: ast.parse(text) for module, text in texts.items()}
    bare = imported_bare(trees)
    found = []
    for module, tree in trees.items():
        for function in public_functions(module, tree):
            if not function.is_one_word or function.path in EXCEPTIONS:
                continue
            if function.name in VAGUE:
                found.append(f"{function.path} says nothing of what it does: give it a verb and its object")
            elif function.path in bare:
                found.append(
                    f"{function.path} is imported without its module: name its object, or call it by the module"
                )
            elif not says_its_object(module):
                found.append(f"{function.path}: « {module.rpartition('.')[2]} » is no thing; name the object here")
    return found


def test_functions_say_what_they_act_on(tried):
    texts = sources()
    found = faults(texts)
    assert not found, "\n".join(found)
    tried("modules read for names of functions", len(texts))


COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
CLASS_OF_A_MODULE = re.compile(r"\b([a-z_]+(?:\.[a-z_]+)*)\.([A-Z]\w+)")


def test_classes_that_templates_name_are_there(tried):
    """They are written as « Required: entry (inbox.Entry) »: the end of a module's path, and a name that the module
    defines.
    """
    given: dict[str, set[str]] = {}
    for module, text in sources().items():
        names = {node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
        parts = module.split(".")
        for start in range(len(parts)):
            given.setdefault(".".join(parts[start:]), set()).update(names)
    named = [
        (path.name, module, name)
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for comment in COMMENT.findall(path.read_text())
        for module, name in CLASS_OF_A_MODULE.findall(comment)
    ]
    missing = [one for one in named if one[2] not in given.get(one[1], set())]
    assert not missing
    tried("classes that templates name", len(named))


def test_exceptions_are_still_needed():
    texts = sources()
    there = {function.path for module, text in texts.items() for function in public_functions(module, ast.parse(text))}
    assert there >= EXCEPTIONS
    last_names = {module.rpartition(".")[2] for module in texts}
    assert THINGS_IN_ING & last_names


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ({"chat.keys": "def take(): ...", "chat.page": "from chat.keys import take"}, "imported without its module"),
        ({"chat.actions": "def close(row): ..."}, "is no thing"),
        ({"chat.writing": "async def close(row): ..."}, "is no thing"),
        ({"chat.keys": "def of(row): ..."}, "says nothing"),
    ],
)
def test_fault_is_found(texts, fault):
    (found,) = faults(texts)
    assert fault in found


@pytest.mark.parametrize(
    "texts",
    [
        {"chat.keys": "def find(text): ...", "chat.page": "from chat import keys\nkeys.find('a')"},
        {"chat.actions": "def close_exchange(row): ..."},
        {"chat.actions": "def _close(row): ..."},
        {"chat.views": "def start(request: HttpRequest): ..."},
        {"chat.forms": "@register.filter\ndef duration(value): ..."},
        {"chat.drawing": "def work(asked): ..."},
        {"chat.staffing": "def compare(days): ..."},
    ],
)
def test_good_name_is_left_alone(texts):
    assert faults(texts) == []
