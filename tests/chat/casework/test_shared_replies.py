"""Shared replies in the admin: their variables are checked, they are shown before they are saved, and agents
find them.
"""

import re
from html import unescape
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.utils import timezone

from chat.casework import person_summary, replies
from chat.models import CannedReply, OwnReply
from chat.rules import reply_template
from locations import hours
from locations.models import Force, ReceptionPoint
from pnav.accounts.models import Role, User
from reports.models import AccessRecord, ReporterRole
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.factories import locations as places
from tests.support import begun
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db

ADD = "/admin/chat/cannedreply/add/"
SECRET = "Mot-que-personne-ne-doit-lire"


@pytest.fixture
def chief():
    return signed_in(User.objects.create_user("chef", password="x", role=Role.ADMINISTRATOR))


@pytest.fixture
def reply():
    return CannedReply.objects.create(title="Venir", vous="Venez : {adresse} <b>", tu="Viens : {adresse}")


def form(**changes: str) -> dict[str, str]:
    usual = {"title": "Venir", "subject": "complaint", "order": "1", "is_active": "on", "vous": "x", "tu": ""}
    return usual | {"force": "", "unit": ""} | changes


def page_of_reply(row: CannedReply) -> str:
    return f"/admin/chat/cannedreply/{row.pk}/change/"


# --- what a text may hold ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{adrese}", ["{adrese}"]),
        ("{adrese} et {adrese}", ["{adrese}"]),
        ("{x} et {y}", ["{x}", "{y}"]),
        ("{}", ["{}"]),
        ("{adresse", ["accolade est seule"]),
        ("adresse}", ["accolade est seule"]),
        ("{{adresse}}", ["accolade est seule"]),
        ("{adresse} {prenom} {unite} {telephone} {horaires} {commune}", []),
        ("sans rien", []),
    ],
)
def test_faults(text, words):
    told = [str(one) for one in reply_template.faults(text)]
    assert len(told) == len(words) and all(word in one for word, one in zip(words, told, strict=True))


def test_faults_are_said_beside_the_text_that_has_them(chief):
    answer = chief.post(ADD, form(vous="{adrese}", tu="{Prénom} {unite}"))
    errors = answer.context["adminform"].form.errors
    assert set(errors) == {"vous", "tu"}
    assert "Variable inconnue : {adrese}" in errors["vous"][0] and "{horaires}" in errors["vous"][0]
    assert "{adrese}" in answer.text and not CannedReply.objects.filter(title="Venir").exists()
    with pytest.raises(ValidationError):
        CannedReply(title="x", vous="bien", tu="{adrese}").full_clean()


# --- before it is saved -----------------------------------------------------------------------------------------------


def test_preview_is_what_an_agent_finds_and_saves_nothing(chief, reply):
    unit = places.reception_point(
        name="Commissariat de Lens",
        address="3 rue Haute",
        postal_code="62300",
        town="Lens",
        telephone="03 21 00 00 00",
        opening_hours={day: [["08:00", "12:00"]] for day in hours.DAYS},
    )
    text = "Bonjour, {prenom}. {unite}, {adresse}, {telephone}, {horaires}, {commune}. <b>"
    answer = chief.post(page_of_reply(reply), form(vous=text, title="Autre titre") | {"_preview": "1"})
    page = answer.text
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    shown = [unescape(found) for found in re.findall(r'<p class="pnav-sample__text">(.*?)</p>', page, re.DOTALL)]
    agent = make.agent(public_name=replies.SAMPLE_NAME)
    conversation = make.assigned(agent, reception_point=unit, municipality=None)
    dossier = person_summary.read_person_summary(conversation, timezone.now())
    found = reply_template.fill(text, replies.variable_values(agent, dossier) | {"commune": "Lens"})
    assert shown[0] == shown[2] == found and "<b>" in found and "<b>" not in page.split("pnav-sample__text")[1]
    assert shown[1] == shown[3] and shown[1].count("[à compléter") == 5
    assert "Autre titre" in page and "Plainte et unité" in page and "Commissariat de Lens" in page
    reply.refresh_from_db()
    assert (reply.title, reply.vous) == ("Venir", "Venez : {adresse} <b>")
    assert not LogEntry.objects.exists() and not AccessRecord.objects.exists()


