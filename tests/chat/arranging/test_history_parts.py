"""« Historique » is arranged by each supervisor and analyst: which pictures, in which order, how wide."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from chat.arranging.history_parts import PICTURES, Part, read_layout
from chat.arranging.layout import Act, Size
from pnav.accounts.models import Role, User
from reports.models import AccessRecord
from tests.access.people import signed_in as session_of
from tests.accounts.cast import make_user
from tests.chat.console.agents import signed_in
from tests.chat.statistics.test_history import past
from tests.factories import chat as make
from tests.support.reading import squeezed

HISTORY, ARRANGE = "/console/historique/", "/console/historique/disposition/"
SIGNS = {part: f'id="{part}-titre"' for part in PICTURES} | {
    Part.WHOLE: 'id="ensemble"',
    Part.RESTS: 'id="veille"',
    Part.TABLES: 'id="tableau-heure"',
}


@pytest.fixture
def a_month(db):
    past(timezone.now() - timedelta(days=2), wait=60, length=30, agents=[make.agent()])


@pytest.fixture
def chief(a_month):
    return make.agent(role=Role.SUPERVISOR).user


@pytest.fixture
def analyst(a_month, client, settings):
    """Return an analyst's account and browser."""
    account = make_user("analyste", Role.ANALYST)
    client.cookies[settings.SESSION_COOKIE_NAME] = session_of(account)
    return account, client


def order_of(client, query=""):
    page = squeezed(unescape(client.get(HISTORY + query).text))
    places = {part: page.find(sign) for part, sign in SIGNS.items()}
    return [part for part in sorted(places, key=lambda one: places[one]) if places[part] >= 0], page


def test_every_name_can_be_kept():
    layout = replace(read_layout([]), hidden=frozenset(PICTURES), sizes=dict.fromkeys(PICTURES, Size.HALF))
    assert all(len(name) <= 20 for name in layout.kept) and read_layout(layout.kept) == layout


def test_nothing_kept_is_everything_in_the_given_order(chief):
    order, page = order_of(signed_in(chief))
    assert order == list(Part) and "Parties cachées" not in page
    assert re.findall(r'data-size="(.)"', page) == ["4", *"2" * 8]


def test_each_sees_their_own_arrangement_on_every_period(chief, analyst):
    client, (_account, other) = signed_in(chief), analyst
    for part, act in (
        (Part.WHOLE, Act.DOWN), (Part.HOUR_WAITS, Act.HIDE), (Part.RESTS, Act.HIDE), (Part.DAY_LEFT, Act.WIDER),
    ):  # fmt: skip
        assert client.post(ARRANGE, {"partie": part, "acte": act}).status_code == 302
    for query in ("", "?periode=7"):
        order, page = order_of(client, query)
        assert order[:3] == [Part.ARRIVALS, Part.WHOLE, Part.HOUR_OPENED]
        assert not {Part.HOUR_WAITS, Part.RESTS} & set(order)
        assert "Parties cachées : Dessin : attente, par heure, Échanges en veille." in page
        assert re.findall(r'data-size="(.)"', page) == [*"4222232", "2"]
    assert order_of(other)[0][0] == Part.WHOLE
    assert client.post(ARRANGE, {"acte": "debut"}).status_code == 302
    assert order_of(client)[0][0] == Part.WHOLE
    assert User.objects.get(pk=chief.pk).history_layout == []


def test_an_analyst_arranges_it_without_a_console_around(analyst):
    account, client = analyst
    page = unescape(client.get(ARRANGE).text)
    assert "Disposer l'historique" in page and 'href="/console/tableau/"' not in page
    client.post(ARRANGE, {"partie": Part.ARRIVALS, "acte": Act.HIDE})
    assert Part.ARRIVALS not in order_of(client)[0]
    assert User.objects.get(pk=account.pk).history_layout[1] == "-semaine"


@pytest.mark.parametrize("query", ["periode=7", "du=2026-01-05&au=2026-01-09"])
def test_period_stays_while_one_arranges(chief, query):
    client = signed_in(chief)
    query = query if query.startswith("periode") else _own()
    assert f"{ARRANGE}?{query}" in unescape(client.get(f"{HISTORY}?{query}").text)
    answer = client.post(f"{ARRANGE}?{query}", {"partie": Part.RESTS, "acte": Act.UP})
    assert answer.url.endswith(f"&{query}")
    assert f'href="{HISTORY}?{query}"' in unescape(client.get(answer.url).text)


def _own():
    today = timezone.localdate()
    return f"du={today - timedelta(days=6)}&au={today - timedelta(days=3)}"


def test_sheet_has_everything_whatever_is_hidden(chief):
    client = signed_in(chief)
    whole = client.get(f"{HISTORY}chiffres.csv").content
    User.objects.filter(pk=chief.pk).update(history_layout=[f"-{part}" for part in Part])
    order, _page = order_of(client)
    assert order == [Part.TABLES], "who cannot see pictures reads the tables"
    assert client.get(f"{HISTORY}chiffres.csv").content == whole
    assert AccessRecord.objects.count() == 2


@pytest.mark.parametrize("sent", [{}, {"partie": "file", "acte": "cacher"}, {"partie": "veille", "acte": "=6"}])
def test_what_nobody_offers_changes_nothing_and_says_so(chief, sent):
    answer = signed_in(chief).post(ARRANGE, sent)
    assert "Cette partie de l'historique n'existe pas" in unescape(answer.text)
    assert User.objects.get(pk=chief.pk).history_layout == []


def test_what_another_version_kept_is_read_without_harm(chief):
    User.objects.filter(pk=chief.pk).update(history_layout=["autrefois", "-jour-partis=9", "veille=6", "issues=6"])
    order, page = order_of(signed_in(chief))
    assert order[:2] == [Part.RESTS, Part.OUTCOMES] and Part.DAY_LEFT not in order
    assert re.findall(r'data-size="(.)"', page)[0] == "6"
