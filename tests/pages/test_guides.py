"""The pages of information: law, removal, numbers, minors (for two ages), professionals."""

import re
from datetime import date
from html import unescape

import pytest
from django.conf import settings as project
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import translation

from common.texts.typography import NO_BREAK
from pnav.pages import information
from pnav.pages.frame import editions
from pnav.pages.models import ContentBlock, HelpNumber
from tests.support import begun

pytestmark = pytest.mark.django_db

Page = ContentBlock.Page
GUIDES = [page.value for page in Page if page != Page.HOME]
IN_TU = ["minors", "minors_simple"]
DOORS = {"minors": "minor", "minors_simple": "minor", "professionals": "helper"}
FORMAL = re.compile(r"\b(vous|votre|vos)\b", re.IGNORECASE)
FAMILIAR = re.compile(r"\b(tu|toi|ton|tes|t')\b", re.IGNORECASE)


def address(page: str) -> str:
    return reverse(f"pages:{page}")


def main_text(page: str) -> str:
    """Return what a person reads between header and footer."""
    found = re.search(r"<main.*</main>", page, re.DOTALL)
    assert found
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).replace(NO_BREAK, " ").split())


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("law", "/loi/"),
        ("removal", "/retrait/"),
        ("numbers", "/numeros/"),
        ("minors", "/mineurs/"),
        ("minors_simple", "/mineurs/plus-simple/"),
        ("professionals", "/professionnels/"),
    ],
)
def test_address_of_a_page(page: str, expected: str):
    assert address(page) == expected


@pytest.mark.parametrize("page", GUIDES)
@pytest.mark.parametrize("language", begun.offered())
def test_page_shows_each_of_its_sections_and_leads_to_the_chat(client: Client, page: str, language: str):
    client.cookies[project.LANGUAGE_COOKIE_NAME] = language
    shown = client.get(address(page), follow=True).text  # each language has an address of its own
    assert shown.count("<h1") == 1 and f'<html lang="{language}"' in shown
    sections = ContentBlock.objects.filter(page=page)
    assert sections
    with translation.override(language):
        for section in sections:
            assert f'<h2 id="{section.slug}">' in shown
            assert main_text(f"<main>{section.html}</main>") in main_text(shown)
    way_in = 'name="door"' if page in DOORS else f'{reverse("triage:start")}"'
    assert way_in in shown
    assert "<script" not in re.search(r"<main.*</main>", shown, re.DOTALL)[0]  # type: ignore[index]


@pytest.mark.parametrize(("page", "door"), DOORS.items())
def test_door_says_who_comes_in(client: Client, page: str, door: str):
    assert f'name="door" value="{door}"' in client.get(address(page)).text


def test_door_of_minors_leads_to_a_start_in_tu(client: Client):
    text = main_text(client.post("/", {"door": "minor"}, follow=True).text)
    assert "es-tu en sécurité" in text and not FORMAL.search(text), text
    client.post("/orientation/maintenant/", {"answer": "no"})
    text = main_text(client.get("/orientation/", follow=True).text)
    assert not FORMAL.search(text), text


@pytest.mark.parametrize("page", GUIDES)
def test_page_is_translated(page: str):
    for section in ContentBlock.objects.filter(page=page):
        texts = section.named_texts()
        assert all(texts[f"{part}_{code}"] for code in begun.whole() for part in ("title", "body")), section


@pytest.mark.parametrize("page", GUIDES)
def test_page_has_a_description_of_its_own(client: Client, page: str):
    def described(where: str) -> str:
        found = re.search(r'<meta name="description" content="([^"]+)"', client.get(where).text)
        assert found
        return found[1]

    own = described(address(page))
    assert own != described("/") and len(unescape(own)) <= 160


@pytest.mark.parametrize("page", GUIDES)
def test_page_speaks_in_one_voice(client: Client, page: str):
    text = main_text(client.get(address(page)).text)
    wrong, right = (FORMAL, FAMILIAR) if page in IN_TU else (FAMILIAR, FORMAL)
    quoted = re.sub("«[^»]*»", "", text)  # somebody else's words: « donne-moi de l'argent »
    assert not [quoted[max(0, one.start() - 30) : one.end() + 20] for one in wrong.finditer(quoted)]
    assert right.search(text)


