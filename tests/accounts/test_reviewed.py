"""What one administrator changes on pages of visitors takes effect only when a second one agrees."""

import json
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings as site
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat.models import CannedReply, UnitAccount
from common import dates
from common.offload import pool
from common.service_settings import definitions
from common.service_settings import values as setting_values
from common.texts.models import ChangedSentence
from locations.models import Competence, Partner, ReceptionPoint, Source
from pnav.accounts import checks, deletion, reauthentication
from pnav.accounts.approval_rules import State
from pnav.accounts.approvals import actions as approval_actions
from pnav.accounts.approvals.reviewed import Reviewed
from pnav.accounts.models import PendingChange, Role, User
from pnav.pages.models import ContentBlock, HelpNumber
from reports.audit import wording as audit_wording
from reports.models import AccessKind, AccessRecord, Motive
from tests.access.people import signed_in
from tests.accounts.cast import make_user
from tests.accounts.test_audited_admin import Fields
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import register as written
from tests.factories import transmissions as hand
from tests.factories import triage
from triage import versions
from triage.editing import walking
from triage.editing.walk import Walk
from triage.models import QuestionnaireVersion
from triage.models import State as VersionState

pytestmark = pytest.mark.django_db

CHANGES = "/admin/accounts/pendingchange/"


def browser(user: User, settings) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(user)
    return client


@pytest.fixture
def one():
    return make_user("chef", Role.ADMINISTRATOR)


@pytest.fixture
def two():
    return make_user("cheffe", Role.ADMINISTRATOR)


@pytest.fixture
def asking(one, settings) -> Client:
    return browser(one, settings)


@pytest.fixture
def deciding(two, settings) -> Client:
    return browser(two, settings)


def address(row, page: str = "change") -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name, args=[row.pk] if page in {"change", "delete", "history"} else [])


def change(client: Client, row, **values: str):
    """Send the form of a row with these values changed."""
    form = Fields(client.get(address(row)).text).largest | {name: [value] for name, value in values.items()}
    answer = client.post(address(row), form, follow=True)
    assert answer.status_code == 200 and not (answer.context.get("errors") if answer.context else None), answer.text
    return answer


def decide(client: Client, pending: PendingChange, decision: str = "accept", motive: str = ""):
    return client.post(f"{CHANGES}{pending.pk}/decider/", {"decision": decision, "motive": motive}, follow=True)


def number(digits: str = "17") -> HelpNumber:
    return HelpNumber.objects.get(number=digits)


def block() -> ContentBlock:
    return ContentBlock.objects.create(slug="essai", title="Essai", body="Voir [le site](https://a.example/).")


# --- a number ---------------------------------------------------------------------------------------------------------


def test_number_changes_once_a_second_person_agreed(asking, deciding, one, two):
    shown = change(asking, number(), number="18 99")
    assert "attend la validation d'une deuxième personne" in shown.text
    pending = PendingChange.objects.get()
    assert (pending.state, pending.asked_by, pending.before, pending.after) == (
        State.PENDING, one, {"number": "17"}, {"number": "18 99"}
    )  # fmt: skip
    assert "17" in {row.number for row in HelpNumber.objects.all()}, "visitors read what they read before"
    read = Client().get(reverse("pages:numbers")).text
    assert 'href="tel:17"' in read and 'href="tel:1899"' not in read
    assert "1 changement attend" in deciding.get("/admin/").text
    assert "a proposé un changement de cette fiche" in deciding.get(address(number())).text
    page = deciding.get(f"{CHANGES}{pending.pk}/change/").text
    for words in ("Proposé par chef", "17", "18 99", "Accepter", "Refuser", "Sans accord d'une deuxième personne"):
        assert words in page.replace("&#x27;", "'"), words
    assert "Accepté" in decide(deciding, pending).text
    changed = HelpNumber.objects.get(pk=number("18 99").pk)
    assert changed.name == "numero_police" and 'href="tel:1899"' in Client().get(reverse("pages:numbers")).text
    pending.refresh_from_db()
    assert (pending.state, pending.decided_by) == (State.ACCEPTED, two)
    # Both names are in the audit log and in the history of the number.
    lines = list(AccessRecord.objects.filter(kind=AccessKind.APPROVAL).order_by("number"))
    assert [(line.account_id, line.subject) for line in lines] == [
        (one.pk, f"pages.HelpNumber {changed.pk}"), (two.pk, f"pages.HelpNumber {changed.pk}")
    ]  # fmt: skip
    assert [line.detail for line in lines] == [
        f"asked {pending.pk}: numéro", f"accepted {pending.pk}, asked by {one.pk}: numéro"
    ]  # fmt: skip
    assert audit_wording.in_words(lines[1].kind, lines[1].detail) == (
        f"accepté, proposition {pending.pk} : numéro ; proposé par le compte {one.pk}"
    )
    history = asking.get(address(changed, "history")).text
    assert "cheffe" in history and "proposé par chef, accepté" in history
    assert ">17</td>" in history.replace("Numéro : 17", ">17</td>"), "what stood there before"


def test_asker_does_not_agree_to_their_own(asking, one):
    change(asking, number(), number="18 99")
    pending = PendingChange.objects.get()
    page = asking.get(f"{CHANGES}{pending.pk}/change/").text
    assert "Accepter" not in page and "Retirer ma proposition" in page
    for decision in ("accept", "refuse"):
        answer = decide(asking, pending, decision, "oui")
        assert "pas à vous de décider" in answer.text.replace("&#x27;", "'")
    with pytest.raises(IntegrityError), transaction.atomic():
        PendingChange.objects.update(state=State.ACCEPTED, decided_by=one)
    assert number().number == "17" and PendingChange.objects.get().state == State.PENDING


