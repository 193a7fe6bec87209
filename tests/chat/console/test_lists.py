"""The lists of the console, and what its dossier says: who waits, whose turn it is, and what is known."""

import re
from datetime import UTC, datetime

import pytest
from django.db.models import F
from django.utils import timezone

from chat.casework import emergencies, person_summary
from chat.console import base, inbox
from chat.conversations import actions, resume
from chat.models import CannedReply, Message
from chat.models.casework import Emergency
from chat.rules import reply_template
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability, Outcome
from chat.rules.whereabouts import LATE_SIGN
from common.postgresql.prepared import Prepared
from locations import hours
from locations.models import Municipality, Partner, ReceptionPoint
from tests.chat.console.agents import CONSOLE, page_of, signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed
from tests.triage.paths import all_assessed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


# --- the lists ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Paris 11e arrondissement (75)", "Paris 11e (75)"),
        ("Marseille 1er Arrondissement (13)", "Marseille 1er (13)"),
        ("Saint-Arrondissement (01)", "Saint-Arrondissement (01)"),
        ("93200", "93200"),
    ],
)
def test_line_of_the_list_shows_a_district_by_its_number(name: str, shown: str):
    parts = inbox.DISTRICT.split(name, maxsplit=1)
    assert "".join(parts) == name, "screen readers say the whole of it"
    assert parts[0] + parts[-1] * (len(parts) > 1) == shown


def test_home_shows_who_waits_without_a_word_of_theirs():
    waiting = make.waiting(
        urgency=Urgency.CRITICAL, age_band="15_17", role="witness", queued_at=make.long_ago(65), force="gendarmerie"
    )
    make.message(waiting, "ne pas montrer ceci")
    html = signed_in(make.agent(availability=Availability.AWAY).user).get(CONSOLE).text
    queue = html[html.index('id="attente"') :]
    for word in ("Critique", "Mineur", "Témoin", "Gendarmerie nationale", "1 h 05", "93200"):
        assert word in queue
    assert "ne pas montrer" not in html
    assert str(waiting.public_id) not in html


def test_home_entry_says_unread_and_whose_turn_it_is():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    assert 'data-waits="me"' in client.get(CONSOLE).text
    make.message(conversation, "un")
    make.message(conversation, "deux")
    html = client.get(CONSOLE).text
    assert "2 non lus" in html and 'data-waits="me"' in html
    make.message(conversation, "réponse", Author.AGENT)
    assert 'data-waits="them"' in client.get(CONSOLE).text


FREES = 'data-slot="frees">« Terminer » libère la place'


def test_home_entry_says_that_the_person_left_until_they_are_seen_again():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "un")
    make.message(conversation, "réponse", Author.AGENT)
    client = signed_in(agent.user)
    resume.park_conversation(report=conversation.report)
    for address in (CONSOLE, CONSOLE + "?partie=liste", page_of(conversation) + "?partie=echange"):
        html = squeezed(client.get(address).text)
        assert 'data-waits="left"' in html and ">La personne a quitté la page<" in html
        assert FREES in html
    late, later = timezone.now(), timezone.now() + LATE_SIGN  # a beat that was sent before is written after
    type(conversation).objects.filter(pk=conversation.pk).update(reporter_seen_at=late)
    assert 'data-waits="left"' in client.get(CONSOLE).text
    type(conversation).objects.filter(pk=conversation.pk).update(reporter_seen_at=later)
    html = client.get(CONSOLE).text
    assert 'data-waits="them"' in html and ">La personne a quitté la page<" not in html
    assert FREES not in html
    type(conversation).objects.filter(pk=conversation.pk).update(reporter_seen_at=late)
    assert 'data-waits="left"' in client.get(CONSOLE).text
    make.message(conversation, "j'ai peur")  # sent before and written after as well, and it waits for an answer
    html = client.get(CONSOLE).text
    assert 'data-waits="me"' in html and ">La personne a quitté la page<" not in html


