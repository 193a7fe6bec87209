"""« Captures »: the question, the plain form, the slices of the script, and what is shown and taken back."""

import json
import re
import uuid
from datetime import date
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from chat.captures import drawing, queries
from chat.conversations import follow_up_code
from chat.journal import actions as journal_actions
from chat.journal import queries as journal_queries
from chat.journal.dates import Moment, Precision
from chat.journal.facts import Told
from chat.models import Capture, CaptureState, FollowUp
from chat.texts import captures as texts
from common.sealed_files.chunks import CHUNK_BYTES
from common.service_settings import definitions
from common.texts import cache as text_cache
from common.texts.cache import Changed
from pnav.addresses import DISCREET, in_language
from reports.models import AgeBand
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from tests.factories.capture_corpus import corpus
from tests.support.on_screen import words_on_screen
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
PAGE, UPLOAD = "/tchat/captures/", "/tchat/captures/envoi/"
QUESTION = "d'une personne de moins de 18 ans"


def read(answer):
    return squeezed(unescape(answer.text))


def answer_no(client):
    assert client.post(PAGE, {"act": "answer", "minor": "no"}).status_code == 302
    return client


def salt_of(page):
    return re.search(r'data-salt="(\w+)"', page.text)[1]


def send(client, content, name="capture.png", **more):
    return client.post(PAGE, {"act": "send", "capture": SimpleUploadedFile(name, content), **more})


@pytest.fixture
def sender(as_reporter):
    """Return a person who waits and has answered no, and their exchange."""
    conversation = make.waiting()
    return answer_no(as_reporter(conversation)), conversation


# --- the question -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [make.waiting, make.assigned, make.closed])
def test_page_is_one_press_away_and_asks_first(as_reporter, made):
    client = as_reporter(made())
    assert f'href="{PAGE}"' in client.get("/tchat/").text
    page = read(client.get(PAGE))
    assert QUESTION in page and 'type="file"' not in page


def test_nothing_is_taken_before_the_answer(as_reporter):
    client = as_reporter(make.waiting())
    answer = send(client, make_captures.png())
    assert "Répondez oui ou non." in read(answer)
    begun = client.post(UPLOAD, json.dumps({"id": str(uuid.uuid4()), "size": 5, "name": "a"}), "application/json")
    assert begun.status_code == 422 and "oui ou non" in begun.json()["said"]
    assert not Capture.objects.exists()


def test_without_a_choice_the_question_says_so_beside_itself(as_reporter):
    answer = as_reporter(make.waiting()).post(PAGE, {"act": "answer"})
    assert answer.status_code == 200 and 'id="question-error"' in answer.text


