"""Everything that a visitor may read also exists in each other language of the site."""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

import polib
import pytest
from django.utils.translation import to_locale

from common.texts import languages
from pnav.pages.build.translations import compile_messages
from tests.common.texts.test_whole import visitor_templates
from tests.messages import with_those_of
from tests.support import begun
from triage.questionnaire.results import TO_VERIFY

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted((ROOT / "pnav" / "locale").glob("*/LC_MESSAGES/django.po"))
WHOLE = [path for path in CATALOGUES if path.parts[-3] in map(to_locale, begun.whole())]
ROOMS = ("pnav", "chat", "reports", "triage", "locations", "common")
TO_TRANSLATE = {"_", "_lazy", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
SPOKEN = re.compile(
    r"""{%\s*trans(?:late)?\s+(?:"([^"]*)"|'([^']*)')|{%\s*blocktrans(?:late)?\b.*?%}(.*?){%\s*endblocktrans""",
    re.DOTALL,
)
# Spaces that look like another one, characters that cannot be seen, and apostrophes that look like the straight one.
UNSEEN = re.compile("[\u00a0\u00ad\u2000-\u200f\u2018\u2019\u201b\u202f\u2060\u00b4\u02bc\ufeff]")
# French on purpose, because only agents and administrators read it.
STAFF = re.compile(
    r"templates/(console|account|mfa|allauth|admin)|pnav/accounts|chat/(console|casework|rules/(reply_template|emergency|closing|transfer)|models/transfer)"
    r"|reports/rules/offence|admin\.py|triage/(document|walk|describing|editing|models)|pnav/demo|management/"
)
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}|</?[a-z][^>]*>")


def language_of(catalogue: Path) -> str:
    return catalogue.parts[-3]


every_catalogue = pytest.mark.parametrize("catalogue", CATALOGUES, ids=language_of)
every_whole_catalogue = pytest.mark.parametrize("catalogue", WHOLE, ids=language_of)


def test_each_language_of_the_site_has_a_catalogue():
    assert {language_of(one) for one in CATALOGUES} >= set(map(to_locale, languages.others()))
    assert len(WHOLE) == len(begun.whole()) >= 1


@every_whole_catalogue
def test_catalogue_translates_every_string_of_the_journey(catalogue):
    entries = polib.pofile(str(catalogue))
    visited = [entry for entry in entries if any(not STAFF.search(path) for path, _line in entry.occurrences)]
    assert len(visited) > 1000 and [entry.msgid for entry in visited if not entry.translated()] == []


def altered(entry: polib.POEntry) -> list[str]:
    """Return the translations of this entry whose placeholders or tags are not those of the French. One form of several
    may leave the number out, and has none that no form of the French has."""
    kept = sorted(PLACEHOLDER.findall(entry.msgid))
    known = {*kept, *PLACEHOLDER.findall(entry.msgid_plural)}
    if not entry.msgid_plural:
        return [entry.msgstr] if sorted(PLACEHOLDER.findall(entry.msgstr)) != kept else []
    return [text for text in entry.msgstr_plural.values() if not known.issuperset(PLACEHOLDER.findall(text))]


@every_catalogue
def test_catalogue_keeps_placeholders_and_tags(catalogue):
    """Of what is translated, in a language that is begun too: its pages answer, and a wrong name would be an error."""
    translated = polib.pofile(str(catalogue)).translated_entries()
    assert [one for entry in translated for one in altered(entry)] == []


def test_translation_that_breaks_a_placeholder_or_a_tag_is_found():
    french, other = "%(minutes)s min, <strong>{name}</strong>", "<strong>{name}</strong>, %(minutes)s min"
    one = polib.POEntry(msgid=french, msgstr=other)
    assert altered(one) == []
    for broken in ("%(minutos)s min, <strong>{name}</strong>", "<strong>{name}</strong>", "%(minutes)s {name} <em>"):
        one.msgstr = broken
        assert altered(one) == [broken]
    many = {0: "una hora", 1: "%(n)s horas", 2: "%(number)s horas"}
    several = polib.POEntry(msgid="%(n)s heure", msgid_plural="%(n)s heures", msgstr_plural=many)
    assert altered(several) == ["%(number)s horas"]