def test_refusal_says_why_and_changes_nothing(asking, deciding):
    change(asking, number(), number="18 99")
    pending = PendingChange.objects.get()
    again = decide(deciding, pending, "refuse")
    assert "Écrivez pourquoi" in again.text and "aria-invalid" in again.text
    assert "Refusé" in decide(deciding, pending, "refuse", "Ce numéro n'existe pas").text
    assert "existe pas" in asking.get(f"{CHANGES}{pending.pk}/change/").text
    assert number().number == "17" and not HelpNumber.objects.filter(number="18 99").exists()
    assert "quelqu'un a décidé entre-temps" in decide(deciding, pending).text.replace("&#x27;", "'")


def test_what_nobody_answered_in_time_is_not_applied(asking, deciding):
    change(asking, number(), number="18 99")
    pending = PendingChange.objects.get()
    assert (
        pending.lapses_at - pending.asked_at == setting_values.get_duration(definitions.APPROVAL) == timedelta(hours=24)
    )
    PendingChange.objects.update(asked_at=timezone.now() - timedelta(hours=25), lapses_at=timezone.now())
    page = deciding.get(f"{CHANGES}{pending.pk}/change/").text
    assert "Accepter" not in page and "non appliquée" in page
    assert "attend l" not in deciding.get("/admin/").text.replace("attendent", "")
    assert "le délai est passé" in decide(deciding, pending).text
    assert number().number == "17"
    deletion.forget(timezone.now())
    pending.refresh_from_db()
    assert pending.state == State.LAPSED
    assert AccessRecord.objects.get(detail__startswith="lapsed").role == "service"
    # The same change may be asked for again.
    change(asking, number(), number="18 99")
    assert PendingChange.objects.filter(state=State.PENDING).count() == 1


def test_proposal_is_withdrawn_or_replaced_by_who_made_it(asking, deciding):
    change(asking, number(), number="18 99")
    change(asking, number(), number="18 98")
    first, second = PendingChange.objects.order_by("pk")
    assert (first.state, second.state) == (State.WITHDRAWN, State.PENDING)
    assert PendingChange.objects.count() == 2
    assert "pas à vous de décider" in decide(deciding, second, "withdraw").text.replace("&#x27;", "'")
    assert "Proposition retirée" in decide(asking, second, "withdraw").text
    assert not PendingChange.objects.filter(state=State.PENDING).exists() and number().number == "17"


@pytest.mark.parametrize(
    ("make_row", "theirs", "mine", "others"),
    [
        (number, {"number": "18 99"}, {"number": "18 97"}, {"audience": "Toutes & tous", "hours": "la nuit"}),
        (block, {"body": "Voir c.example."}, {"body": "Voir <b.example>.\nPuis"}, {"title": "Un autre titre"}),
        (
            lambda: ChangedSentence(key="chat.online"),
            {"vous": "Appelez le 06 12 34 56 78."},
            {"vous": "Appelez le 07 12 34 56 78."},
            {"en": "Write whenever you like."},
        ),
    ],
    ids=["number", "content", "sentence"],
)
def test_form_that_cannot_wait_beside_another_keeps_what_was_typed(asking, deciding, make_row, theirs, mine, others):
    row = make_row()
    change(asking, row, **theirs)
    [waiting] = PendingChange.objects.all()
    before, lines = row_of(row), AccessRecord.objects.count()
    form = Fields(deciding.get(address(row)).text).largest | {name: [text] for name, text in (mine | others).items()}
    answer = deciding.post(address(row), form)
    assert answer.status_code == 200
    [error] = answer.context["errors"]
    assert "un changement de cette fiche attend déjà" in str(error)
    assert f"<a href='{CHANGES}{waiting.pk}/change/'>" in answer.text
    shown = Fields(answer.text).largest
    assert {name: shown[name] for name in mine | others} == {name: [text] for name, text in (mine | others).items()}
    assert "attend la validation" not in answer.text
    # Nothing of it is stored, proposed or recorded.
    assert PendingChange.objects.count() == 1 and AccessRecord.objects.count() == lines and row_of(row) == before
    # Once the other change is decided, the same form is accepted as it is.
    decide(asking, waiting, "withdraw")
    assert deciding.post(address(row), shown).status_code == 302
    assert PendingChange.objects.get(state=State.PENDING).after.items() >= mine.items()


def row_of(row):
    return type(row).objects.filter(pk=row.pk).values().first()


def test_what_was_changed_meanwhile_is_not_overwritten(asking, deciding):
    change(asking, number(), number="18 99")
    HelpNumber.objects.filter(number="17").update(number="17 17")
    answer = decide(deciding, PendingChange.objects.get())
    assert "la fiche n'est plus celle de la proposition" in answer.text.replace("&#x27;", "'")
    assert HelpNumber.objects.filter(number="17 17").exists() and PendingChange.objects.get().state == State.PENDING


def test_what_the_version_after_proposed_waits_for_it(asking, deciding):
    """It knows a field more: nothing of the proposal is made without it."""
    change(asking, number(), number="18 99")
    waiting = PendingChange.objects.get()
    waiting.before, waiting.after = waiting.before | {"new_field": None}, waiting.after | {"new_field": "x"}
    waiting.save()
    answer = decide(deciding, waiting)
    assert "la fiche n'est plus celle de la proposition" in answer.text.replace("&#x27;", "'")
    assert number().number == "17" and PendingChange.objects.get().state == State.PENDING