def test_yes_takes_nothing_and_says_who_helps(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    client.post(PAGE, {"act": "answer", "minor": "yes"})
    page = read(client.get(PAGE))
    assert 'type="file"' not in page and "N'envoyez pas cette image" in page
    for who in ("3018", "119", "https://17cyber.gouv.fr"):
        assert who in page
    assert "peut demander aux plateformes" in page, "the platform decides: nothing more is promised"
    send(client, make_captures.png())
    assert not Capture.objects.exists()
    client.post(PAGE, {"act": "answer", "minor": "again"})
    assert QUESTION in read(client.get(PAGE))


@pytest.mark.parametrize("discreet", [False, True])
def test_question_keeps_the_fact_for_which_a_capture_is_joined(as_reporter, discreet):
    """« Joindre une capture » asked the question first, and the file that followed went with no fact."""
    conversation = make.waiting(discreet=discreet)
    client, fact = as_reporter(conversation), note(conversation)
    hidden = f'name="fact" value="{fact.public_id}"'
    address = DISCREET.reverse("chat:captures") if discreet else PAGE
    page = client.get(f"{address}?note={fact.public_id}")
    assert QUESTION in read(page) and hidden in page.text
    for answer in ("yes", "again", "no"):
        sent = client.post(address, {"act": "answer", "minor": answer, "fact": str(fact.public_id)})
        assert sent.url == f"{address}?{'note' if discreet else 'fait'}={fact.public_id}"
        assert hidden in client.get(sent.url).text
    theirs = note(make.waiting())
    assert client.post(address, {"act": "answer", "minor": "no", "fact": str(theirs.public_id)}).url == address


def test_one_thing_takes_the_focus_what_is_wrong_before_what_was_done(as_reporter):
    """HTML allows one `autofocus`; the message of an act before was another."""
    client = as_reporter(make.waiting())
    client.post(PAGE, {"act": "answer", "minor": "no"})
    send(client, make_captures.png())  # the next page tells what this answer would say
    page = client.post(PAGE, {"act": "send"}).text
    assert 'role="status"' in page and page.count(" autofocus") == 1
    assert re.search(r'id="capture"[^>]* autofocus', page)


def test_address_of_what_is_not_taken_is_noted_as_a_private_fact(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    client.post(PAGE, {"act": "answer", "minor": "yes"})
    key = str(uuid.uuid4())
    for _twice in range(2):
        assert (
            client.post(PAGE, {"act": "note", "address": " https://exemple.fr/x ", "fact_id": key}).status_code == 302
        )
    [fact] = journal_queries.own_piece(conversation)[0]
    assert fact.told.link == "https://exemple.fr/x" and fact.shown_at is None
    assert "moins de 18 ans" in fact.told.what


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_capture_is_offered_to_a_fact_in_the_place_of_what_may_not_be_sent(as_reporter, language):
    """It is offered to another fact, also after the question was answered anew, in whichever language it is read."""
    conversation = make.waiting()
    client = as_reporter(conversation)
    client.post(PAGE, {"act": "answer", "minor": "yes"})
    client.post(PAGE, {"act": "note", "address": "https://exemple.fr/x"})
    other = journal_actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told("Insultes"))
    client.post(PAGE, {"act": "answer", "minor": "no"})
    page = client.get("/tchat/faits/" if language == "fr" else "/en/tchat/faits/").text
    assert "https://exemple.fr/x" in page
    assert re.findall(r"captures/\?fait=([0-9a-f-]+)", page) == [str(other.public_id)]


def say_otherwise(words):
    """Change what the service writes in the place of an image that may not be sent."""
    text_cache.set_changed({"captures.fact_what": Changed.named(vous=words)})


@pytest.mark.parametrize("words", ["those of the service", "its own"])
def test_no_capture_goes_with_what_may_not_be_sent_whatever_its_words_are_now(as_reporter, words):
    """The service may say it otherwise since, and the person may have corrected the fact. The server refuses too."""
    conversation = make.waiting()
    client = as_reporter(conversation)
    client.post(PAGE, {"act": "answer", "minor": "yes"})
    say_otherwise("Image non envoyée.")
    client.post(PAGE, {"act": "note", "address": "https://exemple.fr/x"})
    [fact] = journal_queries.own_piece(conversation)[0]
    if words == "its own":
        told = Told("Une photo", link=fact.told.link)
        journal_actions.change_fact(conversation_id=conversation.pk, public_id=fact.public_id, told=told)
    else:
        say_otherwise("Image signalée sans être envoyée.")
    assert fact.told.what == "Image non envoyée."
    answer_no(client)
    assert "captures/?" not in client.get("/tchat/faits/").text
    assert "va avec le fait" not in read(client.get(f"{PAGE}?note={fact.public_id}"))
    send(client, make_captures.png(), fact=str(fact.public_id))
    content = make_captures.png()
    asked = {"id": str(uuid.uuid4()), "size": len(content), "name": "a.png", "fact": str(fact.public_id)}
    assert client.post(UPLOAD, json.dumps(asked), "application/json").status_code == 200
    assert list(Capture.objects.values_list("fact", flat=True)) == [None, None]


def test_no_capture_goes_with_what_may_not_be_sent_that_was_noted_before_the_column_was(as_reporter):
    conversation = make.waiting()
    told = Told(texts.FACT_WHAT.say(), link="https://exemple.fr/x")
    fact = journal_actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told)
    say_otherwise("Image non envoyée.")
    client = answer_no(as_reporter(conversation))
    assert "captures/?" not in client.get("/tchat/faits/").text
    send(client, make_captures.png(), fact=str(fact.public_id))
    assert Capture.objects.get().fact is None


