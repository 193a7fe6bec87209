"""The admin of places."""

import json
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from django.urls import reverse

from locations import hours
from locations.admin import ContactForm, ReceptionPointAdmin
from locations.importing import loading
from locations.importing.result import Result
from locations.models import (
    Competence,
    DataEdition,
    Municipality,
    Partner,
    PlaceName,
    PostalCode,
    ReceptionPoint,
    Source,
)
from tests.factories.locations import municipality, partner, reception_point
from tests.locations.test_loading import unit as unit_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(db):
    """Return a request of a person who may do everything; the sign-in itself is tested with the accounts."""
    everything = SimpleNamespace(
        is_active=True, is_staff=True, is_administrator=True, is_authenticated=True, pk=1, has_perm=lambda *_: True,
        has_module_perms=lambda _: True, get_username=lambda: "admin", has_usable_password=lambda: True,
    )  # fmt: skip

    def make(path="/", **data):
        factory = RequestFactory()
        request = factory.post(path, data) if data else factory.get(path)
        request.user = everything
        request.session = SessionBase()
        request._messages = FallbackStorage(request)
        return request

    return make


def site(model):
    return admin.site._registry[model]


def test_edit_of_a_unit_is_kept_by_imports(administrator):
    """Its hours are kept at once; where it is waits for a second person (tests/accounts/test_reviewed.py)."""
    commune = municipality("Arles", "13004")
    unit = reception_point("Commissariat de police d'Arles", for_=commune, key="police:13:arles", source=Source.DILA)
    unit.opening_hours = {"mon": [["08:00", "12:00"]]}
    form = SimpleNamespace(changed_data=["opening_hours"])
    site(ReceptionPoint).save_model(administrator(), unit, form, change=True)
    unit.refresh_from_db()
    assert unit.edited_by_hand
    official = unit_record(opening_hours={"tue": [["09:00", "12:00"]]})
    loading.load_records([(1, official)], file="f", source=Source.MINISTRY, result=Result())
    unit.refresh_from_db()
    assert unit.opening_hours == {"mon": [["08:00", "12:00"]]}


def test_unticking_the_box_gives_a_unit_back(administrator):
    unit = reception_point(edited_by_hand=True)
    unit.edited_by_hand = False
    site(ReceptionPoint).save_model(
        administrator(), unit, SimpleNamespace(changed_data=["edited_by_hand"]), change=True
    )
    unit.refresh_from_db()
    assert not unit.edited_by_hand


def test_give_back_action(administrator):
    unit = reception_point(edited_by_hand=True)
    site(ReceptionPoint).give_back(administrator(), ReceptionPoint.objects.all())
    unit.refresh_from_db()
    assert not unit.edited_by_hand


def test_new_units_get_a_key_of_their_own(administrator):
    keys = []
    for _ in range(2):
        unit = ReceptionPoint(name="Commissariat de police d'Arles", force="police", department_code="13")
        site(ReceptionPoint).save_model(administrator(), unit, SimpleNamespace(changed_data=["name"]), change=False)
        keys.append(unit.key)
    assert keys == ["police:13:arles", "police:13:arles:2"]


def test_new_partner_gets_a_key(administrator):
    item = Partner(name="Aide", kind="aav", department_code="13")
    site(Partner).save_model(administrator(), item, SimpleNamespace(changed_data=["name"]), change=False)
    assert item.key == "hand:aav:13:aide"
    assert item.edited_by_hand


def test_partner_without_a_department_is_refused_beside_that_field():
    """The name of the constraint stood above the form."""
    with pytest.raises(ValidationError) as refused:
        Partner(name="Le Mas", kind="aav", key="x").full_clean()
    assert refused.value.message_dict == {
        "department_code": ["Écrivez le code du département : seul un numéro national n'en a pas."]
    }
    Partner(name="Le Mas", kind="national", key="x").full_clean()


class UnitForm(ContactForm):
    class Meta:
        model = ReceptionPoint
        fields = ["telephone", "opening_hours", "municipality", "department_code", "latitude", "longitude"]