def test_value_that_is_not_allowed_by_now_is_said(asking, deciding):
    change(asking, number(), number="18 99")
    HelpNumber.objects.exclude(number="17").filter(name=None)[0].delete()
    other = HelpNumber.objects.exclude(number="17")[0]
    HelpNumber.objects.filter(pk=other.pk).update(number="18 99")
    assert "Rien n'a changé" in decide(deciding, PendingChange.objects.get()).text.replace("&#x27;", "'")
    assert number().number == "17" and PendingChange.objects.get().state == State.PENDING


def test_words_without_link_or_number_change_at_once(asking):
    change(asking, number(), label="Police secours, jour et nuit")
    assert number().label == "Police secours, jour et nuit" and not PendingChange.objects.exists()
    change(asking, number(), label="Faites plutôt le 06 12 34 56 78")
    assert number().label == "Police secours, jour et nuit" and PendingChange.objects.count() == 1


def test_number_is_added_once_a_second_person_agreed(asking, deciding):
    form = Fields(asking.get("/admin/pages/helpnumber/add/").text).largest
    form |= {"number": ["39 19 19"], "label": ["Essai"], "audience": ["Tous"]}
    shown = asking.post("/admin/pages/helpnumber/add/", form, follow=True)
    assert "attend la validation" in shown.text and not HelpNumber.objects.filter(label="Essai").exists()
    pending = PendingChange.objects.get()
    assert "39 19 19" in deciding.get(f"{CHANGES}{pending.pk}/change/").text
    decide(deciding, pending)
    added = HelpNumber.objects.get(label="Essai")
    pending.refresh_from_db()
    assert (added.number, pending.object_id) == ("39 19 19", str(added.pk))
    assert "proposé par chef" in asking.get(address(added, "history")).text


# --- taking away ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [False, True])
def test_emergency_number_is_not_taken_away_by_one(asking, deciding, many):
    """Another number is: the deletion of several takes those at once, and asks about the others."""
    other = HelpNumber.objects.filter(is_emergency=False, name=None)[0]
    if many:
        chosen = {"action": "delete_selected", "_selected_action": [number().pk, other.pk], "post": "yes"}
        answer = asking.post("/admin/pages/helpnumber/", chosen, follow=True)
        assert not HelpNumber.objects.filter(pk=other.pk).exists()
    else:
        answer = asking.post(address(number(), "delete"), {"post": "yes"}, follow=True)
    assert "attend la validation" in answer.text and "supprimé" not in answer.text.lower().split("content-main")[0]
    assert HelpNumber.objects.filter(number="17").exists()
    decide(deciding, PendingChange.objects.get())
    assert not HelpNumber.objects.filter(number="17").exists()


def test_named_number_is_not_taken_away_by_one_in_two_steps(asking, deciding):
    """Sentences say « {numero_jeunes} » by its name: without it nobody is asked about the number."""
    named = HelpNumber.objects.exclude(name=None).get(number="3018")
    name = named.name
    assert "attend la validation" in change(asking, named, name="").text
    named.refresh_from_db()
    assert named.name == name
    answer = asking.post(address(named, "delete"), {"post": "yes"}, follow=True)
    assert "supprimé avec succès" not in answer.text and HelpNumber.objects.filter(pk=named.pk).exists()
    decide(deciding, PendingChange.objects.get(state=State.PENDING), "refuse", "non")
    change(asking, named, name="")
    decide(deciding, PendingChange.objects.get(state=State.PENDING))
    named.refresh_from_db()
    assert named.name is None


def test_wrong_link_goes_at_once(asking):
    row = block()
    change(asking, row, body="Voir le site.")
    row.refresh_from_db()
    assert row.body == "Voir le site." and not PendingChange.objects.exists()
    partner = places.partner()
    Partner.objects.filter(pk=partner.pk).update(url="https://a.example/", telephone="01 23 45 67 89")
    change(asking, partner, url="", telephone="")
    partner.refresh_from_db()
    assert (partner.url, partner.telephone) == ("", "")
    asking.post(address(row, "delete"), {"post": "yes"})
    assert not ContentBlock.objects.filter(pk=row.pk).exists() and not PendingChange.objects.exists()


# --- links, elsewhere -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "Voir [le site](https://b.example/).",
        "Voir [le site](https://a.example/) et [là](tel:0899).",
        "Voir [le site](https://a.example/), puis b.example.",
        "Voir [le site](https://a.example/). Appelez le 06.12.34.56.78.",
        "Voir [le site](https://a.example/). Appelez le １２３４.",
        "Voir [le site](https://a.example/). Écrivez à x@b.example.",
    ],
)
def test_new_target_waits_in_a_content(asking, body):
    row = block()
    change(asking, row, body=body)
    row.refresh_from_db()
    assert row.body == "Voir [le site](https://a.example/)." and PendingChange.objects.count() == 1
    shown = asking.get(f"{CHANGES}{PendingChange.objects.get().pk}/change/").text
    assert "à vérifier" in shown and shown.count("<li><strong><code>") >= 1 and "<code>https://a" not in shown
    PendingChange.objects.all().delete()
    change(asking, row, body="Lisez [le site](https://a.example/) tranquillement.", title="Autre")
    row.refresh_from_db()
    assert row.title == "Autre" and not PendingChange.objects.exists()


def test_sentence_with_a_number_waits_and_that_of_the_code_does_not(asking, deciding):
    row = ChangedSentence(key="chat.online")
    change(asking, row, vous="Votre agent vous attend au 06 12 34 56 78.")
    assert not ChangedSentence.objects.exists()
    decide(deciding, PendingChange.objects.get())
    assert "06 12" in ChangedSentence.objects.get().named_texts()["vous"]
    asking.post(address(row), {"_original": "1"})
    assert not ChangedSentence.objects.exists(), "the text of the code needs nobody"