@pytest.mark.parametrize(("address", "said"), [("  ", "Écrivez l'adresse"), ("x" * 501, "500 caractères au plus")])
def test_address_that_is_wrong_is_said_beside_its_field_and_kept(as_reporter, address, said):
    client = as_reporter(make.waiting())
    client.post(PAGE, {"act": "answer", "minor": "yes"})
    answer = client.post(PAGE, {"act": "note", "address": address})
    assert said in read(answer) and 'aria-invalid="true"' in answer.text and address.strip() in answer.text


def test_answer_is_of_one_exchange(as_reporter):
    mine, other = make.waiting(), make.waiting()
    answer_no(as_reporter(mine))
    assert QUESTION in read(as_reporter(other).get(PAGE))


# --- one file as a form -----------------------------------------------------------------------------------------------


def test_file_of_a_form_is_received_whole_and_stays_private(sender):
    client, conversation = sender
    content = make_captures.png(more=2 * CHUNK_BYTES)
    answer = send(client, content, "IMG_1.png")
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    [capture] = Capture.objects.all()
    assert (capture.state, capture.received, len(capture.tokens)) == (CaptureState.RECEIVED, len(content), 3)
    capture.conversation = conversation
    assert b"".join(queries.read_original(capture)) == content
    page = read(client.get(PAGE))
    assert "C'est reçu, pour vous seulement." in page and "IMG_1.png" in page and "Privé" in page


def test_form_that_is_sent_twice_is_one_capture(sender):
    client, _conversation = sender
    key = str(uuid.uuid4())
    for _twice in range(2):
        assert send(client, make_captures.png(), capture_id=key).status_code == 302
    assert Capture.objects.count() == 1


@pytest.mark.parametrize("sample", [one for one in corpus() if one.kind is None], ids=lambda one: one.name)
def test_file_that_is_none_of_those_is_refused_beside_its_field(sender, sample):
    client, _conversation = sender
    answer = send(client, sample.content, sample.name)
    assert answer.status_code == 200 and not Capture.objects.exists()
    said = "vide" if not sample.content else "ni une image ni un PDF"
    assert said in read(answer) and 'id="capture-error"' in answer.text and "autofocus" in answer.text


@pytest.mark.parametrize("sample", [one for one in corpus() if one.kind is not None], ids=lambda one: one.name)
def test_whatever_a_file_holds_its_page_answers(sender, sample):
    """What begins as an image is received; whether it is one is the drawing's to say."""
    client, _conversation = sender
    assert send(client, sample.content, sample.name).status_code == 302
    assert client.get(PAGE).status_code == 200


def test_numbers_of_the_service_are_said_beside_the_field(sender, set_rule):
    client, _conversation = sender
    set_rule(definitions.CAPTURE_SIZE, 1)
    set_rule(definitions.CAPTURES_SIZE, 1)
    set_rule(definitions.CAPTURES_MOST, 2)
    assert "1 Mo au plus" in read(send(client, make_captures.png(more=1_000_000)))
    assert send(client, make_captures.png(more=900_000)).status_code == 302
    assert "1 Mo en tout" in read(send(client, make_captures.png(more=200_000)))
    assert send(client, make_captures.png()).status_code == 302
    assert "Le nombre de captures permis est atteint : 2." in read(send(client, make_captures.png()))


def test_without_a_file_the_field_says_so(sender):
    client, _conversation = sender
    assert "Choisissez un fichier." in read(client.post(PAGE, {"act": "send"}))


