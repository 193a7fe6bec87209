"""Everything that is told to a person who seeks help can be edited.

Words of the interface (what a button, a link, a label or a box says, and what only screen readers say) belong to the
code, as do labels that are contracts: templates contain them, and translations translate them.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# The interface of the staff: console, units, accounts, admin; and what only an administrator or a developer is shown.
STAFF = ("account", "admin", "console", "listening", "mfa", "openings", "staff", "unit")
STAFF_PAGES = {"components/pages.html", "pages/components.html", "pages/preview.html", "triage/_preview.html"}
# Labels that the product's description quotes, in each voice. They never change, so that one can say them on the
# telephone.
LABELS = {
    "Aidez-nous à améliorer ce service",
    "Je renseigne ma ville ou mon code postal",
    "Je saisis mon code postal",
    "Paramètres d'affichage",
    "Point d'accueil",
    "Pour trouver tes contacts utiles de proximité",
    "Pour trouver vos contacts utiles de proximité",
    "Pour échanger avec un gendarme ou un policier, 24h/24 et 7j/7",
    "Quitter rapidement",
    "Quitter rapidement ce site",
    "Sélectionne ton service",
    "Sélectionnez votre service",
    "Ton choix est enregistré",
    "Ton choix est enregistré.",
    "Votre choix est enregistré",
    "Votre choix est enregistré.",
    "Si tu dois partir vite",
    "Si vous devez partir vite",
    "Tu souhaites consulter les informations locales ?",
    "Vous souhaitez consulter les informations locales ?",
    "Tu souhaites supprimer ce point d'accueil ?",
    "Vous souhaitez supprimer ce point d'accueil ?",
    "Tu souhaites supprimer cet interlocuteur ?",
    "Vous souhaitez supprimer cet interlocuteur ?",
    # The mark of the State, and the names of pages when somebody may see the screen, which say nothing on purpose.
    "République",
    "Française",
    "Informations",
}
# Elements whose words belong to the interface; "@" stands for an attribute, "sr" for what only screen readers say.
INTERFACE = {"a", "button", "caption", "label", "legend", "summary", "th", "@", "sr"}
TRANSLATED = re.compile(r'{%\s*(?:translate|trans)\s+"([^"]*)"|{%\s*(blocktrans(?:late)?)\b')
# Modules that speak to visitors, and the calls in them that speak to somebody else.
SPEAKING = (
    "chat/messages/forms.py",
    "chat/visitor/base.py",
    "chat/visitor/forms.py",
    "chat/journal/forms.py",
    "chat/journal/words.py",
    "chat/visitor/facts.py",
    "chat/visitor/captures.py",
    "chat/visitor/follow_up.py",
    "chat/visitor/transfer.py",
    "chat/visitor/retention.py",
    "chat/visitor/proposals.py",
    "chat/visitor/resume.py",
    "chat/visitor/conversation.py",
    "locations/forms.py",
    "locations/lookup.py",
    "locations/views.py",
    "pnav/pages/figures.py",
    "pnav/pages/forms.py",
    "pnav/pages/views.py",
    "reports/forms.py",
    "reports/audit/for_the_person.py",
    "reports/views.py",
    "triage/forms.py",
    "triage/numbers.py",
    "triage/views.py",
)
TO_STAFF = {
    "chat/messages/forms.py": 8,  # these are the console's; the person's are texts, through `chat.visitor`
    "locations/forms.py": 2,  # names of a purpose, which no page shows
    "pnav/pages/views.py": 1,  # the page of components
}


def visitor_templates() -> list[Path]:
    folder = ROOT / "templates"
    found = [path for path in folder.glob("**/*.html") if path.relative_to(folder).parts[0] not in STAFF]
    return [path for path in found if str(path.relative_to(folder)) not in STAFF_PAGES]


@pytest.mark.parametrize("path", visitor_templates(), ids=lambda path: path.name)
def test_page_of_a_visitor_tells_sentences_alone(path: Path):
    text = path.read_text()
    if path.name == "429.html":  # the page of the sign-in, whose words for somebody who looks for help come last
        text = text[text.index("errors.staff_door_title") :]
    others = [
        found[1] or found[2]
        for found in TRANSLATED.finditer(text)
        if (found[2] or found[1].replace("\u00a0", " ") not in LABELS)
        and element(text[: found.start()]) not in INTERFACE
    ]
    assert others == []


def element(before: str) -> str:
    """Return in what the place stands that comes after this text of a template: the name of an element, "@" or "sr"."""
    if re.search(r"{% block title %}[^<]*$", before):
        return "title"
    if before.rfind("<") > before.rfind(">"):
        return "@"
    opened = re.findall(r"<(/?[a-z0-9]+)([^<>]*)>[^<>]*$", before)
    if not opened:
        return ""
    name, attributes = opened[0]
    return "sr" if "sr-only" in attributes else name


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ('<p class="x">', "p"),
        ('<p><button type="submit">', "button"),
        ('<p><a href="{% url "x" %}">', "a"),
        ('<ul aria-label="', "@"),
        ('<p>Un mot <span class="fr-sr-only">', "sr"),
        ("<p><a>x</a> ", "/a"),
        ("{% block title %}", "title"),
    ],
)
def test_element_of_a_text_is_found(before: str, expected: str):
    assert element(before) == expected


@pytest.mark.parametrize("name", SPEAKING)
def test_code_that_speaks_to_visitors_says_sentences(name: str):
    calls = [
        node.args[0].value
        for node in ast.walk(ast.parse((ROOT / name).read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"_", "gettext", "gettext_lazy", "ngettext"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    assert len(calls) == TO_STAFF.get(name, 0), calls