def test_thread_says_that_nobody_reads_there_now():
    agent = make.agent()
    conversation = make.assigned(agent)
    client, rows = signed_in(agent.user), type(conversation).objects.filter(pk=conversation.pk)

    def sign() -> str:
        html = client.get(page_of(conversation)).text.partition('data-slot="away"')[2].partition("</li>")[0]
        return re.sub(r"<[^>]*>", "", html.partition(">")[2])

    assert ' data-slot="away" hidden>' in squeezed(client.get(page_of(conversation)).text)
    rows.update(reporter_seen_at=make.long_ago(12))
    assert ' data-slot="away"><span' in squeezed(client.get(page_of(conversation)).text)
    assert sign().split() == ["Hors", "ligne", "depuis", "12", "min"]
    rows.update(reporter_seen_at=make.long_ago(3), reporter_is_hidden=True)
    assert sign().split() == ["Page", "en", "veille", "depuis", "3", "min"]
    resume.park_conversation(report=conversation.report)
    assert sign().split()[:6] == ["La", "personne", "a", "quitté", "la", "page"]


def test_exchange_that_a_colleague_handed_over_is_to_read_until_its_agent_writes():
    """It was « À la personne d'écrire », and no key led to it."""
    before, agent = make.agent(), make.agent()
    given, answered = make.assigned(before), make.assigned(agent, urgency=2)
    make.message(given, "un")
    make.message(given, "Je vous confie à un collègue.", Author.AGENT)
    make.message(answered, "Je vous lis.", Author.AGENT)
    type(given).objects.filter(pk=given.pk).update(assigned_to=agent, assigned_at=timezone.now())
    now = timezone.now()
    assert [one.turn for one in inbox.open_entries(agent, now)] == ["given", "them"], "before whoever is to write"
    entry = inbox.open_entries(agent, now)[0]
    assert inbox.is_in_view(entry, "a-repondre")
    assert "Vient de vous être confié : à lire" in squeezed(signed_in(agent.user).get(CONSOLE).text)
    make.message(given, "Bonsoir.", Author.AGENT)
    assert {one.turn for one in inbox.open_entries(agent, now)} == {"them"}


@pytest.mark.parametrize("back", ["message", "code"])
def test_home_entry_person_who_left_is_back_with_a_message_or_the_code(back):
    agent = make.agent()
    conversation = make.assigned(agent)
    resume.park_conversation(report=conversation.report)
    if back == "message":
        make.message(conversation, "me revoilà")
    else:
        resume.resume_conversation(conversation_id=conversation.pk)
    assert 'data-waits="me"' in signed_in(agent.user).get(CONSOLE).text


@pytest.mark.parametrize(("minutes", "is_asleep"), [(0.9, False), (1.1, True), (9, True), (11, False)])
def test_entry_says_that_a_page_out_of_sight_sleeps(minutes, is_asleep):
    """It says so as long as the page keeps its turn in the queue; then it says that the person is offline."""
    agent = make.agent()
    conversation = make.assigned(agent)
    rows = type(conversation).objects.filter(pk=conversation.pk)
    rows.update(reporter_seen_at=make.long_ago(minutes), reporter_is_hidden=True)
    html = squeezed(signed_in(agent.user).get(CONSOLE).text)
    assert ('data-slot="asleep">Page en veille' in html) is is_asleep
    assert ('data-slot="offline">Hors ligne' in html) is (minutes > 10)
    assert (FREES in html) is (minutes > 10)


def test_entry_says_that_an_exchange_is_at_rest_and_fills_no_place():
    agent = make.agent()
    conversation = make.assigned(agent)
    rows, client = type(conversation).objects.filter(pk=conversation.pk), signed_in(agent.user)
    rows.update(reporter_seen_at=make.long_ago(12))
    rows.update(dormant_since=F("reporter_seen_at"))
    html = squeezed(client.get(CONSOLE).text)
    assert ">Échange en veille, sans place<" in html and " data-dormant>" in html and FREES not in html
    rows.update(reporter_seen_at=make.long_ago(11))
    html = squeezed(client.get(CONSOLE).text)
    assert "Échange en veille, sans place<" not in html and " data-dormant" not in html and FREES in html


@pytest.mark.parametrize(("minutes", "is_offline"), [(0.9, False), (1.1, True)])
def test_home_entry_says_offline_after_a_minute_without_a_beat(minutes, is_offline):
    agent = make.agent()
    conversation = make.assigned(agent)
    type(conversation).objects.filter(pk=conversation.pk).update(reporter_seen_at=make.long_ago(minutes))
    html = signed_in(agent.user).get(CONSOLE).text
    assert ('data-slot="offline">Hors ligne' in html) is is_offline
    assert ('data-slot="offline" hidden>' in html) is not is_offline
    assert (FREES in html) is is_offline