def test_preview_speaks_tu_to_a_minor_and_of_its_force(chief):
    places.reception_point(
        name="Brigade", force=Force.GENDARMERIE, address="a", telephone="1", opening_hours={"mon": [["08:00", "12:00"]]}
    )
    told = chief.post(ADD, form(vous="Venez {unite}", tu="Viens {unite}", force="gendarmerie") | {"_preview": "1"}).text
    assert "Venez Brigade" in told and "Viens Brigade" in told
    other = chief.post(ADD, form(vous="Venez {unite}", force="police") | {"_preview": "1"}).text
    assert "Unité d&#x27;exemple" in other and not ReceptionPoint.objects.filter(force="police").exists()
    assert not CannedReply.objects.filter(title="Venir").exists()


def test_preview_of_a_form_with_errors_is_the_form(chief, reply):
    answer = chief.post(page_of_reply(reply), form(vous="{adrese}") | {"_preview": "1"})
    assert answer.context["adminform"].form.errors and "pnav-sample" not in answer.text
    reply.refresh_from_db()
    assert reply.vous.startswith("Venez")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_preview_is_for_administrators(reply, role):
    user = User.objects.create_user("autre", password="x", role=role)
    answer = signed_in(user).post(page_of_reply(reply), form() | {"_preview": "1"})
    assert answer.status_code == 403


# --- saved ------------------------------------------------------------------------------------------------------------


def test_saved_reply_has_its_history_and_agents_find_it_by_its_subject(chief, reply):
    agent = make.agent()
    address, client = page_of(make.assigned(agent)), signed_in(agent.user)
    assert chief.post(page_of_reply(reply), form(title="Venir demain", vous="Demain")).status_code == 302
    entry = LogEntry.objects.get()
    assert entry.user.username == "chef" and "Titre" in entry.get_change_message()
    line = AccessRecord.objects.get()
    assert (line.subject, line.kind) == (f"chat.CannedReply {reply.pk}", "admin_change") and "Demain" not in line.detail
    drawn = unescape(squeezed(client.get(address).text))
    (tag,) = re.findall(r"<button[^>]*>\s*<span[^>]*>\s*<strong>Venir demain</strong> ?(.*?)</button>", drawn)
    assert "Plainte et unité" in tag
    withdrawn = {name: value for name, value in form(title="Venir demain").items() if name != "is_active"}
    assert chief.post(page_of_reply(reply), withdrawn).status_code == 302
    assert "Venir demain" not in client.get(address).text


def test_replies_of_the_first_day_have_a_subject():
    assert CannedReply.objects.count() == 20
    assert not CannedReply.objects.filter(subject=reply_template.Subject.OTHER).exists()


def test_own_replies_are_nowhere_in_the_admin(chief):
    agent = make.agent()
    replies.save_own(agent=agent, title=SECRET, vous=SECRET, tu="")
    shown = CannedReply.objects.all()[0]
    pages = ["/admin/", "/admin/chat/", "/admin/chat/cannedreply/", page_of_reply(shown)]
    assert not any(SECRET in chief.get(page).text for page in pages)
    assert SECRET not in chief.post(page_of_reply(shown), form() | {"_preview": "1"}).text
    assert chief.get(f"/admin/chat/ownreply/{OwnReply.objects.get().pk}/change/").status_code == 404


# --- the variables ----------------------------------------------------------------------------------------------------


def test_every_variable_has_a_value():
    """Nothing is filled in either that no text may name."""
    assert set(replies._values("Camille", None, "Lille")) == set(reply_template.VARIABLES)


def test_two_variables_never_say_the_same():
    """Whoever misses a variable may not know that it is there under another name."""
    values = replies._values("Camille", replies.sample_unit(""), "Lille")
    assert all(values.values()) and len(set(values.values())) == len(values)


def test_guide_names_every_variable(settings):
    guide = (settings.BASE_DIR / "docs" / "guide-administration.md").read_text()
    section = guide.partition("## Les réponses prêtes")[2].partition("\n## ")[0]
    assert set(re.findall(r"`\{(\w+)\}`", section)) == set(reply_template.VARIABLES)


def test_form_of_the_admin_lists_every_variable(chief):
    page = unescape(chief.get(ADD).text)
    assert [name for name in reply_template.VARIABLES if f"{{{name}}}" not in page] == []


# --- to whom it speaks ------------------------------------------------------------------------------------------------

OF_A_VICTIM = re.compile(r"(vous pouvez|tu peux) porter plainte|\b(vos|tes) comptes\b", re.IGNORECASE)


def offered(agent, conversation) -> list[reply_template.Reply]:
    return replies.of_conversation(agent, person_summary.read_person_summary(conversation, timezone.now()))