@pytest.mark.parametrize(
    ("typed", "kept", "is_valid"),
    [
        ("", None, True),
        ("{}", None, True),
        ('{"mon": [["08:00", "12:00"]]}', {"mon": [["08:00", "12:00"]]}, True),
        ('{"lundi": []}', None, False),
        ("[]", None, False),
    ],
)
def test_hours_are_checked(typed, kept, is_valid):
    form = UnitForm({"opening_hours": typed, "department_code": "13"}, instance=reception_point())
    assert form.is_valid() is is_valid
    if is_valid:
        assert form.cleaned_data["opening_hours"] == kept
        form.save()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("01.23.45.67.89", "01 23 45 67 89"),
        ("+33 (0)1 23 45 67 89", "01 23 45 67 89"),
        ("116 006", "116 006"),
        ("01 23 45 67 89 ou 01 98 76 54 32", None),
        ("01 23 45 67 89 / 01 98 76 54 32", None),
        ("01 23 45 67 89 poste 12", None),
        ("demander au standard", None),
    ],
)
def test_telephone_is_one_number(typed, kept):
    """The link on the page dialled the digits of two numbers as one."""
    form = UnitForm({"telephone": typed, "department_code": "13"}, instance=reception_point(telephone="17"))
    assert form.is_valid() is (kept is not None), form.errors
    if kept is not None:
        assert form.save().telephone == kept


def test_old_row_with_two_numbers_can_still_be_edited():
    two = "01 23 45 67 89 ou 01 98 76 54 32"
    form = UnitForm({"telephone": two, "department_code": "13"}, instance=reception_point(telephone=two))
    assert form.is_valid() and form.save().telephone == two


def test_department_follows_the_commune_and_positions_go_in_pairs():
    commune = municipality("Saint-Denis", "97411")
    form = UnitForm({"municipality": commune.pk, "latitude": "1"}, instance=reception_point())
    assert not form.is_valid()
    assert "longitude" in form.errors
    assert form.cleaned_data["department_code"] == "974"


def test_municipality_search_ignores_accents(administrator):
    oe = municipality("Œuilly", "51410", ("51480",))
    municipality("Arles", "13004", ("13200",))
    admin_of = site(type(oe))
    for typed in ("oeuilly", "Œuilly", "51480", "51410"):
        queryset, _ = admin_of.get_search_results(administrator(), admin_of.get_queryset(administrator()), typed)
        assert set(queryset) == {oe}, typed


@pytest.mark.parametrize("model", [ReceptionPoint, Partner, PostalCode, PlaceName, DataEdition, Competence])
def test_what_the_admin_offers(model):
    assert (model in admin.site._registry) is (model not in {PostalCode, PlaceName})


def test_editions_are_read_only(administrator):
    offered = site(DataEdition)
    assert not offered.has_add_permission(administrator())
    assert not offered.has_change_permission(administrator())
    assert not offered.has_delete_permission(administrator())


def test_every_list_and_form_is_drawn(administrator):
    commune = municipality("Arles", "13004", ("13200",))
    unit = reception_point(for_=commune, opening_hours={"mon": [["08:00", "12:00"]]})
    helper = partner()
    for item in (commune, unit, helper, Competence.objects.get()):
        offered = site(type(item))
        response = offered.changelist_view(administrator())
        response.render()
        assert "action-checkbox" in response.content.decode() or type(item) is Municipality
        path = reverse(f"admin:locations_{item._meta.model_name}_change", args=[item.pk])
        response = offered.change_view(administrator(path), str(item.pk))
        response.render()
        assert response.status_code == 200


def test_told_hours():
    offered: ReceptionPointAdmin = site(ReceptionPoint)
    assert offered.told_hours(reception_point()) == "inconnus"
    assert "lundi : de 8 h à 12 h" in offered.told_hours(reception_point(opening_hours={"mon": [["08:00", "12:00"]]}))


def test_help_of_the_hours_says_their_form_with_an_example_that_is_taken():
    said = str(ReceptionPoint._meta.get_field("opening_hours").help_text)
    assert "docs/" not in said
    example = json.loads(said[said.index("{") :])
    assert hours.check_week(example) is None
    assert all(f"{day} (" in said for day in (*hours.DAYS, hours.HOLIDAYS))
