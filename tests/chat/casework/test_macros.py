"""A macro does several acts in one press: it says so before, does all or none of them, and sends nothing."""

import re
import uuid
from html import unescape

import pytest
from django.core.exceptions import ValidationError

from chat.casework import holds, macros
from chat.conversations import actions
from chat.models import CannedReply, Conversation, Hold, Macro, Proposal
from chat.models.casework import Emergency
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author
from tests.chat.console.agents import page_of
from tests.chat.console.test_conversation import hidden_client_id
from tests.factories import chat as make
from tests.factories import transmissions
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


def area(html: str) -> str:
    return unescape(re.search(r'<textarea[^>]*id="corps-[^>]*>(.*?)</textarea>', html, re.DOTALL).group(1)).strip()


def press(console, conversation, macro, body=""):
    return console.post(page_of(conversation) + "geste/", {"macro": str(macro.public_id), "body": body})


@pytest.fixture
def whole():
    return Macro.objects.create(
        title="Idées suicidaires",
        situation=Situation.SUICIDE,
        proposes_complaint=True,
        minutes=5,
        reply=CannedReply.objects.get(title="Se présenter"),
    )


def test_what_it_does_is_read_before_it_is_pressed(console, conversation, whole):
    html = unescape(console.get(page_of(conversation)).text)
    told = re.search(r'id="geste-[^"]*"[^>]*>(.*?)</span>', html, re.DOTALL).group(1)
    assert told.replace("\u00a0", " ") == (
        "Ouvre la procédure d'urgence « Idées suicidaires », promet de revenir dans 5 minutes, met le texte "
        "« Se présenter » dans la réponse sans l'envoyer et, une fois la réponse envoyée, propose de porter plainte. "
        "L'envoyer dans les deux minutes laisse courir la promesse."
    )


def test_all_is_done_and_the_reply_stays_with_the_draft(console, conversation, whole):
    html = press(console, conversation, whole, "Je suis là.").text
    assert re.match(r"Je suis là\.\nBonjour, je m’appelle", area(html))
    assert Emergency.objects.get().situation == Situation.SUICIDE
    assert Hold.objects.count() == 1
    following = re.search(r'<div class="console-reply__following".*?</div>\s*</fieldset>', html, re.DOTALL).group(0)
    assert 'value="complaint" checked' in following and "propose de porter plainte" in following


def test_what_it_proposes_follows_the_answer(console, conversation, whole):
    """The person read the proposal before the words that prepare it, which waited in the answer."""
    html = press(console, conversation, whole).text
    assert Proposal.objects.count() == 0
    sent = {"client_id": hidden_client_id(html), "body": area(html), "propose": ["complaint", "partner"]}
    console.post(page_of(conversation), sent)
    assert [one.kind for one in Proposal.objects.all()] == ["complaint"]
    *_promise, answer, proposed = conversation.messages.order_by("seq")
    assert (answer.author, proposed.author) == (Author.AGENT, Author.SYSTEM)


def test_answer_that_is_sent_twice_is_followed_once(console, conversation, whole):
    """A double press, or a reload, wrote the message once and proposed again."""
    html = press(console, conversation, whole).text
    sent = {"client_id": hidden_client_id(html), "body": area(html), "propose": "complaint"}
    for _press in range(2):
        assert console.post(page_of(conversation), sent).status_code == 302
    assert Proposal.objects.count() == 1
    asked = {"act": "complaint", "client_id": sent["client_id"]}
    console.post(page_of(conversation) + "propositions/", asked)  # sent by a script that was not told that it is done
    console.post(page_of(conversation) + "propositions/", {**asked, "act": "removal"})
    assert sorted(one.kind for one in Proposal.objects.all()) == ["complaint", "removal"]
    console.post(page_of(conversation) + "propositions/", {"act": "complaint"})  # sent by the button of the proposal
    console.post(page_of(conversation), {**sent, "client_id": str(uuid.uuid4())})  # sent with another answer
    console.post(page_of(conversation) + "propositions/", {"act": "removal", "client_id": "x"})
    assert Proposal.objects.count() == 5


@pytest.mark.parametrize("how", ["closed", "passed on"])
def test_answer_is_sent_also_if_what_follows_it_cannot_be_done(console, conversation, whole, monkeypatch, how):
    html = press(console, conversation, whole).text
    proposed, colleague = macros.propose, make.agent()

    def too_late(*args, **kwargs):
        if how == "closed":
            actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
        else:
            Conversation.objects.filter(pk=conversation.pk).update(assigned_to=colleague)
        proposed(*args, **kwargs)

    monkeypatch.setattr(macros, "propose", too_late)
    sent = {"client_id": hidden_client_id(html), "body": area(html), "propose": "complaint"}
    answer = console.post(page_of(conversation), sent)
    assert answer.status_code == 302
    assert conversation.messages.filter(author=Author.AGENT).count() == 1 and Proposal.objects.count() == 0
    if how == "closed":
        page = squeezed(unescape(console.get(page_of(conversation)).text))
        assert "L'échange est terminé : rien n'a été proposé." in page


