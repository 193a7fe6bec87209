"""A text that is being written is stored with the visit, and comes back until it is sent."""

import re
import uuid
from collections import Counter
from html import unescape
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import reports.session
from chat.conversations import actions
from chat.models import Conversation
from chat.rules.lifecycle import Author, Status
from chat.rules.transfer import Reason, Target
from chat.transfer import actions as transfer_actions
from chat.visitor import draft_session, tab_drafts
from common.texts import cache as text_cache
from pnav.addresses import DISCREET, ORDINARY, in_language
from pnav.sessions import stored_key
from reports.session import KEY
from tests.chat.visitor.visits import PAGE, send, shown
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


# --- a text that goes along -------------------------------------------------------------------------------------------


def leave(client, body, to="/tchat/suites/"):
    return client.post(reverse("chat:draft"), {"body": body, "to": to})


def save(client, body, **more):
    return client.post(reverse("chat:draft"), {"body": body} | more, headers={"Accept": "application/json"})


def recalled(client, tab):
    return client.post(reverse("chat:draft"), {"tab": tab}, headers={"Accept": "application/json"}).json()["body"]


@pytest.mark.parametrize(
    ("to", "place"),
    [
        ("/tchat/suites/", "/tchat/suites/"),
        ("/tchat/#fin", "/tchat/#fin"),
        ("/parametres-affichage/?next=/tchat/", "/parametres-affichage/?next=/tchat/"),
        *((elsewhere, "/tchat/") for elsewhere in (
            "", "x", "//example.org/", "/\\example.org/", "https://example.org/", "javascript:alert(1)", "/inconnu/",
            "/tchat/\r\nX: 1",
        )),
    ],
)  # fmt: skip
def test_text_goes_along_and_is_back_until_it_is_sent(as_reporter, to, place):
    conversation = make.assigned()
    client = as_reporter(conversation)
    assert leave(client, "Un-mot-garde\nici <b>", to).headers["Location"] == place
    for _reading in range(2):
        assert "Un-mot-garde\nici &lt;b&gt;</textarea>" in client.get(PAGE).text
    assert not conversation.messages.filter(author=Author.REPORTER).exists()
    send(client, "Un-mot-garde\nici <b>")
    assert "Un-mot-garde\nici &lt;b&gt;</textarea>" not in client.get(PAGE).text


def test_refreshed_page_opens_at_its_title_once_the_exchange_has_ended(as_reporter):
    """Without scripts the page knew nothing of the end, and its button leads to the newest words."""
    conversation = make.assigned()
    client = as_reporter(conversation)
    Conversation.objects.filter(pk=conversation.pk).update(status=Status.CLOSED, closed_at=timezone.now())
    assert leave(client, "", "/tchat/#fin").headers["Location"] == "/tchat/#closed-title"
    assert leave(client, "", "/tchat/messages/?avant=3#fin").headers["Location"] == "/tchat/messages/?avant=3#fin"


@pytest.mark.parametrize(
    ("table", "to", "where"),
    [
        (ORDINARY, "/en/tchat/", None),
        (ORDINARY, "/fr/tchat/", None),
        (ORDINARY, "/en/tchat/messages/?apres=3", None),
        (in_language("en"), "/fr/tchat/", None),
        (in_language("en"), "/en/tchat/suites/", None),
        *((ORDINARY, elsewhere, "/tchat/") for elsewhere in (
            "/en//example.org/tchat/", "/en/inconnu/", "/xx/tchat/", "/en/en/tchat/", "/n/en/tchat/", "//en/tchat/",
            "/en/\\\\example.org/",
        )),
    ],
)  # fmt: skip
def test_text_goes_along_to_the_page_in_another_language(as_reporter, table, to, where):
    """The button of a language leads to an address that the present page's addresses do not have."""
    client = as_reporter(make.assigned())
    answer = client.post(table.reverse("chat:draft"), {"body": "Un-mot-garde", "to": to})
    assert answer.headers["Location"] == (where or to)
    if where is None:
        assert "Un-mot-garde</textarea>" in client.get(to.partition("tchat/")[0] + "tchat/", follow=True).text


