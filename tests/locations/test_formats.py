"""The meaning of one row of each official format. Rows are invented, in the official columns."""

import inspect
import json
import re

import pytest

from locations.importing import formats
from locations.importing.formats import recognise_format, telephone
from locations.importing.records import Refused

GENDARMERIE = {
    "identifiant_public_unite": "1000001",
    "service": "Gendarmerie - Brigade de Bourgneuf",
    "adresse_geographique": "12 Rue du Lac$01234 BOURGNEUF",
    "telephone": "+33 4 50 00 00 00",
    "departement": "01",
    "code_commune_insee": "01234",
    "voie": "12 Rue du Lac",
    "code_postal": "01234",
    "commune": "Bourgneuf",
    "geocodage_epsg": "",
    "geocodage_x": "",
    "geocodage_y": "",
    "geocodage_x_gps": "6.09523",
    "geocodage_y_gps": "46.27591",
    "horaires_accueil": " Lundi : 8h00-12h00 14h00-18h00 Mardi : 8h00-12h00",
    "url": "https://exemple.fr/auvergne-rhone-alpes/ain/gendarmerie-01234-01",
}
POLICE = {
    key: value
    for key, value in GENDARMERIE.items()
    if key not in {"identifiant_public_unite", "url", "horaires_accueil"}
} | {"service": "Commissariat de police de Bourgneuf"}


def gendarmerie(**changes):
    (unit,) = formats.parse_gendarmerie({**GENDARMERIE, **changes})
    return unit


def police(**changes):
    (unit,) = formats.parse_police({**POLICE, **changes})
    return unit


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        (GENDARMERIE, "gendarmerie"),
        ([*GENDARMERIE, "lundi_plage1_debut", "dimanche_plage3_fin"], "gendarmerie-hours"),
        ([*GENDARMERIE, "x_dila_id"], "gendarmerie-dila"),
        (POLICE, "police"),
        ([*POLICE, "x_dila_id"], "police-dila"),
        (reversed(POLICE), "police"),
        (["service", "telephone"], None),
        ([], None),
    ],
)
def test_recognise_by_columns(columns, key):
    known = recognise_format(columns)
    assert (known.key if known else None) == key


def test_formats_have_keys_of_their_own():
    keys = [known.key for known in formats.FORMATS]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("known", formats.FORMATS, ids=lambda known: known.key)
def test_every_column_that_a_row_needs_tells_the_format(known):
    """A file without it is not recognised, instead of being recognised and refused row by row."""
    source = inspect.getsource(known.parse)
    if "_unit(" in source:
        source += inspect.getsource(formats._unit)
    needed = set(re.findall(r'row\["(\w+)"\]', source))
    assert needed or known.key == "annuaire"
    assert needed <= known.required


def test_parse_gendarmerie_text_hours():
    unit = gendarmerie()
    assert (unit.force, unit.public_id, unit.dila_id) == ("gendarmerie", "1000001", "gendarmerie-01234-01")
    assert (unit.latitude, unit.longitude) == (46.27591, 6.09523)
    assert unit.opening_hours["tue"] == [["08:00", "12:00"]]
    assert unit.telephone == "04 50 00 00 00"
    assert unit.remarks == []


def test_parse_gendarmerie_structured_hours_prevail():
    unit = gendarmerie(lundi_plage1_debut="09h00", lundi_plage1_fin="10h00")
    assert unit.opening_hours["mon"] == [["09:00", "10:00"]]


def test_parse_gendarmerie_id_zero_is_no_id():
    assert gendarmerie(identifiant_public_unite="0").public_id == ""


@pytest.mark.parametrize(
    "name",
    [
        "Centre d'information et de recrutement de la gendarmerie de Lyon",
        "Peloton motorisé d'Ambérieu",
        "Brigade motorisée de Belley",
        "Gendarmerie - Poste provisoire de la plage",
        "",
    ],
)
def test_parse_gendarmerie_units_that_take_no_complaint(name):
    with pytest.raises(Refused):
        gendarmerie(service=name)