def test_home_entry_says_whose_the_last_words_are_also_after_a_passage():
    """The list of who took an exchange said « Vous : » of what their colleague had written."""

    def said(key: str) -> bool:
        line = re.search(rf'data-slot="{key}"([^>]*)>', client.get(CONSOLE).text)
        assert line
        return "hidden" not in line[1]

    camille, alex = make.agent(), make.agent()
    conversation = make.assigned(camille)
    make.message(conversation, "Je vous écoute.", Author.AGENT)
    client = signed_in(camille.user)
    assert said("last-own") and not said("last-before")
    type(conversation).objects.filter(pk=conversation.pk).update(assigned_to=alex, assigned_at=timezone.now())
    client = signed_in(alex.user)
    assert said("last-before") and not said("last-own")
    # Within what every open page writes the next words over, also one of the version before.
    assert re.search(r'data-slot="last"><span\s+data-slot="last-before">Agent : </span>', client.get(CONSOLE).text)
    make.message(conversation, "Je prends la suite.", Author.AGENT)
    assert said("last-own") and not said("last-before")
    make.message(conversation, "D'accord.")
    assert not said("last-own") and not said("last-before")


def test_home_entry_says_that_the_last_words_are_a_supervisors():
    """« Vous : [Dominique, superviseur] … » named the agent who had not written it."""
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "[Dominique, superviseur]\nBonsoir, je suis là aussi.", Author.AGENT)
    client = signed_in(agent.user)
    line = client.get(CONSOLE).text.partition('data-slot="last">')[2].partition("</span></span>")[0]
    assert re.sub(r"<span[^>]*\shidden>[^<]*</span>|<[^>]*>", "", line) == "Superviseur : Bonsoir, je suis là aussi."
    assert re.search(r'data-slot="last-own"\s+hidden', client.get(CONSOLE).text)
    make.message(conversation, "[Dominique, superviseur]\nC'est moi qui l'ai écrit.")
    line = squeezed(client.get(CONSOLE).text).partition('data-slot="last">')[2].partition("</span></span>")[0]
    assert "[Dominique, superviseur]" in line, "the person wrote it"


@pytest.mark.parametrize(("minutes", "is_said"), [(7, True), (0.5, False)])
def test_home_entry_says_the_agents_own_part_of_a_wait(minutes, is_said):
    """The person's wait goes on from hand to hand; what of it is this agent's is a second figure."""
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "un")
    Message.objects.filter(conversation=conversation).update(sent_at=make.long_ago(minutes))
    html = squeezed(signed_in(agent.user).get(CONSOLE).text)
    entry = html[html.index("data-conversation=") : html.index("</li>", html.index("data-conversation="))]
    own = entry[entry.index('data-slot="own"') : entry.index("avec vous")]
    assert (" hidden" not in own) is is_said


@pytest.mark.parametrize(
    ("reading", "had_others"),
    [("_at_hand", False), ("open_entries", False), ("open_entries", True), ("ended_entries", True)],
)
def test_exchange_that_ends_while_the_page_is_drawn_is_in_one_of_its_lists(monkeypatch, reading, had_others):
    """It was in neither when it ended between two readings, and no frame told the page of an end before its line."""
    agent = make.agent()
    conversation = make.assigned(agent)
    if had_others:
        make.closed(agent)
    place = base if reading == "_at_hand" else inbox
    read = getattr(place, reading)

    def ends_before(*given):
        monkeypatch.setattr(place, reading, read)
        end = {"by_author": Author.AGENT, "by": agent.user, "outcome": Outcome.ADVISED}
        actions.close_conversation(conversation_id=conversation.pk, **end)
        return read(*given)

    client = signed_in(agent.user)
    monkeypatch.setattr(place, reading, ends_before)
    html = client.get(CONSOLE).text
    assert not type(conversation).objects.get(pk=conversation.pk).is_open
    assert html.count(f'<li class="console-entry" data-conversation="{conversation.public_id}"') == 1


