"""Which parts of the board are shown, and in which order, is stored with the account. Alerts are always shown."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from chat.arranging.board_parts import PICTURES, Part, read_layout
from chat.arranging.layout import Act, Block, Size
from chat.console import board
from chat.models import Agent
from pnav.accounts.models import Role
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed

BOARD, ARRANGE = "/console/tableau/", "/console/tableau/disposition/"
# A sign of each part on the page of the board.
SIGNS = {
    Part.WAITS: 'id="attentes-dessin-titre"',
    Part.PLACES: "prise sur",
    Part.PROMISE: 'id="promesse-zone"',
    Part.ARRIVALS: 'id="semaine-zone"',
    Part.STAFFING: 'id="aujourdhui-zone"',
    Part.FIGURES: 'id="moment"',
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
    changed = read_layout(["file=3", "-dessin-places", "dessin-semaine=6", "dessin-promesse=2"]).changed(part, act)
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


@pytest.mark.parametrize("sizes", [{}, {part: Size.WHOLE for part in PICTURES if part != Part.STAFFING}])
def test_each_part_can_be_kept(sizes):
    layout = replace(read_layout([]), hidden=frozenset(Part) - {Part.TABLES}, sizes=sizes)
    assert all(len(name) <= 20 for name in layout.kept) and read_layout(layout.kept) == layout


def test_an_arrangement_of_before_has_all_pictures_where_they_were_together():
    layout = read_layout(["chiffres", "-dessins", "file"])
    assert layout.order[:7] == (Part.FIGURES, *PICTURES, Part.QUEUE)
    assert layout.hidden == set(PICTURES) and not read_layout(["dessins"]).hidden
    assert read_layout(["dessin-semaine", "-dessins"]).shown[:2] == [Part.ARRIVALS, Part.FIGURES]


def test_pictures_that_follow_each_other_stand_together_each_with_its_size():
    kept = ["dessin-places=3", "dessin-promesse", "file", "dessin-semaine=6", "dessin-effectifs", "-dessin-attentes"]
    blocks = read_layout(kept).blocks
    assert blocks[:3] == [
        Block(Part.PLACES, ((Part.PLACES, Size.HALF), (Part.PROMISE, Size.THIRD))),
        Block(Part.QUEUE),
        Block(Part.ARRIVALS, ((Part.ARRIVALS, Size.WHOLE), (Part.STAFFING, Size.WHOLE))),
    ]


def test_a_picture_goes_through_all_sizes_and_what_is_given_is_not_kept():
    layout = read_layout([])
    seen = [layout.size(Part.PROMISE)]
    for _each in Size:
        if Act.WIDER not in next(row for row in layout.rows if row.part == Part.PROMISE).acts:
            break
        layout = layout.changed(Part.PROMISE, Act.WIDER)
        seen.append(layout.size(Part.PROMISE))
    assert seen == list(Size) and layout.changed(Part.PROMISE, Act.WIDER) == layout
    assert "dessin-promesse=6" in layout.kept
    for _size in seen:
        layout = layout.changed(Part.PROMISE, Act.NARROWER)
    assert layout == read_layout([])


@pytest.mark.parametrize("kept", ["file=6", "dessin-places=5", "dessin-places=", "dessin-places=3", "dessin-places=²"])
def test_a_size_that_cannot_be_is_that_of_the_beginning(kept):
    layout = read_layout([kept])
    assert not layout.sizes and layout.size(Part.PLACES) == Size.HALF


def test_board_begins_with_what_is_now_and_a_chosen_order_stays():
    now = (Part.FIGURES, Part.WAITS, Part.PLACES, Part.SILENCES, Part.RUNNING, Part.QUEUE)
    assert read_layout([]).order[:6] == now
    chosen = ["dessin-semaine", "chiffres", *(part for part in Part if part not in (Part.ARRIVALS, Part.FIGURES))]
    assert list(read_layout(chosen).order) == chosen


def test_only_pictures_that_are_shown_have_a_size_to_choose():
    acts = {row.part: set(row.acts) for row in read_layout(["-dessin-places"]).rows}
    assert not {Act.WIDER, Act.NARROWER} & (acts[Part.PLACES] | acts[Part.QUEUE] | acts[Part.TABLES])
    assert acts[Part.STAFFING] >= {Act.NARROWER} and Act.WIDER not in acts[Part.STAFFING]


# --- the pages ---


@pytest.fixture
def chief(db):
    make.waiting()  # the picture of who waits is left out when nobody does
    return make.agent(role=Role.SUPERVISOR, availability="away", present=False)


def order_on_board(client):
    page = squeezed(unescape(client.get(BOARD).text))
    body = page[page.index("data-alerts") :]
    places = {part: body.find(sign) for part, sign in SIGNS.items()}
    return [part for part in sorted(places, key=lambda one: places[one]) if places[part] >= 0], page


def test_board_follows_the_arrangement_of_its_supervisor_alone(chief):
    client, other = signed_in(chief.user), make.agent(role=Role.SUPERVISOR, availability="away", present=False)
    assert order_on_board(client)[0] == list(Part)
    acts = [(Part.QUEUE, Act.UP)] * 2 + [(Part.PLACES, Act.HIDE), (Part.ARRIVALS, Act.WIDER), (Part.PROMISE, Act.WIDER)]
    for part, act in acts:
        answer = client.post(ARRANGE, {"partie": part, "acte": act})
        assert answer.status_code == 302 and answer.url.startswith(ARRANGE)
    shown, page = order_on_board(client)
    others = [part for part in Part if part not in (Part.FIGURES, Part.WAITS, Part.PLACES, Part.QUEUE)]
    assert shown == [Part.FIGURES, Part.WAITS, Part.QUEUE, *others]
    assert "Parties cachées : Dessin : les places." in page, "what is hidden is said"
    assert re.findall(r'data-size="(.)"', page) == ["3", "3", "6", "6"]
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

    said = "« Chiffres du moment » : place 2 sur 11."
    assert pressed(Part.FIGURES, Act.DOWN) == ("Descendre – Chiffres du moment", said)
    assert pressed(Part.FIGURES, Act.HIDE) == ("Montrer – Chiffres du moment", "« Chiffres du moment » est caché.")
    client.post(ARRANGE, {"partie": Part.PLACES, "acte": Act.UP})
    assert pressed(Part.PLACES, Act.UP)[0] == "Cacher – Dessin : les places", "it is first: it has no « Monter »"
    assert pressed(Part.ARRIVALS, Act.WIDER) == (
        "Moins large – Dessin : quand on vient",
        "« Dessin : quand on vient » : toute la largeur.",
    ), "there is nothing wider"
    assert pressed(Part.PLACES, Act.WIDER) == (
        "Plus large – Dessin : les places",
        "« Dessin : les places » : les deux tiers de la largeur.",
    )


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"partie": "autre", "acte": "cacher"},
        {"partie": "file"},
        {"partie": "file", "acte": "autre"},
        {"partie": "dessins", "acte": "cacher"},
        {"partie": "dessin-places=6", "acte": "monter"},
    ],
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
        assert list(threads.map(hide, clients, [Part.WAITS, Part.QUEUE])) == [302, 302]
    assert read_layout(Agent.objects.get(pk=chief.pk).board_layout).left_out == [Part.WAITS, Part.QUEUE]


@pytest.mark.parametrize(("part", "act"), [("file", "cacher"), ("file", "elargir"), ("tableaux", "retrecir")])
def test_address_of_an_act_that_is_undone_since_says_nothing(chief, part, act):
    page = signed_in(chief.user).get(ARRANGE, {"partie": part, "acte": act}).text
    assert 'id="fait"' not in page and "autofocus" not in page


@pytest.mark.parametrize(("part", "act"), [("tableaux", Act.HIDE), ("file", Act.WIDER), (Part.STAFFING, Act.WIDER)])
def test_what_a_part_does_not_offer_changes_nothing(chief, part, act):
    signed_in(chief.user).post(ARRANGE, {"partie": part, "acte": act})
    assert read_layout(Agent.objects.get(pk=chief.pk).board_layout) == read_layout([])


def test_beginning_is_said_only_while_it_is_so(chief):
    client, said = signed_in(chief.user), "Le tableau est de nouveau comme au début."
    assert said in unescape(client.post(ARRANGE, {"acte": "debut"}, follow=True).text)
    Agent.objects.filter(pk=chief.pk).update(board_layout=["-dessins"])
    page = unescape(client.get(ARRANGE, {"acte": "debut"}).text)
    assert said not in page and 'id="fait"' not in page
