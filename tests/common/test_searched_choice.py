"""Fields of the admin that search a row in place of listing all: with a script, and by a number without one."""

import json

import pytest
from django.contrib import admin
from django.db.models import ForeignKey, ManyToManyField
from django.test import RequestFactory

from chat.models import Agent, Unit
from common.pagination.searched_choice import NUMBER, SearchedSelect, SearchedSelectMultiple
from pnav.accounts.models import Role, User
from tests.accounts.cast import make_user
from tests.chat.console.agents import signed_in
from tests.factories import chat as make

MANY = 60  # units, each with a supervisor: more than a page of any of these lists


@pytest.fixture
def chief(db):
    return signed_in(make_user("chef", role=Role.ADMINISTRATOR))


@pytest.fixture
def many(db):
    return [make.agent(role=Role.SUPERVISOR, unit_name=f"Brigade k{number:02}z") for number in range(MANY)]


def options_of(html: str, name: str) -> int:
    """Return how many options the select of this name has."""
    return html.split(f'name="{name}"', 1)[1].split("</select>", 1)[0].count("<option")


FIELDS = [
    ("/admin/accounts/user/add/", "agent-0-unit"),
    ("/admin/chat/oncall/add/", "unit"),
    ("/admin/chat/oncall/add/", "supervisor"),
    ("/admin/chat/cannedreply/add/", "unit"),
    ("/admin/chat/agent/{agent}/change/", "unit"),
    ("/admin/chat/agent/{agent}/change/", "supervised_units"),
]


@pytest.mark.parametrize(("path", "name"), FIELDS)
def test_form_has_no_option_for_each_of_many(chief, many, path, name):
    """With a hundred units a new account took 82 ms in place of 31."""
    html = chief.get(path.format(agent=many[0].pk)).text
    assert options_of(html, name) <= 2 and 'data-ajax--url="/admin/autocomplete/"' in html
    assert f'name="{name}{NUMBER}"' in html.split("<noscript>", 1)[1], "without a script one types the number"


@pytest.mark.parametrize("path", ["accounts/user", "chat/agent", "chat/unit", "chat/oncall", "chat/cannedreply"])
def test_list_has_a_page_of_rows_and_no_filter_by_each_of_many(chief, many, path):
    html = chief.get(f"/admin/{path}/").text
    assert html.count('class="action-select"') <= 50
    assert "unit__id__exact" not in html
    found = chief.get(f"/admin/{path}/", {"q": "k07z"}).text
    assert 'id="searchbar"' in found and found.count('class="action-select"') <= 1


def test_no_list_or_form_of_agents_and_units_lists_all_of_them():
    """A new class of the admin searches them too."""
    request = RequestFactory().get("/admin/")
    for model, site in admin.site._registry.items():
        searched = set(site.get_autocomplete_fields(request)) | set(site.raw_id_fields)
        searched |= set(site.get_readonly_fields(request))
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey | ManyToManyField) and field.related_model in (Agent, Unit, User):
                shown = getattr(field, "editable", False) and site.fields and field.name in site.fields
                assert not shown or field.name in searched, f"{model._meta.label}.{field.name}"
                assert field.name not in site.list_filter, f"the filter of {model._meta.label} by {field.name}"


def test_search_offers_supervisors_alone_for_who_is_on_call(chief, many):
    agent = make.agent(unit_name="Brigade k00z")
    asked = {"app_label": "chat", "model_name": "oncall", "field_name": "supervisor", "term": "k00z"}
    found = json.loads(chief.get("/admin/autocomplete/", asked).content)["results"]
    assert [one["id"] for one in found] == [str(many[0].pk)]
    assert chief.get("/admin/chat/agent/", {"q": "k00z"}).text.count("Camille") >= 2
    assert agent.unit == many[0].unit


def test_number_that_is_typed_counts_without_a_script(chief, many):
    agent, former, other = many[0], many[0].unit, many[1].unit
    path = f"/admin/chat/agent/{agent.pk}/change/"
    form = {"unit": former.pk, "public_name": agent.public_name, "capacity": agent.capacity}
    assert chief.post(path, form | {f"unit{NUMBER}": str(other.pk)}).status_code == 302
    agent.refresh_from_db()
    assert agent.unit == other
    more = {"supervised_units": [former.pk], f"supervised_units{NUMBER}": f"{many[2].unit_id}, {many[3].unit_id}"}
    assert chief.post(path, form | {"unit": other.pk} | more).status_code == 302
    assert set(agent.supervised_units.all()) == {former, many[2].unit, many[3].unit}
    refused = chief.post(path, form | {f"unit{NUMBER}": "Rennes"})
    assert refused.status_code == 200 and "errorlist" in refused.text
    agent.refresh_from_db()
    assert agent.unit == other


def test_numbers_of_one_field_are_bounded():
    site = admin.site._registry[Agent]
    one = SearchedSelect(Agent._meta.get_field("unit"), admin.site)
    several = SearchedSelectMultiple(Agent._meta.get_field("supervised_units"), admin.site)
    assert site.autocomplete_fields == ("unit", "supervised_units")
    assert one.value_from_datadict({f"u{NUMBER}": " 7 ", "u": "3"}, {}, "u") == "7"
    assert one.value_from_datadict({"u": "3"}, {}, "u") == "3"
    assert len(several.value_from_datadict({f"u{NUMBER}": "7," * 5_000}, {}, "u")) == 100
