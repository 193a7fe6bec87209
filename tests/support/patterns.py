"""Finds every regular expression of the code, and makes hostile texts for each of them.

Where: calls of `re` and of `RegexValidator` in the source of our packages, compiled patterns that are attributes of our
modules, validators of our form and model fields, addresses, and (`scripts`) the literals and `RegExp` of our scripts.
`quadratic` says which text makes a pattern take more than twice the time for twice the length.
"""

import ast
import contextlib
import importlib
import inspect
import itertools
import json
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from tests import javascript

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pnav", "reports", "chat", "triage", "locations", "common")
METHODS = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
# The values of patterns that are held in a variable.
FROM_SETTINGS: Mapping[str, Callable[[], Iterable[str]]] = {
    "pnav.middleware.require_https": lambda: settings.SECURE_REDIRECT_EXEMPT
}
# The text for a name whose value only a call knows.
STAND_IN = "x"


@dataclass(frozen=True)
class Pattern:
    """A pattern where it is used. methods: the methods that are called on it, which decide at how many places it is
    tried.
    """

    where: str
    source: str
    flags: int
    methods: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.where}: {self.source}"


class Unreadable(Exception):
    """A pattern that contains what only a call knows."""


def modules() -> Iterator[ModuleType]:
    """Yield every module of ours except migrations, which run once over existing data."""
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if ".migrations" not in found.name and not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


@cache
def python() -> tuple[tuple[Pattern, ...], tuple[str, ...]]:
    """Return the patterns of our modules, and the places of those that cannot be read from the source."""
    found: dict[tuple[str, str, int, tuple[str, ...]], Pattern] = {}
    unreadable = []
    trees = {module.__name__: (module, ast.parse(inspect.getsource(module))) for module in modules()}
    uses = _uses(tree for _module, tree in trees.values())
    for name, (module, tree) in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            method = _method(node, module)
            if method is None or not (node.args or node.keywords):
                continue
            where = f"{name}:{node.lineno}"
            if name in FROM_SETTINGS:
                found |= {
                    (where, one, 0, (method,)): Pattern(where, one, 0, (method,)) for one in FROM_SETTINGS[name]()
                }
                continue
            try:
                source, flags = _arguments(node, method, module)
            except Unreadable:
                unreadable.append(where)
                continue
            # A compiled pattern is found where it is kept, with the methods that are called on it.
            if method != "compile":
                one = Pattern(where, source, flags, (method,))
                found[where, source, flags, one.methods] = one
        for attribute, value in vars(module).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                methods = tuple(sorted(uses.get(attribute, ()))) or METHODS
                if not _is_of(name, attribute, tree):
                    continue
                one = Pattern(f"{name}.{attribute}", value.pattern, value.flags, methods)
                found[one.where, one.source, one.flags, methods] = one
    return tuple(found.values()), tuple(unreadable)


def _is_of(_name: str, attribute: str, tree: ast.Module) -> bool:
    """Return whether the module makes the pattern, and does not import it."""
    return any(
        isinstance(target, ast.Name) and target.id == attribute
        for node in ast.walk(tree)
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
    )


def _uses(trees: Iterable[ast.Module]) -> dict[str, set[str]]:
    """Return which methods are called on each name anywhere: `_HOST.sub(…)`, `protocol.UUID_TEXT.fullmatch(…)`."""
    uses: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                name = getattr(node.value, "id", None) or getattr(node.value, "attr", None)
                if name:
                    uses.setdefault(name, set()).add(node.attr)
    return uses


def _method(node: ast.Call, module: ModuleType) -> str | None:
    """Return which function of `re` a call uses, however it was imported; « search » for a validator; None for other
    calls.
    """
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name in {"RegexValidator", "re_path"}:
        return "search"
    if isinstance(called, ast.Attribute):
        of = getattr(module, getattr(called.value, "id", ""), None)
        return name if of is re and name in {*METHODS, "compile"} else None
    value = getattr(module, name, None)
    return name if name in {*METHODS, "compile"} and value is getattr(re, name) else None


def _arguments(node: ast.Call, method: str, module: ModuleType) -> tuple[str, int]:
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    first = node.args[0] if node.args else given.get("pattern", given.get("regex", given.get("route")))
    if first is None or (isinstance(first, ast.Name) and not hasattr(module, first.id)):
        raise Unreadable
    source = _value(first, module)
    if isinstance(source, re.Pattern):
        return source.pattern, source.flags
    if isinstance(source, bytes):
        source = source.decode("latin-1")
    place = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(method, 2)
    flags = given.get("flags")
    if flags is None and method in {*METHODS, "compile"} and len(node.args) > place:
        flags = node.args[place]
    return source, int(_value(flags, module)) if flags is not None else 0


