"""Records are loaded into the tables: once, again, and beside what people corrected."""

import pytest

from locations.importing import loading, merge
from locations.importing.records import (
    AliasRecord,
    CommuneRecord,
    CompetenceRecord,
    NameRecord,
    PartnerRecord,
    PostalRecord,
    Refused,
    UnitRecord,
)
from locations.importing.result import Result
from locations.models import (
    Competence,
    Municipality,
    Partner,
    PlaceName,
    PostalCode,
    ReceptionPoint,
    Source,
    UnitAlias,
)

pytestmark = pytest.mark.django_db


def commune(insee_code="13004", name="Arles", **changes):
    values = {
        "insee_code": insee_code,
        "name": name,
        "kind": "commune",
        "parent": "",
        "department_code": insee_code[:2],
        "department_name": "Bouches-du-Rhône",
        "region_code": "93",
        "region_name": "Provence-Alpes-Côte d'Azur",
        "zone": "metro",
        "population": 50000,
        "postal_codes": ("13200",),
        "latitude": 43.67,
        "longitude": 4.63,
        "precision": "town",
    }
    return CommuneRecord(**{**values, **changes})


def contact(**changes):
    return {
        "name": "X",
        "department_code": "13",
        "insee_code": "13004",
        "address": "1 rue X",
        "postal_code": "13200",
        "town": "Arles",
        "telephone": "04 00 00 00 00",
        "url": "",
        "latitude": 43.67,
        "longitude": 4.63,
        "opening_hours": None,
        **changes,
    }


def unit(name="Commissariat de police d'Arles", force="police", **changes):
    extra = {key: changes.pop(key) for key in ("public_id", "dila_id") if key in changes}
    return UnitRecord(**contact(name=name, **changes), force=force, **extra)


def partner(name="Aide", dila_id="aav-1", **changes):
    return PartnerRecord(**contact(name=name, **changes), kind="aav", dila_id=dila_id)


def load(*records, source=""):
    return loading.load_records(enumerate(records, start=1), file="f.csv", source=source, result=Result())


def counts(result):
    return result.added, result.changed, result.unchanged, result.kept, result.removed, result.refused


def test_load_the_same_communes_twice():
    records = [commune(), commune("13055", "Marseille", postal_codes=())]
    assert counts(load(*records)) == (2, 0, 0, 0, 0, 0)
    assert counts(load(*records)) == (0, 0, 2, 0, 0, 0)
    assert PostalCode.objects.get().code == "13200"
    assert {name.search for name in PlaceName.objects.all()} == {"arles", "marseille"}


def test_load_a_commune_in_more_than_one_batch(monkeypatch):
    monkeypatch.setattr(merge, "BATCH", 2)
    records = [commune(f"13{number:03}", f"Ville {number}") for number in range(5)]
    assert counts(load(*records)) == (5, 0, 0, 0, 0, 0)
    records[3] = commune("13003", "Ville trois")
    assert counts(load(*records)) == (0, 1, 4, 0, 0, 0)


def test_load_a_worse_position_does_not_replace_a_better_one():
    load(commune(latitude=43.6768, longitude=4.6303, precision="exact"))
    load(commune(latitude=43.0, longitude=4.0, precision="approximate"))
    assert Municipality.objects.get().latitude == 43.6768
    load(commune(latitude=43.7, longitude=4.7, precision="exact"))
    assert Municipality.objects.get().latitude == 43.7


def test_load_refuses_a_commune_read_twice_and_a_lost_arrondissement():
    result = load(commune(), commune(), commune("13201", kind="arrondissement"))
    assert (result.added, result.refused) == (1, 2)
    assert [(remark.line, remark.is_refused) for remark in result.remarks] == [(2, True), (3, True)]


def test_load_former_names_after_their_communes_in_one_file():
    result = load(
        commune(), NameRecord("13004", "Vieux-Arles", "delegated"), NameRecord("99999", "Ailleurs", "delegated")
    )
    assert PlaceName.objects.filter(kind="delegated").get().search == "vieux arles"
    assert result.refused == 1


