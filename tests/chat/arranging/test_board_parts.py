"""Which parts of the board are shown, and in which order, is stored with the account. Alerts are always shown."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from chat.arranging.board_parts import Part, read_layout
from chat.arranging.layout import Act
from chat.console import board
from chat.models import Agent
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

BOARD, ARRANGE = "/console/tableau/", "/console/tableau/disposition/"
# A sign of each part on the page of the board.
SIGNS = {
    Part.PICTURES: 'id="dessins"',
    Part.FIGURES: 'class="console-figures"',
    Part.SILENCES: 'id="silences"',
    Part.RUNNING: 'id="en-cours"',
    Part.PROMISES: 'id="promesses"',
    Part.QUEUE: "File d'attente</h2>",
    Part.TABLES: 'id="attentes-pli"',
}


# --- the rules ---


def test_nothing_kept_is_every_part_in_the_order_of_the_beginning():
    layout = read_layout([])
    assert (layout.order, layout.shown, layout.left_out) == (tuple(Part), list(Part), [])
    assert layout.filter_before == Part.SILENCES


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("act", Act)
def test_what_is_kept_makes_the_same_layout_again(part, act):
    changed = read_layout(["file", "-dessins"]).changed(part, act)
    assert read_layout(changed.kept) == changed
    assert sorted(changed.order) == sorted(Part)


def test_moving_changes_places_with_the_neighbour_and_stops_at_both_ends():
    first, second, *_others = Part
    moved = read_layout([]).changed(second, Act.UP)
    assert moved.order[:2] == (second, first) and moved.order[2:] == tuple(Part)[2:]
    assert moved.changed(second, Act.UP) == moved
    assert moved.changed(moved.order[-1], Act.DOWN) == moved
    assert moved.changed(second, Act.DOWN) == read_layout([])


def test_hiding_keeps_the_place():
    hidden = read_layout([]).changed(Part.SILENCES, Act.HIDE)
    assert Part.SILENCES not in hidden.shown and hidden.left_out == [Part.SILENCES]
    assert hidden.filter_before == Part.RUNNING
    assert hidden.changed(Part.SILENCES, Act.SHOW) == read_layout([])


def test_tables_are_never_hidden_because_pictures_lead_to_them():
    layout = read_layout([f"-{part}" for part in Part])
    assert layout.shown == [Part.TABLES] and layout.filter_before == Part.TABLES
    assert layout.changed(Part.TABLES, Act.HIDE) == layout
    assert not {Act.HIDE, Act.SHOW} & set(layout.rows[-1].acts)


def test_names_of_another_version_are_left_out_and_new_parts_are_shown():
    layout = read_layout(["file", "autrefois", "-autrefois", "file", "-silences"])
    assert layout.order[:2] == (Part.QUEUE, Part.SILENCES) and sorted(layout.order) == sorted(Part)
    assert layout.hidden == {Part.SILENCES}


def test_each_part_can_be_kept():
    assert all(len(name) <= 20 for name in replace(read_layout([]), hidden=frozenset(Part)).kept)


# --- the pages ---


@pytest.fixture
def chief(db):
    return make.agent(role=Role.SUPERVISOR, availability="away", present=False)


def order_on_board(client):
    page = squeezed(unescape(client.get(BOARD).text))
    body = page[page.index("data-alerts") :]
    places = {part: body.find(sign) for part, sign in SIGNS.items()}
    return [part for part in sorted(places, key=lambda one: places[one]) if places[part] >= 0], page


def test_board_follows_the_arrangement_of_its_supervisor_alone(chief):
    client, other = signed_in(chief.user), make.agent(role=Role.SUPERVISOR, availability="away", present=False)
    assert order_on_board(client)[0] == list(Part)
    for part, act in ((Part.QUEUE, Act.UP), (Part.QUEUE, Act.UP), (Part.PICTURES, Act.HIDE)):
        answer = client.post(ARRANGE, {"partie": part, "acte": act})
        assert answer.status_code == 302 and answer.url.startswith(ARRANGE)
    shown, page = order_on_board(client)
    assert shown == [Part.FIGURES, Part.SILENCES, Part.QUEUE, Part.RUNNING, Part.PROMISES, Part.TABLES]
    assert "Parties cachées : Dessins." in page, "what is hidden is said"
    assert page.count('id="filtre"') == 1 and page.index('id="filtre"') < page.index('id="silences"')
    others, page = order_on_board(signed_in(other.user))
    assert others == list(Part) and "Parties cachées" not in page
    client.post(ARRANGE, {"acte": "debut"})
    assert order_on_board(client)[0] == list(Part)
    assert Agent.objects.get(pk=chief.pk).board_layout == []


def test_alerts_are_first_whatever_is_hidden(chief):
    Agent.objects.filter(pk=chief.pk).update(board_layout=[f"-{part}" for part in Part])
    shown, page = order_on_board(signed_in(chief.user))
    assert shown == [Part.TABLES]
    assert "Aucune alerte" in page or "console-alert" in page


def test_after_an_act_its_button_has_the_focus_and_says_what_was_done(chief):
    client = signed_in(chief.user)

    def pressed(part, act):
        page = squeezed(unescape(client.post(ARRANGE, {"partie": part, "acte": act}, follow=True).text))
        button = re.search(r"<button[^>]*autofocus[^>]*>[^<]*<span[^>]*>[^<]*", page)
        said = re.search(r'id="fait"[^>]*>([^<]*)', page)
        assert button and said and page.count("autofocus") == 1
        assert 'aria-describedby="fait"' in button[0]
        return re.sub(r"<[^>]*>", " ", button[0]).strip(), said[1]

    said = "« Chiffres du moment » : place 3 sur 7."
    assert pressed(Part.FIGURES, Act.DOWN) == ("Descendre – Chiffres du moment", said)
    assert pressed(Part.FIGURES, Act.HIDE) == ("Montrer – Chiffres du moment", "« Chiffres du moment » est caché.")
    assert pressed(Part.SILENCES, Act.UP)[0] == "Cacher – Échanges silencieux", "it is first: it has no « Monter »"


@pytest.mark.parametrize(
    "sent", [{}, {"partie": "autre", "acte": "cacher"}, {"partie": "file"}, {"partie": "file", "acte": "autre"}]
)
def test_what_nobody_offers_changes_nothing_and_says_so(chief, sent):
    answer = signed_in(chief.user).post(ARRANGE, sent)
    assert "n'existe pas" in unescape(answer.text)
    assert Agent.objects.get(pk=chief.pk).board_layout == []


@pytest.mark.django_db(transaction=True)
def test_two_acts_at_once_are_both_kept(chief, monkeypatch):
    """Two pages of one supervisor: each knew the arrangement from before, and the second took the first act back."""
    together = Barrier(2)

    class Form(board.PartForm):
        def is_valid(self):
            is_valid = super().is_valid()
            together.wait(10)
            return is_valid

    monkeypatch.setattr(board, "PartForm", Form)
    clients = [signed_in(chief.user), Client()]
    clients[1].cookies = clients[0].cookies

    def hide(client, part):
        try:
            return client.post(ARRANGE, {"partie": part, "acte": Act.HIDE}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(hide, clients, [Part.PICTURES, Part.QUEUE])) == [302, 302]
    assert read_layout(Agent.objects.get(pk=chief.pk).board_layout).left_out == [Part.PICTURES, Part.QUEUE]


def test_address_of_an_act_that_is_undone_since_says_nothing(chief):
    page = signed_in(chief.user).get(ARRANGE, {"partie": "file", "acte": "cacher"}).text
    assert 'id="fait"' not in page and "autofocus" not in page


def test_beginning_is_said_only_while_it_is_so(chief):
    client, said = signed_in(chief.user), "Le tableau est de nouveau comme au début."
    assert said in unescape(client.post(ARRANGE, {"acte": "debut"}, follow=True).text)
    Agent.objects.filter(pk=chief.pk).update(board_layout=["-dessins"])
    page = unescape(client.get(ARRANGE, {"acte": "debut"}).text)
    assert said not in page and 'id="fait"' not in page