@pytest.mark.parametrize("how", ["environment", "admin"])
def test_where_captures_are_not_taken_nothing_leads_there(as_reporter, settings, set_rule, how):
    if how == "environment":
        settings.CAPTURES = False
    else:
        set_rule(definitions.CAPTURES_MOST, 0)
    client = as_reporter(make.waiting())
    assert f'href="{PAGE}"' not in client.get("/tchat/").text
    page = read(client.get(PAGE))
    assert "ne reçoit pas de captures" in page and 'type="file"' not in page and QUESTION not in page
    answer_no(client)
    send(client, make_captures.png())
    assert not Capture.objects.exists()


@pytest.mark.parametrize("page", ["/tchat/", "/tchat/faits/"])
def test_where_only_agents_send_no_page_says_that_a_person_may(as_reporter, set_rule, page):
    """A file that is pasted there is answered by this note. « Captures » is still there for what agents send."""
    set_rule(definitions.CAPTURES_MOST, 0)
    set_rule(definitions.HANDOUTS_MOST, 2)
    client = as_reporter(make.assigned())
    said = read(client.get(page))
    assert "ne reçoit pas de captures" in said
    assert "Envoyer une capture" not in said and "s'envoient" not in said
    assert f'href="{PAGE}"' in client.get("/tchat/").text
    set_rule(definitions.CAPTURES_MOST, 2)
    assert "s'envoient sur une autre page" in read(client.get(page))


# --- slices -----------------------------------------------------------------------------------------------------------


def begin(client, content, key=None):
    asked = {"id": str(key or uuid.uuid4()), "size": len(content), "name": "capture.png"}
    return client.post(UPLOAD, json.dumps(asked), "application/json")


def put(client, key, offset, data):
    headers = {"Upload-Id": str(key), "Upload-Offset": str(offset)}
    return client.post(UPLOAD, data, "application/octet-stream", headers=headers)


def test_script_sends_slices_and_goes_on_after_a_cut(sender):
    client, _conversation = sender
    content = make_captures.png(more=2 * CHUNK_BYTES)
    key = uuid.uuid4()
    told = begin(client, content, key).json()
    assert told == {"id": str(key), "received": 0, "size": len(content), "slice": CHUNK_BYTES, "is_whole": False}
    assert put(client, key, 0, content[:CHUNK_BYTES]).json()["received"] == CHUNK_BYTES
    assert put(client, key, 0, content[:CHUNK_BYTES]).json()["received"] == CHUNK_BYTES  # its answer was lost
    early = put(client, key, 2 * CHUNK_BYTES, content[2 * CHUNK_BYTES :])
    assert (early.status_code, early.json()["received"]) == (409, CHUNK_BYTES)
    assert begin(client, content, key).json()["received"] == CHUNK_BYTES  # the page was loaded again
    page = read(client.get(PAGE))
    assert "Envoi interrompu à" in page
    put(client, key, CHUNK_BYTES, content[CHUNK_BYTES : 2 * CHUNK_BYTES])
    assert put(client, key, 2 * CHUNK_BYTES, content[2 * CHUNK_BYTES :]).json()["is_whole"] is True


@pytest.mark.parametrize(
    ("state", "said", "is_joined"),
    [
        ("private", "Il va avec ce fait", True),
        ("shown", "Il va avec ce fait", True),
        ("seen", "ne va pas avec ce fait", False),
        ("with another fact", "ne va pas avec ce fait", False),
    ],
)
def test_file_that_was_sent_before_is_joined_to_a_fact_or_its_sender_reads_why_not(as_reporter, state, said, is_joined):
    """Its id is the same as before, so nothing is sent."""
    conversation = make.assigned()
    client = answer_no(as_reporter(conversation))
    made = {"shown": make_captures.shown, "seen": make_captures.seen}.get(state, make_captures.received)
    capture, fact, other = made(conversation), note(conversation), note(conversation)
    if state == "with another fact":
        Capture.objects.update(fact=other)
    asked = {"id": str(capture.public_id), "size": capture.size, "name": "a.png", "fact": str(fact.public_id)}
    for _twice in range(2):
        told = client.post(UPLOAD, json.dumps(asked), "application/json").json()
        assert told["is_whole"] and said in squeezed(told["said"])
    joined_to = Capture.objects.get().fact
    assert (joined_to == fact) is is_joined and (joined_to == other) is (state == "with another fact")