def reply() -> CannedReply:
    return CannedReply.objects.create(title="Qui appeler", vous="Lisez la page.", tu="Lis la page.")


@pytest.mark.parametrize("name", ["vous", "tu", "vous_en", "tu_en"])
@pytest.mark.parametrize("told", ["Allez sur b.example.", "Faites le 06 12 34 56 78.", "Écrivez à x@b.example."])
def test_new_target_waits_in_a_ready_answer(asking, deciding, name, told):
    row, beside = reply(), reply()

    def texts(of: CannedReply) -> dict[str, str]:
        kept = CannedReply.objects.get(pk=of.pk)
        return {"vous": kept.vous, "tu": kept.tu} | kept.named_texts()

    before, others = texts(row), texts(beside)
    assert "attend la validation" in change(asking, row, **{name: told}).text
    [pending] = PendingChange.objects.all()
    assert set(pending.after) == {name} and pending.reasons and texts(row) == before
    assert "Accepté" in decide(deciding, pending).text
    assert texts(row) == before | {name: told} and texts(beside) == others
    # Another text for the same target, or a text without a target, takes effect at once; so does removing it.
    change(asking, row, **{name: f"Autrement dit : {told}"})
    assert texts(row)[name] == f"Autrement dit : {told}"
    change(asking, row, vous="Lisez la page, tranquillement.", tu="", vous_en="", tu_en="")
    assert texts(row) == {"vous": "Lisez la page, tranquillement.", "tu": "", "vous_en": "", "tu_en": ""}
    assert PendingChange.objects.count() == 1


def test_ready_answer_with_a_number_is_added_later_and_goes_at_once(asking, deciding):
    unit = make.unit(name="Brigade de Rennes")
    form = Fields(asking.get("/admin/chat/cannedreply/add/").text).largest
    form |= {"title": ["Essai"], "vous": ["Faites le 08 99 99 99 99."], "vous_en": ["Call 08 99 99 99 99."],
             "unit": [str(unit.pk)]}  # fmt: skip
    shown = asking.post("/admin/chat/cannedreply/add/", form, follow=True)
    assert "attend la validation" in shown.text and not CannedReply.objects.filter(title="Essai").exists()
    pending = PendingChange.objects.get()
    page = deciding.get(f"{CHANGES}{pending.pk}/change/").text
    assert "<code>0899999999</code>" in page and "Brigade de Rennes" in page
    assert "Accepté" in decide(deciding, pending).text
    added = CannedReply.objects.get(title="Essai")
    assert (added.unit, added.vous) == (unit, "Faites le 08 99 99 99 99.")
    assert added.named_texts()["vous_en"] == "Call 08 99 99 99 99."
    # A wrong link is offered to no agent any more, at once.
    form = Fields(asking.get(address(added)).text).largest
    del form["is_active"]
    assert asking.post(address(added), form).status_code == 302
    added.refresh_from_db()
    assert not added.is_active
    asking.post(address(added, "delete"), {"post": "yes"})
    assert not CannedReply.objects.filter(title="Essai").exists() and PendingChange.objects.count() == 1


@pytest.mark.parametrize("make_row", [places.partner, places.reception_point])
def test_telephone_and_link_of_a_place_wait(asking, deciding, make_row):
    row = make_row()
    before = row.telephone, row.url
    change(asking, row, telephone="08 99 99 99 99", url="https://b.example/")
    row.refresh_from_db()
    assert (row.telephone, row.url) == before and not row.edited_by_hand
    decide(deciding, PendingChange.objects.get())
    row.refresh_from_db()
    assert (row.telephone, row.url, row.edited_by_hand) == ("08 99 99 99 99", "https://b.example/", True)


@pytest.mark.parametrize("make_row", [places.partner, places.reception_point])
def test_place_is_moved_once_a_second_person_agreed(asking, deciding, make_row):
    row, beside = make_row(), make_row(name="Ailleurs")
    type(row).objects.filter(pk__in=[row.pk, beside.pk]).update(
        address="1 rue Haute", town="Bourgneuf", latitude=46.1, longitude=5.2
    )
    where = {"address": "9 impasse Basse", "postal_code": "01999", "latitude": "45.5", "longitude": "4.5"}
    change(asking, row, **where)
    row.refresh_from_db()
    assert (row.address, row.postal_code, row.latitude, row.edited_by_hand) == ("1 rue Haute", "", 46.1, False)
    [pending] = PendingChange.objects.all()
    assert pending.reasons == ["adresse (voie)", "code postal", "latitude", "longitude"]
    assert "Accepté" in decide(deciding, pending).text
    row.refresh_from_db()
    assert (row.address, row.postal_code, row.latitude, row.longitude) == ("9 impasse Basse", "01999", 45.5, 4.5)
    beside.refresh_from_db()
    assert (beside.address, beside.latitude) == ("1 rue Haute", 46.1)
    week = {"mon": [["08:00", "12:00"]]}
    # Nobody may be sent to a wrong address any longer, so it is emptied at once. The hours are changed at once too.
    change(asking, row, address="", postal_code="", latitude="", longitude="", opening_hours=json.dumps(week))
    row.refresh_from_db()
    assert (row.address, row.latitude, row.opening_hours) == ("", None, week)
    assert PendingChange.objects.count() == 1


def inline(client: Client, row, **values: str):
    """Send the form of a place with these values in the row of a commune and its unit, the first or a new one."""
    form = Fields(client.get(address(row)).text).largest
    if "competences-0-id" not in form or not form["competences-0-id"][0]:
        form["competences-TOTAL_FORMS"] = ["1"]
    form |= {f"competences-0-{name}": [value] for name, value in values.items()}
    return client.post(address(row), form, follow=True)


