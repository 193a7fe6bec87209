"""Notices above a page, where somebody may see the screen: they name neither who answers nor what this is about.

The sentences are found in the code, so that whoever adds a notice that tells something gives it neutral words too.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django.test import Client
from django.urls import reverse

from common.texts.catalogue import Sentence
from common.texts.languages import codes
from pnav.addresses import DISCREET
from reports import texts as report_texts
from tests.support.on_screen import TELLING_IN, words_on_screen

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("chat/visitor", "locations", "pnav/pages", "reports", "triage")  # what visitors read; their admin is not
NEUTRAL = "_DISCREET"  # the end of the name of neutral words, beside the name of those that tell


def says(function: ast.FunctionDef, known: set[str]) -> bool:
    """Return whether a function adds a notice, by Django's messages or by one of the functions that do (known)."""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "messages":
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            return True
    return False


def notifying(tree: ast.Module) -> list[ast.FunctionDef]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    known: set[str] = set()
    while len(found := [one for one in functions if says(one, known)]) > len(known):
        known = {one.name for one in found}
    return found


def sentences_in(function: ast.FunctionDef, module: ModuleType) -> dict[str, Sentence]:
    """Return the sentences of the catalogue that a function names, by their names in the code."""
    found = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found[node.attr] = getattr(getattr(module, node.value.id, None), node.attr, None)
        elif isinstance(node, ast.Name):
            found[node.id] = getattr(module, node.id, None)
    return {name: sentence for name, sentence in found.items() if isinstance(sentence, Sentence)}


def notices() -> Iterator[tuple[str, dict[str, Sentence]]]:
    """Yield each function that may add a notice to a page of visitors, with the sentences that it names."""
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.py")):
        code = path.read_text()
        if "from django.contrib import messages" not in code or "admin" in path.stem:
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for function in notifying(ast.parse(code)):
            yield f"{path.relative_to(ROOT)}: {function.name}", sentences_in(function, module)


def test_no_notice_tells_what_this_is_about_without_having_neutral_words_too() -> None:
    found = dict(notices())
    named = {name for sentences in found.values() for name in sentences}
    assert {"QUESTIONS_FIRST", "DOOR_FIRST", "PLACE_FIRST", "ERASED", "PLACE_REMOVED", "VISIT_ENDED"} <= named
    telling = [
        f"{where}: {text}"
        for where, sentences in found.items()
        for name, sentence in sentences.items()
        if name + NEUTRAL not in sentences
        for language in codes()
        for text in (sentence.origin(familiar=tu, language=language) for tu in (False, True))
        if TELLING_IN[language].search(text)
    ]
    assert telling == []


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["adult", "minor"])
def test_way_to_the_messages_before_the_questions_end_names_no_chat(client: Client, who: str) -> None:
    client.post(reverse("pages:home"), {"door": who, "q": ""})
    client.post(reverse("triage:question", args=["maintenant"]), {"answer": "screen"})
    page = client.get(DISCREET.reverse("chat:conversation"), follow=True).text
    words = words_on_screen(page)
    assert report_texts.QUESTIONS_FIRST_DISCREET.say() in words and not TELLING_IN["fr"].search(words)
