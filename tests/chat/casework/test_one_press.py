"""Words that one press puts into the answer, and the steps that are ticked when these words are sent."""

import json
import re
from html import unescape

import pytest

from chat.casework import emergencies, fact_sheet, one_press
from chat.casework.emergencies import Done
from chat.casework.fact_sheet import Facts
from chat.console import casework_panels
from chat.models import CannedReply, Conversation
from chat.models.casework import EmergencyStep
from chat.rules import emergency_texts
from chat.rules.emergency import CHECKLISTS, Situation, Step
from chat.rules.lifecycle import Author
from reports.rules.offence_elements import QUESTIONS, Element
from tests.chat.console.agents import page_of, signed_in
from tests.chat.console.test_conversation import hidden_client_id
from tests.factories import chat as make
from tests.support import begun
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make.agent()


def row(html: str) -> list[str]:
    """Return what stands above the answer."""
    part = re.search(r'<div class="console-say-row".*?</div>', html, re.DOTALL).group(0)
    return [unescape(text) for text in re.findall(r'data-insert="([^"]*)"', part)]


def spaced(text: str) -> str:
    """Return the text with ordinary spaces: where a text is drawn, those before « ? » and « ; » do not break."""
    return re.sub(r"\s", " ", text)


def area(html: str) -> str:
    return unescape(re.search(r'<textarea[^>]*id="corps-[^>]*>(.*?)</textarea>', html, re.DOTALL).group(1)).strip()


def test_next_questions_of_the_sheet_stand_above_the_answer_each_once(agent):
    conversation = make.assigned(agent)
    asked = row(signed_in(agent.user).get(page_of(conversation)).text)
    assert len(asked) == one_press.QUESTIONS_SHOWN == len(set(asked))
    assert set(asked) <= {str(question) for question in QUESTIONS.values()}


def test_an_answered_question_is_asked_no_more(agent):
    conversation = make.assigned(agent)
    sheet = casework_panels.sheet_panel(conversation)
    asked = one_press.questions_to_ask(sheet.readings, sheet.reported, one_press.Voice())
    assert any(reply.text == str(QUESTIONS[Element.ONLINE]) for reply in asked)
    facts = Facts(present=[Element.ONLINE])
    fact_sheet.save_sheet(conversation_id=conversation.pk, version=0, facts=facts, by=agent.user)
    sheet = casework_panels.sheet_panel(conversation)
    asked = one_press.questions_to_ask(sheet.readings, sheet.reported, one_press.Voice())
    assert not any(reply.text == str(QUESTIONS[Element.ONLINE]) for reply in asked)


def test_question_that_was_asked_comes_behind_the_others_also_after_a_reload(agent):
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    first, *others = row(client.get(page_of(conversation)).text)
    make.message(conversation, f"Bonjour. {first.replace(' ', chr(10))} Merci.", Author.AGENT)
    asked = row(client.get(page_of(conversation)).text)
    assert first not in asked and asked[: len(others)] == others
    replies = one_press.all_questions(one_press.Voice())[:2]
    bodies = [reply.text for reply in replies]
    assert one_press.put_asked_last(replies, bodies) == replies, "all were asked"
    assert one_press.put_asked_last(replies, bodies[:1]) == replies[::-1]


@pytest.mark.parametrize(("age_band", "pronoun"), [("adult", "êtes-vous"), ("15_17", "es-tu")])
def test_steps_of_an_emergency_come_before_the_questions_in_the_voice_of_the_person(agent, age_band, pronoun):
    conversation = make.assigned(agent, age_band=age_band)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    client = signed_in(agent.user)
    said = row(client.get(page_of(conversation)).text)
    assert len(said) == 6 and any(pronoun in one for one in said)
    emergencies.tick_step(conversation_id=conversation.pk, step=Step.LOCATION, by=agent.user)
    assert len(row(client.get(page_of(conversation)).text)) == 5