class _Names(dict[str, object]):
    """The names of a module. Any other name is STAND_IN."""

    def __missing__(self, name: str) -> object:
        builtins = vars(importlib.import_module("builtins"))
        return builtins.get(name, STAND_IN)


def _value(node: ast.expr, module: ModuleType) -> Any:
    try:
        return eval(compile(ast.Expression(node), "<pattern>", "eval"), {}, _Names(vars(module)))  # noqa: S307
    except Exception as error:
        raise Unreadable from error


def validators() -> list[Pattern]:
    """Return the patterns of the fields of our forms and models, including Django's own."""
    for _module in modules():
        pass
    fields: list[tuple[str, Any]] = [
        (f"{model.__name__}.{field.name}", field)
        for model in apps.get_models()
        if model.__module__.partition(".")[0] in PACKAGES
        for field in model._meta.get_fields()
    ]
    for form in _below(forms.BaseForm):
        if form.__module__.partition(".")[0] in PACKAGES:
            fields += [(f"{form.__name__}.{name}", field) for name, field in form.base_fields.items()]
    found = {}
    for name, field in fields:
        for validator in getattr(field, "validators", ()):
            for attribute in ("regex", "user_regex", "domain_regex"):
                pattern = getattr(validator, attribute, None)
                if isinstance(pattern, re.Pattern):
                    where = f"{name}: {type(validator).__name__}"
                    found[pattern] = Pattern(where, pattern.pattern, pattern.flags, ("search",))
    return list(found.values())


def _below(one: type[Any]) -> Iterator[type[Any]]:
    for other in one.__subclasses__():
        yield other
        yield from _below(other)


def addresses() -> list[Pattern]:
    """Return the patterns that are matched against the address that a client asks for."""

    def walk(patterns: Iterable[Any]) -> Iterator[Pattern]:
        for one in patterns:
            regex = getattr(one.pattern, "regex", None)
            if isinstance(regex, re.Pattern):
                yield Pattern(f"address {one.pattern}", regex.pattern, regex.flags, ("search", "fullmatch"))
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns)
            else:
                assert isinstance(one, URLPattern)

    return list({one.source: one for one in walk(get_resolver().url_patterns)}.values())


# --- hostile texts ----------------------------------------------------------------------------------------------------

# Signs that no pattern uses as a separator, of which a person may send thousands.
RUNS = {
    "letters": "a", "capitals": "A", "digits": "1", "accents": "é", "emoji": "😀", "Chinese": "漢", "Arabic": "م",
    "Cyrillic": "ж", "combining marks": "\u0301", "marks out of order": "\u0301\u0316", "bidi": "\u202e",
    "joiners": "👩\u200d", "no width": "\u200b", "tags": "\U000e0061", "flags": "🏴\U000e0061", "spaces": " ",
    "tabs": "\t", "marks that pile up the wrong way": "\u0315\u0300\u0316",
    "lines": "\n", "returns": "\r\n", "dots": ".", "dotted": "a.", "ideographic dots": "。", "hyphens": "-", "at": "a@",
    "slashes": "/", "braces": "{", "brackets": "[", "parentheses": "(", "quotes": "'", "stars": "*", "colons": ":",
    "xn": "xn--", "http": "http", "wide spaces": "\u3000", "underscores": "_", "equals": "=", "less": "<",
}  # fmt: skip
TAILS = ("", "\x00", " ", "!", "1", "a", "\n", ".", "é")


def texts(source: str, flags: int = 0) -> Iterator[Callable[[int], str]]:
    """Yield recipes for texts of n characters.

    These are each kind of run, and each character and repetition of the pattern itself, whole and cut off, after what
    comes before it and before what cannot follow.
    """
    runs = list(RUNS.values())
    pieces = sorted(set(_literals(re._parser.parse(source, flags))))  # type: ignore[attr-defined]
    for run in dict.fromkeys(runs + pieces):
        for tail in TAILS:
            yield _recipe("", run, tail)
    for one, other in itertools.permutations(pieces[:8], 2):
        for tail in TAILS[:3]:
            yield _recipe("", one + other, tail)
    for before, body in _repetitions(re._parser.parse(source, flags)):  # type: ignore[attr-defined]
        for tail in TAILS:
            yield _recipe(before, body, tail)
            if before:
                yield _recipe("", before + body, tail)