@pytest.mark.parametrize("from_commune", [True, False], ids=["beside the commune", "beside the unit"])
def test_unit_of_a_commune_is_added_once_a_second_person_agreed(asking, deciding, from_commune):
    commune, unit = places.municipality("Bourgneuf"), places.reception_point("Commissariat d'essai")
    row, beside = (commune, {"reception_point": str(unit.pk)}) if from_commune else (unit, {"municipality": commune.pk})
    shown = inline(asking, row, **beside)
    assert "attend la validation" in shown.text and not Competence.objects.exists()
    [pending] = PendingChange.objects.all()
    assert (pending.model, pending.act) == ("locations.Competence", "add")
    assert not any("ompétence" in entry.get_change_message() for entry in LogEntry.objects.all()), "nothing was added"
    page = deciding.get(f"{CHANGES}{pending.pk}/change/").text.replace("&#x27;", "'")
    assert f"Commissariat d'essai ({unit.pk})" in page and f"Bourgneuf (01) ({commune.pk})" in page
    assert "Liens et numéros nouveaux" not in page, "a key is no number that somebody calls"
    assert "Accepté" in decide(deciding, pending).text
    added = Competence.objects.get()
    assert (added.municipality, added.reception_point) == (commune, unit)
    assert (added.source, added.edited_by_hand) == (Source.HAND, True), "imports leave it"
    # Asking twice does not make it twice.
    Competence.objects.all().delete()
    inline(asking, row, **beside)
    inline(asking, row, **beside)
    first, second = PendingChange.objects.filter(state=State.PENDING)
    assert "Accepté" in decide(deciding, first).text
    assert "Rien n'a changé" in decide(deciding, second).text.replace("&#x27;", "'") and Competence.objects.count() == 1


@pytest.mark.parametrize("way", ["own form", "beside the commune"])
def test_commune_is_sent_to_another_unit_once_a_second_person_agreed(asking, deciding, way):
    commune = places.municipality()
    right, other = places.reception_point(for_=commune), places.reception_point("Commissariat d'ailleurs")
    third, kept = places.reception_point("Commissariat de plus loin"), right.competences.get()
    if way == "own form":
        change(asking, kept, reception_point=str(other.pk))
    else:
        assert "attend la validation" in inline(asking, commune, reception_point=str(other.pk)).text
    kept.refresh_from_db()
    assert (kept.reception_point, kept.edited_by_hand) == (right, False)
    # Somebody else has another change waiting beside it. This one is refused, and the page says why and where the first
    # one is.
    [pending] = PendingChange.objects.all()
    answer = inline(deciding, commune, reception_point=str(third.pk))
    assert f"{kept} » reste comme avant : un changement attend déjà" in answer.text
    assert f"{CHANGES}{pending.pk}/change/" in answer.text and PendingChange.objects.count() == 1
    kept.refresh_from_db()
    assert kept.reception_point == right
    assert "Accepté" in decide(deciding, pending).text
    kept.refresh_from_db()
    assert (kept.reception_point, kept.edited_by_hand) == (other, True)
    # A wrong one is removed at once.
    inline(asking, commune, DELETE="on")
    assert not Competence.objects.exists() and PendingChange.objects.count() == 1


def test_place_with_communes_is_added_whole_later(asking, deciding):
    commune = places.municipality()
    form = Fields(asking.get("/admin/locations/receptionpoint/add/").text).largest
    form |= {"name": ["Commissariat d'essai"], "force": ["police"], "telephone": ["01 99 99 99 99"],
             "municipality": [commune.pk], "opening_hours": [json.dumps({"mon": [["08:00", "12:00"]]})],
             "competences-TOTAL_FORMS": ["1"], "competences-0-municipality": [commune.pk]}  # fmt: skip
    shown = asking.post("/admin/locations/receptionpoint/add/", form, follow=True).text.replace("&#x27;", "'")
    assert "ajoutez-les après l'accord" in shown and not ReceptionPoint.objects.exists()
    assert "08:00" in deciding.get(f"{CHANGES}{PendingChange.objects.get().pk}/change/").text
    assert "Accepté" in decide(deciding, PendingChange.objects.get()).text
    added = ReceptionPoint.objects.get()
    assert added.key and added.edited_by_hand and added.municipality_id == commune.pk and added.department_code
    assert added.opening_hours == {"mon": [["08:00", "12:00"]]}


def test_publication_waits_when_it_says_a_new_number(asking, deciding, one):
    row = triage.draft()
    held = json.dumps(row.document)
    page = f"/admin/triage/questionnaireversion/{row.pk}/publier/"
    sent = {"revision": row.revision, "instead_of": ""}
    # A text of the draft states a number that the questionnaire in force does not.
    texts = [value for value in _strings(row.document) if value.count(" ") > 3]
    QuestionnaireVersion.objects.filter(pk=row.pk).update(
        document=json.loads(held.replace(json.dumps(texts[0])[1:-1], json.dumps(texts[0])[1:-1] + " (0899 123 123)"))
    )
    asking.post(page, sent)
    row.refresh_from_db()
    pending = PendingChange.objects.get()
    assert row.state == VersionState.DRAFT and pending.act == "publish"
    assert "Accepté" in decide(deciding, pending).text
    row.refresh_from_db()
    assert (row.state, row.published_by_id) == (VersionState.IN_FORCE, one.pk)


