"""The error of a field is said beside its whole name, to which its hint belongs (docs/screen-reader.md).

What is compared is read from the source: the fields as the templates draw them, and the texts with which the forms and
the views refuse what is in them. Fields of the same name are compared with each other's errors as well, so that no form
is left out.
"""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.urls import reverse

from tests.test_templates import every_form, repeats

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
APPS = ("accounts", "chat", "common", "locations", "pnav", "reports", "triage")
ALIKE = 0.61  # Orca leaves out what is 0.7 alike, as the page stands: a hint may be longer by a number or by a name

DRAWN = re.compile(r"{% field (?P<form>[\w.]+)\.(?P<name>\w+)(?P<rest>[^%]*)%}")
GIVEN = re.compile(r'(?P<what>label|hint)=(?:_\("(?P<text>[^"]+)"\)|(?P<kept>\w+)\b(?!\.))')
KEPT = re.compile(
    r'{% translate "(?P<text>[^"]+)" as (?P<name>\w+) %}'
    r'|{% sentence "(?P<key>[\w.]+)"[^%]* as (?P<said>\w+) %}'
    r"|{% blocktranslate trimmed asvar (?P<block>\w+)[^%]*%}(?P<words>.*?){% endblocktranslate %}",
    re.DOTALL,
)


def drawn_fields(source: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the label and the hint of each field that a template draws; "" for what its form gives.

    A label or a hint that is a variable counts once for each text that the template keeps in it.
    """
    kept: dict[str, list[str]] = {}
    for found in KEPT.finditer(source):
        texts = (
            sentences().get(found["key"], []) if found["key"] else [found["text"] or " ".join(found["words"].split())]
        )
        kept.setdefault(found["name"] or found["said"] or found["block"], []).extend(texts)
    for field in DRAWN.finditer(source):
        given = {
            one["what"]: [one["text"]] if one["text"] else kept.get(one["kept"], [])
            for one in GIVEN.finditer(field["rest"])
        }
        for label in given.get("label") or [""]:
            for hint in given.get("hint") or [""]:
                yield field["name"], label, hint


def refusals(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the name of a field and each text with which this module refuses what is in it."""
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    for function in functions:
        for call in (one for one in ast.walk(function) if isinstance(one, ast.Call) and one.args):
            name = call.args[0]
            if (
                getattr(call.func, "attr", "") in {"add_error", "_say"}
                and isinstance(name, ast.Constant)
                and name.value
            ):
                called = {one.id for one in ast.walk(call) if isinstance(one, ast.Name)}
                told = [one for one in functions if one.name in called]
                # A text that was kept in a variable is one of the function's.
                words = [text for part in (call, *told) for text in words_of(part)] or list(words_of(function))
                yield from ((name.value, text) for text in words)
        if function.name.startswith("clean_"):
            yield from ((function.name.removeprefix("clean_"), text) for text in words_of(function))


def words_of(node: ast.AST) -> Iterator[str]:
    """Yield what is said in this part of a module: its own French, and the sentences of the catalogue that it names."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and getattr(one.func, "id", "") in {"_", "gettext", "ngettext"}:
            yield from (text.value for text in one.args if isinstance(text, ast.Constant))
        elif isinstance(one, ast.Attribute) and one.attr.isupper():
            yield from sentences().get(one.attr, ())


@cache
def modules() -> list[ast.Module]:
    return [ast.parse(path.read_text("utf-8")) for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]


@cache
def sentences() -> dict[str, list[str]]:
    """Return the texts of the catalogue by their constants and their keys: `NAME = add("key", PLACE, _("Text."))`."""
    found: dict[str, list[str]] = {}
    lines = [one for tree in modules() for one in tree.body if isinstance(one, ast.Assign | ast.Expr)]
    for line, call in ((one, one.value) for one in lines if isinstance(one.value, ast.Call)):
        if getattr(call.func, "id", "") == "add" and isinstance(call.args[0], ast.Constant):
            names = [one.id for one in getattr(line, "targets", ()) if isinstance(one, ast.Name)]
            parts = [one for one in ast.walk(call) if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "_"]
            texts = [text.value for part in parts for text in part.args if isinstance(text, ast.Constant)]
            for key in (*names, call.args[0].value):
                found.setdefault(key, []).extend(texts)
    return found


def fields_of(form: type[forms.BaseForm]) -> Iterator[tuple[str, forms.Field]]:
    """Yield the fields of a form, and those of both voices where it names them in the voice of the person."""
    yield from form.base_fields.items()
    asked = inspect.signature(form).parameters.values()
    if {one.name for one in asked if one.default is one.empty and one.kind is one.KEYWORD_ONLY} == {"familiar"}:
        for familiar in (False, True):
            yield from form(familiar=familiar).fields.items()  # type: ignore[call-arg]


def silent(names: Iterable[tuple[str, str]], errors: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the whole names and the errors, of fields of the same name, that a screen reader takes for one text."""
    beside: dict[str, set[str]] = {}
    for name, error in errors:
        beside.setdefault(name, set()).add(error)
    return {(name, error) for field, name in names for error in beside.get(field, ()) if repeats(name, error, ALIKE)}


def test_no_error_repeats_the_whole_name_of_its_field():
    reverse("pages:home")  # reads all addresses, and so every form
    ours = [form for form in every_form(forms.BaseForm) if not form.__module__.startswith("django.")]
    # A box to tick has its error in its name.
    fields = [pair for form in ours for pair in fields_of(form) if not isinstance(pair[1], forms.BooleanField)]
    of_forms: dict[str, set[tuple[str, str]]] = {}
    for name, field in fields:
        of_forms.setdefault(name, set()).add((str(field.label or ""), str(field.help_text or "")))
    names = {
        (name, f"{label or own} {hint or told}".strip())
        for path in TEMPLATES
        for name, label, hint in drawn_fields(path.read_text("utf-8"))
        for own, told in of_forms.get(name, ())
    }
    errors = {(name, str(text)) for name, field in fields for text in (field.error_messages or {}).values()}
    refused = {one for tree in modules() for one in refusals(tree)}
    assert len(names) > 100 and len(refused) > 50 and len(errors) > 100, "Nothing was looked at."
    assert not silent(names, errors | refused), (
        "Orca leaves out an error that is like the name of its field, hint included. Say it in other words."
    )


def test_every_kind_of_error_is_read():
    """Fields of the console and of the visitor; errors of a form, of a view, of the visitor."""
    drawn = {(name, label, hint) for path in TEMPLATES for name, label, hint in drawn_fields(path.read_text("utf-8"))}
    assert ("summary", "Résumé", "La personne le relit, le corrige ou le refuse avant votre collègue.") in drawn
    assert any(name == "correction" and label and hint for name, label, hint in drawn)
    refused = {name for tree in modules() for name, _text in refusals(tree)}
    assert {"summary", "body", "words", "day", "until"} <= refused


@pytest.mark.parametrize(
    ("error", "is_silent"),
    [
        ("Écrivez le résumé : la personne le relira avant votre collègue.", True),
        ("Ce champ est vide. Sans lui, rien n'est transmis.", False),
    ],
)
def test_error_that_is_like_the_hint_is_found(error, is_silent):
    name = "Résumé La personne le relit, le corrige ou le refuse avant votre collègue."
    assert bool(silent([("summary", name)], [("summary", error)])) is is_silent
