"""The sentences themselves are correct and used, and none of them is a contract."""

import ast
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from django.template import TemplateSyntaxError
from django.template.engine import Engine
from django.utils import translation

from chat.texts import script as script_texts
from common.texts import validation
from common.texts.catalogue import CATALOGUE, PLACES, Sentence, add
from common.texts.help_numbers import NAMED
from tests.pages.test_translations import every_whole_catalogue

ROOT = Path(__file__).resolve().parents[3]
# Words of the contracts between product and screens, which are written in place and which nobody may change.
CONTRACTS = [
    "Ce n'est pas mon cas, je veux parler à quelqu'un",
    "Pour échanger avec un gendarme ou un policier, 24h/24 et 7j/7",
    "Je renseigne ma ville ou mon code postal",
    "Pour trouver vos contacts utiles de proximité",
    "Je saisis mon code postal",
    "Sélectionnez votre service",
    "Votre choix est enregistré",
    "Vous souhaitez consulter les informations locales",
    "Vous souhaitez supprimer ce point d'accueil",
    "Quitter rapidement",
    "Paramètres d'affichage",
    "Aidez-nous à améliorer ce service",
]

SAME_IN_BOTH = {
    "chat.system",
    "chat.system_discreet",
    "copy_check.name_file",
    "copy_check.name_note",
    "legal.contact_title",
    "triage.question",
}


def plain(text: str) -> str:
    return text.replace("’", "'").replace("\u00a0", " ").casefold()


def wrong_in(problems: Callable[[Sentence], object]) -> dict[str, object]:
    """Return what `problems` finds, by the key of the sentence it finds it in."""
    return {key: found for key, sentence in CATALOGUE.items() if (found := problems(sentence))}


def test_texts_of_origin_pass_their_own_checks():
    def problems(sentence: Sentence) -> dict[str, object]:
        """Return the problems by form: each needs the same variables."""
        return {
            name: validation.find_errors(sentence, text) or f"{sentence.required} are required"
            for name, text in sentence.origins().items()
            if not text or validation.find_errors(sentence, text) or set(PLACES.findall(text)) != sentence.required
        }

    assert wrong_in(problems) == {}


def test_sentences_are_no_contracts():
    def problems(sentence: Sentence) -> list[str]:
        texts = [plain(text) for text in sentence.origins().values()]
        return [label for label in CONTRACTS if any(plain(label) in text for text in texts)]

    assert wrong_in(problems) == {}


def test_sentences_of_a_visitor_have_their_english():
    def problems(sentence: Sentence) -> bool:
        is_told = sentence.is_translated and sentence.key not in SAME_IN_BOTH
        return is_told and sentence.origins()["en"] == sentence.origin()

    assert wrong_in(problems) == {}


# Words that say little by themselves: a key that was made of the beginning of a text left them out.
SMALL_WORDS = {
    "a", "an", "and", "are", "be", "can", "for", "in", "is", "it", "of", "on", "or", "that", "the", "this", "to",
    "with", "you", "your",
}  # fmt: skip
NAMED_BY_VALUES = {"report.of_under_15", "report.of_under_18"}  # named by the values of `AgeBand`


def words_of(text: str) -> list[str]:
    plain_text = PLACES.sub(" ", text.lower().replace("’", "").replace("'", ""))
    return [word for word in re.findall(r"[a-z0-9]+", plain_text) if word not in SMALL_WORDS]


def says_the_beginning(key: str, english: str) -> bool:
    """Return whether these words of a key are the whole of its English, or its first four."""
    name, text = words_of(key.partition(".")[2].replace("_", " ")), words_of(english)
    return len(name) >= 2 and len(name) >= min(4, len(text)) and name == text[: len(name)]


def test_keys_say_the_role_of_a_text_and_not_how_it_begins():
    """A text is written anew; its key stays, and would name what is no longer said."""

    def problems(sentence: Sentence) -> list[str]:
        texts = {sentence.origin(familiar=familiar, language="en") for familiar in (False, True)}
        return [text for text in texts if says_the_beginning(sentence.key, text)]

    assert set(wrong_in(problems)) - NAMED_BY_VALUES == set()


@pytest.mark.parametrize(
    ("key", "english", "is_refused"),
    [
        ("errors.page_not_found", "Page not found", True),
        ("privacy.nothing_identifies_deleted", "with nothing that identifies you. Deleted.", True),
        ("report.have_already_said", "You have already said:", True),
        ("pages.there_errors", "There are {total} errors", True),
        ("errors.missing_title", "Page not found", False),
        ("removal.too_long", "This is too long: {most} characters at most.", False),  # it says what is wrong
        ("slip.where", "Where", False),  # one word, the name of what follows
    ],
)
def test_key_that_repeats_its_english_is_found(key: str, english: str, is_refused: bool):
    assert says_the_beginning(key, english) is is_refused