def test_publication_that_cannot_be_verified_now_waits_on(asking, deciding, monkeypatch):
    """A moment without a child process told the second administrator to refuse a sound publication."""
    row = triage.draft(lambda made: triage.question(made, "screen")["text"]["vous"].update(fr="Le 0899 123 123 ?"))
    page = f"/admin/triage/questionnaireversion/{row.pk}/publier/"
    asking.post(page, {"revision": row.revision, "instead_of": ""})
    pending = PendingChange.objects.get()

    def refuse_work(*arguments, **options):
        raise pool.Busy

    versions.clear()  # the process of the second administrator has not walked it
    with monkeypatch.context() as busy:
        busy.setattr(pool, "run", refuse_work)
        told = unescape(decide(deciding, pending).text)
    assert "la vérification n'a pas pu se faire maintenant. Réessayez" in told and "Refusez-la" not in told
    pending.refresh_from_db()
    assert pending.state == State.PENDING
    before: list[str] = []

    def walk(written: dict) -> Walk:
        before.extend(one["sql"] for one in queries.captured_queries)
        return Walk(problems=())

    monkeypatch.setattr(walking, "walk_in_child", walk)
    with CaptureQueriesContext(connection) as queries:
        assert "Accepté" in decide(deciding, pending).text
    assert before and not [sql for sql in before if "FOR UPDATE" in sql], "whoever decides too would wait"
    row.refresh_from_db()
    assert row.state == VersionState.IN_FORCE


def test_publication_without_a_new_number_is_at_once(asking):
    row = triage.draft()
    asking.post(f"/admin/triage/questionnaireversion/{row.pk}/publier/", {"revision": row.revision, "instead_of": ""})
    row.refresh_from_db()
    assert row.state == VersionState.IN_FORCE and not PendingChange.objects.exists()
    versions.clear()


def _strings(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in _strings(part)]


# --- who may be the second one ----------------------------------------------------------------------------------------


def test_account_that_the_asker_made_does_not_agree(asking, one, settings):
    """It is the same the other way round, while the account is new: one person may hold both."""
    asking.post("/admin/accounts/user/add/", {
        "username": "complice", "role": "administrator", "first_name": "", "last_name": "",
        "agent-TOTAL_FORMS": "0", "agent-INITIAL_FORMS": "0",
        "unit_account-TOTAL_FORMS": "0", "unit_account-INITIAL_FORMS": "0",
    })  # fmt: skip
    friend = User.objects.get(username="complice")
    User.objects.filter(pk=friend.pk).update(password_is_temporary=False, first_password_until=None)
    change(asking, number(), number="18 99")
    pending, theirs = PendingChange.objects.get(), browser(friend, settings)
    page = theirs.get(f"{CHANGES}{pending.pk}/change/").text
    assert "Accepter" not in page and "Aucun administrateur ne peut en décider avant le" in page
    assert "La proposition sera abandonnée avant" in page
    theirs_at = approval_actions.apart_at(one, friend, timezone.now())
    assert f"à partir du {said(theirs_at)}." in page and f"en décider avant le {said(theirs_at)} :" in page
    assert f"en décider avant le {said(theirs_at)} :" in asking.get(f"{CHANGES}{pending.pk}/change/").text
    make_user("tiers", Role.ADMINISTRATOR)
    assert "un troisième administrateur décide" in theirs.get(f"{CHANGES}{pending.pk}/change/").text.replace(
        "&#x27;", "'"
    )
    assert "un autre administrateur en décide" in asking.get(f"{CHANGES}{pending.pk}/change/").text
    assert "pas à vous de décider" in decide(theirs, pending).text.replace("&#x27;", "'")
    decide(asking, pending, "withdraw")
    change(theirs, number(), number="18 99")
    assert "pas à vous de décider" in decide(asking, PendingChange.objects.latest("pk")).text.replace("&#x27;", "'")
    later = timezone.now() + approval_actions.APART
    assert not approval_actions.stand_apart(one, friend, later - timedelta(minutes=1))
    assert approval_actions.stand_apart(one, friend, later + timedelta(minutes=1))


def said(at) -> str:
    local = timezone.localtime(at)
    return f"{dates.format_date(local, 'j F Y')} à {local:%H:%M}"


def test_only_administrator_reads_that_nobody_can_decide(asking):
    change(asking, number(), number="18 99")
    page = asking.get(f"{CHANGES}{PendingChange.objects.get().pk}/change/").text.replace("&#x27;", "'")
    assert "il n'y a pas d'autre administrateur" in page


@pytest.mark.parametrize("left", ["dismissed", "other role"])
def test_what_somebody_asked_for_who_left_is_refused_and_never_accepted(asking, deciding, one, two, settings, left):
    """Who dismissed them has changed their account, and decides all the same: nobody else could propose meanwhile."""
    change(asking, number(), number="18 99")
    pending = PendingChange.objects.get()
    fields = {"is_active": False} if left == "dismissed" else {"role": Role.CUSTODIAN}
    for name, value in fields.items():
        setattr(one, name, value)
    one.save()
    written.record(
        kind=AccessKind.ADMIN_CHANGE, by=two, subject=f"{User._meta.label} {one.pk}", motive=Motive.ADMINISTRATION,
        detail="actif",
    )  # fmt: skip
    page = deciding.get(f"{CHANGES}{pending.pk}/change/").text
    assert "administre plus le site" in page and 'value="refuse"' in page and 'value="accept"' not in page
    assert "administre plus le site" in decide(deciding, pending).text
    assert number().number == "17"
    assert "Refusé" in decide(deciding, pending, "refuse", "non").text
    assert "attend la validation" in change(deciding, number(), number="18 99").text


