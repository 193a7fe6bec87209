"""« Suites » offers days to come back to a request for removal, and it is counted what became of the request."""

import hashlib
from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.casework import proposals
from chat.conversations import actions, resume
from chat.models import (
    ConversationEvent,
    DailyFigure,
    FigureRemainder,
    FollowUp,
    Macro,
    Proposal,
    RemovalRequest,
    figures,
)
from chat.referral import queries, removal
from chat.rules import removal as rules
from chat.rules.lifecycle import Author
from chat.rules.removal import Answer
from chat.visitor import page_state
from reports.models import AccessRecord
from reports.session import GENERATION, KEY
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.support.on_screen import words_on_screen
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db

TODAY = date(2026, 12, 1)  # a Tuesday
TOMORROW = TODAY + timedelta(days=1)
SUITES = "/tchat/suites/"


def visit(conversation) -> Client:
    client = Client()
    session = client.session
    session[KEY], session[GENERATION] = str(conversation.report.public_id), conversation.report.visit_generation
    session.save()
    return client


def answer(client: Client, asked_on: date, said: str):
    return client.post(f"{SUITES}retrait/reponse/", {"asked_on": asked_on.isoformat(), "answer": said}, follow=True)


@pytest.fixture(autouse=True)
def _remainders_from_nought(monkeypatch):
    """Draw nought in place of a random digit: what is stored and what is left make what was counted."""
    monkeypatch.setattr(figures, "draw_digit", lambda: 0)


def counted() -> dict[str, int]:
    """Return what was counted of each answer: the tens that are stored, and the rest."""
    left = FigureRemainder.objects.get(series="removal").digits
    stored = DailyFigure.objects.filter(series="removal").totals().get("removal", {})
    return {answer: left[answer] + stored.get(answer, 0) for answer in Answer.values}


# --- the rules --------------------------------------------------------------------------------------------------------


def test_days_are_counted_from_the_request():
    assert [day.isoformat() for _days, day in rules.days_to_look(TODAY)] == ["2026-12-04", "2026-12-08", "2026-12-31"]
    assert not rules.is_last(TODAY, date(2026, 12, 30)) and rules.is_last(TODAY, date(2026, 12, 31))
    assert rules.monday_of(TODAY) == rules.monday_of(date(2026, 12, 6)) == date(2026, 11, 30)


# --- the acts ---------------------------------------------------------------------------------------------------------


def test_request_is_kept_as_a_day_and_once():
    conversation = make.waiting()
    removal.note_request(conversation, TODAY)
    removal.note_request(conversation, TODAY)
    columns = {field.name for field in RemovalRequest._meta.concrete_fields}
    assert columns == {"id", "conversation", "asked_on"}, "neither where nor what"
    assert RemovalRequest.objects.count() == 1


def test_kit_stays_in_reach_when_the_content_is_there_to_the_end():
    conversation = make.waiting()
    client, asked_on = visit(conversation), timezone.localdate() - timedelta(days=30)
    removal.note_request(conversation, asked_on)
    shown = squeezed(unescape(answer(client, asked_on, Answer.STILL_THERE).text))
    assert reverse("pages:removal_request") in shown
    assert "à la CNIL après un mois sans réponse : la page du retrait dit comment" in shown, "in another section of it"
    assert f'href="{reverse("pages:removal")}#retrait-refus">Le site refuse, ou ne répond pas</a>' in shown
    page = client.get(reverse("pages:removal")).text
    assert 'id="retrait-refus"' in page
    assert all(word in page for word in ("CNIL", "Contestez auprès du site", "Un signaleur de confiance"))
    assert "fr-alert--info" in shown and "fr-alert--success" not in shown, "not a success"
    assert not RemovalRequest.objects.exists()
    assert reverse("pages:removal_request") not in client.get(SUITES).content.decode()


