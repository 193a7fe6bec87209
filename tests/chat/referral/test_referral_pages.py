"""The pages of a transmission: the agent's panel and list, the unit's page, and the person's « Suites » with
its code.
"""

import hashlib
import re
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from chat.casework import emergencies, fact_sheet, proposals
from chat.casework.fact_sheet import Facts
from chat.conversations import actions, follow_up_code, resume
from chat.documents import transcript_pdf
from chat.models import FollowUp, RemovalRequest, Transmission, TransmissionStep
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.referral.queries import AgreedFacts
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author
from chat.rules.referral import State
from common.dates import format_date
from locations.models import Competence, Source
from pnav.accounts.models import Role, User
from reports.models import AccessKind, AccessRecord
from reports.session import DISCREET, GENERATION, KEY
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import transmissions as hand
from tests.support import moments
from tests.support.reading import spaced
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_counts_left(monkeypatch):
    cache.clear()
    monkeypatch.setattr(resume, "slow_hash", lambda words: hashlib.sha256("".join(words).encode()).digest())
    yield
    cache.clear()


@pytest.fixture
def unit():
    return hand.account()


@pytest.fixture
def conversation(unit):
    return make.assigned(make.agent(), reception_point=unit.point)


@pytest.fixture
def console(conversation):
    return signed_in(conversation.assigned_to.user)


def visit(conversation) -> Client:
    conversation.report.refresh_from_db()
    client = Client()
    session = client.session
    session[KEY], session[GENERATION] = str(conversation.report.public_id), conversation.report.visit_generation
    session.save()
    return client


def said(answer) -> str:
    return unescape(answer.text).replace("«\xa0", "« ").replace("\xa0»", " »")


def shown_code(answer) -> str:
    return re.search(r'class="pnav-chat__code"[^>]* lang="fr">([^<]+)<', said(answer)).group(1)


def panel_of(page: str) -> str:
    """Return « Transmettre à l'unité compétente », of the screen."""
    return page.split('<section class="console-block" id="transmission-')[1].split("</section>")[0]


# --- the agent ------------------------------------------------------------------------------------------------------


def test_panel_starts_from_the_sheet_and_never_from_the_thread(conversation, console):
    make.message(conversation, "Un-mot-de-l-echange")
    assert "Repris du signalement, de la fiche" in said(console.get(page_of(conversation)))
    fact_sheet.save_sheet(
        conversation_id=conversation.pk,
        version=0,
        facts=Facts(present=["online"], notes={"dates": "mars 2026", "accounts": "", "links": "", "notes": ""}),
        by=conversation.assigned_to.user,
    )
    page = said(console.get(page_of(conversation)))
    written = re.search(r'id="resume-unite-[^>]*>\n(.*?)</textarea>', page, re.S).group(1)
    assert "mars 2026" in written and "Un-mot-de-l-echange" not in written


def test_next_summary_begins_with_the_one_that_was_refused_or_withdrawn(conversation, console, unit):
    """Somebody who said no to one word of a summary made its agent write it again from nothing."""
    text = "Deux comptes, depuis mars."

    def draft() -> str:
        page = said(console.get(page_of(conversation)))
        found = re.search(r'id="resume-unite-[^>]*>\n(.*?)</textarea>', page, re.S)
        assert found and ("Repris du dernier résumé, refusé ou retiré" in page) is (found[1] == text)
        return found[1]

    first = hand.asked(conversation, unit, text)
    referral_actions.answer_consent(conversation=conversation, public_id=first.public_id, agrees=False)
    assert draft() == text
    second = hand.sent(conversation, unit, text)
    assert draft() != text, "it has gone: another one is another summary"
    by = conversation.assigned_to.user
    referral_actions.withdraw_transmission(conversation_id=conversation.pk, public_id=second.public_id, by=by)
    assert draft() == text
    emergencies.start(conversation_id=conversation.pk, situation=Situation.values[0], by=by)
    assert draft() != text, "without the person's agreement no noted fact leaves, and it may tell some"


def test_search_keeps_what_was_written_and_finds_units(conversation, console):
    town = places.municipality("Lourmarin", postal_codes=("84160",))
    near = places.reception_point("Gendarmerie de Cadenet", for_=town)
    hand.account(near)
    answer = console.post(
        f"{page_of(conversation)}transmission/", {"act": "search", "q": "84160", "summary": "déjà écrit"}
    )
    page = said(answer)
    assert "Gendarmerie de Cadenet" in page and "déjà écrit" in page and "Erreur :" not in page
    assert 'role="alert"' not in panel_of(page)


def test_unit_that_has_to_be_checked_is_not_ticked_in_advance(console, conversation):
    """It is the nearest one, or that of a commune that was guessed from « Paris »."""
    panel = panel_of(said(console.get(page_of(conversation))))
    assert " checked" in panel and "son point d'accueil" in panel
    conversation.report.is_nearest = True
    conversation.report.save()
    panel = panel_of(said(console.get(page_of(conversation))))
    assert " checked" not in panel and "à vérifier : d'après ce que la personne a saisi" in panel


def test_nearest_unit_that_an_agent_finds_is_not_ticked_in_advance(console, conversation):
    conversation.report.reception_point = None
    conversation.report.save()
    here = places.municipality("Ici", postal_codes=("84160",), latitude=43.7, longitude=5.3)
    near = places.reception_point("Gendarmerie de Cadenet", latitude=43.8, longitude=5.3)
    hand.account(near)
    data = {"act": "search", "q": "84160", "summary": ""}
    panel = panel_of(said(console.post(f"{page_of(conversation)}transmission/", data)))
    assert "Gendarmerie de Cadenet" in panel and " checked" not in panel
    Competence.objects.create(municipality=here, reception_point=near, source=Source.MINISTRY)
    assert " checked" in panel_of(said(console.post(f"{page_of(conversation)}transmission/", data)))


def test_agent_is_told_before_that_a_unit_has_no_account(console, conversation):
    conversation.report.reception_point = hand.station(name="Commissariat sans compte", telephone="01 02 03 04 05")
    conversation.report.save()
    page = said(console.get(page_of(conversation)))
    panel = panel_of(page)
    assert "Cette unité n'a pas de compte" in panel and "01 02 03 04 05" in panel and " checked" not in panel
    point = conversation.report.reception_point
    answer = console.post(
        f"{page_of(conversation)}transmission/", {"act": "ask", "point": point.pk, "summary": "mon résumé"}
    )
    assert "rien n'est parti. Appelez-la" in said(answer) and "mon résumé" in said(answer)
    assert not Transmission.objects.exists()


