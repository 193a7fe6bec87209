"""There are no languages but those of `settings.LANGUAGES`, and no other place decides by the name of one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from common.texts import languages

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("pnav", "chat", "reports", "triage", "locations", "sentences", "offload", "common")
# Where the code names the source language, and why this does not decide what is shown in which language.
FRENCH = {
    "settings.py": "the list itself",
    "offline.py": "settings of a machine without the site",
    "visit.py": "what a browser of the demonstration sends",
    "dates.py": "« 1er mars » is a rule of French",
    "report.py": "the default of a column",
    "written_language.py": "one of the languages that people may be taken to write in",
    "danger_words.py": "one of the languages whose words of danger migrations bring",
}


# Modules that may name any language: the list of languages, the small words of French, « de » among them, the
# languages in which people may be writing, and those whose words of danger are marked.
NO_LANGUAGE = (
    "pnav/settings.py:",
    "chat/rules/resume_words.py:",
    "chat/rules/written_language.py:",
    "chat/rules/danger_words.py:",
)


def modules() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).glob("**/*.py")):
            if "migrations" not in path.parts:
                yield path


def named(path: Path, codes: set[str]) -> list[str]:
    """Return where a string of this module is the code of one of these languages, or ends with it as the name of a
    field.
    """
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
        if isinstance(node, ast.Attribute):
            text = node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            text = node.arg
        elif isinstance(node, ast.Name):
            text = node.id
        if text is None:
            continue
        word, _mark, ending = text.partition("_")
        if text in codes or (word and ending in codes):
            found.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {text}")
    return found


def test_no_module_decides_by_the_name_of_a_language():
    others = set(languages.others())
    found = [one for path in modules() for one in named(path, others)]
    assert [one for one in found if not one.startswith(NO_LANGUAGE)] == []


def test_source_language_is_named_where_it_is_said_why():
    found = {path.name for path in modules() if named(path, {languages.source()})}
    assert found == set(FRENCH)


def test_the_scan_finds_what_it_looks_for(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "x.py"
    path.write_text('if language == "en":\n    row.title_en = texts["en"]\nmade(label_en="x")\nwhen = seen_end\n')
    assert sorted(one.partition(" ")[2] for one in named(path, {"en"})) == ["en", "en", "label_en", "title_en"]


TEMPLATES = sorted((ROOT / "templates").glob("**/*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_decides_by_the_name_of_a_language(path: Path):
    """No condition compares with a language, and no address or text contains the name of one."""
    text = path.read_text()
    codes = "|".join(code for code, _name in settings.LANGUAGES)
    deciding = rf"""(?:==|!=)\s*["'](?:{codes})["']|value=["'](?:{codes})["']|[?&]\w+=(?:{codes})\b"""
    assert re.findall(deciding, text) == []
    assert not [name for code, name in settings.LANGUAGES if code != languages.source() and name in text]
