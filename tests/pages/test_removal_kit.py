"""The removal kit: who is shown what, what its texts contain, and that nothing that was typed is stored."""

import re
import uuid
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from chat.journal import actions, queries
from chat.journal.dates import Moment, Precision
from chat.journal.facts import ACCOUNT_MAX, LINK_MAX, WHAT_MAX, Told
from chat.models import Conversation, JournalFact, RemovalRequest
from pnav import addresses
from pnav.pages.models import RemovalPlatform
from pnav.pages.removal import forms, kit
from pnav.pages.removal.chosen_facts import words_of
from pnav.pages.removal.letters import BLANK, write_letters
from reports.session import GENERATION, KEY
from tests.factories import chat as make
from tests.pages.test_guides import FAMILIAR, FORMAL, main_text
from tests.support import begun

pytestmark = pytest.mark.django_db

PAGE = "/retrait/demande/"
TYPED = {
    "name": "Nom-tapé",
    "email": "adresse@exemple.fr",
    "addresses": "https://exemple.fr/une\nhttps://exemple.fr/deux",
    "account": "@compte-tapé",
    "period": "depuis lundi",
    "description": "Texte {site} <b>tapé</b>",
    "reasons": "Raison-tapée",
    "steps": "",
}


def choose(client: Client, where: str = PAGE, **chosen: Any) -> str:
    answer = client.post(where, {"platform": "instagram", "who": "adult"} | chosen)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.text


def write(client: Client, **chosen: str) -> str:
    return choose(client, step="write", **TYPED | chosen)


def letter(page: str, key: str) -> str:
    found = re.search(rf'<div class="guide__letter" id="{key}"[^>]*>(.*?)</div>', page, re.DOTALL)
    assert found
    return unescape(found[1])


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_removal_page_offers_what_was_verified_and_nothing_else(client: Client):
    shown = client.get("/retrait/").text
    options = re.findall(r'<option value="([\w-]+)"', shown)
    known = set(RemovalPlatform.objects.exclude(verified_on=None).exclude(kind="help").values_list("slug", flat=True))
    assert set(options) == {*known, forms.OTHER} and len(options) > 8
    unknown = RemovalPlatform.objects.filter(verified_on=None)
    assert len(unknown) > 8
    for row in unknown:
        assert row.doubt and not row.where and not row.url
        assert row.slug not in options


def test_browser_is_not_asked_to_keep_who_asks(client: Client):
    """On a shared phone it would propose the address to which a site answers (docs/adr/0080)."""
    page = choose(client)
    for name in ("name", "email"):
        found = re.search(rf'<input[^>]* id="id_{name}"[^>]*>', page)
        assert found and 'autocomplete="off"' in found[0]


def test_platform_is_shown_once_it_is_verified(client: Client):
    row = RemovalPlatform.objects.get(slug="telegram")
    assert "Telegram" not in client.get(PAGE).text
    assert client.post(PAGE, {"platform": "telegram", "who": "adult"}).text.count("guide__form") == 0
    row.where, row.verified_on = "Ici. <b>", date(2026, 12, 1)
    row.save()
    page = choose(client, platform="telegram")
    assert "Ici. &lt;b&gt;" in page and "Vérifié le 1er décembre 2026" in main_text(page)


def test_platform_states_no_doubt(client: Client):
    for row in RemovalPlatform.to_be_shown().exclude(kind="help"):
        page = choose(client, platform=row.slug, intimate="on")
        assert row.name in page
        for other in RemovalPlatform.objects.exclude(doubt=""):
            assert other.doubt not in main_text(page)


def test_platforms_are_translated_and_link_only_where_they_say():
    for row in RemovalPlatform.to_be_shown():
        texts = row.named_texts()
        parts = [part for part in ("where", "conditions") if getattr(row, part)]
        assert all(texts[f"{part}_{code}"] for code in begun.whole() for part in parts), row
        assert not row.url or row.url.startswith("https://")
        said = row.where + row.conditions
        assert not FORMAL.search(said) and not FAMILIAR.search(said), "both voices read it"
        assert "us-tida" not in said + row.url, "a form for people in the United States (facts-more, M36)"