def test_agent_asks_then_takes_it_back(conversation, console, unit):
    url = f"{page_of(conversation)}transmission/"
    answer = console.post(url, {"act": "ask", "point": unit.point_id, "summary": hand.SUMMARY})
    assert answer.status_code == 302
    row = Transmission.objects.get()
    page = said(console.get(page_of(conversation)))
    assert "Rien n'est parti." in page and "Accord demandé" in page
    assert console.post(url, {"act": "withdraw", "transmission": row.public_id}).status_code == 302
    assert "Rien n'a été retiré" in said(console.post(url, {"act": "withdraw", "transmission": row.public_id}))
    assert "Rien n'a été retiré" in said(console.post(url, {"act": "withdraw", "transmission": "x"}))


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"act": "ask", "summary": "x"}, "Choisissez une unité."),
        ({"act": "ask", "point": "0", "summary": "x"}, "Choisissez"),
        ({"act": "ask", "point": "abc", "summary": "x"}, "Choisissez une unité de la liste."),
        ({"act": "ask", "point": str(2**31 - 1), "summary": "x"}, "Cette unité n'existe plus."),
        ({"act": "ask", "point": "9" * 30, "summary": "x"}, ""),
        ({"act": "ask", "summary": "x" * 3001, "point": "1"}, "3 000 caractères au plus"),
        ({"act": "ask", "summary": "", "point": "1"}, "Écrivez le résumé."),
        ({"act": "send", "summary": "x", "point": "1"}, "Écrivez pourquoi l'accord n'est pas attendu."),
    ],
)
def test_what_is_not_right_is_said_beside_its_field(conversation, console, sent, told):
    emergencies.start(conversation_id=conversation.pk, situation=Situation.values[0], by=conversation.assigned_to.user)
    answer = console.post(f"{page_of(conversation)}transmission/", sent)
    assert answer.status_code == 200 and told in said(answer)
    assert not Transmission.objects.exists()


def test_send_without_is_offered_in_an_emergency_alone(conversation, console, unit):
    url = f"{page_of(conversation)}transmission/"
    given = {"act": "send", "point": unit.point_id, "summary": "x", "why": "danger"}
    assert "Envoyer sans accord" not in said(console.get(page_of(conversation)))
    assert "l'accord de la personne est demandé" in said(console.post(url, given))
    emergencies.start(conversation_id=conversation.pk, situation=Situation.values[0], by=conversation.assigned_to.user)
    assert "Envoyer sans accord" in said(console.get(page_of(conversation)))
    assert console.post(url, given).status_code == 302
    assert Transmission.objects.get().state == State.SENT


def test_own_list_has_one_s_own_and_says_what_is_late(conversation, console, unit):
    assert "Aucun résumé dans vos échanges." in said(console.get("/console/transmissions/"))
    row = hand.sent(conversation, unit)
    other = hand.sent(make.assigned(), hand.account())
    hand.keep_no_hours()
    page = said(console.get("/console/transmissions/"))
    assert "Dans le délai, pas encore lu" in page and "Tenu" not in page, "the unit has done nothing yet"
    Transmission.objects.filter(pk=row.pk).update(made_at=make.long_ago(130), sent_at=make.long_ago(121))
    page = said(console.get("/console/transmissions/"))
    assert row.file_number in page and "Dépassé" in page and "plus de 120 min" in page
    assert other.file_number not in page and hand.SUMMARY not in page


# --- the unit -------------------------------------------------------------------------------------------------------


def test_unit_sees_its_own_without_a_word_before_it_opens(conversation, unit):
    row = hand.sent(conversation, unit)
    other = hand.sent(make.assigned(), hand.account())
    make.message(conversation, "Un-mot-de-l-echange")
    browser = signed_in(unit.user)
    page = said(browser.get("/unite/"))
    assert row.file_number in page and other.file_number not in page and hand.SUMMARY not in page
    before = said(browser.get(f"/unite/{row.public_id}/"))
    assert "Ouvrir et lire" in before and hand.SUMMARY not in before
    assert list(row.steps.values_list("state", flat=True)) == ["asked", "sent"], "looking changes nothing"
    for act in ("rendez-vous", "clore"):  # neither is possible before it was read
        assert browser.post(f"/unite/{row.public_id}/{act}/", {"seen": "2", "reason": "x"}).status_code == 302
    assert browser.post(f"/unite/{row.public_id}/ouvrir/").status_code == 302
    after = said(browser.get(f"/unite/{row.public_id}/"))
    assert hand.SUMMARY in after and "Un-mot-de-l-echange" not in after
    assert str(conversation.public_id) not in after
    assert AccessRecord.objects.filter(kind=AccessKind.TRANSMISSION).count() == 1
    for page in ("", "ouvrir/", "rendez-vous/", "clore/"):
        method = browser.get if page == "" else browser.post
        assert method(f"/unite/{other.public_id}/{page}").status_code == 404


def test_unit_proposes_an_hour_then_closes(conversation, unit):
    row = hand.opened(conversation, unit)
    browser, url = signed_in(unit.user), f"/unite/{row.public_id}/"
    assert "Choisissez un jour." in said(browser.post(f"{url}rendez-vous/", {"seen": "3"}))
    night = {"seen": "3", "day": moments.weekday(2).isoformat(), "hour": "23:00", "place": "Bureau 12"}
    assert "fermée à cette heure" in said(browser.post(f"{url}rendez-vous/", night))
    assert browser.post(f"{url}rendez-vous/", {**night, "hour": "09:30"}).status_code == 302
    told = format_date(moments.weekday(2), "l j F Y")
    assert f"{told}, 9 h 30" in said(browser.get(url))
    answer = browser.post(f"{url}clore/", {"seen": "3", "reason": "déjà écrit"})  # a page from before the appointment
    assert "un collègue vient d'agir" in said(answer) and "déjà écrit" in said(answer)
    assert "Écrivez pourquoi" in said(browser.post(f"{url}clore/", {"seen": "4", "reason": " "}))
    assert browser.post(f"{url}clore/", {"seen": "4", "reason": "Plainte prise."}).status_code == 302
    again = said(browser.post(f"{url}clore/", {"seen": "4", "reason": "encore"}))
    assert "déjà close" in again and "encore" in again
    assert "Clore la transmission" not in said(browser.get(url))