def test_what_follows_is_kept_by_other_presses_and_can_be_taken_back(console, conversation, whole):
    html = press(console, conversation, whole).text
    again = console.post(page_of(conversation), {"insert": "safety", "body": "Bonjour.", "propose": "complaint"}).text
    assert 'value="complaint" checked' in again
    console.post(page_of(conversation), {"client_id": hidden_client_id(html), "body": "Bonjour."})
    assert Proposal.objects.count() == 0


def test_without_an_answer_it_proposes_at_once(console, conversation, whole):
    Macro.objects.update(reply=None)
    press(console, conversation, whole)
    assert [one.kind for one in Proposal.objects.all()] == ["complaint"]


@pytest.fixture
def to_verify(conversation):
    """Return the conversation, of a person whose unit is only the nearest one."""
    conversation.report.reception_point, conversation.report.is_nearest = transmissions.account().point, True
    conversation.report.save()
    return conversation


@pytest.mark.parametrize("is_nearest", [True, False])
def test_unit_whose_address_would_be_sent_is_named_before(console, to_verify, whole, is_nearest):
    """The box said « propose de porter plainte »; Pnav also sent the address and the hours of a unit to be checked."""
    to_verify.report.is_nearest = is_nearest
    to_verify.report.save()
    html = unescape(console.get(page_of(to_verify)).text)
    told = re.search(r'id="geste-[^"]*"[^>]*>(.*?)</span>', html, re.DOTALL).group(1)
    box = re.search(r'for="suivre-complaint-[^>]*>(.*?)</label>', press(console, to_verify, whole).text).group(1)
    for words in (told, unescape(box)):
        words = words.replace("\u00a0", " ")
        assert f"« {to_verify.report.reception_point.name} », adresse et horaires)" in words
        assert ("unité à vérifier" in words) is is_nearest


def test_unit_to_verify_is_not_sent_by_the_press_of_a_macro(console, to_verify, whole):
    """Its form opens instead, where the address and the hours are read; the rest is done."""
    Macro.objects.update(reply=None, proposes_removal=True)
    before = unescape(console.get(page_of(to_verify)).text)
    assert "Sans réponse commencée, il ouvre la proposition à relire, et n'envoie rien" in before.replace("\u00a0", " ")
    panel = f'id="plainte-pli-{to_verify.public_id}"'
    assert f"{panel}>" in before
    html = unescape(press(console, to_verify, whole).text)
    assert [one.kind for one in Proposal.objects.all()] == ["removal"]
    assert f"{panel} open>" in html and "l'unité est à vérifier" in html
    assert Hold.objects.count() == 1
    console.post(page_of(to_verify) + "propositions/", {"act": "complaint"})
    assert Proposal.objects.filter(kind="complaint").count() == 1


def test_reply_that_was_sent_is_not_put_into_the_answer_again(console, conversation, whole):
    html = press(console, conversation, whole).text
    console.post(page_of(conversation), {"client_id": hidden_client_id(html), "body": f"Bien. {area(html)}"})
    page = unescape(press(console, conversation, whole, "Je suis là.").text)
    assert area(page) == "Je suis là."
    assert "« Se présenter » est déjà partie à" in page.replace("\u00a0", " ")
    conversation.messages.all().delete()
    # The same words were sent to somebody else.
    make.message(make.assigned(conversation.assigned_to), area(html), Author.AGENT)
    assert "Bonjour, je m’appelle" in area(press(console, conversation, whole).text)


def test_reply_that_waits_in_the_answer_is_put_there_once(console, conversation, whole):
    html = press(console, conversation, whole).text
    assert area(press(console, conversation, whole, area(html)).text) == area(html)


def test_one_act_that_cannot_be_done_undoes_the_others(console, conversation, whole):
    Macro.objects.update(minutes=7)  # a promise of a length that the service does not offer
    html = unescape(press(console, conversation, whole, "Je suis là.").text)
    assert "durée de la promesse" in html and area(html) == "Je suis là."
    assert Emergency.objects.count() == Proposal.objects.count() == Hold.objects.count() == 0


def test_one_promise_too_many_does_nothing_and_says_so(console, conversation, whole, monkeypatch):
    monkeypatch.setattr(holds, "HOLDS_AT_MOST", 0)
    html = unescape(press(console, conversation, whole, "Je suis là.").text)
    assert "trop de promesses" in html and area(html) == "Je suis là."
    assert Emergency.objects.count() == Proposal.objects.count() == Hold.objects.count() == 0