@pytest.mark.parametrize(("after", "told"), [(2, []), (3, [3]), (6, [3]), (10, [7]), (40, [30])])
def test_it_is_time_on_the_last_day_that_has_come_alone(after, told):
    conversation = make.waiting()
    removal.note_request(conversation, TODAY)
    (reminder,) = removal.reminders_of(conversation, TODAY + timedelta(days=after))
    assert [days for days, _day, is_time in reminder.days if is_time] == told
    assert reminder.is_last == (told == [30])


def test_days_of_one_conversation_are_bounded():
    conversation = make.waiting()
    for days in range(rules.REQUESTS_MOST):
        removal.note_request(conversation, TODAY + timedelta(days=days))
    with pytest.raises(removal.TooMany):
        removal.note_request(conversation, TODAY - timedelta(days=1))
    removal.note_request(make.waiting(), TODAY)
    assert RemovalRequest.objects.count() == rules.REQUESTS_MOST + 1


def test_removed_is_counted_and_the_request_forgotten():
    conversation, other = make.waiting(), make.waiting()
    removal.note_request(conversation, TODAY)
    removal.note_request(other, TODAY)
    assert removal.say_what_became(conversation, TODAY, Answer.REMOVED, TOMORROW)
    assert list(RemovalRequest.objects.values_list("conversation_id", flat=True)) == [other.pk]
    with pytest.raises(removal.Settled):
        removal.say_what_became(conversation, TODAY, Answer.REMOVED, TOMORROW)
    assert counted() == {Answer.REMOVED: 1, Answer.STILL_THERE: 0}


def test_request_that_is_answered_on_its_own_day_is_not_counted():
    """Noted and answered again and again, one exchange would set the public figure."""
    conversation = make.waiting()
    for _again in range(3):
        removal.note_request(conversation, TODAY)
        assert not removal.say_what_became(conversation, TODAY, Answer.REMOVED, TODAY)
        assert not RemovalRequest.objects.exists()
    assert not FigureRemainder.objects.exists() and not DailyFigure.objects.exists()


def test_still_there_counts_on_the_last_day_alone():
    conversation = make.waiting()
    removal.note_request(conversation, TODAY)
    for days in (0, 3, 7, 29):
        assert not removal.say_what_became(conversation, TODAY, Answer.STILL_THERE, TODAY + timedelta(days=days))
    assert not FigureRemainder.objects.exists()
    assert removal.say_what_became(conversation, TODAY, Answer.STILL_THERE, TODAY + timedelta(days=30))
    assert sum(counted().values()) == 1 and not RemovalRequest.objects.exists()


def test_tens_alone_are_stored_and_add_up_week_by_week():
    """Twenty-three answers of three weeks: no week has its number, and their sum is right to less than ten."""
    for count, days in ((4, 1), (9, 7), (10, 400)):
        for _each in range(count):
            conversation = make.waiting()
            removal.note_request(conversation, TODAY)
            removal.say_what_became(conversation, TODAY, Answer.REMOVED, TODAY + timedelta(days=days))
    assert list(DailyFigure.objects.order_by("day").values_list("day", "series", "key", "count")) == [
        (date(2026, 12, 7), "removal", Answer.REMOVED, 10),
        (date(2028, 1, 3), "removal", Answer.REMOVED, 10),
    ]
    end = date(2026, 12, 14)
    assert removal.count_answers(end, 4) == {Answer.REMOVED: 10, Answer.STILL_THERE: 0}
    assert removal.count_answers(end, 1) == {Answer.REMOVED: 10, Answer.STILL_THERE: 0}
    assert removal.count_answers(date(2026, 12, 7), 52)[Answer.REMOVED] == 0
    assert counted() == {Answer.REMOVED: 23, Answer.STILL_THERE: 0}


def test_answer_leaves_no_trace_of_who_gave_it():
    conversation = make.assigned()
    removal.note_request(conversation, TODAY)
    before = ConversationEvent.objects.count(), AccessRecord.objects.count()
    removal.say_what_became(conversation, TODAY, Answer.REMOVED, TOMORROW)
    assert (ConversationEvent.objects.count(), AccessRecord.objects.count()) == before
    assert {field.name for field in DailyFigure._meta.concrete_fields} == {"id", "day", "series", "key", "count"}
    assert {field.name for field in FigureRemainder._meta.concrete_fields} == {"series", "digits"}