def test_load_cedex_and_localities():
    load(commune(), commune("13055", "Marseille", postal_codes=()))
    load(
        commune("13201", "Marseille 1er arrondissement", kind="arrondissement", parent="13055", postal_codes=("13001",))
    )
    result = load(
        PostalRecord("13637", "13004", "cedex", "ARLES CEDEX", locality="ARLES"),
        PostalRecord("13205", "13201", "cedex", "MARSEILLE CEDEX 01", locality="MARSEILLE"),
        PostalRecord("13200", "13004", "cedex", "ARLES CEDEX"),
        PostalRecord("13104", "13004", "postal", locality="ST MARTIN DE CRAU"),
        PostalRecord("13001", "13055", "postal"),
    )
    assert result.refused == 1  # Marseille as a whole
    assert PostalCode.objects.get(code="13200").kind == "postal"  # an ordinary code stays one
    assert PostalCode.objects.get(code="13637").label == "ARLES CEDEX"
    names = PlaceName.objects.exclude(kind="current")
    assert [(name.name, name.search) for name in names] == [("Saint Martin De Crau", "saint martin de crau")]


def test_load_units_again_and_with_a_new_name():
    load(commune())
    first = unit("Brigade de gendarmerie - Arles", "gendarmerie", public_id="7")
    assert counts(load(first, source=Source.DILA)) == (1, 0, 0, 0, 0, 0)
    again = unit("Gendarmerie - Brigade d'Arles", "gendarmerie", public_id="7")
    assert counts(load(again, source=Source.MINISTRY)) == (0, 1, 0, 0, 0, 0)
    assert ReceptionPoint.objects.get().name == "Gendarmerie - Brigade d'Arles"
    renamed = unit("Gendarmerie - Brigade du Delta", "gendarmerie", public_id="7")
    assert counts(load(renamed, source=Source.MINISTRY)) == (0, 1, 0, 0, 0, 0)
    assert ReceptionPoint.objects.get().name == "Gendarmerie - Brigade du Delta"


def test_load_the_better_source_prevails_in_either_order():
    load(commune())
    week = {"mon": [["08:00", "12:00"]]}
    dila = unit(telephone="04 11 11 11 11", opening_hours=week)
    ministry = unit(telephone="04 22 22 22 22")
    load(dila, source=Source.DILA)
    load(ministry, source=Source.MINISTRY)
    found = ReceptionPoint.objects.get()
    assert (found.telephone, found.opening_hours, found.source) == ("04 22 22 22 22", week, Source.MINISTRY)
    assert counts(load(dila, source=Source.DILA)) == (0, 0, 1, 0, 0, 0)
    assert counts(load(ministry, source=Source.MINISTRY)) == (0, 0, 1, 0, 0, 0)


def test_load_keeps_a_unit_edited_by_hand():
    load(commune())
    load(unit(), source=Source.DILA)
    ReceptionPoint.objects.update(telephone="04 99 99 99 99", edited_by_hand=True)
    assert counts(load(unit(telephone="04 00"), source=Source.MINISTRY)) == (0, 0, 0, 1, 0, 0)
    assert ReceptionPoint.objects.get().telephone == "04 99 99 99 99"


def test_load_an_unchanged_unit_is_not_written():
    load(commune())
    load(unit(), source=Source.DILA)
    before = ReceptionPoint.objects.get().updated_at
    load(unit(), source=Source.DILA)
    assert ReceptionPoint.objects.get().updated_at == before


def test_load_two_stations_of_one_town():
    load(commune())
    result = load(unit(address="1 rue A"), unit(address="2 rue B"), unit(address="2 rue B"), source=Source.DILA)
    assert counts(result) == (2, 0, 0, 0, 0, 1)
    assert counts(load(unit(address="1 rue A"), unit(address="2 rue B"), source=Source.DILA)) == (0, 0, 2, 0, 0, 0)


def test_load_what_a_renamed_unit_answers_for_under_its_first_name():
    """The file of competences goes on to say the name under which the unit was loaded at first."""
    load(commune(), commune("13010", "Barbentane", postal_codes=("13570",)))
    load(unit(), source=Source.MINISTRY)
    ReceptionPoint.objects.update(name="Hôtel de police du Delta", edited_by_hand=True)
    for insee_code in ("13004", "13010", "13010"):
        record = CompetenceRecord(insee_code, "police", "", "Commissariat de police d'Arles")
        result = load(record, source=Source.MINISTRY)
        assert result.refused == 0
    assert ReceptionPoint.objects.get().name == "Hôtel de police du Delta"
    assert Competence.objects.count() == 2


