"""An agent arranges the parts of « Ce que je sais ». What is needed in danger stays first."""

import re
from dataclasses import replace
from html import unescape

import pytest
from django.test import Client

from chat.arranging.dossier_parts import Part, read_layout
from chat.arranging.layout import Act
from chat.casework import danger, emergencies, person_summary
from chat.models import Agent
from chat.rules.emergency import Situation
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed
from triage import numbers

ARRANGE = "/console/dossier/disposition/"
# A sign of each part in a dossier.
SIGNS = {
    Part.TOLD: 'id="dit-',
    Part.ORIENTATION: 'data-fold="orientation"',
    Part.RECEPTION: 'id="accueil-',
    Part.SHEET: 'id="fiche-',
    Part.PROPOSALS: 'id="propositions-',
    Part.TRANSFER: 'id="passage-',
    Part.TRANSMISSION: 'id="transmission-',
    Part.NOTES: 'id="notes-',
    Part.SUMMARIES: "Résumés de fin</summary>",
    Part.ANONYMITY: 'data-fold="anonymat"',
}  # no partner is known in these tests


@pytest.fixture
def agent(db):
    return make.agent()


@pytest.fixture
def conversation(agent):
    return make.assigned(agent)


def order_in(page):
    dossier = squeezed(unescape(page))
    dossier = dossier[dossier.index('class="console-dossier"') :]
    dossier = dossier[: dossier.index("</aside>")]
    places = {part: dossier.find(f'<section class="console-block" {sign}') for part, sign in SIGNS.items()}
    places = {part: at if at >= 0 else dossier.find(SIGNS[part]) for part, at in places.items()}
    assert all(at > 0 for at in places.values()), places
    return sorted(places, key=lambda part: places[part]), dossier


def moved(client, part, act):
    return client.post(ARRANGE, {"partie": part, "acte": act})


def test_nothing_kept_is_the_given_order(agent, conversation):
    order, _dossier = order_in(signed_in(agent.user).get(page_of(conversation)).text)
    assert order == [part for part in Part if part in SIGNS]


def test_order_is_that_of_its_agent_alone_on_each_screen(agent, conversation):
    client, other = signed_in(agent.user), make.agent(unit_name="Ailleurs")
    theirs = make.assigned(other)
    for _each in range(len(Part)):
        assert moved(client, Part.NOTES, Act.UP).status_code == 302
    assert moved(client, Part.TOLD, Act.DOWN).status_code == 302
    second = Client()
    second.cookies = client.cookies
    for screen in (client, second):
        for query in ("", "?partie=echange"):
            order, _dossier = order_in(screen.get(page_of(conversation) + query).text)
            assert order[:3] == [Part.NOTES, Part.ORIENTATION, Part.TOLD]
    assert order_in(signed_in(other.user).get(page_of(theirs)).text)[0][0] == Part.TOLD
    client.post(ARRANGE, {"acte": "debut"})
    assert Agent.objects.get(pk=agent.pk).dossier_layout == []
    assert order_in(client.get(page_of(conversation)).text)[0][0] == Part.TOLD


def test_links_within_the_dossier_are_in_the_same_order(agent, conversation):
    client = signed_in(agent.user)
    Agent.objects.filter(pk=agent.pk).update(dossier_layout=["notes", "transmission", "accueil"])
    _order, dossier = order_in(client.get(page_of(conversation)).text)
    jumps = re.search(r'<nav class="console-jump".*?</nav>', dossier)
    assert jumps is not None
    assert re.findall(r'href="#(\w+)-', jumps[0]) == [
        "notes", "transmission", "accueil", "fiche", "propositions", "passage",
    ]  # fmt: skip


@pytest.mark.parametrize("is_open", [False, True], ids=["procedure-offered", "procedure-open"])
def test_procedure_and_numbers_are_first_in_every_order(agent, conversation, is_open, monkeypatch):
    read = person_summary.read_person_summary
    to_offer = [numbers.SUICIDE_PREVENTION]
    monkeypatch.setattr(person_summary, "read_person_summary", lambda *args: replace(read(*args), numbers=to_offer))
    if is_open:
        emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=agent.user)
    client = signed_in(agent.user)
    for layout in ([], [str(part) for part in reversed(Part)], ["procedure", "numeros", "notes"]):
        Agent.objects.filter(pk=agent.pk).update(dossier_layout=layout)
        order, dossier = order_in(client.get(page_of(conversation)).text)
        procedure, offered = dossier.index('id="procedure-'), dossier.index('id="numeros-')
        assert procedure < offered < dossier.index(SIGNS[order[0]])
        assert numbers.SUICIDE_PREVENTION.display in dossier[offered : dossier.index("</section>", offered)]


def offered(client, conversation) -> list[str]:
    page = client.get(page_of(conversation)).text
    _before, there, block = page.partition('id="numeros-')
    return re.findall(r"<strong>([^<]+)</strong>", block[: block.index("</section>")]) if there else []


def test_numbers_are_proposed_while_words_of_danger_are_not_dealt_with(agent, conversation):
    """Somebody who said no facts has no numbers from the triage."""
    client = signed_in(agent.user)
    usual = offered(client, conversation)
    assert "3114" not in usual
    make.message(conversation, "Je veux mourir.")
    assert offered(client, conversation) == ["3114", *usual]
    last = make.message(conversation, "Il a un couteau.")
    assert offered(client, conversation) == ["3114", "17", "114", *usual]
    danger.deal_with(conversation_id=conversation.pk, seq=last.seq, by=agent.user)
    assert offered(client, conversation) == usual


def test_no_part_is_hidden_or_named_as_what_is_needed_in_danger(agent):
    client = signed_in(agent.user)
    page = client.get(ARRANGE).text
    assert "Cacher" not in page and 'value="procedure"' not in page and 'value="numeros"' not in page
    moved(client, Part.NOTES, Act.HIDE)
    assert read_layout(Agent.objects.get(pk=agent.pk).dossier_layout).left_out == []
    assert 'id="fait"' not in client.get(ARRANGE, {"partie": "notes", "acte": "cacher"}).text
    for part in ("procedure", "numeros", ""):
        assert "n'existe pas" in unescape(moved(client, part, Act.DOWN).content.decode())


def test_after_an_act_its_button_has_the_focus_and_the_way_back_is_kept(agent, conversation):
    client = signed_in(agent.user)
    way = re.search(rf'href="({ARRANGE}\?echange=[^"]*)"', client.get(page_of(conversation)).text)
    assert way is not None
    answer = client.post(way[1], {"partie": "notes", "acte": "monter"}, follow=True)
    page = squeezed(unescape(answer.text))
    assert "« Notes privées, question à un collègue, historique » : place 8 sur 11." in page
    button = re.search(r"<button[^>]*autofocus[^>]*>[^<]*<span[^>]*>[^<]*", page)
    assert button is not None and 'aria-describedby="fait"' in button[0] and "Monter" in button[0]
    assert f'href="{page_of(conversation)}"' in page
    assert 'href="/console/echange/' not in client.get(ARRANGE, {"echange": "autre"}).text


def test_names_of_parts_fit_what_keeps_them():
    assert all(len(part) <= 20 for part in Part)