def test_request_goes_with_its_conversation_and_the_count_stays():
    conversation, other = make.waiting(), make.waiting()
    for one in (conversation, other):
        removal.note_request(one, TODAY)
    removal.say_what_became(other, TODAY, Answer.REMOVED, TOMORROW)
    conversation.report.delete()
    assert not RemovalRequest.objects.exists() and sum(counted().values()) == 1


def test_code_opens_suites_as_long_as_the_conversation_is_kept(monkeypatch):
    monkeypatch.setattr(resume, "slow_hash", lambda words: hashlib.sha256("".join(words).encode()).digest())
    conversation = make.assigned()
    code = resume.issue_code(conversation_id=conversation.pk).text
    removal.note_request(conversation, timezone.localdate())
    assert FollowUp.objects.get().until is None
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    client = Client()  # another device, after the end
    page = client.post("/tchat/reprendre/", {"code": code}, follow=True).text
    assert "après 3 jours" in page and "Créer un code des suites" in page
    page = answer(client, timezone.localdate(), "removed").text
    assert "Bonne nouvelle" in page and "après 3 jours" not in page
    page = unescape(Client().post("/tchat/reprendre/", {"code": code}, follow=True).text)
    assert "Rien n'a été transmis à une unité." in page, "it was promised to last, and the last removal was answered"


def test_code_opens_suites_after_the_end_also_where_the_last_removal_was_answered_before(monkeypatch):
    """While the exchange was open, « Suites » said that the code opens them after the end too."""
    monkeypatch.setattr(resume, "slow_hash", lambda words: hashlib.sha256("".join(words).encode()).digest())
    conversation = make.assigned()
    code = resume.issue_code(conversation_id=conversation.pk).text
    removal.note_request(conversation, timezone.localdate())
    removal.say_what_became(conversation, timezone.localdate(), Answer.REMOVED, timezone.localdate())
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert FollowUp.objects.get().until is None
    page = unescape(Client().post("/tchat/reprendre/", {"code": code}, follow=True).text)
    assert "Rien n'a été transmis à une unité." in page


def test_yes_on_the_day_of_the_request_is_not_said_to_be_counted():
    conversation = make.assigned()
    client, today = visit(conversation), timezone.localdate()
    removal.note_request(conversation, today)
    page = unescape(answer(client, today, "removed").text)
    assert "Bonne nouvelle" in page and "est comptée avec celles" not in page
    assert "le jour même n'est pas comptée" in page and not FigureRemainder.objects.exists()
    removal.note_request(conversation, today - timedelta(days=1))
    page = unescape(answer(client, today - timedelta(days=1), "removed").text)
    assert "est comptée avec celles de tout le monde, et cette date" in page and sum(counted().values()) == 1


# --- « Suites » -------------------------------------------------------------------------------------------------------


def test_suites_show_the_days_and_take_the_answer():
    conversation = make.assigned()
    asked_on = timezone.localdate() - timedelta(days=4)
    removal.note_request(conversation, asked_on)
    client = visit(conversation)
    page = client.get(SUITES).text
    assert "Faire retirer un contenu" in page and "après 3 jours" in page and "après 30 jours" in page
    assert page.count("est le moment") == 1, "four days after: the third day alone has come"
    page = answer(client, asked_on, "still_there").text
    assert "signaleur de confiance" in page and "après 3 jours" in page, "the days are still there"
    assert not FigureRemainder.objects.exists()
    page = answer(client, asked_on, "removed").text
    assert "Bonne nouvelle" in page and "après 3 jours" not in page
    assert sum(counted().values()) == 1
    again = answer(client, asked_on, "removed")
    assert again.status_code == 200 and "Erreur" not in again.text, "the button was pressed twice"
    assert "Cette date n'est plus gardée." in unescape(again.text)
    page = answer(client, asked_on, "still_there").text
    assert "Le site refuse" in page and "signaleur de confiance" in page, "the ways on stay in reach"
    assert sum(counted().values()) == 1