def test_who_helps_another_administrator_reads_what_it_keeps_both_from(asking, one, two):
    """At night, with two of them, nobody closes the chat for a week after it."""
    agent = make_user("camille")
    warning = "vous ne pourrez plus décider l'un pour l'autre"

    def asked(account: User) -> list[str]:
        where = f"/admin/accounts/user/{account.pk}"
        chosen = {"action": "reset_second_factor", "_selected_action": [account.pk]}
        pages = [
            asking.get(f"{where}/password/"), asking.post("/admin/accounts/user/", chosen),
            asking.get(f"{where}/change/"),
        ]  # fmt: skip
        return [unescape(page.text) for page in pages]

    assert all(warning in page for page in asked(two))
    assert not any(warning in page for page in [*asked(agent), *asked(one)])


@pytest.mark.parametrize(
    ("names", "are_apart"), [([], True), (["first_name"], False), (["is_active"], False), (["role"], False)]
)
def test_form_of_an_account_that_is_saved_as_shown_keeps_nobody_from_deciding(asking, one, two, names, are_apart):
    """With two administrators, one press of « Enregistrer » kept both from closing the chat for a week."""
    new = {"first_name": ["Camille"], "is_active": [], "role": [Role.CUSTODIAN]}
    path = address(two)
    form = Fields(asking.get(path).text).largest | {name: new[name] for name in names}
    assert asking.post(path, form).status_code == 302
    line = AccessRecord.objects.get(kind=AccessKind.ADMIN_CHANGE, subject=f"accounts.User {two.pk}")
    assert bool(line.detail) is bool(names), "each real change says of which fields it was"
    assert approval_actions.stand_apart(one, two, timezone.now()) is are_apart


@pytest.mark.parametrize("way", ["password", "factor"])
def test_every_other_change_of_an_account_has_a_detail(asking, one, two, way):
    """One without would count as a form that was saved as it was shown."""
    if way == "password":
        assert asking.post(reverse("admin:auth_user_password_change", args=[two.pk])).status_code == 200
    else:
        signed_in(two)  # with a factor
        chosen = {"_selected_action": two.pk, "action": "reset_second_factor", "confirmed": "1"}
        assert asking.post(reverse("admin:accounts_user_changelist"), chosen).status_code == 302
    assert not approval_actions.stand_apart(one, two, timezone.now())


@pytest.mark.parametrize("makers", [("chef", "second"), ("chef", "chef")], ids=["one by the other", "both by one"])
def test_accounts_that_one_person_made_do_not_agree(one, two, makers):
    """They are linked by an account in between, or by two: each step is a line of the register, and nobody else had a
    part.
    """
    made = {"chef": one} | {name: make_user(name, Role.ADMINISTRATOR) for name in ("second", "third")}
    for maker, name in zip(makers, ("second", "third"), strict=True):
        written.record(
            kind=AccessKind.ADMIN_ADD,
            by=made[maker],
            subject=f"{User._meta.label} {made[name].pk}",
            motive=Motive.ADMINISTRATION,
        )
    now = timezone.now()
    for asker in made.values():
        for decider in made.values():
            assert asker == decider or not approval_actions.stand_apart(asker, decider, now)
        assert approval_actions.stand_apart(asker, two, now) and approval_actions.stand_apart(two, asker, now)
    assert approval_actions.stand_apart(
        made["second"], made["third"], now + approval_actions.APART + timedelta(minutes=1)
    )


def test_decision_asks_again_who_it_is(asking, deciding, monkeypatch):
    change(asking, number(), number="18 99")
    pending = PendingChange.objects.get()
    monkeypatch.setattr(reauthentication, "SUBMITS_SECONDS", 0)
    answer = deciding.post(f"{CHANGES}{pending.pk}/decider/", {"decision": "accept"})
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/compte/2fa/reauthenticate/")
    assert answer.headers["Location"].endswith(f"%2Fadmin%2Faccounts%2Fpendingchange%2F{pending.pk}%2Fchange%2F")
    assert number().number == "17"


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_decide_once(one, two):
    third = make_user("tiers", Role.ADMINISTRATOR)
    row = HelpNumber.objects.create(number="99 99", label="Essai", audience="Tous")
    pending = approvals_of(row, one)
    applied = []

    def accept(by: User) -> str:
        try:
            approval_actions.accept_change(change_id=pending.pk, by=by, apply=lambda _change: applied.append(by.pk))
        except approval_actions.Over:
            return "over"
        return "accepted"

    def refuse(by: User) -> str:
        try:
            approval_actions.refuse_change(change_id=pending.pk, by=by, motive="non")
        except approval_actions.Over:
            return "over"
        return "refused"

    told = in_threads(6, lambda place: (accept if place < 4 else refuse)((two, third)[place % 2]))
    assert sorted(told).count("over") == 5
    pending.refresh_from_db()
    assert len(applied) == (pending.state == State.ACCEPTED)
    lines = AccessRecord.objects.filter(kind=AccessKind.APPROVAL).exclude(detail__startswith="asked")
    assert lines.count() == 1


def approvals_of(row: HelpNumber, by: User) -> PendingChange:
    with transaction.atomic():
        return approval_actions.propose_change(
            label="pages.HelpNumber", key=row.pk, name=str(row), act="change", before={"number": "99 99"},
            after={"number": "99 98"}, changed=["number"], reasons=["numéro"], by=by,
        )  # fmt: skip


# --- the point d'accueil of a unit account ----------------------------------------------------------------------------


def unit_form(point, **changes: str) -> dict[str, str]:
    """Return the form of a new unit account for this point."""
    return {
        "username": "brigade", "role": "unit", "first_name": "", "last_name": "",
        "agent-TOTAL_FORMS": "0", "agent-INITIAL_FORMS": "0",
        "unit_account-TOTAL_FORMS": "1", "unit_account-INITIAL_FORMS": "0", "unit_account-0-point": str(point.pk),
    } | changes  # fmt: skip