def test_load_units_that_share_a_public_id():
    load(commune())
    pair = [
        unit("Brigade de gendarmerie - Arles", "gendarmerie", public_id="7"),
        unit("Brigade de gendarmerie - Crau", "gendarmerie", public_id="7"),
    ]
    assert counts(load(*pair, source=Source.DILA)) == (2, 0, 0, 0, 0, 0)
    assert counts(load(*pair, source=Source.DILA)) == (0, 0, 2, 0, 0, 0)
    load(CompetenceRecord("13004", "gendarmerie", "7", "Gendarmerie - Brigade de Crau"), source=Source.MINISTRY)
    assert Competence.objects.get().reception_point.name == "Brigade de gendarmerie - Crau"


def test_load_refuses_a_text_that_is_too_long():
    load(commune())
    result = load(unit(telephone="0" * 41), source=Source.DILA)
    assert result.refused == 1
    assert "trop long" in result.remarks[0].reason


def test_load_a_unit_of_an_unknown_commune_without_it():
    result = load(unit(insee_code="13999"), source=Source.DILA)
    assert ReceptionPoint.objects.get().municipality is None
    assert "commune inconnue" in result.remarks[0].reason


def test_load_competence_of_both_forces():
    load(commune())
    load(unit(), unit("Brigade de gendarmerie - Arles", "gendarmerie", public_id="7"), source=Source.DILA)
    rows = [
        CompetenceRecord("13004", "police", "", "Commissariat de police d’Arles".replace("’", "'")),
        CompetenceRecord("13004", "gendarmerie", "7", "Gendarmerie - Brigade d'Arles"),
    ]
    assert counts(load(*rows, source=Source.MINISTRY)) == (2, 0, 0, 0, 0, 0)
    assert counts(load(*rows, source=Source.MINISTRY)) == (0, 0, 2, 0, 0, 0)
    assert ReceptionPoint.objects.count() == 2


def test_load_competence_that_ended_is_removed():
    load(commune(), commune("13010", "Crau"))
    load(unit(), unit("Commissariat de police de Crau"), source=Source.DILA)
    old = CompetenceRecord("13004", "police", "", "Commissariat de police d'Arles")
    new = CompetenceRecord("13004", "police", "", "Commissariat de police de Crau")
    elsewhere = CompetenceRecord("13010", "police", "", "Commissariat de police d'Arles")
    load(old, elsewhere, source=Source.MINISTRY)
    assert counts(load(new, source=Source.MINISTRY)) == (1, 0, 0, 0, 1, 0)
    assert Competence.objects.filter(municipality="13010").count() == 1


def test_load_competence_does_not_bring_back_what_an_administrator_corrected():
    """People of Arles were sent to the wrong unit again by the next edition, which still has it."""
    load(commune(), commune("13010", "Crau"))
    crau = unit("Commissariat de police de Crau")
    load(unit(), crau, unit("Brigade de gendarmerie - Arles", "gendarmerie", public_id="7"), source=Source.DILA)
    wrong = CompetenceRecord("13004", "police", "", "Commissariat de police d'Arles")
    unknown = CompetenceRecord("13004", "police", "", "Commissariat de police de Trinquetaille")
    brigade = CompetenceRecord("13004", "gendarmerie", "7", "Gendarmerie - Brigade d'Arles")
    elsewhere = CompetenceRecord("13010", "police", "", "Commissariat de police d'Arles")
    load(wrong, source=Source.MINISTRY)
    right = ReceptionPoint.objects.get(name=crau.name)
    Competence.objects.update(reception_point=right, edited_by_hand=True)
    rows = wrong, unknown, brigade, elsewhere
    assert counts(load(*rows, source=Source.MINISTRY)) == (2, 0, 0, 2, 0, 0)
    assert not ReceptionPoint.objects.filter(name__contains="Trinquetaille").exists()
    ours = Competence.objects.filter(municipality="13004").order_by("reception_point__force")
    assert [row.reception_point.force for row in ours] == ["gendarmerie", "police"]
    assert ours[1].reception_point == right and ours[1].edited_by_hand
    # Another unit of that force, which an import had brought before, stays too: the administrator left it.
    Competence.objects.create(
        municipality_id="13004", reception_point=ReceptionPoint.objects.get(name=unit().name), source=Source.MINISTRY
    )
    assert counts(load(*rows, source=Source.MINISTRY)) == (0, 0, 2, 2, 0, 0)
    assert ours.all().count() == 3
    # Once the box is unticked, the file decides again.
    Competence.objects.filter(reception_point=right).update(edited_by_hand=False)
    assert counts(load(wrong, brigade, source=Source.MINISTRY)) == (0, 0, 2, 0, 1, 0)