def test_file_that_is_chosen_again_is_not_said_to_be_private(as_reporter):
    conversation = make.assigned()
    client = answer_no(as_reporter(conversation))
    capture = make_captures.seen(conversation)
    told = begin(client, make_captures.png(), capture.public_id).json()
    assert told["is_whole"] and "Ce fichier était déjà là." in squeezed(told["said"])
    assert "said" not in begin(client, make_captures.png()).json()


def test_file_that_was_interrupted_goes_on_with_the_fact_for_which_it_is_chosen_again(sender):
    client, conversation = sender
    content, key, fact = make_captures.png(more=CHUNK_BYTES), uuid.uuid4(), note(conversation)
    begin(client, content, key)
    asked = {"id": str(key), "size": len(content), "name": "a.png", "fact": str(fact.public_id)}
    assert "said" not in client.post(UPLOAD, json.dumps(asked), "application/json").json()
    assert Capture.objects.get().fact == fact


ID = str(uuid.UUID(int=1))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ([], 400),
        ({}, 400),
        ({"id": "x", "size": 1, "name": "a"}, 400),
        ({"id": ID, "size": "1", "name": "a"}, 400),
        ({"id": ID, "size": True, "name": "a"}, 400),
        ({"id": ID, "size": 5, "name": "x" * 5_000}, 400),
        ({"id": ID, "size": 0, "name": "a"}, 422),
        ({"id": ID, "size": -5, "name": "a"}, 422),
        ({"id": ID, "size": 99_999_999_999_999, "name": "a"}, 413),
    ],
)
def test_what_begins_no_file_is_answered(sender, asked, status):
    client, _conversation = sender
    answer = client.post(UPLOAD, json.dumps(asked), "application/json")
    assert answer.status_code == status and answer.json()["said"] and not Capture.objects.exists()


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "text/plain", "application/x-www-form-urlencoded"])
def test_body_of_another_kind_begins_nothing(sender, kind):
    client, _conversation = sender
    body = b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\nx\r\n--b--\r\n'
    assert client.post(UPLOAD, body, kind).status_code == 400


@pytest.mark.parametrize(("key", "offset"), [("x", "0"), ("", "0"), (uuid.UUID(int=1), "-1"), (uuid.UUID(int=1), "²")])
def test_slice_whose_head_is_none_is_answered(sender, key, offset):
    client, _conversation = sender
    assert put(client, key, offset, b"a").status_code == 400


def test_slice_of_nothing_is_gone_and_of_another_kind_refused(sender):
    client, _conversation = sender
    assert put(client, uuid.uuid4(), 0, b"a").status_code == 410
    key = uuid.uuid4()
    begin(client, b"<svg/>", key)
    answer = put(client, key, 0, b"<svg/>")
    assert answer.status_code == 415 and "ni une image ni un PDF" in answer.json()["said"].replace("\u00a0", " ")


def test_slices_have_a_pace(sender, monkeypatch, one_window):
    from chat.visitor import captures as page

    client, _conversation = sender
    monkeypatch.setattr(page, "SLICES", 1)
    begin(client, b"a" * 5)
    assert begin(client, b"a" * 5).status_code == 429


def test_files_of_an_hour_are_bounded_whatever_was_erased_and_a_cut_counts_for_none(sender, monkeypatch, one_window):
    from chat.visitor import captures as page

    monkeypatch.setattr(page, "FILES", 2)
    client, _conversation = sender
    content = make_captures.png()
    keys = [uuid.uuid4() for _ in range(2)]
    for key in keys:
        for _cut in range(3):
            assert begin(client, content, key).status_code == 200
        assert put(client, key, 0, content).json()["is_whole"]
    client.post(PAGE, {"act": "erase", "one": [str(key) for key in keys]})
    assert not Capture.objects.exists()
    refused = begin(client, content)
    assert refused.status_code == 422 and "envoyés en une heure" in refused.json()["said"]
    assert "envoyés en une heure" in read(send(client, content)), "beside the field of the plain form"
    assert not Capture.objects.exists()
    assert page.FILES_SECONDS == 3600 and definitions.CAPTURES_MOST.most == 50