@pytest.mark.parametrize("how", ["words", "words before the last answer", "critical"])
def test_safety_comes_first_where_danger_is_told_until_a_procedure_is_opened(agent, how):
    conversation = make.assigned(agent, urgency=Urgency.CRITICAL if how == "critical" else Urgency.NORMAL)
    client, asked = signed_in(agent.user), spaced(emergency_texts.SAFETY.spoken())

    def said() -> list[str]:
        return [spaced(text) for text in row(client.get(page_of(conversation)).text)]

    if how != "critical":
        assert asked not in said()
        make.message(conversation, "il est devant chez moi avec un couteau, j'ai envie de mourir")
    if "before" in how:
        make.message(conversation, "Je vous lis.", Author.AGENT)
        make.message(conversation, "oui")
    assert said()[0] == asked and len(said()) == one_press.QUESTIONS_SHOWN
    html = client.post(page_of(conversation), {"insert": "safety", "body": ""}).text
    assert "<strong>Vérifier la sécurité</strong>" in html and spaced(area(html)) == asked
    sheet = casework_panels.sheet_panel(conversation)
    assert casework_panels.after_autosave(conversation, sheet)["say"][0].key == "safety"
    make.message(conversation, emergency_texts.SAFETY.spoken(), Author.AGENT)
    assert said()[-1] == asked and len(said()) == one_press.QUESTIONS_SHOWN  # it was sent, and stays within reach
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    emergencies.finish(conversation_id=conversation.pk, by=agent.user)
    assert asked not in said()


@pytest.mark.parametrize("key", [one_press.step_key(Step.LOCATION), f"question-{Element.ONLINE}"])
def test_without_a_script_one_press_puts_the_words_after_the_draft_and_sends_nothing(agent, key):
    conversation = make.assigned(agent)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    html = signed_in(agent.user).post(page_of(conversation), {"insert": key, "body": "Je suis là."}).text
    assert re.match(r"Je suis là\.\n\S", area(html))
    assert conversation.messages.filter(author=Author.AGENT).count() == 0


def test_what_was_sent_is_ticked_and_nothing_else(agent):
    conversation = make.assigned(agent)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    client = signed_in(agent.user)
    page = client.get(page_of(conversation)).text
    words = f"D'accord.\n{emergency_texts.LOCATION.spoken()} {emergency_texts.STAYED.spoken()}"
    words += f" {emergency_texts.REACHED.spoken()}"  # a question is done once it was answered
    client.post(page_of(conversation), {"client_id": hidden_client_id(page), "body": words})
    assert set(EmergencyStep.objects.values_list("step", flat=True)) == {Step.LOCATION, Step.STAYED}


@pytest.mark.parametrize(
    ("situation", "given"),
    [(Situation.DANGER, {Step.CALLED, Step.BY_TEXT}), (Situation.CHILD, {Step.CALLED, Step.BY_TEXT})],
)
def test_ready_reply_that_gives_the_numbers_ticks_their_steps(agent, situation, given):
    """« Vérifier la sécurité » gave 17, 112 and 114, and an agent ticked both steps by hand."""
    conversation = make.assigned(agent)
    emergencies.start(conversation_id=conversation.pk, situation=situation, by=agent.user)
    client = signed_in(agent.user)
    page = client.get(page_of(conversation)).text
    words = CannedReply.objects.get(title="Vérifier la sécurité").vous
    told = re.findall(r'data-step="([^"]*)" data-sent="([^"]*)"', page)  # what the script compares
    assert {step for step, texts in told if any(one in words for one in json.loads(unescape(texts)))} == given
    client.post(page_of(conversation), {"client_id": hidden_client_id(page), "body": f"Bonsoir.\n{words}"})
    assert set(EmergencyStep.objects.values_list("step", flat=True)) == given


def test_safety_that_was_put_in_before_the_procedure_ticks_its_numbers(agent):
    conversation = make.assigned(agent)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    client = signed_in(agent.user)
    page = client.get(page_of(conversation)).text
    client.post(page_of(conversation), {"client_id": hidden_client_id(page), "body": emergency_texts.SAFETY.spoken()})
    assert set(EmergencyStep.objects.values_list("step", flat=True)) == {Step.CALLED, Step.BY_TEXT}


def test_who_reads_english_is_offered_english_words_named_for_the_agent(agent):
    conversation = make.assigned(agent, language="en")
    client = signed_in(agent.user)
    page = client.get(page_of(conversation)).text
    assert all(one.isascii() for one in row(page)) and "Where is it happening" in row(page)[0]
    assert "(anglais)" in page and 'lang="en"' in page and "Par internet ou par téléphone" in unescape(page)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    page = client.get(page_of(conversation)).text
    said = next(one for one in row(page) if one.startswith("Where are you exactly?"))
    assert area(client.post(page_of(conversation), {"insert": "etape-location", "body": ""}).text) == said
    client.post(page_of(conversation), {"client_id": hidden_client_id(page), "body": f"{said} Je reste là avec vous."})
    assert set(EmergencyStep.objects.values_list("step", flat=True)) == {Step.LOCATION, Step.STAYED}


