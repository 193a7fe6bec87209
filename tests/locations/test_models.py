"""What the database itself refuses in the tables of places, and which number a link dials."""

import pytest
from django.db import IntegrityError

from locations.models import Competence, Municipality, Partner, PlaceName, PostalCode, ReceptionPoint
from tests.factories.locations import municipality, partner, reception_point

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("01 23 45 67 89", "tel:0123456789"),
        ("01 23 45 67 89 ou 01 98 76 54 32", "tel:0123456789"),
        ("01-23-45-67-89 - 01-98-76-54-32", "tel:0123456789"),
        ("01 23 45 67 89 01 98 76 54 32", "tel:0123456789"),
        ("01 23 45 67 89 poste 12", "tel:0123456789"),
        ("Accueil 2 : 01 23 45 67 89", "tel:0123456789"),
        ("01/23/45/67/89", "tel:0123456789"),
        ("(01) 23 45 67 89", "tel:0123456789"),
        ("(0)1 23 45 67 89", "tel:0123456789"),
        ("+33 (0)1 23 45 67 89", "tel:+33123456789"),
        ("+33 (0) 1 23 45 67 89", "tel:+33123456789"),
        ("0033(0)1.23.45.67.89", "tel:0033123456789"),
        ("+687 24 33 00/24 33 01", "tel:+687243300"),
        ("0033 1 23 45 67 89 ou 17", "tel:0033123456789"),
        ("+33 1 23 45 67 89 01 98 76 54 32", "tel:+33123456789"),
        ("+687 24 33 00", "tel:+687243300"),
        ("116 006", "tel:116006"),
        ("0 800 05 95 95", "tel:0800059595"),
        ("3919 ou 17", "tel:3919"),
        ("demander au standard", ""),
        ("", ""),
    ],
)
def test_link_dials_the_first_number(written, dialled):
    assert Partner(telephone=written).telephone_uri == dialled


@pytest.mark.parametrize(
    ("make", "constraint"),
    [
        (lambda: municipality("X", "1234"), "municipality_insee_code_shape"),
        (lambda: municipality("X", "01001", kind="arrondissement"), "municipality_arrondissement_has_parent"),
        (lambda: municipality("X", "01001", latitude=45.0, longitude=None), "municipality_position"),
        (lambda: municipality("X", "01001", latitude=0, longitude=0), "municipality_position"),
        (lambda: municipality("X", "01001", precision="exact"), "municipality_precision_with_position"),
        (lambda: municipality("X", "01001", ("1000",)), "postal_code_shape"),
        (lambda: reception_point(latitude=200, longitude=2), "reception_point_position"),
        (lambda: reception_point(name=""), "reception_point_named"),
        (lambda: reception_point(opening_hours=[]), "reception_point_hours"),
        (lambda: reception_point(force="army"), "reception_point_force"),
        (lambda: partner(department_code=""), "partner_local_has_department"),
        (lambda: partner(name=""), "partner_named"),
    ],
)
def test_refused_by_the_database(make, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        make()


@pytest.mark.parametrize(
    ("make", "constraint"),
    [
        (lambda commune: PostalCode.objects.create(code="01400", municipality=commune), "postal_code_once"),
        (lambda commune: PlaceName.objects.create(municipality=commune, name="X", search=""), "place_name_searchable"),
        (lambda commune: PlaceName.objects.create(municipality=commune, name="x", search="x"), "place_name_once"),
        (
            lambda commune: Competence.objects.create(
                municipality=commune, reception_point=ReceptionPoint.objects.get()
            ),
            "competence_once",
        ),
    ],
)
def test_once_only(make, constraint):
    commune = municipality("X", "01001", ("01400",))
    reception_point(for_=commune)
    with pytest.raises(IntegrityError, match=constraint):
        make(commune)


def test_a_commune_may_have_two_units():
    commune = municipality()
    reception_point(for_=commune)
    reception_point("Gendarmerie - Brigade de Bourgneuf", for_=commune)
    assert commune.competences.count() == 2


def test_itinerary_of_a_demonstration_row_uses_its_address_only():
    assert "to=45.7%2C5.6" in reception_point(latitude=45.7, longitude=5.6).itinerary_url
    demo = reception_point(source="demo", latitude=45.7, longitude=5.6)
    assert demo.itinerary_url == ""
    demo.address, demo.postal_code, demo.town = "1 rue X", "01000", "Bourg"
    assert "query=1+rue+X%2C+01000+Bourg" in demo.itinerary_url


def test_national_partner_needs_no_department():
    assert partner(kind=Partner.Kind.NATIONAL, department_code="").pk


def test_municipality_told_with_its_department():
    assert str(Municipality(name="Saint-Denis", department_code="974")) == "Saint-Denis (974)"