@pytest.mark.parametrize("sent", [{}, {"asked_on": "hier", "answer": "removed"}, {"asked_on": "2026-12-01"}])
def test_answer_that_is_none_is_said(sent):
    conversation = make.assigned()
    removal.note_request(conversation, TODAY)
    page = visit(conversation).post(f"{SUITES}retrait/reponse/", sent).text
    assert "La réponse n&#x27;est pas arrivée" in page
    assert RemovalRequest.objects.count() == 1


def test_nobody_answers_for_another_visit():
    conversation = make.assigned()
    removal.note_request(conversation, TODAY)
    assert "Cette date n" in answer(visit(make.assigned()), TODAY, "removed").text
    answer(Client(), TODAY, "removed")
    assert RemovalRequest.objects.count() == 1 and not FigureRemainder.objects.exists()


def test_words_are_folded_where_somebody_may_see_the_screen():
    conversation = make.assigned(discreet=True)
    removal.note_request(conversation, TODAY)
    page = visit(conversation).get(SUITES, follow=True).text
    assert "Faire retirer" in page and "Faire retirer" not in words_on_screen(page)


def test_too_many_is_said():
    conversation = make.assigned()
    for days in range(1, rules.REQUESTS_MOST + 1):
        removal.note_request(conversation, timezone.localdate() - timedelta(days=days))
    page = visit(conversation).post(f"{SUITES}retrait/", follow=True).text
    assert "Trop de dates" in page
    assert RemovalRequest.objects.count() == rules.REQUESTS_MOST


# --- the agent --------------------------------------------------------------------------------------------------------


def test_agent_proposes_the_kit_and_suites_lead_there():
    conversation = make.assigned()
    assert conversation.assigned_to is not None
    client = visit(conversation)
    assert reverse("pages:removal_request") not in client.get(SUITES).text
    console = signed_in(conversation.assigned_to.user)
    assert 'value="removal"' in console.get(page_of(conversation)).text
    page = console.post(page_of(conversation) + "propositions/", {"act": "removal"}, follow=True).text
    assert "Retrait d&#x27;un contenu" in page
    row = Proposal.objects.get()
    assert "« Suites »" in row.words["text"].replace("\u00a0", " ") and len(row.words["answers"]) == 3
    assert reverse("pages:removal_request") in client.get(SUITES).text
    state = page_state.read_page_state(conversation, timezone.now())
    assert state.follow == "Suites" and queries.has_any(conversation)


def test_proposing_it_takes_a_second_press_as_its_neighbours_do():
    conversation = make.assigned()
    assert conversation.assigned_to is not None
    page = signed_in(conversation.assigned_to.user).get(page_of(conversation)).text
    panel = page[: page.index('value="removal"')].rpartition("<details id=")[2]
    assert "Faire retirer un contenu</summary>" in panel and "</details>" not in panel


def test_minor_is_proposed_it_in_tu():
    conversation = make.assigned(age_band="under_15")
    assert conversation.assigned_to is not None
    row = proposals.propose_removal(conversation_id=conversation.pk, by=conversation.assigned_to.user)
    assert "Veux-tu" in row.words["text"]


def test_link_to_suites_is_there_with_a_date_alone():
    conversation = make.assigned()
    assert page_state.read_page_state(conversation, timezone.now()).follow == ""
    removal.note_request(conversation, TODAY)
    assert page_state.read_page_state(conversation, timezone.now()).follow == "Suites"


def test_macro_proposes_it():
    macro = Macro(title="Retrait", proposes_removal=True)
    macro.full_clean()
    macro.save()
    conversation = make.assigned()
    assert conversation.assigned_to is not None
    console = signed_in(conversation.assigned_to.user)
    assert "propose de faire retirer un contenu" in console.get(page_of(conversation)).text
    console.post(page_of(conversation) + "geste/", {"macro": str(macro.public_id), "body": ""})
    assert Proposal.objects.get().kind == "removal"