def test_procedure_that_is_open_for_another_situation_is_not_taken_for_that_of_the_macro(console, conversation, whole):
    """The macro said that it had opened « Idées suicidaires », and the list of « danger » stayed."""
    console.post(page_of(conversation) + "procedure/", {"situation": Situation.DANGER})
    html = unescape(press(console, conversation, whole, "Je suis là.").text)
    assert "une autre procédure d'urgence est ouverte" in html and area(html) == "Je suis là."
    assert Emergency.objects.get().situation == Situation.DANGER
    assert Proposal.objects.count() == Hold.objects.count() == 0
    console.post(page_of(conversation) + "procedure/", {"end": "1"})
    press(console, conversation, whole)
    assert Emergency.objects.get(ended_at=None).situation == Situation.SUICIDE


def test_one_that_was_put_aside_does_nothing_and_says_so(console, conversation, whole):
    Macro.objects.update(is_active=False)
    html = unescape(press(console, conversation, whole, "Je suis là.").text)
    assert "n'est plus proposé" in html and area(html) == "Je suis là."
    assert Emergency.objects.count() == 0
    assert "Gestes groupés" not in html


def test_a_reply_of_another_unit_is_left_out(console, conversation, whole):
    CannedReply.objects.filter(pk=whole.reply_id).update(unit=make.unit(name="Ailleurs"))
    html = unescape(console.get(page_of(conversation)).text)
    assert "sans l'envoyer" not in html
    assert area(press(console, conversation, whole).text) == ""


def test_one_whose_only_act_is_a_reply_of_another_unit_says_that_it_does_nothing(console, conversation, whole):
    """It said a full stop, and nothing else."""
    Macro.objects.update(situation="", proposes_complaint=False, minutes=None)
    CannedReply.objects.filter(pk=whole.reply_id).update(unit=make.unit(name="Ailleurs"))
    html = unescape(console.get(page_of(conversation)).text)
    assert re.search(r'id="geste-[^"]*"[^>]*>(.*?)</span>', html, re.DOTALL)[1] == "Ne fait rien dans cet échange."


def test_a_macro_without_an_act_is_refused():
    with pytest.raises(ValidationError, match="au moins un acte"):
        Macro(title="Rien").full_clean()


@pytest.mark.parametrize(("role", "does"), [("witness", "propose de témoigner"), ("relative", "propose d'accompagner")])
def test_to_who_helps_it_proposes_what_their_role_allows(agent, console, whole, role, does):
    html = unescape(console.get(page_of(make.assigned(agent, role=role))).text)
    told = re.search(r'id="geste-[^"]*"[^>]*>(.*?)</span>', html, re.DOTALL).group(1)
    assert does in told and "porter plainte" not in told


def test_promise_runs_on_when_the_reply_beside_it_is_sent(console, conversation, whole):
    """Sending that reply ended the promise of the same press; the message after it is the agent who is back."""
    page = unescape(console.get(page_of(conversation)).text)
    assert "L'envoyer dans les deux minutes laisse courir la promesse." in page.replace("\u00a0", " ")
    reply = area(press(console, conversation, whole).text)
    conversation.refresh_from_db()
    make.message(conversation, reply, Author.AGENT)
    assert holds.running_hold(conversation) is not None
    assert "Retour promis dans 5" in console.get(page_of(conversation)).text.replace("\u00a0", " ")
    make.message(conversation, "Me voilà.", Author.AGENT)
    assert holds.running_hold(conversation) is None
    assert "Retour promis dans 5" not in console.get(page_of(conversation)).text.replace("\u00a0", " ")


def test_message_that_comes_after_the_promised_time_is_the_agent_who_is_back(console, conversation, whole):
    """The reply was taken out of the answer, or never sent: then nothing waits for it any more."""
    press(console, conversation, whole)
    Hold.objects.update(held_at=make.long_ago(9), until=make.long_ago(4))
    type(conversation).objects.update(assigned_at=make.long_ago(10))
    conversation.refresh_from_db()
    assert holds.running_hold(conversation) is not None
    make.message(conversation, "Me voilà.", Author.AGENT)
    assert holds.running_hold(conversation) is None


def test_agent_who_emptied_the_reply_and_is_back_in_time_has_ended_the_promise(console, conversation, whole):
    """« Me voilà » counted as that reply, so that the promise ran on and was late in the end."""
    press(console, conversation, whole)
    Hold.objects.update(held_at=make.long_ago(3), until=make.long_ago(-2))
    type(conversation).objects.update(assigned_at=make.long_ago(10))
    conversation.refresh_from_db()
    assert holds.running_hold(conversation) is not None
    make.message(conversation, "Me voilà.", Author.AGENT)
    assert holds.running_hold(conversation) is None


def test_promise_without_a_reply_ends_with_the_next_message(console, conversation, whole):
    Macro.objects.update(reply=None)
    press(console, conversation, whole)
    conversation.refresh_from_db()
    make.message(conversation, "Me voilà.", Author.AGENT)
    assert holds.running_hold(conversation) is None