def _recipe(before: str, run: str, tail: str) -> Callable[[int], str]:
    def text(n: int) -> str:
        return before + run * max(1, n // len(run)) + tail

    text.__name__ = f"{before!r} + {run!r} × n + {tail!r}"
    return text


def _literals(parsed: Any) -> Iterator[str]:
    """Yield one character of each literal and of each part of a class."""
    for operation, argument in parsed:
        name = str(operation)
        if name in {"LITERAL", "NOT_LITERAL"}:
            yield chr(argument)
        elif name == "RANGE":
            yield chr(argument[0])
        elif name == "IN":
            yield from _literals(argument)
        elif name == "CATEGORY":
            yield {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}.get(str(argument), "-")
        else:
            for part in _parts(operation, argument):
                yield from _literals(part)


def _parts(operation: Any, argument: Any) -> list[Any]:
    """Return the patterns inside one piece of a pattern."""
    match str(operation):
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [argument[2]]
        case "SUBPATTERN":
            return [argument[3]]
        case "BRANCH":
            return list(argument[1])
        case "ASSERT" | "ASSERT_NOT":
            return [argument[1]]
        case "ATOMIC_GROUP":
            return [argument]
        case "GROUPREF_EXISTS":
            return [part for part in argument[1:] if part is not None]
    return []


def _shortest(parsed: Any) -> str:
    """Return a short text that roughly matches a pattern, which leads the engine to a repetition behind it."""
    text = ""
    for operation, argument in parsed:
        name = str(operation)
        if name in {"LITERAL", "RANGE", "IN", "CATEGORY"}:
            positive = [one for one in argument if str(one[0]) != "NEGATE"] if name == "IN" else [(operation, argument)]
            if name == "IN" and len(positive) != len(argument):
                text += next(sign for sign in "a1é漢 _" if not re.match(_as_class(positive), sign))
            else:
                text += next(_literals(positive), "")
        elif name in {"NOT_LITERAL", "ANY"}:
            text += "a"
        elif name.endswith("REPEAT"):
            text += _shortest(argument[2]) * max(1, argument[0])
        elif name == "BRANCH":
            text += _shortest(argument[1][0])
        elif name not in {"ASSERT", "ASSERT_NOT"}:
            text += "".join(_shortest(part) for part in _parts(operation, argument))
    return text


def _as_class(pieces: Any) -> str:
    parts = []
    for operation, argument in pieces:
        match str(operation):
            case "LITERAL":
                parts.append(re.escape(chr(argument)))
            case "RANGE":
                parts.append(f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}")
            case "CATEGORY":
                known = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_DIGIT": r"\D", "NOT_SPACE": r"\S"}
                parts.append(known.get(str(argument).removeprefix("CATEGORY_"), r"\W"))
    return f"[{''.join(parts)}]"


def _repetitions(parsed: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield each part that may be repeated without end: the text that leads there, and one round of it."""
    for at in range(len(parsed)):
        operation, argument = parsed[at]
        here = before + _shortest(parsed[:at])
        if str(operation).endswith("REPEAT") and argument[1] > 20:
            for sign in dict.fromkeys([_shortest(argument[2]), *_literals(argument[2])]):
                if sign:
                    yield here, sign
        for part in _parts(operation, argument):
            yield from _repetitions(part, here)


# --- how the time grows -----------------------------------------------------------------------------------------------

# Half of the longest message. Work that grows as the square takes a quarter of the time for it, and the bound below is
# a quarter too, so the same patterns are found in half of the time.
LENGTH = 2_000  # the characters of the long text
WHOLE = 2 * LENGTH  # the longest message, for functions: some draw a page, which takes longer than the lower bound
# Reading this many characters once takes a fifth of this, and trying each place to the end takes ten times as much.
# What takes less is not looked at any further.
SMALL_SECONDS = 0.0005
RATIO = 2.5  # the most that twice the length may take, as a multiple of the time
GUARD_SECONDS = 6.0


class TooLong(BaseException):
    """Work that does not end. It is no `Exception`, because the code under test may catch those."""


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Interrupt what takes seconds of processor time, because a match that grows as a power of two would never end."""

    def cut(_number: int, _frame: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, cut)
    signal.setitimer(signal.ITIMER_VIRTUAL, GUARD_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds(work: Callable[[str], object], text: str, times: int = 1) -> float:
    """Return the processor time of this thread in seconds, the least of so many runs."""
    best = float("inf")
    for _time in range(times):
        began = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - began)
    return best


def grows(work: Callable[[str], object], recipe: Callable[[int], str], length: int = LENGTH) -> str:
    """Return why this text is hostile to this work, or "" when it is not.

    It is not hostile when four times the text takes about four times as long, or next to no time. What takes next to no
    time for the longest text that it can be given is harmless however it grows.
    """
    small = SMALL_SECONDS * (length / LENGTH) ** 2
    if (first := seconds(work, recipe(length))) < small:
        return ""
    # Once each is enough most of the time. Noise may make a text look hostile, and it is then measured again. To hide a
    # hostile text, noise would have to hit both of the shorter ones.
    one, four = min(first, seconds(work, recipe(length))), seconds(work, recipe(4 * length))
    if is_fair(one, four, small):
        return ""
    if not is_beyond_noise(one, four, small):
        one, four = (seconds(work, recipe(n), times=3) for n in (length, 4 * length))
    if is_fair(one, four, small):
        return ""
    return f"{recipe.__name__}: {one * 1000:.1f} ms for {length}, {four * 1000:.1f} for four times as much"


def is_fair(one: float, four: float, small: float) -> bool:
    """Return whether four times a text takes about four times as long, or too little to matter."""
    return four <= max(RATIO**2 * one, 4 * small)


def is_beyond_noise(one: float, four: float, small: float) -> bool:
    """Return whether four times a text took so much longer that nothing else on the machine can be the cause."""
    return four > max(2 * RATIO**2 * one, 20 * small)


def functions() -> Iterator[tuple[str, Callable[[str], object]]]:
    """Yield our public functions of one text, which may take a text apart without a regular expression.

    Functions of commands, which ask at a keyboard, are left out, and so are those that return nothing, because they
    act.
    """
    for module in modules():
        for name, value in vars(module).items():
            inner = inspect.unwrap(value) if callable(value) else None
            if name.startswith("_") or not inspect.isfunction(inner) or inner.__module__ != module.__name__:
                continue
            signature = inspect.signature(inner)
            wanted = [one for one in signature.parameters.values() if one.default is one.empty]
            if signature.return_annotation is None:
                continue
            if len(wanted) == 1 and wanted[0].annotation is str and ".management." not in module.__name__:
                yield f"{module.__name__}.{name}", value


def runs() -> Iterator[Callable[[int], str]]:
    """Return recipes for texts of n characters of one kind, with little or nothing after them."""
    return (_recipe("", run, tail) for run in RUNS.values() for tail in TAILS[:3])


SCANNING = ("sub", "subn", "split", "findall", "finditer")  # each looks for all matches in the same way


def dearest(methods: Iterable[str]) -> list[str]:
    """Return those of these methods that take as long as any other of them.

    A method that looks for all matches has looked for the first one from every place. One that looks anywhere has also
    looked at the beginning.
    """
    asked = list(methods)
    scans = next((one for one in SCANNING if one in asked), "search" if "search" in asked else "match")
    return [one for one in dict.fromkeys([scans, "fullmatch"]) if one in asked]


def quadratic(pattern: Pattern) -> str:
    """Return the first text that makes a pattern grow faster than the text does; "" when none was found."""
    compiled = re.compile(pattern.source, pattern.flags)
    try:
        for recipe in texts(pattern.source, pattern.flags):
            with guard():
                for method in dearest(pattern.methods):
                    if why := grows(asking(compiled, method), recipe):
                        return f"{pattern}\n  {method}, {why}"
    except TooLong:
        return f"{pattern}\n  {recipe.__name__}: no end"
    return ""


def asking(compiled: re.Pattern[str], method: str) -> Callable[[str], object]:
    """Return a function that asks a pattern once, to the end."""
    if method in {"sub", "subn"}:
        return lambda text: compiled.sub("", text)
    if method == "finditer":
        return lambda text: sum(1 for _found in compiled.finditer(text))
    return lambda text: getattr(compiled, method)(text)


# --- scripts ----------------------------------------------------------------------------------------------------------


def scripts(folder: Path = ROOT / "static" / "pnav", *, only: str = "") -> Mapping[str, Any]:
    """Return what `patterns.cjs` found: all patterns, those it cannot read, and those that grow.

    only: one pattern to try instead.
    """
    done = javascript.run(
        "--no-warnings", "--expose-internals", str(Path(__file__).with_suffix(".cjs")), str(folder), only
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer: Mapping[str, Any] = json.loads(done.stdout)
    return answer