@pytest.mark.parametrize(
    ("x", "y"),
    [("0", "0"), ("46.2", "46.2"), ("46.27591", "6.09523"), ("x", "y")],
)
def test_parse_unit_keeps_the_row_without_a_false_position(x, y):
    unit = gendarmerie(geocodage_x_gps=x, geocodage_y_gps=y)
    assert (unit.latitude, unit.longitude) == (None, None)
    assert len(unit.remarks) == 1


def test_parse_unit_position_that_the_source_doubts():
    unit = gendarmerie(x_geo_suspecte="1")
    assert unit.latitude is None
    assert "douteuse" in unit.remarks[0]


def test_parse_unit_unreadable_hours_are_left_out():
    unit = gendarmerie(horaires_accueil="sur rendez-vous auprès de l'adjudant X")
    assert unit.opening_hours is None
    assert unit.remarks == ["horaires illisibles, ignorés"]


def test_parse_police_without_street():
    unit = police(voie="", adresse_geographique="null Rue du Port - Hall 1$33000 Bordeaux")
    assert unit.address == "Rue du Port - Hall 1"


def test_parse_police_whole_address_on_one_line():
    unit = police(voie="null", adresse_geographique="4 Rue des Remparts 01234 BOURGNEUF")
    assert unit.address == "4 Rue des Remparts"


def test_parse_unit_with_a_number_for_a_town():
    assert police(commune="43.6578919").town == ""
    assert police(commune="Le Port-des-Galets").town == "Le Port-des-Galets"


def test_parse_police_has_no_hours_and_no_id():
    unit = police()
    assert (unit.force, unit.public_id, unit.opening_hours) == ("police", "", None)


def test_parse_police_short_department_and_missing_commune():
    assert police(departement="1", code_commune_insee="").department_code == "01"
    assert police(departement="", code_commune_insee="97411").department_code == "974"
    with pytest.raises(Refused, match="département"):
        police(departement="", code_commune_insee="")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("+33 4 74 38 00 35", "04 74 38 00 35"),
        ("0033474380035", "04 74 38 00 35"),
        ("+590 5 90 27 11 70", "05 90 27 11 70"),
        ("+262 2 62 90 74 74", "02 62 90 74 74"),
        ("+687 24 33 00", "+687 24 33 00"),
        ("3430", "3430"),
        ("01 84 64 00 39 01 84 64 00 38", "01 84 64 00 39"),
        ("demander au standard", ""),
        ("null", ""),
    ],
)
def test_telephone(written, shown):
    assert telephone(written) == shown


def test_parse_competence():
    row = {"code_commune": "2A004", "institution": "PN", "id_service": "", "service": "Commissariat d’Ajaccio "}
    (record,) = formats.parse_competence(row)
    assert (record.insee_code, record.force, record.service) == ("2A004", "police", "Commissariat d'Ajaccio")
    with pytest.raises(Refused, match="institution"):
        list(formats.parse_competence({**row, "institution": "X"}))
    with pytest.raises(Refused, match="INSEE"):
        list(formats.parse_competence({**row, "code_commune": "123"}))


def test_parse_laposte_both_copies():
    (official,) = formats.parse_laposte(
        {"code_commune_insee": "01015", "nom_de_la_commune": "X", "code_postal": "01300", "ligne_5": "ARBIGNIEU"}
    )
    (stripped,) = formats.parse_laposte(
        {
            "code_commune_insee": "1015",
            "nom_de_la_commune": "X",
            "code_postal": "1300",
            "lieux_fuisones": "ARBIGNIEU",
            "latitude": "45.7",
            "longitude": "5.6",
        }
    )
    assert (official.insee_code, official.code, official.locality) == ("01015", "01300", "ARBIGNIEU")
    assert (stripped.insee_code, stripped.code, stripped.latitude) == ("01015", "01300", 45.7)