def reads(account: UnitAccount, row) -> bool:
    """Return whether this account sees the transmission, in its list and by its address."""
    User.objects.filter(pk=account.user_id).update(password_is_temporary=False, first_password_until=None)
    if not hasattr(account, "browser"):
        account.browser = browser(User.objects.get(pk=account.user_id), site)
    found = hand.SUMMARY in account.browser.get(f"/unite/{row.public_id}/").text
    assert (row.file_number in account.browser.get("/unite/").text) is found
    return found


def test_new_account_of_a_unit_reads_nothing_until_a_second_person_agreed(asking, deciding, two):
    row = hand.opened(make.assigned(), hand.account())
    shown = asking.post("/admin/accounts/user/add/", unit_form(row.point))
    assert 'id="first-password"' in shown.text and "attend la validation" in shown.text
    account = UnitAccount.objects.get(user__username="brigade")
    [pending] = PendingChange.objects.all()
    assert (pending.model, pending.object_id, pending.act) == ("chat.UnitAccount", str(account.pk), "change")
    assert account.point is None and not reads(account, row)
    told = [entry.get_change_message() for entry in LogEntry.objects.filter(content_type__model="user")]
    assert told and not any("unité" in one for one in told), "nothing is told as done"
    # The rest of the account can be changed meanwhile, without its point.
    change(asking, account.user, last_name="Martin")
    assert PendingChange.objects.count() == 1
    page = deciding.get(f"{CHANGES}{pending.pk}/change/").text.replace("&#x27;", "'")
    assert f"{row.point} ({row.point_id})" in page and "brigade" in page
    assert "pas à vous de décider" in decide(asking, pending).text.replace("&#x27;", "'")
    assert not reads(account, row)
    assert "Accepté" in decide(deciding, pending).text
    account.refresh_from_db()
    assert account.point == row.point and reads(account, row)


@pytest.mark.parametrize("way", ["own form", "beside the account"])
def test_unit_account_is_moved_once_a_second_person_agreed(asking, deciding, way):
    row, moved = hand.opened(make.assigned(), hand.account()), hand.account()
    former = moved.point

    def ask(client: Client, point):
        if way == "own form":
            return change(client, moved, point=str(point.pk))
        return change(client, moved.user, **{"unit_account-0-point": str(point.pk)})

    assert "attend la validation" in ask(asking, row.point).text
    moved.refresh_from_db()
    assert moved.point == former and not reads(moved, row)
    [pending] = PendingChange.objects.all()
    if way == "beside the account":  # somebody else's proposal is not replaced by another one
        assert "reste comme avant" in ask(deciding, hand.station()).text and PendingChange.objects.count() == 1
    assert "Refusé" in decide(deciding, pending, "refuse", "Personne ne l'a demandé.").text
    assert not reads(moved, row)
    ask(asking, row.point)
    assert "Accepté" in decide(deciding, PendingChange.objects.latest("pk")).text
    moved.refresh_from_db()
    assert moved.point == row.point and reads(moved, row)


def test_other_changes_of_a_unit_account_ask_nobody(asking):
    account = hand.account()
    change(asking, account.user, first_name="Camille")
    account.refresh_from_db()
    assert account.user.first_name == "Camille" and account.point and not PendingChange.objects.exists()


# --- no way around ----------------------------------------------------------------------------------------------------


def test_every_class_of_the_admin_stands_behind_the_second_look():
    for model, model_admin in admin.site._registry.items():
        for hook in ("save_model", "delete_model", "delete_queryset", "response_change", "save_related"):
            assert getattr(type(model_admin), hook) is getattr(Reviewed, hook), (model, hook)


def test_every_field_that_leads_somewhere_is_named():
    """A field of an address, an e-mail or a telephone that is added later waits, or is named here."""
    leads = {"url", "email", "telephone", "number"}
    aside = {"locations.DataEdition", "triage.QuestionnaireVersion", "accounts.User", "reports.AccessRecord"}
    for model, model_admin in admin.site._registry.items():
        if model._meta.label in aside:  # it is read only, or shown to no visitor
            continue
        found = {field.name for field in model._meta.concrete_fields} & leads
        assert found <= set(getattr(model_admin, "reviewed_fields", ())), model


def test_no_list_is_edited_in_place_around_it():
    """An editable list would be held too: its saving goes through `save_model`. None is used, so that none is tried."""
    assert not [model for model, one in admin.site._registry.items() if one.list_editable]


# --- beside it --------------------------------------------------------------------------------------------------------


def test_old_proposals_are_forgotten_and_waiting_ones_are_not(one):
    row = number()
    kept = approvals_of(row, one)
    old = PendingChange.objects.create(
        model="pages.HelpNumber", object_id="9", name="x", act="change", before={}, after={}, asked_by=one,
        asked_at=timezone.now() - timedelta(days=4000), lapses_at=timezone.now() - timedelta(days=3999),
        state=State.LAPSED,
    )  # fmt: skip
    deletion.forget(timezone.now())
    assert list(PendingChange.objects.all()) == [kept] and old.pk != kept.pk
    assert AccessRecord.objects.filter(detail__contains="pending_changes: 1").exists()


def test_one_administrator_alone_is_told_before_it_serves(one, settings):
    settings.TESTING = False
    (warning,) = checks.two_administrators(None, ["default"])
    assert warning.id == "pnav.W010"
    make_user("cheffe", Role.ADMINISTRATOR)
    assert checks.two_administrators(None, ["default"]) == []
    assert LogEntry.objects.count() == 0