@pytest.mark.parametrize(
    ("who", "intimate", "expected"),
    [
        ("adult", "", ["point-de-contact", "pharos"]),
        ("adult", "on", ["stopncii", "take-it-down", "point-de-contact", "pharos"]),
        ("minor", "", ["3018", "point-de-contact", "pharos"]),
        ("helps_minor", "on", ["3018", "take-it-down", "point-de-contact", "pharos"]),
        ("helps_adult", "on", ["stopncii", "take-it-down", "point-de-contact", "pharos"]),
    ],
)
def test_who_helps(who: str, intimate: str, expected: list[str]):
    found = kit.helpers(kit.read_platforms(), who=who, is_intimate=bool(intimate))
    assert [row.slug for row in found] == expected


def test_image_of_a_minor_is_never_to_be_captured(client: Client):
    text = main_text(choose(client, who="helps_minor", intimate="on"))
    assert "N'enregistrez pas l'image, ne faites pas de capture" in text
    assert "une capture avec l'adresse" not in text
    text = main_text(choose(client, who="helps_minor"))
    assert "Jamais pour une image sexuelle d'une personne mineure" in text


def test_minor_is_said_tu_and_led_to_3018(client: Client):
    page = choose(client, who="minor", intimate="on")
    text = main_text(page)
    assert not FORMAL.search(re.sub("«[^»]*»", "", text)) and FAMILIAR.search(text)
    assert "signaleur de confiance" in text and "aucun délai n'est promis" in text
    assert "StopNCII" not in text


@pytest.mark.parametrize(
    ("chosen", "is_tu"),
    [
        ({"platform": "", "who": ""}, True),
        ({"platform": "", "who": "helps_adult"}, True),
        ({"who": "helps_adult"}, True),
        ({"who": "helps_minor", "intimate": "on"}, True),
        ({"who": "adult"}, False),
    ],
)
def test_minor_is_said_tu_whatever_they_ask_for_and_an_adult_is_not(chosen: dict[str, str], is_tu: bool):
    """What is refused, and a request for somebody else, say as much as the rest of the visit."""
    client = visit(make.waiting(age_band="15_17"))
    text = re.sub("«[^»]*»", "", main_text(choose(client, **chosen)))
    assert bool(FAMILIAR.search(text)) is is_tu and bool(FORMAL.search(text)) is not is_tu


def test_stopncii_says_that_the_image_stays(client: Client):
    text = main_text(choose(client, intimate="on"))
    assert "l'image y reste, elle n'est jamais envoyée" in text
    assert "StopNCII" not in choose(client)


@pytest.mark.parametrize("missing", ["platform", "who"])
def test_what_is_missing_is_said_beside_its_field(client: Client, missing: str):
    page = client.post(PAGE, {"platform": "instagram", "who": "adult"} | {missing: ""}).text
    assert f'href="#id_{missing}"' in page and "Il y a une erreur" in page


def test_page_in_english_and_in_discreet_mode(client: Client):
    assert "Prepare my removal request" in client.get("/en/retrait/demande/").text
    page = client.post("/en/retrait/demande/", {"platform": "google", "who": "adult"}).text
    assert "Only the addresses typed are examined" in page and "Où demander" not in page
    address = addresses.DISCREET.reverse("pages:removal_request")
    page = client.get(address).text
    assert "<title>Informations" in page and f'action="{address}"' in page


# --- the texts --------------------------------------------------------------------------------------------------------


def test_texts_hold_what_was_typed_and_the_six_elements(client: Client):
    page = choose(client, step="write", **TYPED | {"steps": "Aucune réponse"}, grounds="harassment")
    host = letter(page, "texte-hebergeur")
    numbered = re.findall(r"^(\d)\. ([^:]+) :", host, re.MULTILINE)
    assert [name for _number, name in numbered] == [
        "Qui demande",
        "Période des faits",
        "Description exacte du contenu",
        "Adresse exacte",
        "Raisons du retrait",
        "Démarches auprès de l'auteur",
    ]
    notice = letter(page, "texte-illicite")
    for text in (host, notice):
        assert "Nom-tapé, adresse@exemple.fr" in text and "Texte {site} <b>tapé</b>" in text
        assert "https://exemple.fr/une\nhttps://exemple.fr/deux" in text.replace("\r\n", "\n")
        assert "Site : Instagram" in text and "@compte-tapé" in text
        assert "article 222-33-2-2" in text and "Raison-tapée" in text and "bonne foi" in text
    assert "article 16" in notice and "Démarches" not in notice
    assert "<b>tapé" not in page, "escaped"