def test_nobody_without_a_visit_sends(client):
    assert begin(client, b"a").status_code == 401
    assert client.get(PAGE).status_code == 302


def test_capture_of_another_exchange_is_none(as_reporter, sender):
    client, _conversation = sender
    key = uuid.uuid4()
    begin(client, make_captures.png(), key)
    other = answer_no(as_reporter(make.waiting()))
    assert put(other, key, 0, make_captures.png()).status_code == 410
    other.post(PAGE, {"act": "erase", "one": str(key)})
    other.post(PAGE, {"act": "show", "one": str(key)})
    assert Capture.objects.get(public_id=key).shown_at is None


# --- show, take back, erase -------------------------------------------------------------------------------------------


def test_shown_taken_back_and_erased(sender):
    client, conversation = sender
    capture = make_captures.received(conversation)
    one = {"one": str(capture.public_id)}
    assert "Montré à votre interlocuteur : 1." in read(client.post(PAGE, {"act": "show", **one}, follow=True))
    assert "De nouveau privé : 1." in read(client.post(PAGE, {"act": "take_back", **one}, follow=True))
    assert "C'est effacé." in read(client.post(PAGE, {"act": "erase", **one}, follow=True))
    assert not Capture.objects.exists()
    assert "cochez d'abord" in read(client.post(PAGE, {"act": "show"}, follow=True))


def test_capture_goes_with_a_fact_and_is_shown_with_it(sender):
    client, conversation = sender
    fact, other = (note(conversation) for _each in range(2))
    page = client.get(f"{PAGE}?note={fact.public_id}")
    assert "va avec le fait noté : 12 mars 2026 (n° 1)." in read(page) and f'data-fact="{fact.public_id}"' in page.text
    send(client, make_captures.png(), "avec.png", fact=str(fact.public_id))
    key = uuid.uuid4()
    asked = {"id": str(key), "size": len(make_captures.png()), "name": "aussi.png", "fact": str(other.public_id)}
    client.post(UPLOAD, json.dumps(asked), "application/json")
    put(client, key, 0, make_captures.png())
    # With the id of a fact that does not exist any more.
    send(client, make_captures.png(), "seule.png", fact=str(uuid.uuid4()))
    assert [one.fact_number for one in queries.own_captures(conversation)] == [None, other.number, fact.number]
    client.post("/tchat/faits/", {"act": "show", "fact": str(fact.public_id)})
    assert queries.count_shown(conversation).by_fact == {fact.number: [1]}
    client.post("/tchat/faits/", {"act": "show_all"})
    assert queries.count_shown(conversation).by_fact == {fact.number: [1], other.number: [2]}


def test_fact_of_another_exchange_is_none(sender):
    client, conversation = sender
    theirs = note(make.waiting())
    assert "va avec le fait" not in read(client.get(f"{PAGE}?note={theirs.public_id}"))
    send(client, make_captures.png(), fact=str(theirs.public_id))
    assert queries.own_captures(conversation)[0].fact_number is None


def note(conversation):
    told = Told("Un mot", Moment(Precision.DAY, date(2026, 3, 12)))
    return journal_actions.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told)


def test_what_its_agent_saw_stays(as_reporter):
    conversation = make.assigned()
    client = as_reporter(conversation)
    capture = make_captures.seen(conversation)
    one = {"one": str(capture.public_id)}
    for act in ("take_back", "erase"):
        assert "Déjà vu par votre interlocuteur" in read(client.post(PAGE, {"act": act, **one}, follow=True))
    assert "Vu par votre interlocuteur" in read(client.get(PAGE))


def test_erasing_with_nothing_ticked_erases_nothing_and_says_so(sender):
    client, conversation = sender
    make_captures.received(conversation)
    said = read(client.post(PAGE, {"act": "erase"}, follow=True))
    assert "cochez d'abord" in said and "C'est effacé" not in said and Capture.objects.exists()