def test_load_competence_joins_on_name_and_department():
    load(commune("93066", "Saint-Denis"), commune("97411", "Saint-Denis", department_code="974", zone="drom"))
    load(
        unit("Commissariat de police de Saint-Denis", department_code="93", insee_code="93066"),
        unit("Commissariat de police de Saint Denis", department_code="974", insee_code="97411"),
        source=Source.DILA,
    )
    load(CompetenceRecord("97411", "police", "", "Commissariat de police de Saint Denis"), source=Source.MINISTRY)
    assert Competence.objects.get().reception_point.department_code == "974"


def test_load_competence_of_a_unit_known_by_name_only():
    load(commune())
    record = CompetenceRecord("13004", "gendarmerie", "0", "Gendarmerie - Brigade de Trégunc")
    result = load(record, source=Source.MINISTRY)
    bare = ReceptionPoint.objects.get()
    assert (bare.source, bare.address) == (Source.COMPETENCE, "")
    assert "nom seulement" in result.remarks[0].reason
    load(unit("Brigade de gendarmerie - Trégunc", "gendarmerie"), source=Source.DILA)
    assert ReceptionPoint.objects.get().address == "1 rue X"


def test_load_aliases_before_competence():
    load(commune("69387", "Lyon 7e", department_code="69", department_name="Rhône"))
    lyon = unit(
        "Commissariat de police de Lyon - 8e arrondissement",
        department_code="69",
        insee_code="69387",
        dila_id="commissariat_police-69388-02",
    )
    load(lyon, source=Source.DILA)
    alias = AliasRecord("Commissariat de police de Lyon", "commissariat_police-69388-02")
    lost = AliasRecord("Commissariat de Vanves", "commissariat_police-92075-01")
    assert counts(load(alias, lost)) == (1, 0, 0, 0, 0, 1)
    assert counts(load(alias)) == (0, 0, 1, 0, 0, 0)
    load(CompetenceRecord("69387", "police", "", "Commissariat de police de Lyon"), source=Source.MINISTRY)
    assert Competence.objects.get().reception_point.dila_id == "commissariat_police-69388-02"
    assert UnitAlias.objects.count() == 1


def test_load_demonstration_steps_back_before_real_units():
    load(commune())
    demo = [unit(), unit("Commissariat de démonstration"), CompetenceRecord("13004", "police", "", unit().name)]
    load(*demo, source=Source.DEMO)
    assert counts(load(unit(telephone="04 22 22 22 22"), source=Source.DILA)) == (0, 1, 0, 0, 1, 0)
    assert [found.source for found in ReceptionPoint.objects.all()] == [Source.DILA]
    result = load(*demo, source=Source.DEMO)
    assert (result.added, result.changed, result.removed) == (0, 0, 0)
    assert ReceptionPoint.objects.get().telephone == "04 22 22 22 22"


def test_load_demonstration_does_not_touch_official_competence():
    load(commune())
    load(unit(), source=Source.DEMO)
    official = CompetenceRecord("13004", "police", "", unit().name)
    load(official, source=Source.MINISTRY)
    load(official, source=Source.DEMO)
    assert Competence.objects.get().source == Source.MINISTRY


def test_load_partners_that_share_an_id():
    load(commune())
    result = load(partner(), partner("Autre"), partner("Autre"), source=Source.DILA)
    assert counts(result) == (2, 0, 0, 0, 0, 1)
    assert Partner.objects.count() == 2


def test_load_is_all_or_nothing():
    def broken():
        yield 1, commune()
        raise Refused("the file ends here")

    with pytest.raises(Refused):
        loading.load_records(broken(), file="f.csv", result=Result())
    assert not Municipality.objects.exists()