def test_a_site_that_has_no_row_is_told_what_any_host_must_offer(client):
    page = main_text(choose(client, platform="other"))
    assert "écrivez à l'hébergeur" in page and "formulaire électronique pour un contenu illicite" in page
    assert "article 16" in page and "PHAROS" in page
    assert "formulaire électronique" not in main_text(choose(client, platform="tiktok"))


def test_what_is_empty_is_to_be_filled_in_by_hand(client: Client):
    page = choose(client, platform="other", step="write")
    assert letter(page, "texte-hebergeur").count(BLANK) == 6, "period included; steps are left out"
    notice = letter(page, "texte-illicite")
    assert notice.count(BLANK) == 5 and "Site :" not in notice and "Période" not in notice


def test_image_of_a_minor_asks_for_no_name(client: Client):
    page = choose(client, who="minor", intimate="on", step="write")
    notice = letter(page, "texte-illicite")
    assert "non demandés" in notice and "Qui demande" not in notice
    page = choose(client, who="minor", intimate="on")
    assert re.search(r'value="minor_image" checked', page)


def test_false_request_is_said_to_be_punished(client: Client):
    for page in (choose(client), write(client)):
        text = main_text(page)
        assert "Une demande que l'on sait fausse est punie : 1 an d'emprisonnement et 15 000 € d'amende" in text


def test_dates_to_come_back_are_said(client: Client):
    text = main_text(write(client))
    assert "après 3 jours" in text and "après 7 jours" in text and "après 30 jours" in text
    assert "adressez-vous à la CNIL" in text
    assert [one.days for one in kit.days_to_look(date(2026, 12, 1))] == [3, 7, 30]
    assert kit.days_to_look(date(2026, 12, 1))[2].day.endswith("31 décembre 2026")


def test_texts_in_english(client: Client):
    page = client.post("/en/retrait/demande/", {"platform": "x", "who": "adult", "step": "write", **TYPED}).text
    assert "Subject: notice of illegal content" in letter(page, "texte-illicite")
    assert "Objet" not in main_text(page)


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("email", "pas une adresse", "Écrivez l'adresse électronique en entier"),
        ("name", "x" * (forms.LINE + 1), "200 caractères au plus"),
        ("description", "x" * (forms.FROM_FACTS + 1), "12000 caractères au plus"),
        ("grounds", "autre", "Choisissez dans la liste"),
    ],
)
def test_bad_input_is_said_and_nothing_that_was_typed_is_lost(client: Client, field: str, typed: str, said: str):
    page = write(client, **{field: typed})
    assert said in main_text(page) and f'href="#id_{field}"' in page
    assert "guide__letter" not in page
    assert "Raison-tapée" in page and "@compte-tapé" in page


def test_every_field_that_is_typed_has_a_length():
    form = forms.RequestForm(platforms=[])
    for name in TYPED:
        assert form.fields[name].max_length, name  # type: ignore[attr-defined]


def test_texts_are_made_of_nothing_else():
    said = {**dict.fromkeys(TYPED, ""), "grounds": []}
    first, second = write_letters(said, site="", is_minors_image=False)
    assert first.key != second.key and "{" not in first.text + second.text


# --- nothing stays ----------------------------------------------------------------------------------------------------


def test_nothing_of_it_is_kept(client: Client):
    write(client)
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    assert RemovalRequest.objects.count() == 0


def test_page_takes_few_queries(client: Client, django_assert_max_num_queries):
    client.get(PAGE)
    with django_assert_max_num_queries(1):
        client.get(PAGE)
    with django_assert_max_num_queries(1):
        write(client)


# --- in an exchange ---------------------------------------------------------------------------------------------------