@pytest.mark.parametrize(("act", "done"), [("erase", "Effacé : 2."), ("take_back", "De nouveau privé : 2.")])
def test_what_was_seen_meanwhile_hinders_none_of_the_others_and_both_are_counted(as_reporter, act, done):
    conversation = make.assigned()
    ticked = [make_captures.shown(conversation), make_captures.seen(conversation), make_captures.shown(conversation)]
    Capture.objects.exclude(pk=ticked[1].pk).update(read_at=None)
    client = as_reporter(conversation)
    said = read(client.post(PAGE, {"act": act, "one": [str(one.public_id) for one in ticked]}, follow=True))
    assert f"{done} Déjà vu par votre interlocuteur, cela reste dans l'échange : 1." in said
    assert [row.pk for row in Capture.objects.filter(shown_at__isnull=False)] == [ticked[1].pk]


def test_nothing_is_said_to_be_seen_that_was_not(as_reporter):
    """One capture is shown, and « Ne plus montrer » is pressed with a private one ticked."""
    conversation = make.assigned()
    make_captures.shown(conversation)
    private = make_captures.received(conversation)
    client = as_reporter(conversation)
    said = read(client.post(PAGE, {"act": "take_back", "one": str(private.public_id)}, follow=True))
    assert "cochez d'abord" in said and "Déjà vu" not in said


def test_unreadable_capture_is_said_to_be_unreadable_never_safe(sender):
    client, conversation = sender
    capture = make_captures.received(conversation)
    drawing._finish(capture, {"sha256": "0" * 64, "kind": "png"}, [])
    page = read(client.get(PAGE))
    assert "illisible" in page and "sain" not in page


@pytest.mark.parametrize("is_given_up", [False, True])
def test_capture_for_which_there_was_no_time_is_not_said_to_be_unreadable(sender, is_given_up):
    """It is « not yet prepared », also when a process of an earlier version has given it up (is_given_up)."""
    client, conversation = sender
    capture = make_captures.received(conversation)
    for _each in range(queries.LATE_TRIES):
        drawing._put_off(capture, {"sha256": "0" * 64, "kind": "png"})
    if is_given_up:
        drawing._finish(capture, {"late": True}, [])
    page = read(client.get(PAGE))
    assert "Pas encore préparé : le service n'en a pas eu le temps. L'original est gardé." in page
    assert "illisible" not in page


def test_person_reads_that_captures_go_along_before_they_agree(as_reporter):
    conversation = make.assigned()
    make_captures.seen(conversation)
    hand.asked(conversation, hand.account())
    page = read(as_reporter(conversation).get("/tchat/suites/"))
    assert "Les captures que vous avez montrées vont avec ce résumé (1)" in page


def test_form_that_the_script_sends_when_its_visit_has_ended_says_so(client):
    """A slice is answered 401, and the page's form is then sent without a file (static/pnav/chat/captures.js)."""
    assert begin(client, make_captures.png()).status_code == 401
    page = read(client.post(PAGE, {"act": "send"}, follow=True))
    assert "Cette visite a pris fin sur cet appareil" in page


# --- voices -----------------------------------------------------------------------------------------------------------


def test_page_speaks_english(sender):
    client, _conversation = sender
    english = in_language("en").reverse("chat:captures")
    assert english == "/en/tchat/captures/" and "Your screenshots" in unescape(client.get(english).text)


# Words that tell somebody who looks at the screen what a « yes » is about. test_voices.py looks for fewer.
TELLING = re.compile(
    r"polic|gendarm|cyber|pharos|harc|harass|menac|threat|insult|victim|signal|report|plainte|complaint|violen|"
    r"enqu[eê]t|investigat|en danger|in danger",
    re.IGNORECASE,
)