@pytest.mark.parametrize("page", GUIDES)
def test_page_states_no_doubt(client: Client, page: str):
    text = main_text(client.get(address(page)).text)
    for section in ContentBlock.objects.filter(page=page).exclude(doubt=""):
        assert section.doubt not in text
        assert section.verified_on is None, "what is in doubt is on the list of what is to be verified"
    assert "vérifier" not in text.lower()


@pytest.mark.parametrize(("page", "queries"), [("law", 1), ("numbers", 2), ("minors", 1)])
def test_page_takes_few_queries(client: Client, page: str, queries: int, django_assert_num_queries):
    editions.current()  # the footer's sources are cached for a minute
    with django_assert_num_queries(queries):
        client.get(address(page))


def test_sections_of_other_pages_are_not_on_the_home_page(client: Client):
    shown = client.get("/").text
    for slug in ContentBlock.objects.exclude(page=Page.HOME).values_list("slug", flat=True):
        assert f'id="{slug}"' not in shown


def test_anchors_and_links_between_pages_lead_somewhere(client: Client):
    for page in ["home", *GUIDES]:
        shown = re.search(r"<main.*</main>", client.get(address(page)).text, re.DOTALL)
        assert shown
        for link, anchor in re.findall(r'<a[^>]* href="(/[^"#]*)(?:#([\w-]+))?"', shown[0]):
            answer = client.get(link, follow=True)
            assert answer.status_code == 200, link
            assert not anchor or f'id="{anchor}"' in answer.text, (link, anchor)


# --- facts (their sources: the `source` of each row) ------------------------------------------------------------------

FACTS = {
    "law": [
        "1 an d'emprisonnement et 15 000 € d'amende : la peine de base",
        "2 ans et 30 000 € avec une circonstance aggravante",
        "3 ans et 45 000 € avec deux circonstances aggravantes",
        "10 ans et 150 000 € s'il a mené à un suicide",
        "2 ans d'emprisonnement et 60 000 € d'amende",
        "L'anonymat pourra être levé après autorisation du procureur de la République, pour les faits les plus graves",
        "Si votre vie est en danger, on peut chercher qui vous êtes",
        "La police et la gendarmerie doivent prendre la plainte",
        "les contenus restent en ligne",
        "Une seule menace, un seul chantage ou une seule menace sexuelle",
        "Captures d'écran, messages, enregistrements audio ou vidéo, témoignages, certificat médical",
        "commissaire de justice",
        "Des faits qui durent depuis plusieurs années comptent",
        "une personne, de plusieurs, ou d'une foule",
        "THESEE pour une arnaque, PHAROS pour un contenu public illicite, PERCEVAL pour une carte bancaire",
        "Fausse boutique, messagerie piratée, argent exigé pour débloquer un ordinateur",
        "apologie du terrorisme, injure ou diffamation, incitation à la haine raciale",
    ],
    "removal": [
        "sans délai précis",
        "Une demande que l'on sait fausse est punie : 1 an d'emprisonnement et 15 000 € d'amende",
        "elles ne sont pas obligatoires",
        "Il a un mois pour répondre",
        "La description du contenu et les raisons",
        "adressez-vous à la CNIL",
        "Notez le numéro du dossier et le code",
    ],
    "numbers": [
        "tchat",
        "application « 3018 »",
        "application « Urgence 114 »",
        "SMS",
        "3114",
        "du lundi au vendredi",
        "7j/7, de 9h à 23h",
    ],
    "minors": [
        "Tu peux porter plainte : même sans adulte, ou avec tes parents",
        "pHARe",
        "Ne copie pas l'image",
        "personne ne peut te promettre un secret total",
        "Ça arrive aussi aux garçons",
    ],
    "minors_simple": ["C'est interdit. Ce n'est pas ta faute.", "3018", "119", "3114"],
    "professionals": ["article 40", "CRIP", "226-14", "L1152-4", "Que dire aux parents"],
}


@pytest.mark.parametrize("page", FACTS)
def test_page_states_its_facts(client: Client, page: str):
    text = re.sub(r" ([.,)])", r"\1", main_text(client.get(address(page)).text))
    for fact in FACTS[page]:
        assert fact in text, fact


# Numbers that no longer exist, wrong words (facts-more, C6 to C12), and advice that may be an offence to follow.
NEVER = ["0800 200 000", "3020", "Net Écoute", "08VICTIMES", "118", "une cinquantaine", "60 agents"]
NEVER += ["dignité numérique au travail"]