PARTNER = {
    "type": "aav",
    "type_libelle": "Association d'aide aux victimes",
    "dila_id": "aav-01053-01",
    "nom": "Aide aux victimes",
    "departement": "01",
    "code_commune_insee": "01053",
    "commune_insee": "Bourgneuf",
    "voie": "1 rue X | Bâtiment B",
    "code_postal": "01000",
    "latitude": "46.2",
    "longitude": "5.2",
    "telephone": "+33 4 74 00 00 00",
    "email_ou_formulaire": "a@exemple.fr",
    "url": "www.exemple.fr",
    "horaires": "Lundi : 0h00-0h00 ; Mardi : 0h00-0h00",
    "horaires_note": "Mme Untel, le mardi",
}


def partner(**changes):
    (record,) = formats.parse_partner({**PARTNER, **changes})
    return record


def test_parse_partner():
    record = partner()
    assert record.address == "1 rue X, Bâtiment B"
    assert record.url == "https://www.exemple.fr"
    assert record.email == "a@exemple.fr"
    assert record.opening_hours is None
    assert record.hours_note == "Mme Untel, le mardi"


def test_parse_partner_form_in_the_place_of_the_address():
    record = partner(email_ou_formulaire="https://exemple.fr/contact", url="")
    assert (record.email, record.url) == ("", "https://exemple.fr/contact")


def test_parse_partner_broken_address():
    record = partner(url="hrttps://exemple.fr")
    assert record.url == ""
    assert "internet" in record.remarks[0]


def test_parse_partner_of_unknown_type():
    with pytest.raises(Refused, match="type"):
        partner(type="mairie")


SERVICE = {
    "id": "00000000-0000",
    "nom": "Maison de justice et du droit",
    "ancien_code_pivot": "mjd-01053-01",
    "partenaire_identifiant": "",
    "code_insee_commune": "01053",
    "pivot": [{"type_service_local": "mjd", "code_insee_commune": ["01053"]}],
    "adresse": [
        {"type_adresse": "Adresse", "numero_voie": "1 rue X", "code_postal": "01000", "nom_commune": "Bourgneuf",
         "longitude": "5.2", "latitude": "46.2", "accessibilite": "ACC"}
    ],
    "telephone": [{"valeur": "04 74 00 00 00", "description": ""}],
    "site_internet": [{"libelle": "", "valeur": "http://exemple.fr"}],
    "plage_ouverture": [
        {"nom_jour_debut": "Lundi", "nom_jour_fin": "Vendredi", "valeur_heure_debut_1": "09:00:00",
         "valeur_heure_fin_1": "12:00:00", "valeur_heure_debut_2": "", "valeur_heure_fin_2": "", "commentaire": "x"}
    ],
    "adresse_courriel": ["a@exemple.fr"],
}  # fmt: skip


@pytest.mark.parametrize("nested", [False, True], ids=["objects", "texts"])
def test_parse_service_of_a_partner(nested):
    service = {
        key: json.dumps(value) if nested and isinstance(value, list) else value for key, value in SERVICE.items()
    }
    (record,) = formats.parse_service(service)
    assert (record.kind, record.dila_id, record.accessibility) == ("mjd", "mjd-01053-01", "ACC")
    assert record.opening_hours["fri"] == [["09:00", "12:00"]]
    assert (record.address, record.latitude) == ("1 rue X", 46.2)


def test_parse_service_of_a_unit():
    service = {**SERVICE, "nom": "Brigade de gendarmerie - Bourgneuf", "partenaire_identifiant": "1000001"}
    service["pivot"] = [{"type_service_local": "gendarmerie_departementale", "code_insee_commune": ["01053"]}]
    (record,) = formats.parse_service(service)
    assert (record.force, record.public_id) == ("gendarmerie", "1000001")


def test_parse_service_of_another_type_is_left_aside():
    assert list(formats.parse_service({**SERVICE, "pivot": [{"type_service_local": "mairie"}]})) == []


def test_parse_service_with_broken_nested_text():
    with pytest.raises(Refused, match="imbriqué"):
        list(formats.parse_service({**SERVICE, "adresse": "[{"}))