@pytest.mark.parametrize("discreet", [False, True])
def test_way_back_to_the_question_tells_nothing_in_discreet_mode(as_reporter, discreet):
    client = as_reporter(make.waiting(discreet=discreet))
    address = DISCREET.reverse("chat:captures") if discreet else PAGE
    client.post(address, {"act": "answer", "minor": "no"})
    page = unescape(client.get(address).text)
    assert 'value="again"' in page
    assert ("de moins de 18 ans nue" in page) is not discreet and ("Revoir la question" in page) is discreet


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("who", [AgeBand.ADULT, AgeBand.UNDER_18])
def test_yes_says_who_helps_and_nothing_on_the_screen_tells_in_discreet_mode(as_reporter, who, language):
    """Whoever opens « Numéros utiles » reads all of it; the address of the page says nothing either."""
    client = as_reporter(make.waiting(discreet=True, **AgeBand.as_stored(who)))
    client.cookies["django_language"] = language
    discreet = DISCREET.reverse("chat:captures")
    assert re.fullmatch(r"/n/\d{6}/", discreet)
    client.post(discreet, {"act": "answer", "minor": "yes"})
    page = client.get(discreet).text
    main = page[page.index("<main") : page.index("</main>")]
    words = squeezed(unescape(words_on_screen(main)))
    assert {"fr": "Numéros utiles", "en": "Useful numbers"}[language] in words
    assert {"fr": "Rien n'est reçu ici", "en": "Nothing is received here"}[language] in words
    assert [found[0] for found in TELLING.finditer(words)] == []
    assert not re.search("capture|screenshot", words, re.IGNORECASE), "they are documents here"
    folded = squeezed(unescape(main))
    assert all(one in folded for one in ("3018", "119", "PHAROS", "https://17cyber.gouv.fr"))


def test_code_of_suites_sends_and_shows_and_sees_its_own_alone(as_reporter, client):
    agent, unit = make.agent(), hand.account()
    conversation = make.assigned(agent, reception_point=unit.point)
    before = make_captures.received(conversation, name="AVANT.png")
    hand.sent(conversation, unit)
    follow_up_code.set_code(conversation.pk, b"x" * 32, timezone.now())
    session = client.session
    follow_up_code.remember(session, FollowUp.objects.get(conversation=conversation))
    session.save()
    assert f'href="{PAGE}"' in client.get("/tchat/suites/").text
    page = client.get(PAGE)
    assert "AVANT.png" not in read(page) and "seul ce qui a été envoyé ici" in read(page)
    assert salt_of(page) != salt_of(as_reporter(conversation).get(PAGE))  # so nobody can find out what was sent before
    client.post(PAGE, {"act": "answer", "minor": "yes"})
    client.post(PAGE, {"act": "note", "address": "https://exemple.test/compte"})
    assert "https://exemple.test/compte" in read(client.get("/tchat/faits/"))
    client.post(PAGE, {"act": "answer", "minor": "no"})
    theirs = note(conversation)
    send(client, make_captures.png(), "FORMULAIRE.png", fact=str(theirs.public_id))
    key = uuid.uuid4()
    asked = {"id": str(key), "size": len(make_captures.png()), "name": "TRANCHE.png"}
    assert client.post(UPLOAD, json.dumps(asked), "application/json").status_code == 200
    assert put(client, key, 0, make_captures.png()).json()["is_whole"]
    shown = read(client.get(PAGE))
    assert "FORMULAIRE.png" in shown and "TRANCHE.png" in shown and "AVANT.png" not in shown
    assert all(one.fact_number is None for one in queries.own_captures(conversation))
    # For a visit, what it did not send does not exist, even under its id.
    same = {"id": str(before.public_id), "size": before.size, "name": "x"}
    assert client.post(UPLOAD, json.dumps(same), "application/json").status_code == 410
    assert put(client, before.public_id, 0, make_captures.png()).status_code == 410
    for act in ("erase", "show"):
        client.post(PAGE, {"act": act, "one": str(before.public_id)})
    client.post(PAGE, {"act": "show_all"})
    states = {one.name: one.shown_at is not None for one in queries.own_captures(conversation)}
    assert states == {"AVANT.png": False, "FORMULAIRE.png": True, "TRANCHE.png": True}