def test_withdrawn_is_no_longer_there(conversation, unit):
    row = hand.sent(conversation, unit)
    referral_actions.withdraw_transmission(
        conversation_id=conversation.pk, public_id=row.public_id, by=conversation.assigned_to.user
    )
    browser = signed_in(unit.user)
    assert browser.get(f"/unite/{row.public_id}/").status_code == 404
    assert browser.post(f"/unite/{row.public_id}/ouvrir/").status_code == 404


def test_account_without_a_point_is_told(unit):
    unit.point.delete()
    assert "n'est relié à aucun point d'accueil" in said(signed_in(unit.user).get("/unite/"))


@pytest.mark.parametrize("role", [role for role in Role if role != Role.UNIT])
def test_no_other_role_enters_even_with_a_point(conversation, unit, role):
    """An account whose role changed keeps its row, and none of its rights."""
    row = hand.sent(conversation, unit)
    User.objects.filter(pk=unit.user_id).update(
        role=role, is_staff=role == Role.ADMINISTRATOR, is_superuser=role == Role.ADMINISTRATOR
    )
    browser = signed_in(User.objects.get(pk=unit.user_id))
    assert browser.get("/unite/").status_code == 403
    assert browser.post(f"/unite/{row.public_id}/ouvrir/").status_code == 403


def test_unit_s_list_comes_in_pages_those_to_act_on_first(unit, monkeypatch):
    monkeypatch.setattr(referral_queries, "A_PAGE", 2)
    agent = make.agent(capacity=9)
    rows = [hand.sent(make.assigned(agent), unit) for _each in range(5)]
    for n, row in enumerate(rows):
        Transmission.objects.filter(pk=row.pk).update(made_at=make.long_ago(99), sent_at=make.long_ago(50 - n))
    referral_actions.mark_read(transmission=rows[0], by=unit.user)
    browser = signed_in(unit.user)
    pages = [said(browser.get(f"/unite/?page={n}")) for n in (1, 2, 3)]
    numbers = [re.findall(r">(PNAV-[^<]+)</a>", page) for page in pages]
    assert numbers == [[row.file_number for row in group] for group in (rows[1:3], rows[3:5], rows[:1])]
    assert all("Page 2 sur 3" in page for page in pages[1:2]) and "Page précédente" in pages[2]
    assert all("4 résumés ne sont pas encore lus." in page and "<title>(4)" in page for page in pages)
    assert said(browser.get("/unite/?page=x")) and said(browser.get("/unite/?page=99")).count("PNAV-") == 1


def test_open_page_asks_for_the_number_of_steps_and_that_is_no_reading(conversation, unit):
    row = hand.opened(conversation, unit)
    browser = signed_in(unit.user)
    before = AccessRecord.objects.count()
    answer = said(browser.get(f"/unite/{row.public_id}/?partie=nombre"))
    assert 'data-steps="3"' in answer and hand.SUMMARY not in answer
    assert AccessRecord.objects.count() == before


def test_own_list_comes_in_pages(conversation, console, unit, monkeypatch):
    monkeypatch.setattr(referral_queries, "A_PAGE", 1)
    hand.asked(conversation, unit)
    late = hand.sent(make.assigned(conversation.assigned_to), hand.account())
    hand.keep_no_hours()
    Transmission.objects.filter(pk=late.pk).update(made_at=make.long_ago(130), sent_at=make.long_ago(121))
    first, second = (said(console.get(f"/console/transmissions/?page={n}")) for n in (1, 2))
    assert late.file_number in first and "Accord demandé" not in first and "Accord demandé" in second
    assert "1 résumé n'est pas lu" in second, "counted of all pages"


def test_unit_enters_nothing_else(unit):
    browser = signed_in(unit.user)
    for page in ("/console/", "/ecoute/", "/levees/", "/admin/"):
        assert browser.get(page).status_code == 403
    assert browser.get("/compte/").headers["Location"] != "/console/"


# --- the person -----------------------------------------------------------------------------------------------------


def test_person_reads_then_agrees(conversation, unit):
    row = hand.asked(conversation, unit)
    browser = visit(conversation)
    assert "Lire et répondre" in said(browser.get("/tchat/"))
    assert browser.get("/tchat/reponses/").json()["follow"] == "Lire et répondre"
    page = said(browser.get("/tchat/suites/"))
    assert hand.SUMMARY in page and "Oui, envoyer ce résumé" in page
    assert page.index("Non, ne pas l'envoyer") < page.index("Dites non, et écrivez-le à votre interlocuteur")
    assert "Choisir « oui » ou « non »" in said(browser.post("/tchat/suites/", {"transmission": row.public_id}))
    assert browser.post("/tchat/suites/", {"transmission": row.public_id, "answer": "yes"}).status_code == 302
    row.refresh_from_db()
    assert row.state == State.SENT
    page = said(browser.get("/tchat/suites/"))
    assert "Résumé envoyé." in page  # the focus is on it, because the page that comes back says nothing else by itself
    assert row.file_number in page and "Oui, envoyer" not in page
    twice = browser.post("/tchat/suites/", {"transmission": row.public_id, "answer": "yes"}, follow=True)
    assert twice.status_code == 200 and "Résumé envoyé." in said(twice) and "Erreur" not in said(twice)
    again = browser.post("/tchat/suites/", {"transmission": row.public_id, "answer": "no"})
    assert again.status_code == 409 and "n'attend plus de réponse" in said(again)
    assert browser.get("/tchat/reponses/").json()["follow"] == "Suites"


@pytest.mark.parametrize(("age_band", "against"), [("adult", "malgré votre refus"), ("under_15", "malgré ton refus")])
def test_summary_sent_after_a_no_is_said_to_be_against_it_to_all_three(unit, age_band, against, monkeypatch):
    conversation = make.assigned(
        make.agent(), reception_point=unit.point, urgency=Urgency.CRITICAL, age_band=age_band, facts=["rumours"]
    )
    console, browser = signed_in(conversation.assigned_to.user), visit(conversation)
    row = hand.asked(conversation, unit)
    assert "sauf en urgence" in said(browser.get("/tchat/suites/")) and "sauf en urgence" in last_line(conversation)
    assert "La personne a refusé" not in said(console.get(page_of(conversation)))
    browser.post("/tchat/suites/", {"transmission": row.public_id, "answer": "no"})
    assert "La personne a refusé l'envoi d'un résumé" in said(console.get(page_of(conversation)))
    sent = {"act": "send", "point": unit.point_id, "summary": hand.SUMMARY, "why": "Menaces de mort."}
    assert console.post(f"{page_of(conversation)}transmission/", sent).status_code == 302
    page = said(browser.get("/tchat/suites/"))
    assert "sans attendre" not in page and f"Envoyé {against}" in page
    assert f"Transmis {against}" in last_line(conversation)
    row = Transmission.objects.get(state=State.SENT)
    referral_actions.mark_read(transmission=row, by=unit.user)
    staff = signed_in(unit.user)
    assert "Envoyé malgré le refus de la personne, en urgence" in said(staff.get(f"/unite/{row.public_id}/"))
    papers = []
    monkeypatch.setattr(transcript_pdf, "draw", lambda document, *_args, **_more: papers.append(document) or b"%PDF")
    assert b"".join(staff.post(f"/unite/{row.public_id}/dossier/").streaming_content).startswith(b"PK")
    assert "malgré le refus de la personne" in papers[0].about[0]