def test_without_an_exchange_no_date_can_be_kept(client: Client):
    assert reverse("chat:follow_up_removal") not in write(client)


def visit(conversation: Conversation) -> Client:
    """Return a browser whose visit has this conversation."""
    client = Client()
    session = client.session
    session[KEY], session[GENERATION] = str(conversation.report.public_id), conversation.report.visit_generation
    session.save()
    return client


def test_signalement_begins_the_request():
    conversation = make.waiting()
    conversation.report.facts, conversation.report.since = ["insults", "hacked_account"], "week"
    conversation.report.save()
    page = choose(visit(conversation))
    assert re.search(r'value="harassment" checked', page) and re.search(r'value="identity" checked', page)
    assert 'value="Quelques jours"' in page


def note(conversation: Conversation, what: str, **words: str) -> JournalFact:
    moment = Moment(Precision.DAY, date.fromisoformat(words.pop("day"))) if "day" in words else Moment()
    told = Told(what, moment, **words)
    actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told)
    return JournalFact.objects.latest("number")


def test_chosen_facts_fill_what_is_left_empty():
    conversation = make.waiting()
    second = note(conversation, "Deuxième-fait", day="2026-11-20", account="@b", link="https://exemple.fr/2")
    first = note(conversation, "Premier-fait", day="2026-11-03", account="@a", link="https://exemple.fr/1")
    note(conversation, "Fait-gardé-pour-soi", day="2026-11-01", link="https://exemple.fr/3")
    client = visit(conversation)
    assert "Partir de faits notés" in choose(client) and "Fait-gardé-pour-soi" in choose(client)
    page = choose(client, step="write", facts=[str(second.public_id), str(first.public_id)])
    text = letter(page, "texte-hebergeur")
    assert "3 novembre 2026 : Premier-fait\n20 novembre 2026 : Deuxième-fait" in text.replace("\r\n", "\n")
    assert "https://exemple.fr/1\nhttps://exemple.fr/2" in text and "@a, @b" in text
    assert "Période des faits : 3 novembre 2026 – 20 novembre 2026" in text
    assert "Fait-gardé-pour-soi" not in text and "exemple.fr/3" not in text
    page = choose(client, step="write", **TYPED, facts=[str(first.public_id)])
    text = letter(page, "texte-hebergeur")
    assert "Premier-fait" not in text and "@compte-tapé" in text, "what was typed stays"


def test_facts_of_another_visit_are_neither_shown_nor_taken():
    fact = note(make.waiting(), "Fait-d-une-autre", day="2026-11-03")
    for client in (Client(), visit(make.waiting())):
        assert "Fait-d-une-autre" not in choose(client)
        assert "Fait-d-une-autre" not in choose(client, step="write", facts=[str(fact.public_id)])


def test_facts_of_a_whole_piece_fit():
    conversation = make.waiting()
    for number in range(queries.PIECE):
        link = f"https://exemple.fr/{number:02}".ljust(LINK_MAX, "x")
        note(conversation, "x" * WHAT_MAX, day="2026-11-03", account=f"{number:02}".ljust(ACCOUNT_MAX, "x"), link=link)
    facts = queries.own_piece(conversation)[0]
    assert len(facts) == queries.PIECE
    assert max(len(text) for text in words_of(facts).values()) <= forms.FROM_FACTS


def boxes(page: str) -> dict[str, bool]:
    """Return the facts that the page offers, by their keys: whether each is ticked."""
    found = re.findall(r'name="facts"\s+value="([\w-]+)"( checked)?', page)
    return {key: bool(ticked) for key, ticked in found}


@pytest.fixture
def many():
    """Return a journal of two pieces and a fact, the first fact first."""
    conversation = make.waiting()
    facts = [note(conversation, f"Fait-numéro-{n}.", day="2026-11-03") for n in range(1, 2 * queries.PIECE + 2)]
    return visit(conversation), [str(fact.public_id) for fact in facts]