def test_the_language_that_somebody_writes_in_comes_before_the_one_they_read(agent):
    conversation = make.assigned(agent, language="en")
    Conversation.objects.filter(pk=conversation.pk).update(guessed_language="fr")
    assert all(
        text in {str(one) for one in QUESTIONS.values()}
        for text in row(signed_in(agent.user).get(page_of(conversation)).text)
    )


def test_every_question_and_step_has_its_words_in_each_language():
    for language in begun.whole():
        voice = one_press.Voice(language=language)
        assert all(reply.code == language for reply in one_press.all_questions(voice))
        for situation in Situation:
            replies = one_press.steps_to_say([Done(line, None, "") for line in CHECKLISTS[situation]], voice)
            assert replies and all(reply.code == language and "{" not in reply.text for reply in replies)
    [french] = {reply.code for reply in one_press.all_questions(one_press.Voice(language="xx"))}
    assert french == ""


def test_words_without_an_open_procedure_tick_nothing(agent):
    conversation = make.assigned(agent)
    said = emergency_texts.LOCATION.spoken()
    assert (
        emergencies.tick_said(conversation_id=conversation.pk, body=said, familiar=False, language="fr", by=agent.user)
        == []
    )


def test_several_steps_are_ticked_in_one_request(agent):
    conversation = make.assigned(agent)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    client = signed_in(agent.user)
    client.post(page_of(conversation) + "procedure/", {"step": [Step.LOCATION, Step.STAYED]})
    assert EmergencyStep.objects.count() == 2
    html = client.post(page_of(conversation) + "procedure/", {"step": [Step.CALLED, "inconnu"]}).text
    assert EmergencyStep.objects.count() == 2 and "Rien n'a changé" in unescape(html)


def test_autosave_answers_with_all_that_follows_the_sheet(agent):
    conversation = make.assigned(agent)
    client, key = signed_in(agent.user), conversation.public_id
    answer = client.post(
        page_of(conversation) + "fiche/", {"autosave": "1", "version": "0", Element.ONLINE: "yes"}
    ).text
    assert "Fiche enregistrée à" in answer and f'id="fiche-gardee-{key}"' in answer
    summary = re.search(rf'<textarea[^>]*id="resume-unite-{key}"[^>]*>(.*?)</textarea>', answer, re.DOTALL).group(1)
    assert "oui" in summary
    assert str(QUESTIONS[Element.ONLINE]) not in row(answer)


def test_autosave_offers_no_question_again_that_was_asked(agent):
    """After each press on the sheet, what the agent had just asked was offered first again."""
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    first, second, third = row(client.get(page_of(conversation)).text)
    make.message(conversation, first, Author.AGENT)
    sent = {"autosave": "1", "version": "0", Element.THREAT: "no"}
    asked = row(client.post(page_of(conversation) + "fiche/", sent).text)
    assert first not in asked and asked[:2] == [second, third]
    assert asked == row(client.get(page_of(conversation)).text), "as in the page"


def test_autosave_of_a_refused_value_and_of_its_correction(agent):
    conversation = make.assigned(agent)
    client, address = signed_in(agent.user), page_of(conversation) + "fiche/"
    long = client.post(address, {"autosave": "1", "version": "0", "dates": "x" * 25_000}).text
    assert "La fiche n'est pas enregistrée : voyez ce qui est écrit sous le champ" in unescape(long).replace(
        "\u00a0", " "
    )
    short = client.post(address, {"autosave": "1", "version": "0", "dates": "hier"}).text
    assert "n'est pas enregistrée" not in unescape(short) and "Fiche enregistrée à" in short


def test_ready_answers_are_read_before_they_are_put_in(agent):
    conversation = make.assigned(agent)
    html = unescape(signed_in(agent.user).get(page_of(conversation)).text)
    box = html[html.index('class="console-canned__list"') :]
    assert re.search(r'<strong>Se présenter</strong>.*?console-canned__text">Bonjour, je m’appelle', box, re.DOTALL)