def test_person_does_not_read_of_their_own_no_as_of_somebody_elses(conversation, console, unit):
    row, browser = hand.asked(conversation, unit), visit(conversation)
    browser.post("/tchat/suites/", {"transmission": row.public_id, "answer": "no"})
    page = said(browser.get("/tchat/suites/"))
    assert "<strong>Refusé</strong>" in page and "par la personne" not in page
    assert "Refusé par la personne" in said(console.get(page_of(conversation)))


def last_line(conversation) -> str:
    return spaced(conversation.messages.filter(author=Author.SYSTEM).latest("seq").shown)


def test_agreement_after_a_no_is_what_counts(unit):
    """They refused one summary and said yes to the next: what is sent afterwards is against no refusal."""
    conversation = make.assigned(make.agent(), reception_point=unit.point, urgency=Urgency.CRITICAL)
    row = hand.asked(conversation, unit)
    referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=False)
    hand.sent(conversation, unit)
    by = conversation.assigned_to.user
    referral_actions.send_without(
        conversation_id=conversation.pk, point_id=hand.account().point_id, summary="x", why="Danger.", by=by
    )
    page = said(visit(conversation).get("/tchat/suites/"))
    assert "sans attendre votre accord" in page and "malgré" not in page


def test_withdrawn_summary_is_no_longer_said_to_have_gone_or_to_take_anything_along(unit):
    conversation = make.assigned(make.agent(), reception_point=unit.point, urgency=Urgency.CRITICAL)
    row, by = hand.asked(conversation, unit), conversation.assigned_to.user
    facts = AgreedFacts(3, timezone.now())
    referral_actions.answer_consent(conversation=conversation, public_id=row.public_id, agrees=True, facts=facts)
    urgent = referral_actions.send_without(
        conversation_id=conversation.pk, point_id=hand.account().point_id, summary="x", why="Danger.", by=by
    )
    gone = "vont avec ce résumé (3)", "Envoyé sans attendre"
    assert all(one in said(visit(conversation).get("/tchat/suites/")) for one in gone)
    for one in (row, urgent):
        referral_actions.withdraw_transmission(conversation_id=conversation.pk, public_id=one.public_id, by=by)
    page = said(visit(conversation).get("/tchat/suites/"))
    assert page.count("Retiré") == 2 and not any(one in page for one in gone)


def proposed(row, staff, hour="09:30"):
    today = timezone.localdate()
    day = today + timezone.timedelta(days=14 - today.weekday() + 2)  # a Wednesday, when the unit is open
    when = {"seen": str(row.steps.count()), "day": day.isoformat(), "hour": hour, "checked": "on"}
    assert staff.post(f"/unite/{row.public_id}/rendez-vous/", when).status_code == 302


def answer_of(row, **fields):
    return {"transmission": row.public_id, "seen": row.steps.count(), **fields}


def test_person_refuses_with_another_moment_then_accepts(conversation, console, unit):
    row, staff = hand.opened(conversation, unit), signed_in(unit.user)
    proposed(row, staff)
    browser = visit(conversation)
    assert browser.get("/tchat/reponses/").json()["follow"] == "Lire et répondre"
    page = said(browser.get("/tchat/suites/"))
    assert "Ce rendez-vous vous convient-il ?" in page and "Refuser ce rendez-vous" in page
    no = answer_of(row, answer="no", other="Le mardi, après 17 h")
    assert browser.post("/tchat/suites/rendez-vous/", no).status_code == 302
    for shown in (browser.get("/tchat/suites/"), console.get(page_of(conversation))):
        assert "Rendez-vous refusé" in said(shown) and "Le mardi, après 17 h" in said(shown)
    assert "Rendez-vous refusé" in said(staff.get("/unite/"))
    assert "Le mardi, après 17 h" in said(staff.get(f"/unite/{row.public_id}/"))
    assert "Le mardi" not in said(staff.get("/unite/")), "the list has no word"
    assert "Aucun rendez-vous" in said(browser.get("/tchat/rendez-vous/"))
    proposed(row, staff, "10:30")
    assert browser.post("/tchat/suites/rendez-vous/", answer_of(row, answer="yes")).status_code == 302
    page = said(browser.get("/tchat/suites/"))
    assert "Rendez-vous accepté" in page and "Vous ne pouvez plus venir ?" in page and "Oui, accepter" not in page
    assert browser.get("/tchat/reponses/").json()["follow"] == "Suites"
    assert row.file_number in said(browser.get("/tchat/rendez-vous/"))


def one_day_back(row) -> None:
    """Let the hour of the appointment have been a day ago."""
    step = row.steps.filter(state=State.MEETING).latest("number")
    step.meets_at = timezone.now() - timezone.timedelta(days=1)
    step.save(update_fields=["meets_at"])


def test_appointment_whose_hour_has_passed_is_refused_and_no_longer_accepted(conversation, unit):
    row, staff = hand.opened(conversation, unit), signed_in(unit.user)
    proposed(row, staff)
    browser = visit(conversation)
    assert browser.get("/tchat/reponses/").json()["follow"] == "Lire et répondre"
    assert "est passée" not in said(browser.get("/tchat/rendez-vous/"))
    one_day_back(row)
    page = said(browser.get("/tchat/suites/"))
    assert "Oui, accepter ce rendez-vous" not in page and "L'heure de ce rendez-vous est passée" in page
    assert "vous convient-il" not in page and "Refuser ce rendez-vous" in page
    assert browser.get("/tchat/reponses/").json()["follow"] == "Suites", "there is nothing to say yes to"
    slip = said(browser.get("/tchat/rendez-vous/"))
    assert row.file_number in slip and "L'heure de ce rendez-vous est passée." in slip, "who comes late shows it"
    answer = browser.post("/tchat/suites/rendez-vous/", answer_of(row, answer="yes"))
    assert answer.status_code == 409 and "est passée : rien n'a changé" in said(answer)
    row.refresh_from_db()
    assert row.state == State.MEETING and row.steps.count() == 4
    no = answer_of(row, answer="no", other="Le mardi, après 17 h")
    assert browser.post("/tchat/suites/rendez-vous/", no).status_code == 302
    assert "Le mardi, après 17 h" in said(staff.get(f"/unite/{row.public_id}/"))