def test_button_of_each_language_leads_to_the_page_in_it_also_in_discreet_mode(as_reporter):
    for discreet in (False, True):
        client = as_reporter(make.assigned(discreet=discreet))
        page = client.get(PAGE, follow=True)
        (to,) = re.findall(r'name="to"\s+value="((?:/n)?/en/[^"]*)"', page.text)
        keep = re.findall(r'formaction="([^"]*)"\s+name="to"\s+value="' + re.escape(to), page.text)[0]
        answer = client.post(keep, {"body": "Un-mot-garde", "to": to}, follow=True)
        assert '<html lang="en"' in answer.text and "Un-mot-garde</textarea>" in answer.text


def test_blank_text_erases_what_was_kept_and_a_form_without_the_field_does_not(as_reporter):
    client = as_reporter(make.assigned())
    leave(client, "Un-mot-garde")
    client.post(reverse("chat:code"))
    assert "Un-mot-garde</textarea>" in client.get(PAGE).text
    leave(client, "  \n")
    assert "Un-mot-garde</textarea>" not in client.get(PAGE).text


def test_text_is_saved_as_it_is_typed_sealed_and_nowhere_else(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    answer = save(client, "Un-mot-garde")
    assert answer.status_code == 204 and not answer.content
    assert "Un-mot-garde</textarea>" in client.get(PAGE).text
    row = Session.objects.get(pk=stored_key(client.cookies[settings.SESSION_COOKIE_NAME].value))
    assert "Un-mot-garde" not in row.session_data
    with CaptureQueriesContext(connection) as queries:
        save(client, "Un-mot-garde")
    assert not [one for one in queries if one["sql"].startswith("UPDATE")], "nothing changed"
    assert save(client, "").status_code == 204
    assert "Un-mot-garde" not in client.get(PAGE).text


def test_each_tab_keeps_its_own_text(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    save(client, "Premier-onglet", tab="one")
    save(client, "Deuxieme-onglet", tab="two")
    assert (recalled(client, "one"), recalled(client, "two"), recalled(client, "three")) == (
        "Premier-onglet", "Deuxieme-onglet", "",
    )  # fmt: skip
    page = client.get(PAGE).text
    assert "Deuxieme-onglet</textarea>" in page and 'name="tab" value="two"' in page, "what was typed last"
    save(client, "", tab="two")
    assert "Premier-onglet</textarea>" in client.get(PAGE).text
    leave(client, "Sans-onglet")
    assert recalled(client, "one") == "Premier-onglet"
    save(client, "", tab="one")
    assert draft_session.KEY not in client.session


def test_tabs_of_a_visit_are_bounded_and_the_oldest_is_forgotten(as_reporter):
    client = as_reporter(make.assigned())
    for number in range(tab_drafts.TABS_MAX + 1):
        save(client, f"mot {number}", tab=f"tab-{number}")
    assert [recalled(client, f"tab-{number}") for number in range(4)] == ["", "mot 1", "mot 2", "mot 3"]
    save(client, "x" * (tab_drafts.KEPT_MAX + 1), tab="tab-2")
    kept = client.session[draft_session.KEY]
    assert len(kept["body"]) == tab_drafts.KEPT_MAX and kept["others"] == {}


@pytest.mark.parametrize("tab", ["<b>", "x" * 37, "É", "a b", "A"])
def test_name_of_a_tab_is_no_text_of_anybody(as_reporter, tab):
    client = as_reporter(make.assigned())
    save(client, "Un-mot-garde", tab=tab)
    assert client.session[draft_session.KEY]["tab"] == tab_drafts.WITHOUT_SCRIPT


@pytest.mark.parametrize(("at", "kept"), [("1", "Plus-tard"), ("3", "Plus-tot"), ("", "Plus-tot"), ("x", "Plus-tot")])
def test_save_that_was_overtaken_changes_nothing(as_reporter, at, kept):
    """A page that goes sends what was typed since a save that may still be on its way."""
    client = as_reporter(make.assigned())
    save(client, "Plus-tard", tab="one", at="2")
    assert save(client, "Plus-tot", tab="one", at=at).status_code == 204
    assert recalled(client, "one") == kept


def test_text_that_the_version_before_kept_is_read_and_the_other_way_round(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    session = client.session
    session[draft_session.KEY] = {"of": str(conversation.public_id), "body": "Un-mot-d-avant"}
    session.save()
    assert "Un-mot-d-avant</textarea>" in client.get(PAGE).text and recalled(client, "one") == "Un-mot-d-avant"
    save(client, "Un-mot-garde", tab="one")
    kept = client.session[draft_session.KEY]
    assert (kept["of"], kept["body"], kept["others"]) == (str(conversation.public_id), "Un-mot-garde", {})


def test_text_that_was_sent_is_not_offered_again(as_reporter):
    """The page sent it over its socket, and was gone before it could say that nothing is being typed any more."""
    conversation = make.assigned()
    client = as_reporter(conversation)
    save(client, "Un-mot-garde \r\n ici")
    make.message(conversation, "Un-mot-garde \n ici")
    assert "ici</textarea>" not in client.get(PAGE).text


@pytest.mark.parametrize(
    ("sent", "kept", "left"),
    [
        (["un"], "un\n\ndeux", "deux"),
        (["zéro", "un \n encore\u200b"], "un \r\n encore\u200b\r\n\r\ndeux\r\n\r\ntrois", "deux\n\ntrois"),
        (["zéro", "un", "deux"], "un\n\ndeux\n\ntrois", "trois"),
        (["un"], "un\ndeux", "un\ndeux"),
        (["un"], "un deux\n\ntrois", "un deux\n\ntrois"),
        (["un", "zéro"], "un\n\ndeux", "un\n\ndeux"),
        ([], "un\n\ndeux", "un\n\ndeux"),
    ],
)
def test_draft_that_begins_with_what_was_sent_is_offered_without_it(as_reporter, sent, kept, left):
    """A page keeps what it does not know to be stored before what is in its field, and is gone before it knows."""
    conversation = make.assigned()
    client = as_reporter(conversation)
    for body in sent:
        make.message(conversation, body)
    save(client, kept)
    (drawn,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", client.get(PAGE).text, flags=re.S)
    assert unescape(drawn).replace("\r\n", "\n") == left


def test_page_is_told_that_the_draft_of_a_tab_has_what_was_sent(as_reporter):
    """Its script erases it under the name of that tab, before another message makes it look unsent."""
    conversation = make.assigned()
    client = as_reporter(conversation)
    save(client, "Un-mot-garde", tab="un")
    assert "data-stale" not in client.get(PAGE).text
    make.message(conversation, "Un-mot-garde")
    page = client.get(PAGE).text
    assert "data-stale" in page and 'name="tab" value="un"' in page
    save(client, "", tab="un")
    make.message(conversation, "Un-autre")
    page = client.get(PAGE).text
    assert "data-stale" not in page and "Un-mot-garde</textarea>" not in page


def test_what_was_sent_before_the_end_is_not_said_to_be_unsent(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    save(client, "Un-mot-garde")
    make.message(conversation, "Un-mot-garde")
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    page = shown(client.get(PAGE))
    assert "n'a pas été envoyé" not in page and "Un-mot-garde</textarea>" not in page


def test_saving_without_a_visit_and_too_often(as_reporter, client, monkeypatch, one_window):
    assert save(client, "x").status_code == 401
    monkeypatch.setattr("chat.visitor.draft.SAVES", 2)
    visit = as_reporter(make.assigned())
    assert [save(visit, f"mot {n}").status_code for n in range(3)] == [204, 204, 429]
    assert "mot 1</textarea>" in visit.get(PAGE).text


def test_text_of_an_exchange_that_ended_meanwhile_can_be_copied(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    leave(client, "Un-mot-garde")
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    page = shown(client.get(PAGE))
    assert "L'échange a pris fin : ce message n'a pas été envoyé." in page and "Un-mot-garde</textarea>" in page


def test_text_goes_with_the_visit_and_to_no_other_conversation(as_reporter):
    conversation, other = make.assigned(), make.assigned()
    client = as_reporter(conversation)
    leave(client, "Un-mot-garde")
    session = client.session
    session[KEY] = str(other.report.public_id)
    session.save()
    assert "Un-mot-garde" not in client.get(PAGE).text
    assert draft_session.KEY.startswith(reports.session.PREFIX), "forgotten with the visit"


def test_without_a_script_the_frame_leads_to_the_button_that_keeps_the_text(as_reporter):
    unit = hand.account()
    conversation = make.assigned(reception_point=unit.point)
    client = as_reporter(conversation)
    page = squeezed(client.get(PAGE).text)
    assert 'id="follow" hidden' in page and 'value="/tchat/suites/">Suites<' in page, "shown by chat-noscript.css"
    hand.asked(conversation, unit)
    news = shown(client.get(reverse("chat:news"), {"apres": 0, "etat": "active"}))
    assert "sous les messages, montre le bouton qui y mène" in news and 'href="/tchat/suites/"' not in news
    assert 'value="/tchat/suites/">Lire et répondre</button>' in squeezed(client.get(PAGE).text)


def test_read_again_is_a_button_of_the_form_that_holds_the_text(as_reporter):
    page = squeezed(as_reporter(make.assigned()).get(PAGE).text)
    (button,) = re.findall(r"<button[^>]*>Actualiser</button>", page)
    assert 'form="compose"' in button and 'formaction="/tchat/brouillon/"' in button and 'value="/tchat/#fin"' in button


def words_of(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_why_a_message_did_not_go_is_said_in_the_voice_and_in_the_words_of_the_house(as_reporter):
    client = as_reporter(make.assigned(age_band="under_15"))
    sent = {"client_id": str(uuid.uuid4()), "body": "a\x00b"}
    assert "Réécris-le, puis envoie." in shown(client.post(reverse("chat:message"), sent))
    text_cache.set_changed({"chat.empty": text_cache.Changed.named(tu="Écris un mot, même un seul.")})
    page = shown(client.post(reverse("chat:message"), sent | {"body": " "}))
    assert 'id="body-error">Écris un mot, même un seul.</p>' in page


@pytest.mark.parametrize("discreet", [True, False])
@pytest.mark.parametrize("status", ["waiting", "assigned"])
def test_each_way_out_of_the_page_has_a_button_that_keeps_the_text_without_a_script(as_reporter, status, discreet):
    page = shown(as_reporter(getattr(make, status)(discreet=discreet)).get(PAGE, follow=True))
    table = DISCREET if discreet else ORDINARY
    keeping, ending, code = (table.reverse(f"chat:{name}") for name in ("draft", "end", "code"))
    page = re.sub(r'<template id="left".*?</template>', "", page, flags=re.S)  # this is for a visit that has ended
    # This is for an exchange that has ended.
    page = re.sub(r'<section[^>]* id="suite".*?</section>', "", page, flags=re.S)
    carried = "".join(re.findall(r'<noscript class="pnav-carried">(.*?)</noscript>', page, flags=re.S))
    buttons = re.findall(r"<button([^>]*)>(.*?)</button>", carried, flags=re.S)
    assert all(
        f'type="submit" form="compose" formaction="{keeping}"' in marks or f'formaction="{code}"' in marks
        for marks, _words in buttons
    )
    place = re.compile(r'(?:value|formaction)="([^"]*)"')
    ways = Counter((place.findall(marks)[-1], words_of(text)) for marks, text in buttons)
    links = re.findall(r'<a [^>]*href="(/[^"]*)"[^>]*>(.*?)</a>', page, flags=re.S)
    end = "Quitter la file d'attente" if status == "waiting" else "Terminer l'échange"
    kept = Counter((to, end if to == ending else words_of(text)) for to, text in links)
    assert ways == kept + Counter([(code, "Créer un code de reprise")])
    assert len(ways) >= 16


def test_code_asked_for_without_a_script_keeps_the_text(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    page = client.post(reverse("chat:code"), {"body": "Un-mot-garde", "client_id": str(uuid.uuid4())}).text
    assert "pnav-chat__code" in page and "Un-mot-garde" not in page
    assert "Un-mot-garde</textarea>" in client.get(PAGE).text


def test_text_is_shown_again_when_the_database_is_away_as_a_code_is_asked_for(client, database_away):
    page = client.post(reverse("chat:code"), {"body": "Un-mot-garde", "client_id": str(uuid.uuid4())})
    assert page.status_code == 503 and "Un-mot-garde</textarea>" in page.text
    assert 'action="/tchat/code/"' in page.text and 'name="to"' not in page.text


@pytest.mark.parametrize("state", ["waiting", "arrived", "closed", "summary"])
def test_no_link_of_the_frame_leaves_the_text_behind(as_reporter, state):
    conversation = make.waiting() if state == "waiting" else make.assigned()
    client = as_reporter(conversation)
    if state == "closed":
        actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    if state == "summary":
        target = Target(agent=make.agent(public_name="Alex").pk)
        transfer_actions.propose_handover(
            conversation_id=conversation.pk,
            by=conversation.assigned_to,
            target=target,
            reason=Reason.END_OF_DUTY,
            summary="Une rumeur.",
        )
    shown_as = "active" if state == "summary" else "waiting"
    news = shown(client.get(reverse("chat:news"), {"apres": 0, "etat": shown_as}))
    assert "_top" not in news
    assert ("garde le message en cours" in news) is (state != "waiting")
    assert ("Un résumé est à lire" in news) is (state == "summary")


def test_answer_in_the_frame_is_asked_again_there_when_the_database_is_away(client, database_away):
    address = reverse("chat:news") + "?apres=2&etat=active"
    answer = client.post(address, {"client_id": str(uuid.uuid4()), "body": "Non"})
    assert (answer.status_code, answer["X-Frame-Options"]) == (503, "SAMEORIGIN")
    assert f'http-equiv="refresh" content="8; url={address}"' in shown(answer) and "Non" not in shown(answer)


def test_text_to_keep_is_shown_again_when_the_database_is_away(client, database_away):
    answer = leave(client, "Un-mot-garde", "/tchat/suites/")
    assert answer.status_code == 503
    page = answer.text
    assert "Un-mot-garde</textarea>" in page and "refresh" not in page
    assert 'action="/tchat/brouillon/"' in page and 'name="to" value="/tchat/suites/"' in page, "it is not sent"


def hidden_in(page):
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return [(name, unescape(value)) for name, value in fields]


def test_everything_that_was_sent_is_given_back_when_the_database_is_away(client, database_away):
    """Without a text too: nothing of a form was tried, so nothing is loaded again by itself."""
    sent = [("facts", "insults"), ("facts", "image"), ("since", "month"), ("name", "Un-nom <b>"), ("contact", "")]
    page = client.post(reverse("chat:report"), urlencode(sent), content_type="application/x-www-form-urlencoded")
    assert page.status_code == 503 and "refresh" not in page.text and "<textarea" not in page.text
    (form,) = re.findall(r'<form method="post" action="/tchat/signalement/".*?</form>', page.text, re.S)
    assert [field for field in hidden_in(form) if field[0] != "csrfmiddlewaretoken"] == sent
    assert "Réessayer" in form and "gardé sur cette page" in shown(page)


def test_boxes_that_go_with_a_message_are_given_back_when_the_database_is_away(client, database_away):
    sent = {"body": "Un-mot-garde", "client_id": str(uuid.uuid4()), "boxes": "1", "facts": ["insults", "image"]}
    page = client.post(reverse("chat:message"), sent).text
    boxes = [field for field in hidden_in(page) if field[0] in {"boxes", "facts", "body"}]
    assert boxes == [("boxes", "1"), ("facts", "insults"), ("facts", "image")]
    assert "Un-mot-garde</textarea>" in page and page.count("Un-mot-garde") == 1


def test_fact_is_given_back_in_its_own_field_when_the_database_is_away(client, database_away):
    sent = {"what": "Un-fait", "fact_id": str(uuid.uuid4()), "precision": "day", "day": "2026-11-01"}
    page = client.post(reverse("chat:facts"), sent).text
    assert 'name="what"' in page and "Un-fait</textarea>" in page
    assert ("day", "2026-11-01") in hidden_in(page) and ("what", "Un-fait") not in hidden_in(page)
    assert page.count("Pas encore noté") == 2, "in the title and above the text"
    assert "Que s'est-il passé" in unescape(page) and "Message" not in page and "Votre message" not in page


@pytest.fixture
def unanswered(client, database_away, settings):
    """Return a browser with a form of ours, whose failure is answered by the handler of errors."""
    client.raise_request_exception, client.handler.enforce_csrf_checks = False, True
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    return client


WRITTEN = [
    ("chat:handover", {"answer": "corrected", "correction": "Un-mot-garde", "summary": "1"}, "Avec vos mots"),
    ("chat:follow_up_meeting", {"answer": "no", "other": "Un-mot-garde", "seen": "3"}, "Un autre moment"),
]


@pytest.mark.parametrize(("name", "sent", "label"), WRITTEN)
def test_answer_is_given_back_in_its_own_field_when_the_database_is_away(unanswered, name, sent, label):
    """« Précédent » brought back the words of the agent: its field is completed by no browser."""
    token = {"csrfmiddlewaretoken": "a" * 32}
    answer = unanswered.post(reverse(name), sent | token)
    page = unescape(answer.text)
    assert answer.status_code == 503 and answer["Retry-After"] and page.count("Un-mot-garde") == 1
    field = next(name for name, value in sent.items() if value == "Un-mot-garde")
    assert re.search(rf'<textarea[^>]* name="{field}"[^>]*>\s*Un-mot-garde</textarea>', page)
    assert label in page and page.count("Réponse pas encore envoyée") == 2 and f'action="{reverse(name)}"' in page
    given = hidden_in(page)
    assert all((name, value) in given for name, value in sent.items() if name != field)
    again = unanswered.post(reverse(name), {**sent, "csrfmiddlewaretoken": dict(given)["csrfmiddlewaretoken"]})
    assert again.status_code == 503, "« Réessayer » is no form that expired"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("chat:handover", {"answer": "agreed", "correction": "Les mots de l'agent", "summary": "1"}),
        ("chat:resume", {"code": "abeille castor", "mark": "1"}),
        ("chat:follow_up", {"answer": "yes", "transmission": str(uuid.uuid4())}),
        ("chat:follow_up_removal_answer", {"answer": "removed", "asked_on": "2026-11-01"}),
        ("pages:removal_request", {"platform": "instagram", "who": "adult", "step": "write", "reasons": "Un-mot"}),
    ],
)
def test_every_form_of_a_visitor_is_given_back_when_the_database_is_away(unanswered, name, sent):
    answer = unanswered.post(reverse(name), sent | {"csrfmiddlewaretoken": "a" * 32})
    page = unescape(answer.text)
    assert answer.status_code == 503 and f'action="{reverse(name)}"' in page and "<textarea" not in page
    assert [field for field in hidden_in(page) if field[0] != "csrfmiddlewaretoken"] == list(sent.items())


def test_title_of_the_page_without_a_database_says_nothing_in_discreet_mode(client, database_away):
    sent = {"body": "Un-mot-garde", "client_id": str(uuid.uuid4())}
    page = client.post(DISCREET.reverse("chat:message"), sent).text
    assert "<title>Informations</title>" in page and "Un-mot-garde</textarea>" in page


def test_file_is_not_said_to_be_kept_when_the_database_is_away(client, database_away):
    sent = {"act": "send", "capture_id": str(uuid.uuid4()), "capture": SimpleUploadedFile("a.png", b"\x89PNG")}
    answer = client.post(reverse("chat:captures"), sent)
    page = shown(answer)
    assert answer.status_code == 503 and "gardé sur cette page" not in page and "Réessayer" not in page
    assert "Le fichier n'a pas été gardé" in page and "refresh" not in page
    assert 'href="/tchat/captures/">Choisir le fichier de nouveau' in page


def test_page_that_was_asked_for_and_the_database_away_is_loaded_again_by_itself(client, database_away):
    page = client.get(reverse("chat:facts") + "?note=nouveau").text
    assert 'http-equiv="refresh" content="8; url=/tchat/faits/?note=nouveau"' in page and "Réessayer" not in page


def test_text_without_a_visit_is_kept_nowhere(client):
    assert leave(client, "Un-mot-garde").status_code == 302
    assert draft_session.KEY not in client.session


@pytest.mark.parametrize("name", ["chat:message", "chat:draft", "chat:end"])
def test_who_sends_a_text_after_the_visit_expired_is_told_that_it_was_not_kept(client, name):
    page = shown(client.post(reverse(name), {"body": "Un-mot-perdu", "client_id": str(uuid.uuid4())}, follow=True))
    assert "Cette visite a pris fin sur cet appareil. Ses messages ne s'affichent plus ici." in page
    assert "Un texte qui n'était pas encore envoyé n'a pas été gardé." in page and "Un-mot-perdu" not in page
    assert "n'a pas été gardé" not in shown(client.get(PAGE)), "it is said once"


def test_who_sends_a_text_after_the_visit_ended_is_told_so_once(client):
    session = client.session
    session[reports.session.ENDED] = True
    session.save()
    page = shown(client.post(reverse("chat:message"), {"body": "Un-mot-perdu"}, follow=True))
    assert page.count("n'a pas été gardé") == 1
