"""« Noter un fait »: the page of the journal without scripts."""

import re
import uuid
from datetime import date, timedelta
from html import unescape
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat.casework import proposals
from chat.conversations import follow_up_code
from chat.journal import actions as journal_actions
from chat.journal import facts as limits
from chat.journal import queries
from chat.journal.facts import Told
from chat.models import FollowUp, JournalFact
from chat.visitor import fact_draft
from chat.visitor import facts as page_of_facts
from common.service_settings import definitions
from pnav.addresses import DISCREET, ORDINARY, in_language
from tests.chat.console.agents import signed_in
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
PAGE = "/tchat/faits/"


def note(client, what="Insultes sous une photo", **words):
    data = {"act": "note", "fact_id": str(uuid.uuid4()), "what": what, **words}
    return client.post(PAGE, data)


def read(answer):
    return squeezed(unescape(answer.text))


def rows(conversation):
    return queries.own_piece(conversation)[0]


def test_page_is_one_press_away_while_waiting_talking_and_after(as_reporter):
    for conversation in (make.waiting(), make.assigned(), make.closed()):
        assert f'href="{PAGE}"' in as_reporter(conversation).get("/tchat/").text
        assert as_reporter(conversation).get(PAGE).status_code == 200


@pytest.mark.parametrize(("age_band", "said"), [("", "vous ne savez pas"), ("under_15", "tu ne sais pas")])
def test_page_says_before_the_last_fields_that_they_may_be_empty(as_reporter, age_band, said):
    page = read(as_reporter(make.waiting(age_band=age_band)).get(PAGE))
    told = page.index(f"Ce que {said} peut rester vide.")
    assert page.index("Quand ?") < told < page.index("Où : réseau, site, jeu, téléphone")
    described = set(re.findall(r'name="(\w+)"[^>]* aria-describedby="may-be-empty"', page))
    assert described == {"platform", "account", "link", "seen_by"}, "whoever goes from field to field hears it"
    assert page.count('id="may-be-empty"') == 1


@pytest.mark.parametrize("made", [make.waiting, make.assigned, make.closed])
def test_fact_is_noted_and_stays_private(as_reporter, made):
    conversation = made()
    client = as_reporter(conversation)
    answer = note(client, day="2026-03-12", hour="18:05", platform="Instagram", account="@lea", seen_by="Sam")
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    page = read(client.get(PAGE))
    for words in ("Insultes sous une photo", "12 mars 2026 à 18:05", "Instagram", "@lea", "Sam", "Privé"):
        assert words in page
    agent = conversation.assigned_to
    if agent is not None:
        beside = signed_in(agent.user).get(f"/console/echange/{conversation.public_id}/").text
        assert "Insultes sous une photo" not in beside


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"day": "2026-03-12"}, "12 mars 2026"),
        ({"day": "12/03/2026", "precision": "about"}, "vers le 12 mars 2026"),
        ({"day": "2026-03-12", "hour": "18:05", "precision": "about"}, "vers le 12 mars 2026 à 18:05"),
        ({"day": "2026-03-12", "hour": "18:05", "precision": "day"}, "12 mars 2026"),
        ({"day": "2026-03-12", "precision": "unknown"}, "Date inconnue"),
        ({}, "Date inconnue"),
    ],
)
def test_date_as_well_as_it_is_known(as_reporter, typed, words):
    client = as_reporter(make.waiting())
    note(client, **typed)
    page = read(client.get(PAGE))
    assert re.search(rf">\s*{words} \(n° 1\)\s*<", page), words


def test_each_box_and_button_of_the_list_has_a_name_of_its_own(as_reporter):
    """Facts without a date, or of one day, were « Date inconnue » each, and nobody heard which one they ticked."""
    client = as_reporter(make.assigned())
    for what in ("Le premier", "Le second"):
        note(client, what)
        note(client, f"{what}, un jour", day="2026-03-12")
    listed = read(client.get(PAGE)).split('id="tout-montrer"')[1].split("</form>")[0]
    labels = dict(re.findall(r'<label[^>]* for="(fact-\d+)">(.*?)</label>', listed))
    drawn = re.findall(r"<button[^>]*>(.*?)</button>", listed)
    buttons = [squeezed(re.sub("<[^>]*>", " ", one)).strip() for one in drawn]
    assert labels["fact-3"] == "Date inconnue (n° 3)" and len(set(labels.values())) == 4
    assert "Corriger ou effacer 12 mars 2026 (n° 2)" in buttons and len(set(buttons)) == len(buttons) > 4
    described = re.findall(r'id="fact-(\d+)"[^>]* aria-describedby="what-(\d+)"', listed)
    assert [box for box, _what in described] == [what for _box, what in described] == ["4", "3", "2", "1"]
    assert re.search(r'id="what-3">Le second<', listed)