def test_yes_that_was_pressed_twice_around_the_hour_is_one(conversation, unit):
    row, staff = hand.opened(conversation, unit), signed_in(unit.user)
    proposed(row, staff)
    browser, yes = visit(conversation), answer_of(row, answer="yes")
    assert browser.post("/tchat/suites/rendez-vous/", yes).status_code == 302
    one_day_back(row)
    assert browser.post("/tchat/suites/rendez-vous/", yes).status_code == 302
    page = said(browser.get("/tchat/suites/"))
    assert "Vous ne pouvez plus venir" not in page and "L'heure de ce rendez-vous est passée" in page


def test_later_appointment_waits_although_an_earlier_one_has_passed(conversation, unit):
    row, staff = hand.opened(conversation, unit), signed_in(unit.user)
    proposed(row, staff)
    one_day_back(row)
    proposed(row, staff, "10:30")
    browser = visit(conversation)
    assert "Oui, accepter ce rendez-vous" in said(browser.get("/tchat/suites/"))
    assert browser.get("/tchat/reponses/").json()["follow"] == "Lire et répondre"


def test_proposal_says_where_with_the_address_or_the_place_that_was_written(conversation, unit):
    """Before any answer: whether one can go there is a part of it."""
    row, staff = hand.opened(conversation, unit), signed_in(unit.user)
    proposed(row, staff)
    page = said(visit(conversation).get("/tchat/suites/"))
    assert "1 rue de la Paix<br>93140 Bondy<br>01 00 00 00 00" in page and "Oui, accepter" in page
    later = (timezone.localdate() + timezone.timedelta(days=30)).isoformat()
    elsewhere = {"seen": "4", "day": later, "hour": "09:30", "checked": "on", "place": "12 rue du Mail\u202e"}
    assert staff.post(f"/unite/{row.public_id}/rendez-vous/", elsewhere).status_code == 302
    page = said(visit(conversation).get("/tchat/suites/"))
    assert "12 rue du Mail⟦U+202E⟧<br>01 00 00 00 00" in page and "\u202e" not in page
    assert "12 rue du Mail⟦U+202E⟧" in said(visit(conversation).get("/tchat/rendez-vous/"))


def test_answer_to_an_appointment_that_changed_keeps_what_was_written(conversation, unit):
    row, staff = hand.opened(conversation, unit), signed_in(unit.user)
    proposed(row, staff)
    browser, url = visit(conversation), "/tchat/suites/rendez-vous/"
    late = answer_of(row, answer="no", other="Plutôt le mardi")
    proposed(row, staff, "10:30")
    again = browser.post(url, late)
    assert again.status_code == 409 and "L'unité vient de répondre" in said(again)
    assert "Plutôt le mardi</textarea>" in said(again) and f'name="seen" value="{row.steps.count()}"' in said(again)
    referral_actions.close_transmission(transmission=row, seen=row.steps.count(), reason="Plainte prise.", by=unit.user)
    over = browser.post(url, late)
    assert over.status_code == 409 and "Votre texte, à copier" in said(over) and "Plutôt le mardi" in said(over)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"answer": "yes", "other": "mardi"}, "Effacer ce texte, ou répondre « non »."),
        ({"answer": "no", "other": "x" * 501}, "500 caractères au plus"),
        ({"answer": "peut-être"}, "Choisir « oui » ou « non »"),
        ({"answer": "no", "seen": "x"}, "Choisir « oui » ou « non »"),
    ],
)
def test_answer_that_is_not_right_is_said_and_kept(conversation, unit, sent, told):
    row, staff = hand.opened(conversation, unit), signed_in(unit.user)
    proposed(row, staff)
    answer = visit(conversation).post("/tchat/suites/rendez-vous/", answer_of(row) | sent)
    assert answer.status_code == 200 and told in said(answer) and "Erreur :" in said(answer)
    assert sent.get("other", "") in said(answer)
    assert row.steps.count() == 4


def test_code_answers_an_appointment_after_the_end_and_reads_no_message(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    row = hand.opened(conversation, unit)
    make.message(conversation, "Un-mot-de-l-echange")
    end(conversation)
    proposed(row, signed_in(unit.user))
    browser, _answer = come_back(code)
    assert browser.post("/tchat/suites/rendez-vous/", answer_of(row, answer="no", other="Mardi")).status_code == 302
    page = said(browser.get("/tchat/suites/"))
    assert "Rendez-vous refusé" in page and "Mardi" in page and "Un-mot-de-l-echange" not in page


def test_page_is_in_english_and_says_tu(unit):
    minor = make.assigned(make.agent(), reception_point=unit.point, age_band="under_15")
    hand.asked(minor, unit)
    assert "Lis le résumé, puis réponds." in said(visit(minor).get("/tchat/suites/"))
    page = said(visit(minor).get("/tchat/suites/", headers={"accept-language": "en"}))
    browser = visit(minor)
    browser.cookies["django_language"] = "en"
    page = said(browser.get("/tchat/suites/", follow=True))
    assert "Read the summary, then answer." in page and "Lire le résumé" not in page


def test_discreet_page_has_a_neutral_title(unit):
    conversation = make.assigned(make.agent(), reception_point=unit.point, discreet=True)
    hand.asked(conversation, unit)
    page = said(visit(conversation).get("/tchat/suites/"))
    assert "<title>Informations</title>" in page
    assert "<details" in page.split("Lire le résumé qui sera envoyé")[0][-200:], "closed until it is pressed"


def test_no_visit_is_led_to_the_code():
    for answer in (Client().get("/tchat/suites/"), Client().post("/tchat/suites/code/")):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/tchat/reprendre/")


# --- the code -------------------------------------------------------------------------------------------------------


def come_back(words: str) -> tuple[Client, object]:
    client = Client()
    return client, client.post("/tchat/reprendre/", {"code": words})


def end(conversation) -> None:
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=conversation.assigned_to.user, outcome="advised"
    )