def ids_of_module(source: str) -> Iterator[str]:
    """Yield every text to translate of this code, in parts that may be called."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in TO_TRANSLATE:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def ids_of_template(source: str) -> Iterator[str]:
    for found in SPOKEN.finditer(source):
        yield next(one for one in found.groups() if one is not None)


def test_ids_hold_nothing_that_cannot_be_seen_and_one_apostrophe():
    """A translation is found by its id: of two that look the same, one would be missed. French typography comes where a
    text is drawn (`common.texts.typography`)."""
    modules = [path for room in ROOMS for path in (ROOT / room).glob("**/*.py") if "migrations" not in path.parts]
    templates = list((ROOT / "templates").glob("**/*.html"))
    said = [(path, one) for path in modules for one in ids_of_module(path.read_text())]
    said += [(path, one) for path in templates for one in ids_of_template(path.read_text())]
    assert len(said) > 1500
    for path in CATALOGUES:
        said += [(path, one) for entry in polib.pofile(str(path)) for one in (entry.msgid, entry.msgid_plural)]
    assert [f"{path.relative_to(ROOT)}: {one}" for path, one in said if UNSEEN.search(one)] == []


def test_ids_are_found_where_they_are():
    code = 'x = _("a" "\\u00a0b")\ny = ngettext("c", "d", 2)\nz = other("e")\n'
    assert list(ids_of_module(code)) == ["a\u00a0b", "c", "d"]
    page = (
        """{% translate "a" %}{% translate 'b' as x %}{% blocktranslate with n=1 %}c {{ n }}{% endblocktranslate %}"""
    )
    assert list(ids_of_template(page)) == ["a", "b", "c {{ n }}"]
    assert UNSEEN.search("a\u00a0b") and UNSEEN.search("l\u2019a") and not UNSEEN.search("l'a\u00e0 «\u0153»")


@every_whole_catalogue
def test_what_a_visitor_reads_is_in_the_catalogue(catalogue):
    """A French text that was changed in the code alone would be French in every language."""
    known = {entry.msgid for entry in polib.pofile(str(catalogue))}
    known |= {str(why) for _sentence, why in TO_VERIFY}  # only administrators read these
    said = []
    for path in visitor_templates():
        text = path.read_text()
        if path.name == "429.html":  # the page is for the sign-in, except its last lines
            text = text[text.index("errors.staff_door_title") :]
        said += [(path, " ".join(one.split())) for one in ids_of_template(text)]
    modules = [path for room in ROOMS for path in (ROOT / room).glob("**/texts.py")]
    modules += [path for room in ROOMS for path in (ROOT / room).glob("**/texts/*.py")]
    modules += [ROOT / "triage" / "questionnaire" / f"{name}.py" for name in ("questions", "results", "outcomes")]
    said += [(path, one) for path in modules for one in ids_of_module(path.read_text())]
    assert len(said) > 1000
    assert [f"{path.relative_to(ROOT)}: {one}" for path, one in said if one not in known] == []


@every_catalogue
def test_text_is_translated_once(catalogue):
    """Two entries of one id are two translations, of which one is never said."""
    ids = [(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(catalogue))]
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


# --- one sentence, one translation ------------------------------------------------------------------------------------

# Words that say *vous*: of two ids with one translation, one has them, and the other says the same to a minor.
VOUS = re.compile(
    r"\b(?:vous|votre|vos|vôtres?|dites|faites(?=[ -])|êtes|(?!(?:assez|chez)\b)\w{2,}ez)\b", re.IGNORECASE
)
LONG = 25  # characters; shorter texts are words of the interface, of which several may be one word in English
# The share of equal characters in two sentences that say one thing in two voices; below it they say two things.
ALIKE = 0.6
# One sentence in two wordings, which have one translation on purpose.
SYNONYMS = [
    {"Choisis une réponse de la liste.", "Choisissez une réponse de la liste.", "Choisir une réponse de la liste."},
]


def says_vous(text: str) -> bool:
    return VOUS.search(text.replace("rendez-vous", "")) is not None


def twice(entries: Iterable[polib.POEntry]) -> list[tuple[str, list[str]]]:
    """Return translations of two sentences, with these: two of one voice, or of two voices and unlike each other."""
    ids: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if len(entry.msgstr) > LONG:
            ids[entry.msgstr].add(entry.msgid)
    found = []
    for translation, said in ids.items():
        for one, other in combinations(sorted(said), 2):
            if {one, other} <= set().union(*(known for known in SYNONYMS if one in known)):
                continue
            if says_vous(one) == says_vous(other) or SequenceMatcher(None, one, other).ratio() < ALIKE:
                found.append((translation, [one, other]))
    return found


@every_catalogue
def test_translation_is_of_one_sentence(catalogue):
    """« La personne lit les pages en anglais » was « Is the person in danger at home? » once: a translation that was
    copied from the line below."""
    assert twice(polib.pofile(str(catalogue))) == []


@pytest.mark.parametrize(
    ("said", "is_found"),
    [
        (("La personne lit les pages en anglais", "La personne est-elle en danger à la maison ?"), True),
        (("La personne lit les pages en anglais", "Êtes-vous en danger à la maison ?"), True),
        (("Vous êtes en danger à la maison ?", "Êtes-vous en danger à la maison ?"), True),
        (("Êtes-vous en danger à la maison ?", "Es-tu en danger à la maison ?"), False),
        (("Ce rendez-vous te convient ?", "Ce rendez-vous vous convient-il ?"), False),
        (("Choisissez une réponse de la liste.", "Choisir une réponse de la liste."), False),
    ],
)
def test_one_translation_of_two_sentences_is_found(said, is_found):
    entries = [polib.POEntry(msgid=one, msgstr="What is said in English, once.") for one in said]
    assert bool(twice(entries)) == is_found
    assert twice([polib.POEntry(msgid=one, msgstr="A word.") for one in said]) == []


CALL = re.compile(r"""\b_\(\s*(?:"([^"]*)"|'([^']*)')\s*\)""")
PLURAL = re.compile(r"{%\s*plural\s*%}")
VARIABLE = re.compile(r"{{\s*(\w+)\s*}}")