def test_home_entry_and_thread_say_an_open_emergency_until_it_ends():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    mark = 'data-slot="emergency" hidden'
    assert mark in squeezed(client.get(CONSOLE).text)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    Emergency.objects.update(started_at=make.long_ago(2.5))
    html = squeezed(client.get(page_of(conversation)).text)
    assert mark not in html and 'data-slot="pinned" hidden' not in html
    strip = html[html.index("console-pinned") : html.index("console-log")]
    assert "02:30" in strip and "Pas encore fait" in strip and f"#procedure-{conversation.public_id}" in strip
    emergencies.finish(conversation_id=conversation.pk, by=agent.user)
    html = squeezed(client.get(page_of(conversation)).text)
    assert mark in html and 'data-slot="pinned" hidden' in html


def test_the_end_of_a_procedure_says_what_is_left_before_it_is_pressed():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    emergency = emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    steps = [done.line.step for done in emergencies.checklist(emergency)]
    for number, step in enumerate(steps):
        html = squeezed(client.get(page_of(conversation)).text)
        fold = html[html.index(f'id="fin-procedure-{conversation.public_id}"') :]
        fold = fold[: fold.index("</details>")]
        assert fold.count("<li>") == len(steps) - number and "Terminer quand même ?" in fold
        assert 'name="end"' in fold and html.count('name="end"') == 1
        emergencies.tick_step(conversation_id=conversation.pk, step=step, by=agent.user)
    html = squeezed(client.get(page_of(conversation)).text)
    assert "Terminer quand même ?" not in html and "fin-procedure" not in html
    assert html.count('name="end"') == 1


def test_procedure_that_nobody_ended_is_still_said_once_the_person_has_gone():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    html = squeezed(client.get(CONSOLE).text)
    ended = html[html.index('<details class="console-ended"') :]
    assert ended.startswith('<details class="console-ended" open>'), "in sight, not under a fold"
    assert 'data-slot="emergency" hidden' not in ended[: ended.index("</details>")]
    assert 'data-slot="pinned" hidden' not in squeezed(client.get(page_of(conversation)).text)
    emergencies.finish(conversation_id=conversation.pk, by=agent.user)
    html = squeezed(client.get(CONSOLE).text)
    assert '<details class="console-ended">' in html and 'data-slot="emergency" hidden' in html


def test_conversation_opened_is_read():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "un")
    client = signed_in(agent.user)
    html = client.get(page_of(conversation)).text
    conversation.refresh_from_db()
    assert conversation.agent_read_seq == conversation.last_seq == 2
    assert 'data-unread="0"' in html


def test_conversation_parts_alone_are_not_read():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "un")
    html = signed_in(agent.user).get(page_of(conversation) + "?partie=echange").text
    conversation.refresh_from_db()
    assert conversation.agent_read_seq == 0
    assert "<html" not in html and 'data-last-seq="2"' in html and "Ce que je sais" in html


def test_home_ended_lists_one_shift_of_what_this_agent_ended():
    agent = make.agent()
    recent, old = make.closed(agent), make.closed(agent)
    others = make.closed()
    type(old).objects.filter(pk=old.pk).update(closed_at=make.long_ago(13 * 60))
    html = signed_in(agent.user).get(CONSOLE).text
    assert str(recent.public_id) in html and "Conseils donnés" in html
    assert str(old.public_id) not in html and str(others.public_id) not in html


def test_who_has_ended_waits_for_nobody_in_the_list():
    """Their line had the colour of those who wait for an answer, and no hour, once the page was loaded again."""
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation)
    client = signed_in(agent.user)
    assert 'data-waits="me"' in client.get(CONSOLE).text
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    html = client.get(CONSOLE).text
    assert str(conversation.public_id) in html and "data-waits=" not in html.partition('id="liste"')[2]


def test_home_queries_do_not_grow_with_what_it_shows(django_assert_max_num_queries):
    agent = make.agent(capacity=10)
    client = signed_in(agent.user)
    for _number in range(8):
        make.message(make.assigned(agent))
        make.waiting()
    client.get(CONSOLE)  # the first page that shows an exchange gives it its handle
    with django_assert_max_num_queries(16):
        client.get(CONSOLE)


# --- what is known ------------------------------------------------------------------------------------------------