def test_code_of_an_exchange_that_ended_opens_its_suites_and_no_message(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    row = hand.opened(conversation, unit)
    make.message(conversation, "Un-mot-de-l-echange")
    end(conversation)
    browser, answer = come_back(code)
    assert answer.headers["Location"] == "/tchat/suites/"
    page = said(browser.get("/tchat/suites/"))
    assert row.file_number in page and "Lu" in page
    assert "Un-mot-de-l-echange" not in page and hand.SUMMARY not in page
    for address in ("/tchat/", "/tchat/conservation/", "/tchat/code/"):
        answer = browser.get(address)
        assert answer.status_code == 302 or "Un-mot-de-l-echange" not in said(answer)
    assert browser.get("/tchat/reponses/").status_code == 401
    assert browser.post("/tchat/trames/", '{"type": "sync", "after": 0}', "application/json").status_code == 401


def test_code_works_as_long_as_something_is_followed(conversation, unit):
    """It works past the hours of a code de reprise, which opens the exchange no more."""
    code = resume.issue_code(conversation_id=conversation.pk).text
    hand.sent(conversation, unit)
    end(conversation)
    assert FollowUp.objects.get().until is None
    resume.forget_expired_codes(now=timezone.now() + timezone.timedelta(days=200))
    assert come_back(code)[1].status_code == 302


def test_code_opens_nothing_where_nothing_was_transmitted(conversation):
    code = resume.issue_code(conversation_id=conversation.pk).text
    end(conversation)
    assert FollowUp.objects.get().until is not None
    assert "n'ouvrent aucun échange" in said(come_back(code)[1])
    resume.forget_expired_codes(now=timezone.now() + timezone.timedelta(hours=73))
    assert not FollowUp.objects.exists()


def test_transmitted_after_the_end_the_code_that_works_opens_it_and_can_agree(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    end(conversation)
    row = hand.asked(conversation, unit)
    browser, _answer = come_back(code)
    assert hand.SUMMARY in said(browser.get("/tchat/suites/")), "nobody agrees to what they have not read"
    browser.post("/tchat/suites/", {"transmission": row.public_id, "answer": "yes"})
    row.refresh_from_db()
    assert row.state == State.SENT
    assert hand.SUMMARY not in said(browser.get("/tchat/suites/"))


def test_annulled_replaced_or_past_code_opens_nothing(conversation, unit):
    first = resume.issue_code(conversation_id=conversation.pk).text
    hand.sent(conversation, unit)
    second = resume.issue_code(conversation_id=conversation.pk).text
    end(conversation)
    assert "n'ouvrent aucun" in said(come_back(first)[1])
    assert come_back(second)[1].status_code == 302
    other = make.assigned(make.agent(), reception_point=unit.point)
    code = resume.issue_code(conversation_id=other.pk).text
    hand.sent(other, hand.account())
    resume.void_code(conversation_id=other.pk)
    end(other)
    assert "n'ouvrent aucun" in said(come_back(code)[1])
    third = make.closed(make.agent())
    follow_up_code.set_code(third.pk, b"x" * 32, timezone.now())
    FollowUp.objects.filter(conversation=third).update(until=make.long_ago(1))
    assert not follow_up_code.forget_expired(make.long_ago(2)) and follow_up_code.forget_expired(timezone.now()) == 1


def test_new_code_of_suites_replaces_the_one_before_and_ends_its_visits(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    hand.sent(conversation, unit)
    end(conversation)
    held, _answer = come_back(code)  # the person who had seen the first code
    new = shown_code(visit(conversation).post("/tchat/suites/code/"))
    assert held.get("/tchat/suites/").status_code == 302
    assert "n'ouvrent aucun" in said(come_back(code)[1])
    assert come_back(new)[1].headers["Location"] == "/tchat/suites/"


def meanwhile(monkeypatch, act) -> None:
    """Do this, once, while the next code is hashed."""
    hashed, waits = resume.slow_hash, [act]

    def slow_hash(words):
        if waits:
            waits.pop()()
        return hashed(words)

    monkeypatch.setattr(resume, "slow_hash", slow_hash)


def followed(conversation, unit) -> str:
    """Return the code that opens the suites of an exchange that ended."""
    code = resume.issue_code(conversation_id=conversation.pk).text
    hand.sent(conversation, unit)
    end(conversation)
    return code


def test_code_of_suites_that_was_replaced_meanwhile_replaces_nothing(conversation, unit, monkeypatch):
    """Whoever holds an older code asks for another while the person makes a new one: hers is the one that works."""
    held, _answer = come_back(followed(conversation, unit))
    new = []
    meanwhile(monkeypatch, lambda: new.append(shown_code(visit(conversation).post("/tchat/suites/code/"))))
    answer = held.post("/tchat/suites/code/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/tchat/suites/")
    assert held.get("/tchat/suites/").headers["Location"] == "/tchat/reprendre/"
    assert come_back(new[0])[1].headers["Location"] == "/tchat/suites/"


def test_code_of_suites_asked_for_earlier_does_not_replace_a_later_one(conversation, unit, monkeypatch):
    followed(conversation, unit)
    browser, new = visit(conversation), []
    meanwhile(monkeypatch, lambda: new.append(shown_code(browser.post("/tchat/suites/code/"))))
    answer = browser.post("/tchat/suites/code/")
    assert answer.status_code == 409 and "seul le dernier fonctionne" in said(answer)
    assert come_back(new[0])[1].headers["Location"] == "/tchat/suites/"


def test_code_of_suites_asked_for_twice_by_one_visit_is_the_one_that_is_shown_last(conversation, unit, monkeypatch):
    """A double click: the first answer is never seen, and the visit goes on."""
    browser, _answer = come_back(followed(conversation, unit))
    set_code = follow_up_code.set_code

    def after_the_first_click(conversation_id, digest, asked_at, *, by_code):
        the_same = type(by_code)(by_code.session_key)
        set_code(conversation_id, b"1" * 32, asked_at - timezone.timedelta(microseconds=1), by_code=the_same)
        set_code(conversation_id, digest, asked_at, by_code=by_code)

    monkeypatch.setattr(follow_up_code, "set_code", after_the_first_click)
    code = shown_code(browser.post("/tchat/suites/code/"))
    assert browser.get("/tchat/suites/").status_code == 200
    assert come_back(code)[1].headers["Location"] == "/tchat/suites/"


def test_while_it_is_open_the_code_is_the_code_de_reprise(conversation, unit):
    hand.sent(conversation, unit)
    answer = visit(conversation).post("/tchat/suites/code/")
    assert answer.headers["Location"] == "/tchat/code/"


def test_too_many_codes_are_refused(conversation, unit, one_window):
    hand.sent(conversation, unit)
    end(conversation)
    browser = visit(conversation)
    answers = [browser.post("/tchat/suites/code/").status_code for _turn in range(8)]
    assert answers[0] == 200 and answers[-1] == 429


def test_slip_of_the_unit_s_appointment_with_the_visit_and_with_the_code(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    row = hand.opened(conversation, unit)
    when = {"seen": "3", "day": moments.weekday(2).isoformat(), "hour": "09:30", "place": "Bureau 12"}
    signed_in(unit.user).post(f"/unite/{row.public_id}/rendez-vous/", when)
    end(conversation)
    by_code, _answer = come_back(code)
    for browser in (visit(conversation), by_code):
        page = said(browser.get("/tchat/rendez-vous/"))
        assert row.file_number in page and "Bureau 12" in page
        paper = browser.get("/tchat/rendez-vous/papier/")
        assert paper.content.startswith(b"%PDF")
    assert "Revenir aux suites" in said(by_code.get("/tchat/rendez-vous/"))


@pytest.mark.parametrize(("source", "is_marked"), [(Source.DEMO, True), (Source.DILA, False)])
def test_unit_of_the_demonstration_says_so_where_a_person_is_sent_to_it(monkeypatch, source, is_marked):
    """It is said in « Suites », on the slip and on its paper, whoever proposed the appointment; pages say how to load
    others.
    """
    papers = []
    monkeypatch.setattr(transcript_pdf, "draw", lambda document, *_args, **_more: papers.append(document) or b"%PDF")
    unit = hand.account(hand.station(source=source))
    conversation = make.assigned(make.agent(), reception_point=unit.point)
    proposed(hand.opened(conversation, unit), signed_in(unit.user))
    browser = visit(conversation)
    for page in ("/tchat/suites/", "/tchat/rendez-vous/"):
        shown = said(browser.get(page))
        assert (">exemple</span>" in shown) is is_marked, page
        assert ("manage.py import_locations --download" in shown) is is_marked, page
    proposals.propose_appointment(
        conversation_id=conversation.pk,
        meets_at=timezone.now() + timezone.timedelta(days=7),
        by=conversation.assigned_to.user,
    )
    assert (">exemple</span>" in said(browser.get("/tchat/rendez-vous/"))) is is_marked
    for address in ("/tchat/rendez-vous/papier/?suites", "/tchat/rendez-vous/papier/"):
        browser.get(address)
        where = papers.pop().sections[0].lines[0]
        assert (where == f"{unit.point.name} (exemple)") is is_marked and where.startswith(unit.point.name)


def test_slip_is_of_the_exchange_whose_page_leads_to_it(conversation, unit):
    """One device has a visit with an exchange and an appointment of its own, and the suites of an older one by code."""
    code = resume.issue_code(conversation_id=conversation.pk).text
    older = hand.opened(conversation, unit)
    meeting = {"seen": "3", "day": moments.weekday(2).isoformat(), "hour": "09:30", "place": "Bureau 12"}
    signed_in(unit.user).post(f"/unite/{older.public_id}/rendez-vous/", meeting)
    end(conversation)
    own = make.assigned(make.agent(), reception_point=unit.point)
    row = proposals.propose_appointment(
        conversation_id=own.pk, meets_at=timezone.now() + timezone.timedelta(days=7), by=own.assigned_to.user
    )
    browser = visit(own)
    browser.post("/tchat/reprendre/", {"code": code})
    followed = said(browser.get("/tchat/suites/"))
    (led,) = re.findall(r'href="(/tchat/rendez-vous/[^"]*)"', followed)
    slip = said(browser.get(led))
    assert older.file_number in followed and older.file_number in slip and row.file_number not in slip
    assert "Revenir aux suites" in slip
    (paper,) = re.findall(r'href="(/tchat/rendez-vous/papier/[^"]*)"', slip)
    assert paper.endswith("?suites") and browser.get(paper).content.startswith(b"%PDF")
    (led,) = re.findall(r'href="(/tchat/rendez-vous/[^"]*)"', said(browser.get("/tchat/")))
    slip = said(browser.get(led))
    assert row.file_number in slip and older.file_number not in slip and "Revenir à mon échange" in slip


def test_code_that_is_typed_opens_its_own_suites_in_a_visit_that_has_others(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    older = hand.opened(conversation, unit)
    end(conversation)
    own = make.assigned(make.agent(), reception_point=unit.point)
    newer = hand.opened(own, unit)
    browser = visit(own)
    assert newer.file_number in said(browser.get("/tchat/suites/"))
    page = said(browser.post("/tchat/reprendre/", {"code": code}, follow=True))
    assert older.file_number in page and newer.file_number not in page
    main = page.partition("<main")[2].partition("</main")[0]
    assert "Revenir à mon échange" in main
    # Those pages are of the visit's own exchange.
    assert not re.findall(r'href="/tchat/(?:faits|captures|copie)/"', main)
    assert older.file_number in said(browser.get("/tchat/suites/")), "until the person goes back"
    browser.get("/tchat/")
    page = said(browser.get("/tchat/suites/"))
    assert newer.file_number in page and older.file_number not in page and "Noter un fait" in page


@pytest.fixture
def beside(conversation, unit):
    """Return an exchange that is over, the code of its suites, and an own exchange of the visit that typed it."""
    code = resume.issue_code(conversation_id=conversation.pk).text
    return conversation, code, make.assigned(make.agent(), reception_point=unit.point)


def test_own_exchange_is_here_after_a_second_press_on_the_code_of_other_suites(beside, unit, settings):
    """The second request comes with the cookie of before: it overtook the first answer, or that was lost on its way."""
    conversation, code, own = beside
    older = hand.opened(conversation, unit)
    end(conversation)
    browser = visit(own)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookies = [cookie]
    for _press in range(2):
        browser.cookies[settings.SESSION_COOKIE_NAME] = cookie
        page = said(browser.post("/tchat/reprendre/", {"code": code}, follow=True))
        assert older.file_number in page
        cookies.append(browser.cookies[settings.SESSION_COOKIE_NAME].value)
        assert 'data-status="active"' in browser.get("/tchat/").text
    assert len(set(cookies)) == 3, "whoever knows the cookie of before gets no new right"
    browser.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert older.file_number not in said(browser.get("/tchat/suites/", follow=True))
    answer = browser.post("/tchat/trames/", '{"type":"beat"}', content_type="application/json")
    assert answer.status_code == 200, "a request that is under way is answered as that of the own exchange"
    assert settings.SESSION_COOKIE_NAME not in answer.cookies, "and its answer takes no cookie away"


def test_quick_exit_ends_what_a_code_left_under_the_cookie_of_before(beside, unit, settings):
    conversation, code, own = beside
    hand.opened(conversation, unit)
    end(conversation)
    browser = visit(own)
    browser.post("/tchat/reprendre/", {"code": code})
    browser.post("/quitter/")
    assert not Session.objects.exists()


def test_yes_is_to_the_summary_of_the_page_although_a_code_was_typed_in_another_tab(beside, unit):
    conversation, code, own = beside
    hand.opened(conversation, unit)
    end(conversation)
    row = hand.asked(own, unit)
    browser = visit(own)
    assert "Lire le résumé qui sera envoyé" in said(browser.get("/tchat/suites/"))
    browser.post("/tchat/reprendre/", {"code": code})
    answer = {"transmission": row.public_id, "answer": "yes", "captures_until": "", "captures": ""}
    page = said(browser.post("/tchat/suites/", answer, follow=True))
    row.refresh_from_db()
    assert row.state == State.SENT and row.file_number in page, "the page that follows is that of the answer"


def test_no_is_to_the_summary_of_a_code_s_page_although_another_tab_went_back_to_the_own_exchange(beside, unit):
    conversation, code, own = beside
    row = hand.asked(conversation, unit)
    end(conversation)
    newer = hand.opened(own, unit)
    browser = visit(own)
    assert "Lire le résumé qui sera envoyé" in said(browser.post("/tchat/reprendre/", {"code": code}, follow=True))
    browser.get("/tchat/")
    page = said(browser.post("/tchat/suites/", {"transmission": row.public_id, "answer": "no"}, follow=True))
    row.refresh_from_db()
    assert row.state == State.REFUSED and newer.file_number not in page


def test_summary_of_nobody_s_here_is_answered_by_nobody(beside, unit):
    conversation, code, own = beside
    hand.opened(conversation, unit)
    end(conversation)
    row = hand.asked(make.assigned(make.agent()), hand.account())
    browser = visit(own)
    browser.post("/tchat/reprendre/", {"code": code})
    assert browser.post("/tchat/suites/", {"transmission": row.public_id, "answer": "no"}).status_code == 409
    row.refresh_from_db()
    assert row.state == State.ASKED


def test_appointment_of_the_page_is_answered_although_a_code_was_typed_in_another_tab(beside, unit):
    conversation, code, own = beside
    hand.opened(conversation, unit)
    end(conversation)
    row = hand.opened(own, unit)
    proposed(row, signed_in(unit.user))
    browser = visit(own)
    browser.post("/tchat/reprendre/", {"code": code})
    page = said(browser.post("/tchat/suites/rendez-vous/", answer_of(row, answer="yes"), follow=True))
    row.refresh_from_db()
    assert row.state == State.ACCEPTED and row.file_number in page


def test_button_of_the_exchange_leads_to_its_own_suites_although_a_code_was_typed_in_another_tab(beside, unit):
    conversation, code, own = beside
    older = hand.opened(conversation, unit)
    end(conversation)
    row = hand.opened(own, unit)
    browser = visit(own)
    browser.post("/tchat/reprendre/", {"code": code})
    page = said(browser.post("/tchat/brouillon/", {"body": "Un mot", "to": "/tchat/suites/"}, follow=True))
    assert row.file_number in page and older.file_number not in page


@pytest.mark.parametrize(("of_report", "of_visit"), [("under_15", "adult"), ("adult", "minor")])
def test_suites_of_a_code_speak_as_its_report_says_and_not_as_the_visit_does(beside, unit, of_report, of_visit):
    conversation, code, own = beside
    conversation.report.age_band = of_report
    conversation.report.save()
    hand.opened(conversation, unit)
    end(conversation)
    browser = visit(own)
    session = browser.session
    session["triage"] = {"version": "", "answers": {"danger": "no", "who": of_visit}}
    session.save()
    page = browser.post("/tchat/reprendre/", {"code": code}, follow=True)
    assert page.context["familiar"] is (of_report == "under_15")
    assert browser.get("/tchat/").context["familiar"] is (of_visit == "minor"), "its own exchange is spoken to as ever"


def test_code_of_the_visit_s_own_suites_takes_nothing_from_it(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    row = hand.opened(conversation, unit)
    end(conversation)
    browser = visit(conversation)
    page = said(browser.post("/tchat/reprendre/", {"code": code}, follow=True))
    assert row.file_number in page and "Relire le résumé" in page and "Ma copie" in page


def test_removal_noted_in_a_visit_with_an_exchange_is_shown_with_it_also_after_a_code(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    older = hand.opened(conversation, unit)
    end(conversation)
    own = make.assigned(make.agent(), reception_point=unit.point)
    browser = visit(own)
    browser.post("/tchat/reprendre/", {"code": code})
    page = said(browser.post("/tchat/suites/retrait/", follow=True))
    assert older.file_number not in page and RemovalRequest.objects.get().conversation == own


def test_code_does_not_switch_off_discreet_mode(conversation, unit):
    code = resume.issue_code(conversation_id=conversation.pk).text
    hand.opened(conversation, unit)
    end(conversation)
    browser = visit(make.assigned(discreet=True))
    session = browser.session
    session[DISCREET] = True
    session.save()
    answer = browser.post("/tchat/reprendre/", {"code": code})
    assert browser.session[DISCREET] is True and answer.headers["Location"].startswith("/n/")


@pytest.mark.parametrize(("age_band", "said_to"), [("under_15", "tu"), ("adult", "vous")])
def test_pages_to_which_suites_lead_speak_to_the_person_of_the_code_as_suites_do(conversation, unit, age_band, said_to):
    conversation.report.age_band = age_band
    conversation.report.save()
    code = resume.issue_code(conversation_id=conversation.pk).text
    hand.opened(conversation, unit)
    end(conversation)
    browser, _answer = come_back(code)
    page = said(browser.get("/retrait/demande/"))
    assert ("si tu ne peux pas parler" in page) is (said_to == "tu")
    assert ("Garde cette page ouverte" in said(browser.get("/tchat/reprendre/"))) is (said_to == "tu")


def test_steps_that_do_not_open_show_the_others(conversation, unit):
    row = hand.opened(conversation, unit)
    TransmissionStep.objects.filter(transmission=row, number=1).update(sealed_words=row.sealed_words)
    assert row.file_number in said(visit(conversation).get("/tchat/suites/"))