AHEAD = (timezone.localdate() + timedelta(days=3)).isoformat()


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"what": " "}, "what", "Écrivez ce qui s'est passé."),
        ({"what": "x" * 501}, "what", "500 caractères au plus"),
        ({"account": "x" * (limits.ACCOUNT_MAX + 1)}, "account", "120 caractères au plus"),
        ({"day": "hier"}, "day", "Écrivez le jour"),
        ({"day": "1789-07-14"}, "day", "Écrivez le jour"),
        ({"day": AHEAD}, "day", "pas encore passée"),
        ({"precision": "day"}, "day", "Indiquez le jour"),
        ({"precision": "minute", "day": "2026-03-12"}, "hour", "Indiquez l'heure"),
        ({"hour": "25:61"}, "hour", "Écrivez l'heure"),
        ({"precision": "jamais"}, "precision", "de la liste"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(as_reporter, typed, field, said):
    conversation = make.waiting()
    client = as_reporter(conversation)
    data = {"what": "Un mot", "platform": "Jeu en ligne", **typed}
    answer = client.post(PAGE, {"act": "note", "fact_id": str(uuid.uuid4()), **data})
    page = unescape(answer.text)
    assert answer.status_code == 200 and said in read(answer) and "Jeu en ligne" in page
    assert "fr-error-text" in page and rows(conversation) == []
    assert data["what"].strip() in unescape(client.get(PAGE).text), "it is kept for the next page too"


def test_500_characters_as_a_browser_counts_them_fit(as_reporter):
    conversation = make.waiting()
    what = "é\r\n" * 249 + "ab"
    note(as_reporter(conversation), what=what)
    assert rows(conversation)[0].told.what == what.replace("\r\n", "\n")


def test_shown_read_and_taken_back_as_the_page_says(as_reporter):
    agent = make.agent()
    conversation = make.assigned(agent)
    client = as_reporter(conversation)
    for what in ("Premier mot", "Deuxième mot"):
        note(client, what=what)
    second, first = rows(conversation)
    client.post(PAGE, {"act": "show", "fact": [str(second.public_id), "x", str(uuid.uuid4())]})
    page = read(client.get(PAGE))
    assert "Montré, pas encore lu" in page and "Privé" in page
    client.post(PAGE, {"act": "take_back", "fact": str(second.public_id)})
    assert "Montré, pas encore lu" not in read(client.get(PAGE))
    client.post(PAGE, {"act": "show_all"})
    beside = signed_in(agent.user).get(f"/console/echange/{conversation.public_id}/").text
    assert "Premier mot" in beside and "Deuxième mot" in beside
    page = read(client.get(PAGE))
    assert page.count("Lu par votre interlocuteur") == 2 and "notez-en un autre" in page
    answer = client.post(PAGE, {"act": "take_back", "fact": str(first.public_id)}, follow=True)
    assert "Déjà lu par votre interlocuteur" in read(answer)
    assert all(fact.shown_at for fact in rows(conversation))


def test_nothing_ticked_changes_nothing(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    note(client)
    answer = client.post(PAGE, {"act": "show"}, follow=True)
    assert "cochez d'abord" in read(answer) and rows(conversation)[0].shown_at is None


def test_fact_is_corrected_then_erased(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    note(client, what="Un mot", day="2026-03-12", link="exemple.fr/page")
    (fact,) = rows(conversation)
    form = unescape(client.get(f"{PAGE}?note={fact.public_id}").text)
    assert 'value="2026-03-12"' in form and "exemple.fr/page" in form and 'name="edits"' in form
    data = {"fact_id": str(fact.public_id), "edits": "1", "what": "Un autre mot", "day": "2026-03-13"}
    client.post(PAGE, {"act": "note", **data})
    (fact,) = rows(conversation)
    assert (fact.told.what, fact.told.moment.day, fact.told.link) == ("Un autre mot", date(2026, 3, 13), "")
    client.post(PAGE, {"act": "erase", **data})
    assert rows(conversation) == []
    answer = client.post(PAGE, {"act": "note", **data})
    assert answer.status_code == 409 and "déjà été effacé" in read(answer) and "Un autre mot" in answer.text


def test_fact_of_somebody_else_is_not_there(as_reporter):
    other = make.waiting()
    note(as_reporter(other), what="Parole d'une autre personne")
    (fact,) = rows(other)
    client = as_reporter(make.waiting())
    data = {"fact_id": str(fact.public_id), "edits": "1", "what": "x"}
    assert "Parole" not in client.get(f"{PAGE}?note={fact.public_id}").text
    assert client.post(PAGE, {"act": "note", **data}).status_code == 409
    for act in ("erase", "show", "take_back"):
        client.post(PAGE, {"act": act, "fact_id": str(fact.public_id), "fact": str(fact.public_id)})
    assert rows(other) == [fact]


def test_what_is_typed_is_kept_sealed_until_it_is_noted(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    typed = {"fact_id": str(uuid.uuid4()), "what": "Un mot commencé", "account": "@lea", "precision": "about"}
    typed["day"] = "2026-03-12"
    draft = reverse("chat:draft")
    assert client.post(draft, typed, headers={"Accept": "application/json"}).status_code == 204
    page = unescape(client.get(PAGE).text)
    assert "Un mot commencé" in page and "@lea" in page
    assert re.search(r'value="about"\s+checked', page)
    assert client.post(draft, {**typed, "to": "/tchat/"}).headers["Location"] == "/tchat/", "and goes along"
    assert "Un mot commencé" not in as_reporter(conversation).get(PAGE).text, "it is this visit's"
    client.post(PAGE, {"act": "note", **typed})
    assert "</textarea>" in client.get(PAGE).text and "Un mot commencé</textarea>" not in client.get(PAGE).text
    client.post(draft, typed, headers={"Accept": "application/json"})
    client.post(draft, {"fact_id": typed["fact_id"], "what": " "}, headers={"Accept": "application/json"})
    assert "Un mot commencé</textarea>" not in client.get(PAGE).text


def kept(client, tab, **typed):
    """Save what is typed in this tab, as the page's script does; without anything typed, ask for it."""
    data = {"tab": tab, **(typed or {"asks": "fact"})}
    answer = client.post(reverse("chat:draft"), data, headers={"Accept": "application/json"})
    return answer.json()["fact"] if not typed else answer.status_code


def test_each_tab_keeps_its_own_fact_and_is_asked_what_it_was_typing(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    note(client, "Le premier")
    note(client, "Le deuxième")
    second, first = (str(fact.public_id) for fact in rows(conversation))
    new = str(uuid.uuid4())
    assert kept(client, "tab-1", fact_id=first, edits="1", what="Premier corrigé", at="2000") == 204
    assert "Premier corrigé</textarea>" in client.get(PAGE).text, "a correction that was begun is found again"
    assert kept(client, "tab-3", fact_id=new, what="Un nouveau & l'autre", at="2000") == 204
    assert kept(client, "tab-2", fact_id=second, edits="1", what="Deuxième corrigé", at="2000") == 204
    assert kept(client, "tab-2", fact_id=second, edits="1", what="Deuxième", at="1999") == 204, "overtaken"
    for address, words, tab in (
        (f"{PAGE}?note={first}", "Premier corrigé", "tab-1"),
        (f"{PAGE}?note={second}", "Deuxième corrigé", "tab-2"),
        (PAGE, "Un nouveau & l'autre", "tab-3"),
    ):
        page = unescape(client.get(address).text)
        assert f"{words}</textarea>" in page and f'name="tab" value="{tab}"' in page
    assert parse_qs(kept(client, "tab-3")) == {"what": ["Un nouveau & l'autre"], "fact_id": [new]}
    assert parse_qs(kept(client, "tab-1"))["edits"] == ["1"]
    assert kept(client, "tab-4") == ""
    assert kept(as_reporter(conversation), "tab-3") == "", "it is this visit's"
    client.post(PAGE, {"act": "note", "tab": "tab-3", "fact_id": new, "what": "Un nouveau"})
    assert kept(client, "tab-3") == "" and parse_qs(kept(client, "tab-2"))["what"] == ["Deuxième corrigé"]


def test_erased_words_do_not_come_back_from_another_tab(as_reporter):
    """A correction that another tab had kept was shown as a new fact."""
    conversation = make.waiting()
    client = as_reporter(conversation)
    note(client, "Le premier")
    note(client, "Le deuxième")
    second, first = (str(fact.public_id) for fact in rows(conversation))
    kept(client, "tab-1", fact_id=first, edits="1", what="Un-secret", at="2000")
    kept(client, "tab-2", fact_id=second, edits="1", what="Deuxième corrigé", at="2000")
    client.post(PAGE, {"act": "erase", "tab": "tab-3", "fact_id": first, "edits": "1", "what": "Le premier"})
    for address in (PAGE, f"{PAGE}?note={first}", f"{PAGE}?note=nouveau"):
        assert "Un-secret" not in client.get(address).text
    assert kept(client, "tab-1") == "" and parse_qs(kept(client, "tab-2"))["what"] == ["Deuxième corrigé"]


@pytest.mark.parametrize("then", ["another is typed", "another is noted"])
def test_tab_takes_over_what_was_typed_without_a_script_of_its_own_fact_alone(as_reporter, then):
    conversation = make.waiting()
    client = as_reporter(conversation)
    note(client, "Le premier")
    (fact,) = rows(conversation)
    data = {"fact_id": str(fact.public_id), "edits": "1", "what": "Premier corrigé"}
    client.post(reverse("chat:draft"), {**data, "to": "/tchat/"})
    other = {"fact_id": str(uuid.uuid4()), "what": "Un autre"}
    kept(client, "tab-1", **other, at="2000")
    if then == "another is noted":
        client.post(PAGE, {"act": "note", "tab": "tab-1", **other})
    assert "Premier corrigé</textarea>" in client.get(f"{PAGE}?note={fact.public_id}").text
    kept(client, "tab-1", **data, at="3000")
    kept(client, "tab-1", fact_id=data["fact_id"], edits="1", what=" ", at="4000")
    assert "Premier corrigé" not in client.get(f"{PAGE}?note={fact.public_id}").text, "it was taken over, and erased"


def test_correction_that_was_begun_is_left_for_another_fact_and_one_that_changes_nothing_is_none(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    note(client, "Un mot\net un autre", precision="minute", day="2026-03-12", hour="18:05")
    (fact,) = rows(conversation)
    data = {"fact_id": str(fact.public_id), "edits": "1", "precision": "minute", "day": "2026-03-12", "hour": "18:05"}
    away = {"to": f"{PAGE}?fait=nouveau#note"}
    assert client.post(reverse("chat:draft"), {**data, "what": "Un mot\r\net un autre", **away}).status_code == 302
    assert 'name="edits"' not in client.get(PAGE).text, "it was looked at"
    answer = client.post(reverse("chat:draft"), {**data, "what": "Un mot de plus", **away})
    assert answer.headers["Location"] == away["to"]
    page = client.get(f"{PAGE}?fait=nouveau").text
    assert 'name="edits"' not in page and "Un mot de plus" not in page
    page = client.get(PAGE).text
    assert 'name="edits"' in page and "Un mot de plus</textarea>" in page and away["to"] in page


@pytest.mark.parametrize(("table", "word"), [(ORDINARY, "fait"), (DISCREET, "note")])
def test_addresses_of_a_fact_say_what_it_is_outside_of_discreet_mode_alone(as_reporter, table, word):
    """A process of the version before reads `fait` alone, and may answer while a version is rolled out. In discreet
    mode the word would be in the history.
    """
    conversation = make.waiting(discreet=table is DISCREET)
    client, page = as_reporter(conversation), table.reverse("chat:facts")
    client.post(page, {"act": "note", "fact_id": str(uuid.uuid4()), "what": "Un mot"})
    (fact,) = rows(conversation)
    ways = (page, f"{word}={fact.public_id}#note"), (table.reverse("chat:captures"), f"{word}={fact.public_id}")
    html = client.get(page).text
    assert all(f'value="{where}?{asked}"' in html for where, asked in ways) and f'data-asks="{word}"' in html
    assert f'value="{page}?{word}=nouveau#note"' in client.get(f"{page}?{word}={fact.public_id}").text


def test_fact_of_the_version_before_is_read_and_the_other_way_round(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    session = client.session
    values = {"fact_id": str(uuid.uuid4()), "what": "Un-mot-d-avant"}
    session[fact_draft.KEY] = {"of": str(conversation.public_id), "values": values}
    session.save()
    assert "Un-mot-d-avant</textarea>" in client.get(PAGE).text
    assert "Un-mot-d-avant" in kept(client, "tab-1"), "whichever tab asks first"
    kept(client, "tab-1", fact_id=values["fact_id"], what="Un-mot-de-plus")
    stored = client.session[fact_draft.KEY]
    assert stored["of"] == str(conversation.public_id) and stored["values"]["what"] == "Un-mot-de-plus"


def test_what_was_noted_is_not_offered_again_by_a_save_that_came_late(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    data = {"fact_id": str(uuid.uuid4()), "what": "Un mot"}
    client.post(PAGE, {"act": "note", "tab": "tab-1", **data})
    kept(client, "tab-1", **data, at="2000")
    assert "Un mot</textarea>" not in client.get(PAGE).text
    (fact,) = rows(conversation)
    kept(client, "tab-1", **data, edits="1", at="3000")
    conversation.refresh_from_db()
    journal_actions.show_facts(conversation=conversation)
    journal_actions.mark_read(conversation)
    page = client.get(f"{PAGE}?note={fact.public_id}").text
    assert "Un mot</textarea>" in page and 'name="edits"' not in page, "its words are a new one's"


def test_draft_goes_with_the_visit(as_reporter):
    client = as_reporter(make.waiting())
    client.post(PAGE, {"act": "note", "fact_id": str(uuid.uuid4()), "what": "", "account": "@lea"})
    assert "reports.fact_draft" in client.session
    client.post("/quitter/")
    assert "reports.fact_draft" not in client.session


def test_journal_that_is_full_gives_the_words_back(as_reporter, set_rule):
    set_rule(definitions.FACTS_MOST, 20)
    conversation = make.waiting()
    client = as_reporter(conversation)
    for number in range(20):
        note(client, what=f"Fait {number}")
    answer = note(client, what="Un fait de trop")
    assert answer.status_code == 409 and "atteint : 20" in read(answer) and "Un fait de trop" in answer.text
    assert queries.count_facts(conversation).all == 20


def test_too_many_acts_lose_nothing(as_reporter, monkeypatch):
    monkeypatch.setattr(page_of_facts, "ACTS", 1)
    conversation = make.waiting()
    client = as_reporter(conversation)
    note(client, what="Un mot")
    answer = client.post(PAGE, {"act": "note", "fact_id": str(uuid.uuid4()), "what": "Un autre mot"}, follow=True)
    assert "Réessayez dans un instant" in read(answer) and "Un autre mot" in answer.text
    assert len(rows(conversation)) == 1


def test_unreadable_fact_keeps_no_other_from_being_read(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    note(client, what="Un mot")
    note(client, what="Un autre mot")
    JournalFact.objects.filter(number=1).update(sealed_words=b"\x01\x04testxxxxxxxxxxxxxxxx")
    page = read(client.get(PAGE))
    assert "Un autre mot" in page and "ne peut pas être lu en ce moment" in page


def test_page_costs_the_same_statements_however_long_the_journal_is(as_reporter):
    counts = []
    for many in (1, queries.PIECE * 2):
        conversation = make.waiting()
        client = as_reporter(conversation)
        for number in range(many):
            told = Told(f"Fait {number}")
            journal_actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told)
        client.get(PAGE)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(PAGE).text
        counts.append(len(asked))
        assert page.count('class="pnav-fact__one"') == min(many, queries.PIECE)
    assert counts[0] == counts[1]
    assert 'class="pnav-fact__one"' in client.get(f"{PAGE}?avant=3").text


def test_page_in_english_and_in_discreet_mode(as_reporter):
    client = as_reporter(make.waiting())
    english = in_language("en").reverse("chat:facts")
    assert english == "/en/tchat/faits/" and "What happened?" in unescape(client.get(english).text)
    discreet = DISCREET.reverse("chat:facts")
    assert re.fullmatch(r"/n/\d{6}/", discreet) and client.get(discreet).status_code == 200
    for is_discreet in (False, True):
        client = as_reporter(make.waiting(discreet=is_discreet))
        note(client)
        words = read(client.get(discreet if is_discreet else PAGE))
        assert ("Joindre un document" in words, "Joindre une capture" in words) == (is_discreet, not is_discreet)


def test_slip_takes_shown_facts_along_when_the_person_asks(as_reporter, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "chat.visitor.proposals.transcript_pdf.draw", lambda document, *_more, **_who: drawn.append(document) or b"%PDF"
    )
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    proposals.propose_appointment(
        conversation_id=conversation.pk, meets_at=timezone.now() + timedelta(days=2), by=conversation.assigned_to.user
    )
    client = as_reporter(conversation)
    slip, paper = reverse("chat:slip"), reverse("chat:slip_paper")
    note(client, what="Fait privé")
    assert "?faits" not in client.get(slip).text
    note(client, what="Fait à montrer", day="2026-03-12")
    client.post(PAGE, {"act": "show", "fact": str(rows(conversation)[0].public_id)})
    assert f'href="{paper}?faits"' in client.get(slip).text
    for address in (paper, f"{paper}?faits"):
        assert client.get(address).status_code == 200
    without, with_facts = drawn
    assert "Fait" not in str(without.sections) + without.title
    assert "12 mars 2026 – Fait à montrer" in str(with_facts.sections) and "privé" not in str(with_facts.sections)
    make_captures.received(conversation, name="privee.png")
    assert "faits et captures" not in client.get(slip).text
    capture = make_captures.drawn(conversation, name="montree.png")
    assert "faits et captures" in client.get(slip).text
    assert client.get(f"{paper}?notes").status_code == 200
    said = str(drawn[-1].sections)
    assert f"SHA-256 {capture.words['sha256']}" in said and f"Capture {capture.number}" in said
    assert said.count("SHA-256") == 1 and "montree.png" not in said, "of a device's names nothing is on paper"


def test_code_of_suites_notes_and_shows_and_reads_its_own_alone(as_reporter, client):
    agent, unit = make.agent(), hand.account()
    conversation = make.assigned(agent, reception_point=unit.point)
    note(as_reporter(conversation), what="Parole d'avant")
    hand.sent(conversation, unit)
    follow_up_code.set_code(conversation.pk, b"x" * 32, timezone.now())
    session = client.session
    follow_up_code.remember(session, FollowUp.objects.get(conversation=conversation))
    session.save()
    page = read(client.get(PAGE))
    assert "Parole d'avant" not in page and "seuls les faits notés ici" in page
    (before,) = rows(conversation)
    assert "Parole" not in client.get(f"{PAGE}?note={before.public_id}").text
    typed = {"fact_id": str(uuid.uuid4()), "what": "Mot commencé"}
    assert client.post(reverse("chat:draft"), {**typed, "to": "/tchat/suites/"}).headers["Location"] == "/tchat/suites/"
    assert "Mot commencé" in client.get(PAGE).text
    assert "Mot+commenc" in kept(client, "tab-1"), "and is given back to the page that was loaded again"
    note(client, what="Parole d'après")
    assert "Parole d'après" in read(client.get(PAGE))
    data = {"fact_id": str(before.public_id), "edits": "1", "what": "x", "fact": str(before.public_id)}
    for act in ("note", "erase", "show"):
        client.post(PAGE, {"act": act, **data})
    client.post(PAGE, {"act": "show_all"})
    after, first = rows(conversation)
    assert first.told.what == "Parole d'avant" and first.shown_at is None and after.shown_at is not None