def test_dossier_tells_the_answers_the_report_and_the_place():
    unit = ReceptionPoint.objects.create(
        name="Commissariat d'essai",
        force="police",
        key="essai",
        source="essai",
        telephone="01 00 00 00 00 ou 01 00 00 00 01",
        address="1 rue de l'Essai",
        opening_hours={day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    )
    agent = make.agent()
    conversation = make.assigned(
        agent,
        answers={"danger": "no"},
        role="relative",
        age_band="under_15",
        facts=["rumours", "image"],
        platforms=["game"],
        since="week",
        expectations=["removal"],
        reception_point=unit,
        is_nearest=True,
        discreet=True,
    )
    html = signed_in(agent.user).get(page_of(conversation)).text
    dossier = html[html.index("console-dossier") : html.index("</aside>")]
    for words in (
        "Proche",
        "Moins de 15 ans",
        "Propagation de rumeurs",
        "Photo ou vidéo humiliante ou intime",
        "Jeu en ligne",
        "Quelques jours",
        "Faire retirer un contenu",
        "Point d'accueil à vérifier",
        "ce n'est peut-être ni sa commune ni l'unité compétente.",
        "Vérifiez avant de l'indiquer.",
        "Commissariat d&#x27;essai",
        'href="tel:0100000000">01 00 00 00 00 ou 01 00 00 00 01</a>',
        "24 heures sur 24",
        "Ouvert maintenant",
        "Quelqu'un peut voir l'écran",
        "Ses réponses",
    ):
        assert words in dossier, words


@pytest.mark.parametrize(("holidays", "told"), [({}, True), ({"holidays": []}, False)])
def test_dossier_says_on_a_public_holiday_that_the_hours_may_differ(monkeypatch, holidays, told):
    week = {day: [["00:00", "24:00"]] for day in hours.DAYS} | holidays
    unit = ReceptionPoint.objects.create(name="Brigade", force="gendarmerie", key="h", opening_hours=week)
    conversation = make.assigned(make.agent(), reception_point=unit)
    christmas = datetime(2026, 12, 25, 9, 0, tzinfo=UTC)
    reads = hours.opening_at
    monkeypatch.setattr(hours, "opening_at", lambda week, _now, **there: reads(week, christmas, **there))
    html = signed_in(conversation.assigned_to.user).get(page_of(conversation)).text
    assert ("Jour férié : les horaires peuvent différer." in html) is told


def test_dossier_says_why_in_the_third_person_for_a_minor():
    """The person reads *tu*; the agent who reads of them does not."""
    agent = make.agent()
    answers = next(
        path for path, told in all_assessed() if any("Tu as le droit" in str(reason) for reason in told.reasons)
    )
    conversation = make.assigned(agent, answers=answers, age_band="under_15")
    html = signed_in(agent.user).get(page_of(conversation)).text
    dossier = html[html.index("console-dossier") : html.index("</aside>")]
    assert "Un enfant ou un adolescent peut signaler, et porter plainte seul." in dossier
    assert "Tu as le droit" not in dossier


def test_duty_names_the_reason_of_the_break_for_everybody():
    html = signed_in(make.agent().user).get(CONSOLE).text
    assert '<label for="motif">Motif de la pause</label>' in html


def test_dossier_answers_that_no_key_opens_are_said_to_be_unreadable(caplog):
    agent = make.agent()
    conversation = make.assigned(agent)
    type(conversation.report).objects.update(triage_answers_sealed=b"unreadable")
    html = signed_in(agent.user).get(page_of(conversation)).text
    assert "ne peuvent pas être lues" in html
    assert str(conversation.public_id) in caplog.text


def test_dossier_proposes_partners_of_the_departement():
    lyon = Municipality.objects.create(
        insee_code="69123",
        name="Lyon",
        department_code="69",
        department_name="Rhône",
        department_search="rhone",
        region_code="84",
        region_name="Auvergne-Rhône-Alpes",
        zone="metro",
    )
    near = {"kind": Partner.Kind.VICTIM_HELP, "source": "essai", "telephone": "04 00 00 00 00"}
    Partner.objects.create(name="Aide du Rhône", key="a", department_code="69", **near)
    Partner.objects.create(name="Aide du Nord", key="b", department_code="59", **near)
    agent = make.agent()
    conversation = make.assigned(agent, municipality=lyon)
    client = signed_in(agent.user)
    html = client.get(page_of(conversation)).text
    assert "Aide du Rhône" in html and "04 00 00 00 00" in html and "Aide du Nord" not in html
    assert "Lyon (69)" in html
    near = re.search(r"<h3>Partenaires à proposer</h3>.*?</section>", html, re.DOTALL).group(0)
    key, text = re.search(r'value="(partenaire-\d+)" data-insert="([^"]*)"', near).groups()
    assert text == "Aide du Rhône : 04 00 00 00 00"
    answered = client.post(page_of(conversation), {"insert": key, "body": "Voici."}).text
    assert re.search(rf"<textarea[^>]*id=\"corps-[^>]*>\nVoici\.\n{re.escape(text)}</textarea>", answered)


def test_dossier_unknown_hours_claim_nothing():
    unit = ReceptionPoint.objects.create(name="Brigade d'essai", force="gendarmerie", key="essai", source="essai")
    agent = make.agent()
    conversation = make.assigned(agent, reception_point=unit)
    html = signed_in(agent.user).get(page_of(conversation)).text
    assert "Horaires inconnus." in html and "Ouvert maintenant" not in html and "Fermé" not in html


@pytest.mark.parametrize(("age_band", "pronoun"), [("adult", "pour vous"), ("15_17", "pour toi")])
def test_canned_reply_is_put_in_the_text_area_and_not_sent(age_band, pronoun):
    agent = make.agent(public_name="Camille")
    conversation = make.assigned(agent, age_band=age_band)
    key = CannedReply.objects.get(title="Se présenter").public_id
    html = signed_in(agent.user).post(page_of(conversation), {"insert": key, "body": ""}).text
    area = re.search(r'<textarea[^>]*id="corps-[^>]*>(.*?)</textarea>', html, re.DOTALL).group(1)
    assert "Camille" in area and pronoun in area
    assert conversation.messages.filter(author=Author.AGENT).count() == 0


def test_canned_unknown_key_changes_nothing():
    agent = make.agent()
    conversation = make.assigned(agent)
    html = signed_in(agent.user).post(page_of(conversation), {"insert": "inconnu", "body": "mon texte"}).text
    assert ">\nmon texte</textarea>" in html and "<title>Erreur" not in html
    assert conversation.messages.filter(author=Author.AGENT).count() == 0


def test_canned_replies_of_the_first_day_keep_to_one_pronoun():
    rows = list(CannedReply.objects.all())
    assert len(rows) == 20  # thirteen for whoever it happens to, and seven for somebody who helps
    for row in rows:
        vous, tu = (reply_template.choose(row.vous, row.tu, familiar=familiar) for familiar in (False, True))
        assert not re.search(r"\b(tu|toi|ton|ta|tes|te)\b|\bt[’']", vous, re.IGNORECASE), row.title
        if not row.title.startswith("Professionnel"):  # a professional is no minor
            assert not re.search(r"\b(vous|votre|vos)\b", tu, re.IGNORECASE), row.title
        assert reply_template.unknown_variables(vous + tu) == []


@pytest.mark.parametrize("more", [0, 1])
def test_page_says_that_there_are_more_exchanges_that_have_ended(monkeypatch, more):
    monkeypatch.setattr(inbox, "ENDED_AT_MOST", 2)
    monkeypatch.setattr(inbox, "_ENDED", Prepared(inbox._ended))  # the bound stands in the statement
    agent = make.agent()
    for _each in range(2 + more):
        make.closed(agent)
    entries, has_more = inbox.ended_entries(agent, timezone.now())
    assert (len(entries), has_more) == (2, bool(more))
    page = squeezed(signed_in(agent.user).get(CONSOLE).text)
    assert ("Les plus récents. Les autres :" in page) is bool(more)


@pytest.mark.parametrize(
    ("postal_code", "month", "said"),
    [
        ("98800", 1, "23:05 (10 h de plus)"),
        ("98800", 7, "23:05 (9 h de plus)"),
        ("97400", 1, "16:05 (3 h de plus)"),
        ("97110", 7, "08:05 (6 h de moins)"),
        ("75001", 1, ""),
        ("20000", 7, ""),
    ],
)
def test_dossier_says_what_time_it_is_overseas(postal_code, month, said):
    conversation = make.assigned(postal_code=postal_code)
    there = person_summary.read_person_summary(conversation, datetime(2026, month, 15, 12, 5, tzinfo=UTC)).local_time
    assert (f"{there.clock} ({there.difference})" if there else "") == said
    html = squeezed(signed_in(conversation.assigned_to.user).get(page_of(conversation)).text)
    assert ("Chez cette personne" in html) == bool(said)
    assert ("data-ahead" in html) == bool(said)
