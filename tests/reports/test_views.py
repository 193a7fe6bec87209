"""The signalement as a person fills it in, without scripts."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import Conversation
from chat.rules.lifecycle import Status
from locations.models import Force, Municipality, PostalCode, ReceptionPoint, Source
from pnav.addresses import DISCREET
from reports import way_in
from reports.models import Report
from tests.reports.test_reporter_identity import opened
from tests.triage.paths import ADULT, CHAT, MINOR_CHAT
from triage.rules import Outcome, Urgency

pytestmark = pytest.mark.django_db

URL = "/signalement/"
SCAM = {**ADULT, "facts": "device", "scam": "scam"}


@pytest.fixture
def unit() -> ReceptionPoint:
    commune = Municipality.objects.create(
        insee_code="95127",
        name="Cergy",
        department_code="95",
        department_name="Val-d'Oise",
        department_search="val d oise",
        region_code="11",
        region_name="Île-de-France",
        zone="metro",
    )
    PostalCode.objects.create(code="95000", municipality=commune)
    unit = ReceptionPoint.objects.create(
        name="Commissariat de police de Cergy", force=Force.POLICE, key="cergy", municipality=commune
    )
    unit.competences.create(municipality=commune)
    return unit


def set_visit(
    client: Client, *, answers: dict[str, str] | None = None, unit: ReceptionPoint | None = None, anyway: bool = False
) -> None:
    """Put a visit where the orientation and the search of a place leave it."""
    session = client.session
    if answers is not None:
        session["triage"] = {"version": "test", "answers": answers, "chat_anyway": anyway}
    if unit is not None:
        session["locations"] = {"postal_code": "95000", "unit": unit.pk}
    session.save()


def page(client: Client, where: str = URL) -> str:
    response = client.get(where, follow=True)
    assert response.status_code == 200
    return unescape(response.text)


def form_of(client: Client, **ticked: object) -> dict[str, object]:
    """Return what the browser sends from the form as it is shown."""
    return {"submission_id": client.get(URL, follow=True).context["submission_id"], **ticked}


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def answer_all(client: Client):
    """Answer as a minor does on the shortest way to the queue, and return the response to the last answer."""
    for slug, answer in (("maintenant", "no"), ("faits", "harassment")):
        response = client.post(reverse("triage:question", args=[slug]), {"answer": answer})
    return response


# --- what must come first -----------------------------------------------------------------------------------------


def test_without_orientation_leads_to_it_and_says_why(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, unit=unit)
    response = client.get(URL)
    assert response.headers["Location"] == reverse("triage:start")
    assert said(response) == ["Avant le tchat, quelques questions disent qui peut vous aider."]


def test_unfinished_orientation_leads_to_it(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=ADULT, unit=unit)
    assert client.get(URL).headers["Location"] == reverse("triage:start")


def test_without_a_place_leads_to_the_search_and_says_why(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT)
    response = client.get(URL)
    assert response.headers["Location"] == reverse("locations:search")
    assert "votre ville" in said(response)[0] and "Dernière étape" in said(response)[0]


def test_minor_without_a_place_is_told_so_familiarly(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=MINOR_CHAT)
    assert "ta ville" in said(client.get(URL))[0]


def test_last_answer_without_a_place_leads_to_the_search_and_says_why(client: Client) -> None:
    client.post("/", {"door": "minor", "q": ""})
    response = answer_all(client)
    assert response.headers["Location"] == reverse("locations:search")
    [reason] = said(response)
    assert "Dernière étape" in reason and "ta ville" in reason


def test_town_typed_again_and_not_recognised_does_not_file_at_the_old_one(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, unit=unit)
    client.post("/", {"door": "minor", "q": "Sant-Denys"})
    assert answer_all(client).headers["Location"] == reverse("locations:results")
    assert not Report.objects.exists()
    assert "Nous n'avons pas trouvé ce lieu" in page(client, reverse("locations:results"))


def test_search_of_contacts_that_chose_nothing_is_no_place_for_the_chat(client: Client) -> None:
    client.post(reverse("locations:search"), {"q": "Sant-Denys", "purpose": "contacts"})
    client.post("/", {"door": "minor", "q": ""})
    response = answer_all(client)
    assert response.headers["Location"] == reverse("locations:search"), "whose form leads to the chat"
    assert "Dernière étape" in said(response)[0]


@pytest.mark.parametrize("answers", [SCAM, {"danger": "yes"}])
def test_result_that_leads_elsewhere_files_nothing(client: Client, unit: ReceptionPoint, answers: dict) -> None:
    set_visit(client, answers=answers, unit=unit)
    for response in (client.get(URL), client.post(URL, {"submission_id": str(uuid.uuid4())})):
        assert response.headers["Location"] == reverse("triage:current_result")
    assert not Report.objects.exists()


def test_open_door_opens_the_form_and_keeps_the_outcome(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=SCAM, unit=unit, anyway=True)
    client.post(URL, form_of(client))
    assert Report.objects.get().outcome == Outcome.SEVENTEEN_CYBER_THESEE


# --- the form -----------------------------------------------------------------------------------------------------


def test_form_is_prefilled_from_the_orientation(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    html = page(client)
    assert "Vous avez déjà dit :" in html and "Victime · 18 ans ou plus" in html
    for name, value in (("role", "victim"), ("age_band", "adult"), ("facts", "insults")):
        assert f'name="{name}" value="{value}" checked' in html
    assert html.count(" checked") == 3
    assert "Commissariat de police de Cergy" in html
    assert "L'anonymat pourra être levé après autorisation du procureur de la République" in html
    assert '<input type="text"' not in html and "<textarea" not in html


@pytest.mark.parametrize(("source", "is_marked"), [(Source.DEMO, True), (Source.MINISTRY, False)])
def test_unit_of_the_demonstration_says_how_to_load_the_real_ones(
    client: Client, unit: ReceptionPoint, source: str, is_marked: bool
) -> None:
    ReceptionPoint.objects.update(source=source)
    set_visit(client, answers=CHAT, unit=unit)
    shown = page(client)
    assert "Commissariat de police de Cergy" in shown
    assert (">exemple</span>" in shown) is is_marked
    assert ("manage.py import_locations --download" in shown) is is_marked


def test_minors_are_spoken_to_familiarly(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=MINOR_CHAT, unit=unit)
    html = page(client)
    main = html[html.index("<main") : html.index("</main>")]
    assert "Tu as déjà dit :" in main
    assert "vous" not in main.lower() and "votre" not in main.lower()


def test_unit_that_is_only_the_nearest_is_called_so(client: Client, unit: ReceptionPoint) -> None:
    unit.competences.all().delete()
    set_visit(client, answers=CHAT, unit=unit)
    assert "(le plus proche)" in page(client)


def test_place_without_a_unit_shows_the_commune(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    session = client.session
    session["locations"] = {"postal_code": "95000", "unit": None}
    session.save()
    html = page(client)
    assert "Commissariat" not in html and "Cergy" in html


def test_somebody_who_may_see_the_screen_makes_the_title_neutral(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers={**CHAT, "danger": "screen"}, unit=unit)
    assert "<title>Informations</title>" in client.get(URL, follow=True).text


# --- filing -------------------------------------------------------------------------------------------------------


def test_filing_keeps_what_was_ticked_and_goes_to_the_chat(client: Client, unit: ReceptionPoint) -> None:
    answers = {**MINOR_CHAT, "danger": "screen"}
    set_visit(client, answers={**answers, "scam": "scam"}, unit=unit)
    data = form_of(
        client,
        role="victim",
        age_band="15_17",
        facts=["insults", "rumours"],
        platforms=["social", "game"],
        since="month",
        expectations=["talk", "removal"],
    )
    response = client.post(URL, data)
    assert (response.status_code, response.headers["Location"]) == (302, DISCREET.reverse("chat:conversation"))
    report = Report.objects.get()
    assert str(report.submission_id) == data["submission_id"]
    assert (report.role, report.age_band, report.since) == ("victim", "15_17", "month")
    assert (report.facts, report.platforms) == (["insults", "rumours"], ["social", "game"])
    assert report.expectations == ["talk", "removal"]
    assert (report.outcome, report.urgency, report.discreet) == (Outcome.CHAT_MINOR, Urgency.HIGH, True)
    assert report.triage_answers() == answers
    assert (report.postal_code, report.reception_point, report.force) == ("95000", unit, "police")
    assert report.is_nearest is False
    assert client.session["reports.report"] == str(report.public_id)


def test_nothing_ticked_still_opens_the_chat(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    client.post(URL, form_of(client))
    report = Report.objects.get()
    assert (report.role, report.age_band, report.facts, report.discreet) == ("victim", "adult", [], False)


def test_form_shown_again_is_the_same_form(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    assert form_of(client) == form_of(client)


def test_sent_twice_is_one_report(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    data = form_of(client)
    for _time in range(2):
        assert client.post(URL, data).headers["Location"] == reverse("chat:conversation")
    assert Report.objects.count() == 1


def test_sent_twice_before_the_first_answer_arrived_is_one_report(client: Client, unit: ReceptionPoint) -> None:
    """It is a double click: the browser drops the first answer, so the second request still has the first cookie."""
    set_visit(client, answers=CHAT, unit=unit)
    data = form_of(client)
    cookie = client.cookies["sessionid"].value
    for _time in range(2):
        client.cookies["sessionid"] = cookie
        assert client.post(URL, data).headers["Location"] == reverse("chat:conversation")
    assert client.session["reports.report"] == str(Report.objects.get().public_id)


@pytest.mark.django_db(transaction=True)
def test_sent_many_times_at_once_is_one_report(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    data = form_of(client)
    cookie = client.cookies["sessionid"].value
    together = Barrier(4)

    def send(_number: int) -> str:
        tab = Client()
        tab.cookies["sessionid"] = cookie
        together.wait()
        try:
            return tab.post(URL, data).headers["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(send, range(4))) == {reverse("chat:conversation")}
    assert client.session["reports.report"] == str(Report.objects.get().public_id)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("last", ["answer", "door", "answer after an exchange"])
def test_last_press_sent_twice_at_once_is_one_report(
    client: Client, unit: ReceptionPoint, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """Nobody has seen the form before it. Both requests read the session before either has filed."""
    set_visit(client, unit=unit)
    client.post("/", {"door": "minor", "q": ""})
    client.post(reverse("triage:question", args=["maintenant"]), {"answer": "no"})
    before = set()
    if last == "answer after an exchange":
        client.post(reverse("triage:question", args=["faits"]), {"answer": "harassment"})
        report = Report.objects.get()
        give_conversation(report, Status.CLOSED)
        before = {report.pk}
    url = reverse("triage:open_door") if last == "door" else reverse("triage:question", args=["faits"])
    cookie, together, really = client.cookies["sessionid"].value, Barrier(2), way_in._is_crowded

    def is_crowded(*args: object) -> bool:
        together.wait(20)
        return really(*args)

    def press(_number: int) -> str:
        tab = Client()
        tab.cookies["sessionid"] = cookie
        try:
            return tab.post(url, {"answer": "harassment"}).headers["Location"]
        finally:
            connection.close()

    monkeypatch.setattr(way_in, "_is_crowded", is_crowded)
    with ThreadPoolExecutor(2) as threads:
        assert set(threads.map(press, range(2))) == {reverse("chat:conversation")}
    latest = Report.objects.exclude(pk__in=before).get()
    assert client.session["reports.report"] == str(latest.public_id)


def test_another_persons_submission_id_files_nothing(client: Client, unit: ReceptionPoint) -> None:
    theirs = Client()
    set_visit(theirs, answers=CHAT, unit=unit)
    data = form_of(theirs)
    theirs.post(URL, data)
    set_visit(client, answers=CHAT, unit=unit)
    response = client.post(URL, {**data, "since": "week"})
    assert response.status_code == 200
    assert Report.objects.count() == 1
    assert "reports.report" not in client.session


@pytest.mark.parametrize("sent", [{}, {"submission_id": "nonsense"}, {"submission_id": str(uuid.uuid4())}])
def test_stale_form_is_shown_again_with_what_was_ticked(client: Client, unit: ReceptionPoint, sent: dict) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    response = client.post(URL, {**sent, "since": "week", "facts": ["rumours"]})
    html = unescape(response.text)
    assert "<title>Erreur : " in html and "n'était plus à jour" in html
    assert 'name="since" value="week" checked' in html and 'name="facts" value="rumours" checked' in html
    assert 'name="facts" value="insults" checked' not in html
    assert f'value="{client.session["reports.submission"]}"' in html
    assert not Report.objects.exists()


def test_refused_choice_is_said_beside_the_field_and_keeps_the_rest(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    response = client.post(URL, form_of(client, since="<nonsense>", facts=["rumours"]))
    html = unescape(response.text)
    assert "<title>Erreur : " in html
    assert 'id="group-since-error"' in html and 'aria-describedby="group-since-error"' in html
    assert 'href="#group-since"' in html and "autofocus" in html
    assert 'name="facts" value="rumours" checked' in html
    assert "<nonsense>" not in html
    assert not Report.objects.exists()


# --- a report is already there ------------------------------------------------------------------------------------


def file_one(client: Client, unit: ReceptionPoint) -> Report:
    set_visit(client, answers=CHAT, unit=unit)
    client.post(URL, form_of(client))
    return Report.objects.get()


def give_conversation(report: Report, status: Status) -> None:
    now = timezone.now()
    Conversation.objects.create(
        report=report,
        status=status,
        opened_at=now,
        queued_at=now,
        reporter_seen_at=now,
        closed_at=now if status == Status.CLOSED else None,
    )


@pytest.mark.parametrize("status", [None, Status.WAITING])
def test_visit_with_an_open_report_is_offered_its_conversation(
    client: Client, unit: ReceptionPoint, status: Status | None
) -> None:
    report = file_one(client, unit)
    if status:
        give_conversation(report, status)
    html = page(client)
    assert "Votre signalement est déjà envoyé" in html
    assert f'href="{reverse("chat:conversation")}"' in html
    assert client.post(URL, {"submission_id": str(uuid.uuid4())}).headers["Location"] == reverse("chat:conversation")
    assert Report.objects.count() == 1


def test_minor_with_an_open_report_is_told_so_familiarly(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=MINOR_CHAT, unit=unit)
    client.post(URL, form_of(client))
    assert "Ton signalement est déjà envoyé" in page(client)


def test_after_a_closed_conversation_a_new_report_may_be_filed(client: Client, unit: ReceptionPoint) -> None:
    report = file_one(client, unit)
    give_conversation(report, Status.CLOSED)
    data = form_of(client, since="today")
    assert data["submission_id"] != str(report.submission_id)
    client.post(URL, data)
    latest = Report.objects.exclude(pk=report.pk).get()
    assert client.session["reports.report"] == str(latest.public_id)


@pytest.mark.parametrize(("answers", "words"), [(CHAT, "dites-le ici"), (MINOR_CHAT, "dis-le ici")])
def test_form_says_first_where_to_say_that_one_is_in_danger(
    client: Client, unit: ReceptionPoint, answers: dict, words: str
) -> None:
    """« Faire un nouveau signalement » leads to it with the answers of an exchange that is over."""
    set_visit(client, answers=answers, unit=unit)
    client.post(URL, form_of(client))
    give_conversation(Report.objects.get(), Status.CLOSED)
    main = page(client).partition("<main")[2]
    link = f'href="{reverse("triage:question", args=["maintenant"])}"'
    assert main.index(link) < main.index(words) < main.index("<form")


@pytest.mark.parametrize("age_band", ["under_15", "15_17", "under_18"])
def test_age_of_a_minor_given_in_the_form_raises_the_urgency(
    client: Client, unit: ReceptionPoint, age_band: str
) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    client.post(URL, form_of(client, age_band=age_band))
    assert Report.objects.get().urgency == Urgency.HIGH


@pytest.mark.parametrize(
    ("answers", "age_band", "urgency"),
    [({"danger": "yes"}, "under_15", Urgency.CRITICAL), (MINOR_CHAT, "adult", Urgency.HIGH)],
)
def test_age_given_in_the_form_lowers_no_urgency(
    client: Client, unit: ReceptionPoint, answers: dict, age_band: str, urgency: Urgency
) -> None:
    set_visit(client, answers=answers, unit=unit, anyway=True)
    client.post(URL, form_of(client, age_band=age_band))
    assert Report.objects.get().urgency == urgency


def test_old_form_of_a_closed_conversation_files_nothing(client: Client, unit: ReceptionPoint) -> None:
    report = file_one(client, unit)
    give_conversation(report, Status.CLOSED)
    response = client.post(URL, {"submission_id": str(report.submission_id)})
    assert "n'était plus à jour" in unescape(response.text)
    assert Report.objects.count() == 1


# --- under seal ---------------------------------------------------------------------------------------------------


def test_name_left_under_seal_is_there_for_the_absent_key_only(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    data = form_of(client, name="Anaïs Marquemartin", contact="06 11 22 33 44")
    client.post(URL, data, headers={"X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="203.0.113.9", REMOTE_PORT="5151")
    report = Report.objects.get()
    assert opened(report, "name") == ["Anaïs Marquemartin"]
    assert opened(report, "contact") == ["06 11 22 33 44"]
    assert opened(report, "connection")[0].startswith("adresse : 203.0.113.9\nport : 5151\n")
    assert "Marquemartin" not in str(dict(client.session.items()))
    assert "Marquemartin" not in page(client)  # the report exists already, so the page shows nothing of it


def test_name_that_is_too_long_stays_in_the_form_and_files_nothing(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    response = client.post(URL, form_of(client, name="é" * 300, contact="Ici", facts=["rumours"]))
    html = unescape(response.text)
    assert not Report.objects.exists()
    assert 'id="sous-scelle" open' in html and 'value="' + "é" * 300 in html and 'value="Ici"' in html
    assert 'href="#group-name"' in html and "raccourcissez-le" in html
    assert 'aria-describedby="id_name-error"' in html


def test_folded_part_says_the_same_to_who_left_something_and_who_did_not(client: Client, unit: ReceptionPoint) -> None:
    set_visit(client, answers=CHAT, unit=unit)
    assert 'id="sous-scelle">' in page(client)


def test_beyond_the_limit_of_dangers_one_is_filed_with_its_urgency(monkeypatch, unit: ReceptionPoint) -> None:
    monkeypatch.setattr(way_in, "DANGERS_MOST", 2)
    in_danger = {"danger": "yes"}
    for answers in (in_danger, CHAT, in_danger, in_danger, CHAT):
        client = Client()
        set_visit(client, answers=answers, unit=unit, anyway=True)
        client.post(URL, form_of(client, facts=["insults"]))
    filed = Report.objects.order_by("pk")
    assert [report.is_crowded for report in filed] == [False, False, False, True, False]
    assert [report.urgency == Urgency.CRITICAL for report in filed] == [True, False, True, True, False]