def held_by_module(source: str) -> Iterator[str]:
    """Yield every text of this code: what is said may be named in one place and translated in another."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def held_by_template(source: str) -> Iterator[str]:
    """Yield every text that this template has translated, as gettext is asked for it."""
    calls = (next(one for one in found.groups() if one is not None) for found in CALL.finditer(source))
    for said in (*ids_of_template(source), *calls):
        for one in PLURAL.split(said):
            words = VARIABLE.sub(r"%(\1)s", one.replace("%", "%%"))
            yield words
            yield " ".join(line.strip() for line in words.strip().splitlines())


def held_by_document(document: object) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict | list):
        for one in document.values() if isinstance(document, dict) else document:
            yield from held_by_document(one)


def test_every_text_of_the_catalogue_is_held_somewhere():
    """What no page says any more is not translated, and nobody reads it for what is said."""
    modules = [path for room in ROOMS for path in (ROOT / room).glob("**/*.py") if "migrations" not in path.parts]
    held = {one for path in modules for one in held_by_module(path.read_text())}
    for path in (ROOT / "templates").glob("**/*.*"):
        held.update(held_by_template(path.read_text()))
    for path in (ROOT / "triage").glob("**/*.json"):  # questionnaires that were in force
        held.update(held_by_document(json.loads(path.read_text())))
    entries = [entry for path in CATALOGUES for entry in polib.pofile(str(path))]
    dead = [entry.msgid for entry in entries if entry.msgid not in held]
    assert dead == [], "Delete it: nothing says this."


def test_texts_are_held_as_gettext_is_asked_for_them():
    page = (
        "{% blocktranslate trimmed count n=n %}\n  Un mot\n  de {{ who }}, à 5 %\n{% plural %}\n  {{ n }} mots\n"
        '{% endblocktranslate %}{% field x label=_("Jour") %}'
    )
    assert {"Un mot de %(who)s, à 5 %%", "%(n)s mots", "Jour"} <= set(held_by_template(page))
    assert set(held_by_module('x = f(\n    "a "\n    "b"\n)')) == {"a b"}
    assert set(held_by_document({"x": ["a", {"y": "b"}, 1]})) == {"a", "b"}


def test_messages_are_added_at_the_end_of_what_stands(tmp_path):
    before = '#: a.py\nmsgid "Zèbre"\nmsgstr "Zebra"\n\n#: a.py\nmsgid "Plus dit"\nmsgstr "Gone"\n'
    collected = polib.pofile(
        '#: a.py\nmsgid "Zèbre"\nmsgstr ""\n\n#: b.py\nmsgid "D\'ailleurs"\nmsgstr ""\n\n'
        f'#: a.py c.py\nmsgid "Nouveau {"long " * 30}"\nmsgstr ""\n'
    )
    after = with_those_of(["c.py", "d.py"], before, collected)
    assert after == before + f'\n#: a.py c.py\nmsgid "Nouveau {"long " * 30}"\nmsgstr ""\n'
    assert with_those_of(["d.py"], before, collected) == before


def test_compile_messages_writes_what_changed_once(tmp_path):
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_bytes(CATALOGUES[0].read_bytes())
    assert compile_messages(tmp_path) == [folder / "django.mo"]
    assert compile_messages(tmp_path) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "I am under 18"),
        ("/orientation/", "danger"),
        ("/point-d-accueil/", "postcode"),
        ("/quitter/", "browser"),
        ("/tchat/reprendre/", "code"),
    ],
)
def test_page_in_english(client, path, words):
    client.cookies["django_language"] = "en"
    page = client.get(path, follow=True).text
    assert '<html lang="en"' in page
    assert words in page