def test_variables_have_an_example_that_shows_them():
    def problems(sentence: Sentence) -> list[str]:
        return [
            variable.name
            for variable in sentence.variables
            if not (variable.meaning and variable.example and variable.name in sentence.required)
        ]

    assert wrong_in(problems) == {}


MODULES = [
    path
    for room in ("chat", "locations", "pnav", "reports", "triage")
    for pattern in ("**/texts/*.py", "**/*_texts.py", "texts.py")
    for path in (ROOT / room).glob(pattern)
    if path.stem != "__init__"
]


def used_by_code() -> set[str]:
    """Return the constants of the modules of sentences that other modules name."""
    names = set()
    for room in ("chat", "locations", "pnav", "reports", "triage"):
        for path in (ROOT / room).glob("**/*.py"):
            if path.stem.endswith("_previews"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    names.add((node.value.id, node.attr))
    return {name for module, name in names if "texts" in module or module == "words"}


def constants() -> dict[str, str]:
    """Return, by key, the constant that a module of sentences keeps it under; of an option, the table."""
    kept = {}
    for path in MODULES:
        module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        kept |= {value.key: name for name, value in vars(module).items() if isinstance(value, Sentence)}
        for table in ("OPTIONS", "NEUTRAL"):
            for options in getattr(module, table, {}).values():
                kept |= {option.key: table for option in options.values()}
    return kept


def test_every_sentence_is_used_once_in_a_template_or_by_the_code():
    drawn = [
        key
        for path in ROOT.glob("templates/**/*.html")
        for key in re.findall(r'{% sentence "([a-z_0-9.]+)"', path.read_text())
    ]
    by_name, used = constants(), used_by_code()
    unused = [key for key in CATALOGUE if key not in drawn and by_name.get(key) not in used]
    assert unused == []


def test_wording_holds_no_text_of_its_own():
    """What the page's script says is in the catalogue, whole: in `chat/texts/script.py` no string has a space."""
    tree = ast.parse((ROOT / "chat" / "texts" / "script.py").read_text())
    documented = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef)
    }
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [text for text in texts if " " in text and text not in documented] == []
    assert set(script_texts.WORDS) == set(script_texts.DISCREET)


@every_whole_catalogue
def test_translations_know_every_text_of_origin(catalogue):
    import polib

    known = {entry.msgid for entry in polib.pofile(str(catalogue)) if entry.translated()}
    with translation.override("fr"):
        wanted = {
            str(text)
            for sentence in CATALOGUE.values()
            if sentence.is_translated
            for text in (sentence.vous, sentence.tu)
            if text is not None
        }
    assert wanted - known == set()


def test_key_is_taken_once():
    sentence = CATALOGUE["chat.arrived"]
    with pytest.raises(ValueError, match=r"chat\.arrived"):
        add("chat.arrived", sentence.place, sentence.vous)


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ('{% sentence "no.such" %}', "no sentence is called no.such"),
        ("{% sentence %}", "needs the key"),
        ('{% sentence "chat.lost" bare nonsense %}', "nonsense is not understood"),
    ],
)
def test_template_that_misspells_a_sentence_says_so(tag, told):
    with pytest.raises(TemplateSyntaxError, match=told):
        Engine.get_default().from_string("{% load texts %}" + tag)


# --- checks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{name} est là. {prenom}", "{prenom} n'existe pas ici. Possibles ici : {name}"),
        ("Quelqu'un est là.", "Il manque {name}"),
        ("{name} est là.\u202e", "U+202E"),
        ("{name} est\u200blà.", "U+200B"),
        ("{name} est\u2003là.", "U+2003"),
        ("{name} est là.\nBonjour.", "Une seule ligne"),
        ("{name} est là }", "accolade"),
        ("{name} {", "accolade"),
        ("{name} est {Nom}", "accolade"),
        ("{name} " + "a" * 300, "Trop long : 307 caractères, pour 300 au plus."),
        ("{name.__class__}", "accolade"),
    ],
)
def test_errors_are_said_in_french(text, told):
    assert any(told in one for one in validation.find_errors(CATALOGUE["chat.arrived"], text))


@pytest.mark.parametrize("text", ["", "{name}\u202f: bonjour\u00a0!", "{name} est là, ou appelez le {numero_police}."])
def test_sound_texts_have_no_error(text):
    assert validation.find_errors(CATALOGUE["chat.arrived"], text) == []


def test_every_named_number_may_stand_in_every_sentence():
    for sentence in CATALOGUE.values():
        assert set(NAMED) <= validation.allowed_names(sentence)
