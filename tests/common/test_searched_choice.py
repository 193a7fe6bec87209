"""Fields of the admin that search a row in place of listing all: with a script, and by a number without one."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, get_fields_from_path
from django.db.models import ForeignKey, ManyToManyField
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from chat.models import Agent, CannedReply, OnCall, Unit
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


def rows_of(html: str) -> int:
    """Return how many rows a list of the admin has."""
    return html.count('<th class="field-')


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
    now = timezone.now()
    for each in many:  # made so that each list has more than a page
        OnCall.objects.create(
            supervisor=each, unit=each.unit, starts_at=now, ends_at=now + timedelta(days=1), motive="essai",
            named_by=each.user, named_at=now,
        )  # fmt: skip
        CannedReply.objects.create(title="Venir", vous="Venez.", unit=each.unit)
    html = chief.get(f"/admin/{path}/").text
    assert 0 < rows_of(html) <= 50
    assert "unit__id__exact" not in html
    found = chief.get(f"/admin/{path}/", {"q": "k07z"}).text
    assert 'id="searchbar"' in found and rows_of(found) == 1


MANY_ROWS = (Agent, Unit, User)


def shown_by(form: Any, request: HttpRequest) -> list[str]:
    """Return the fields to Agent, Unit or User that this form of the admin, or inline, lets one fill in."""
    # The fields of a new row, and of one that is changed.
    fieldsets = [*form.get_fieldsets(request), *(form.fieldsets or ())]
    names = set(flatten_fieldsets(fieldsets)) - set(form.get_readonly_fields(request))
    fields = [field for field in form.model._meta.get_fields() if isinstance(field, ForeignKey | ManyToManyField)]
    return [field.name for field in fields if field.related_model in MANY_ROWS and field.name in names]


def test_no_list_or_form_of_agents_and_units_lists_all_of_them(db):
    """A new class of the admin searches them too."""
    request = RequestFactory().get("/admin/")
    request.user = make_user("chef", role=Role.ADMINISTRATOR)
    checked = set()
    for site in admin.site._registry.values():
        for form in (site, *site.get_inline_instances(request)):
            for name in shown_by(form, request):
                field = f"{form.model._meta.label}.{name}"
                assert name in {*form.get_autocomplete_fields(request), *form.raw_id_fields}, f"{field} in {form}"
                checked.add(field)
        for entry in site.get_list_filter(request):
            path = entry[0] if isinstance(entry, tuple) else entry
            if isinstance(path, str):
                last = get_fields_from_path(site.model, path)[-1]
                assert last.related_model not in MANY_ROWS, f"the filter {path} of {site}"
    assert {"chat.Agent.unit", "chat.OnCall.unit", "chat.CannedReply.unit"} <= checked


def test_search_offers_supervisors_alone_for_who_is_on_call(chief, many):
    """All of them are « Camille »: each comes with their unit."""
    agent = make.agent(unit_name="Brigade k00z")
    asked = {"app_label": "chat", "model_name": "oncall", "field_name": "supervisor", "term": "k00z"}
    found = json.loads(chief.get("/admin/autocomplete/", asked).content)["results"]
    assert found == [{"id": str(many[0].pk), "text": "Camille – Brigade k00z"}]
    form = chief.post("/admin/chat/oncall/add/", {"supervisor": many[0].pk}).text
    assert "Camille – Brigade k00z</option>" in form, "what was chosen, in a form with errors"
    assert rows_of(chief.get("/admin/chat/agent/", {"q": "k00z"}).text) == 2
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
    for typed in ("Rennes", "9" * 19, "9" * 5_000):  # Python makes no number of so many digits
        for name in ("unit", "supervised_units"):
            refused = chief.post(path, form | {"unit": other.pk, f"{name}{NUMBER}": typed})
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