@pytest.mark.parametrize("age_band", ["adult", "15_17"])
@pytest.mark.parametrize("role", ReporterRole.values)
def test_who_helps_is_offered_nothing_that_was_written_for_a_victim(role, age_band):
    agent = make.agent()
    found = offered(agent, make.assigned(agent, role=role, age_band=age_band))
    written = {one.label for one in found if OF_A_VICTIM.search(one.text)}
    assert written == ({"Parler de la plainte", "Premiers gestes"} if role == "victim" else set())
    to_helpers = {one.label for one in found if one.label.startswith(("Qui aide :", "Professionnel :"))}
    assert (len(found), len(to_helpers)) == ((13, 0) if role == "victim" else (18, 7))


@pytest.mark.parametrize(
    ("role", "titles"), [("victim", {"à tous", "à qui subit"}), ("witness", {"à tous", "à qui aide"})]
)
def test_reply_is_offered_and_inserted_for_whom_it_speaks_to(chief, role, titles):
    CannedReply.objects.all().delete()
    for title, audience in (("à tous", ""), ("à qui subit", "victim"), ("à qui aide", "helper")):
        assert chief.post(ADD, form(title=title, vous=title, audience=audience)).status_code == 302
    agent = make.agent()
    conversation = make.assigned(agent, role=role)
    assert {one.label for one in offered(agent, conversation)} == titles
    client = signed_in(agent.user)
    for row in CannedReply.objects.all():
        html = client.post(page_of(conversation), {"insert": str(row.public_id), "body": ""}).text
        area = re.search(r'<textarea[^>]*id="corps-[^>]*>(.*?)</textarea>', html, re.DOTALL)
        assert area is not None and (row.title in area.group(1)) == (row.title in titles)


def test_reply_that_somebody_changed_stays_offered_to_everybody():
    CannedReply.objects.filter(title="Parler de la plainte").update(audience="", vous="Porter plainte est possible.")
    CannedReply.objects.filter(title="Premiers gestes").update(audience="")
    import_module("chat.migrations.0045_replies_to_victims").say_to_whom(apps, None)
    said = dict(CannedReply.objects.exclude(audience__in=["", "helper"]).values_list("title", "audience"))
    assert said == {"Premiers gestes": "victim"}


def test_first_replies_to_who_helps_are_written_once_and_left_to_who_took_their_title():
    first = import_module("chat.migrations.0047_replies_to_helpers")
    mine, *others = [title for title, *_texts in first.REPLIES]
    CannedReply.objects.filter(title=mine).update(vous="Le mien.", audience="")
    CannedReply.objects.filter(title__in=others).delete()
    before = set(CannedReply.objects.values_list("title", "vous"))
    first.write_replies(apps, None)
    first.write_replies(apps, None)
    rows = CannedReply.objects.filter(audience="helper")
    assert sorted(row.title for row in rows) == sorted(others)
    for row in rows:
        text, language = row.spoken(familiar=False, language="en")
        assert language == "en" and not reply_template.faults(text) and not reply_template.faults(row.vous)
    first.take_back(apps, None)
    assert set(CannedReply.objects.values_list("title", "vous")) == before


@pytest.mark.parametrize("word", ["mineur", "parent", "toujours"])
def test_reply_is_found_by_words_that_it_does_not_say(word):
    """« mineur », « parent » and « toujours » found nothing, whoever wrote."""
    agent = make.agent()
    client = signed_in(agent.user)
    for role in ("victim", "relative"):
        page = unescape(client.get(page_of(make.assigned(agent, role=role))).text)
        assert re.search(rf'data-found-by="[^"]*\b{word}\b', page), role


def test_who_says_nothing_has_a_reply_in_each_voice_and_language():
    reply = CannedReply.objects.get(words__contains="silence")
    said = {
        reply.spoken(familiar=familiar, language=language) for familiar in (True, False) for language in begun.offered()
    }
    assert {language for _text, language in said} == set(begun.offered()) and len(said) >= 3


def test_words_of_an_administrator_are_left_as_they_are():
    write = import_module("chat.migrations.0061_words_and_a_reply_to_silence")
    CannedReply.objects.filter(title="Premiers gestes").update(words="à nous")
    CannedReply.objects.filter(title="Se présenter").update(words="")
    CannedReply.objects.filter(title=write.TITLE).update(vous="Autre.")
    write.write(apps, None)
    assert CannedReply.objects.get(title="Premiers gestes").words == "à nous"
    assert CannedReply.objects.get(title="Se présenter").words == write.WORDS["Se présenter"]
    write.take_back(apps, None)
    assert CannedReply.objects.get(title=write.TITLE).vous == "Autre."  # changed by somebody: it stays