def test_earlier_facts_can_be_chosen_and_nothing_that_was_typed_is_lost(many):
    client, keys = many
    page = choose(client)
    assert set(boxes(page)) == set(keys[-queries.PIECE :]) and 'name="piece"' in page
    last = keys[-1]
    typed = {**TYPED, "facts": [last], "grounds": ["harassment"], "before": "0", "email": "pas une adresse"}
    page = choose(client, **typed, piece=str(len(keys) - queries.PIECE + 1))
    assert "guide__letter" not in page and "Il y a une erreur" not in page, "nothing was asked for yet"
    for name, text in {**TYPED, "email": "pas une adresse"}.items():
        assert escape(text) in page, name
    assert re.search(r'value="harassment" checked', page)
    assert set(boxes(page)) == {last, *keys[1 : queries.PIECE + 1]}
    assert [key for key, is_ticked in boxes(page).items() if is_ticked] == [last]
    before = re.search(r'name="before" value="(\d+)"', page)
    assert before and "Derniers faits notés" in page
    page = choose(client, facts=[last, keys[1]], before=before[1], piece="2")
    assert list(boxes(page)) == [last, keys[1], keys[0]], "what was ticked elsewhere first"
    assert "Faits notés avant" not in page
    text = letter(choose(client, step="write", before="2", facts=[last, keys[1], keys[0]]), "texte-hebergeur")
    assert "Fait-numéro-1." in text and "Fait-numéro-2." in text and f"Fait-numéro-{len(keys)}." in text
    assert "Fait-numéro-3." not in text
    page = choose(client, facts=[keys[0]], before="2", piece="0")
    assert set(boxes(page)) == {keys[0], *keys[-queries.PIECE :]}


@pytest.mark.parametrize("asked", [{"step": "write"}, {"piece": "2"}])
def test_more_facts_than_fit_are_refused_and_stay_ticked(many, asked):
    client, keys = many
    chosen = [*keys[:2], *keys[-forms.FACTS_MOST + 1 :]]
    page = choose(client, facts=chosen, before="0", **TYPED | asked | {"description": ""})
    assert "20 faits au plus pour une demande" in main_text(page) and 'href="#id_facts"' in page
    assert "guide__letter" not in page and "Raison-tapée" in page
    assert {key for key, is_ticked in boxes(page).items() if is_ticked} == set(chosen)
    assert not re.search(r'id="id_description"[^>]*>\s*[^<\s]', page), "nothing was taken from them"


def test_first_button_of_the_form_writes(many):
    """« Entrée » in a field presses it."""
    client, _keys = many
    form = choose(client).partition('class="guide__section guide__form"')[2]
    first = re.search(r"<button[^>]*>", form)
    assert first and 'value="write"' in first[0] and 'tabindex="-1"' in first[0]


def test_short_journal_has_no_other_pages():
    conversation = make.waiting()
    note(conversation, "Seul-fait", day="2026-11-03")
    page = choose(visit(conversation))
    assert 'name="piece"' not in page and 'name="before"' not in page
    assert page.count('value="write"') == 1


@pytest.mark.parametrize("wrong", ["x", "-1", "²", "9" * 30, ""])
def test_wrong_piece_is_the_last_facts(many, wrong):
    client, keys = many
    assert set(boxes(choose(client, piece=wrong))) == set(keys[-queries.PIECE :])
    assert set(boxes(choose(client, step="write", before=wrong))) == set(keys[-queries.PIECE :])


def test_pieces_show_no_fact_of_another_visit(many):
    _client, keys = many
    stranger = visit(make.waiting())
    page = choose(stranger, piece="5", facts=keys[:3])
    assert not boxes(page) and "Fait-numéro" not in page


def test_piece_takes_few_queries(many, django_assert_max_num_queries):
    client, keys = many
    choose(client)
    with django_assert_max_num_queries(7):  # the session, the exchange, its report, the platforms, and two of facts
        choose(client, piece="22", facts=keys[-3:])


def test_dates_are_kept_by_one_press():
    conversation = make.waiting()
    client = visit(conversation)
    assert reverse("chat:follow_up_removal") in write(client)
    answer = client.post(reverse("chat:follow_up_removal"), follow=True)
    assert answer.status_code == 200
    (row,) = RemovalRequest.objects.all()
    assert row.conversation_id == conversation.pk and row.asked_on == timezone.localdate()