@pytest.mark.parametrize("page", GUIDES)
def test_page_never_says_what_is_false(client: Client, page: str):
    text = main_text(client.get(address(page)).text)
    assert [word for word in NEVER if word in text] == []
    if page in IN_TU:
        assert "possession" not in text.lower() and "détention" not in text.lower()


@pytest.mark.parametrize("page", ["law", "removal", "professionals"])
def test_image_of_a_minor_is_noted_and_not_copied(client: Client, page: str):
    text = main_text(client.get(address(page)).text)
    assert "adresse, le compte, la date" in text
    assert re.search("N'enregistrez pas et n'envoyez pas l'image|Ne copiez pas l'image|ni copie, ni envoi", text)


# --- the test of one's own --------------------------------------------------------------------------------------------


def test_boxes_send_and_keep_nothing(client: Client):
    shown = client.get(address("minors")).text
    form = re.search(r'<form class="pnav-boxes".*?</form>', shown, re.DOTALL)
    assert form
    assert 'method="dialog"' in form[0], "sends nothing, whatever is pressed"
    assert 'autocomplete="off"' in form[0], "the browser keeps nothing of it"
    boxes = re.findall(r"<input[^>]*>", form[0])
    assert len(boxes) >= 8 and not any("name=" in box for box in boxes)
    assert "action=" not in form[0] and "<button" not in form[0]
    assert form[0].count("pnav-boxes__advice") == len(boxes)


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_say_how_to_write(client: Client):
    shown = client.get(address("numbers")).text
    assert '<a href="https://3018.fr"' in shown
    HelpNumber.objects.filter(number="3018").update(written="Par [signaux](https://exemple.fr) <b>")
    shown = client.get(address("numbers")).text
    assert '<a href="https://exemple.fr" rel="noopener noreferrer external">signaux</a> &lt;b&gt;' in shown


# --- both versions side by side ---------------------------------------------------------------------------------------


def test_date_of_a_page_is_that_of_what_was_verified_first(client: Client):
    """One section that was verified today made a page look fresh whose other sections nobody had verified."""
    said = "Informations mises à jour le"
    sections = ContentBlock.objects.filter(page=Page.NUMBERS)
    sections.update(verified_on=date(2026, 10, 12))
    HelpNumber.objects.update(verified_on=date(2026, 11, 20))
    ContentBlock.objects.filter(pk=sections[0].pk).update(verified_on=date(2026, 11, 30))
    assert f"{said} 12 octobre 2026" in main_text(client.get("/numeros/").text)
    HelpNumber.objects.filter(number="3919").update(verified_on=date(2026, 9, 3))
    assert f"{said} 3 septembre 2026" in main_text(client.get("/numeros/").text)
    HelpNumber.objects.filter(number="3919").update(verified_on=None)
    assert said not in main_text(client.get("/numeros/").text), "nobody verified this one"
    home = ContentBlock.objects.filter(page=Page.HOME)
    ContentBlock.objects.filter(pk=home[0].pk).update(verified_on=date(2025, 12, 8))
    ContentBlock.objects.filter(pk=home[1].pk).update(verified_on=date(2026, 11, 30))
    assert f"{said} 8 décembre 2025" in main_text(client.get("/").text)


def test_home_page_has_a_date_whatever_was_never_verified_beside_it(client: Client):
    """One section without a date took the home page's away, which is promised."""
    home = ContentBlock.objects.filter(page=Page.HOME)
    home.update(verified_on=date(2026, 11, 20))
    ContentBlock.objects.filter(pk=home[0].pk).update(verified_on=None)
    ContentBlock.objects.filter(pk=home[1].pk).update(verified_on=date(2026, 10, 12))
    assert "Informations mises à jour le 12 octobre 2026" in main_text(client.get("/").text)
    home.update(verified_on=None)
    assert information.read_information()["updated_on"] is None, "nothing tells a day"


def test_section_of_the_version_before_is_on_the_home_page():
    """Its processes write rows without a page (docs/adr/0067)."""
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO pages_contentblock (slug, title, body, source, doubt, "order")'
            " VALUES ('ancienne', 'Titre', 'Texte', '', '', 1)"
        )
    assert "ancienne" in [block.slug for block in information.read_information()["blocks"]]
