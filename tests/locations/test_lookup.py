"""Searches, on all the communes of France."""

import random
import re

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from locations import lookup
from locations.distances import distance_to, told_distance
from locations.lookup import Outcome, read_query
from locations.models import Municipality, Partner, PostalCode, ReceptionPoint
from locations.partners import partners_near

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_places")]


def found(text):
    """Return the INSEE codes that a search finds, after checking that it took at most two queries."""
    with CaptureQueriesContext(connection) as queries:
        answer = lookup.search(text)
    assert len(queries) <= 2
    return answer, [place.municipality.pk for place in answer.places]


@pytest.mark.parametrize(
    ("typed", "insee_code"),
    [
        ("Saint-Denis 93", "93066"),
        ("saint denis (974)", "97411"),
        ("St Denis La Réunion", "97411"),
        ("93 saint denis", "93066"),
        ("Saint-Denis Seine-Saint-Denis", "93066"),
        ("13200", "13004"),
        ("13 200", "13004"),
        ("F-13200", "13004"),
        ("13200 Arles", "13004"),
        ("arles 13200", "13004"),
        ("Arles 13", "13004"),
        ("13 Arles", "13004"),
        ("Crozet", "01135"),  # the town is Crozet, and not Le Crozet
        ("ARLES", "13004"),
        ("Bourg en Bresse", "01053"),
        ("l'hay les roses", "94038"),
        ("L’HAŸ-LES-ROSES", "94038"),
        ("Œuf-en-Ternois", "62633"),
        ("oeuf en ternois", "62633"),
        ("Y", "80829"),
        ("Us", "95625"),
        ("oô", "31404"),
        ("Pierrefitte-sur-Seine", "93066"),
        ("lomme", "59350"),
        ("Annecy le vieux", "74010"),
        ("75116", "75116"),
        ("75016", "75116"),
        ("paris 16ème", "75116"),
        ("Paris XVI", "75116"),
        ("16e Paris", "75116"),
        ("PARIS CEDEX 01", "75101"),
        ("lyon 3e arrondissement", "69383"),
        ("2A004", "2A004"),
        ("97133", "97701"),
        ("98800 Nouméa", "98818"),
        ("20000 Ajaccio", "2A004"),
        ("94390", "91479"),
    ],
)
def test_search_finds_one(typed, insee_code):
    answer, codes = found(typed)
    assert codes == [insee_code]
    assert answer.outcome == Outcome.ONE


def test_search_homonyms_are_told_apart():
    answer, codes = found("saint-denis")
    assert answer.outcome == Outcome.SEVERAL
    assert set(codes) == {"93066", "97411", "11339", "30247"}
    assert {str(place.municipality) for place in answer.places} >= {"Saint-Denis (93)", "Saint-Denis (974)"}


def test_search_bare_paris_asks_which_arrondissement():
    answer, codes = found("Paris")
    assert codes == [f"751{number:02}" for number in range(1, 21)]
    assert [place.postal_code for place in answer.places][:2] == ["75001", "75002"]


@pytest.mark.parametrize(("typed", "count"), [("marseille", 16), ("Lyon", 9)])
def test_search_towns_with_arrondissements(typed, count):
    assert len(found(typed)[1]) == count


def test_search_marseille_13_may_mean_the_departement():
    _answer, codes = found("Marseille 13")
    assert len(codes) == 16


def test_search_code_of_46_communes():
    answer, codes = found("51300")
    assert len(codes) == 46
    assert codes[0] == "51649"  # the largest one first
    assert all(place.units for place in answer.places)


def test_search_code_and_the_beginning_of_a_name():
    _answer, codes = found("51300 vitry")
    assert set(codes) == {"51649", "51647"}


def test_search_code_and_name_that_disagree_shows_both():
    _answer, codes = found("13200 Belley")
    assert codes == ["13004", "01034"]


def test_search_lost_leading_zero():
    assert "01093" in found("1400")[1]


def test_search_without_the_article():
    assert found("rochelle")[1][0] == "17300"


def test_search_short_name_said_for_a_longer_one():
    answer, codes = found("Aix")
    assert codes == ["19002"]
    assert any("Aix-en-Provence" in other.label for other in answer.others)
    assert answer.only_choice is None
    assert answer.may_be_other and answer.for_exchange is None


def test_search_commune_that_bears_the_name_of_a_departement():
    answer, codes = found("La Réunion")
    assert codes == ["47222"]
    assert answer.others[0].label.startswith("Saint-Denis (974)")
    assert answer.only_choice is None
    assert not any("(75)" in other.label for other in found("Paris")[0].others)


def test_search_unknown_departement_falls_back_on_the_name():
    assert "93066" in found("Saint-Denis 44")[1]


def test_search_commune_of_both_forces():
    answer, _codes = found("Arles")
    assert [match.unit.force for match in answer.places[0].units] == ["gendarmerie", "police"]
    assert all(match.is_competent for match in answer.places[0].units)
    assert answer.only_choice is None


def test_search_only_choice():
    answer, _codes = found("93200")
    place, match = answer.only_choice
    assert (place.postal_code, match.unit.name) == ("93200", "Commissariat de police de Saint-Denis")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Marigot", {"97801", "97216"}),  # Saint-Martin, or Le Marigot in Martinique
        ("marigot 978", {"97801"}),
        ("Le Marigot", {"97216"}),
        ("Grand-Case", {"97801"}),
        ("Gustavia", {"97701"}),
        ("Cannet", {"06030", "32344"}),  # a former commune of the Gers, or Le Cannet
    ],
)
def test_search_of_a_name_that_is_no_communes_own_offers_those_with_an_article_too(typed, expected):
    answer, codes = found(typed)
    assert set(codes) == expected
    assert (answer.for_exchange is None) is (len(expected) > 1), "nobody is placed without being asked"


def test_search_of_an_island_asks_which_of_its_communes():
    answer, codes = found("Tahiti")
    assert len(codes) == 12 and answer.for_exchange is None and answer.only_choice is None
    assert {(place.found_as, place.municipality.department_code) for place in answer.places} == {("Tahiti", "987")}
    assert lookup.suggest("tahit")[0].label.startswith("Tahiti → Faaa (987)")


def test_search_for_the_chat_takes_the_largest_commune_and_its_first_unit():
    answer, _codes = found("51300")
    place, unit = answer.for_exchange
    assert place.municipality.pk == "51649" and place is answer.places[0] and unit == place.units[0].unit
    answer.places.reverse()
    assert answer.for_exchange == (place, unit), "however they are ordered"
    assert found("saint-denis")[0].for_exchange is None, "homonyms"
    lonely = lookup.Lookup(Outcome.ONE, places=[lookup.Place(Municipality.objects.get(pk="98413"), "")])
    assert lonely.for_exchange == (lonely.places[0], None)


@pytest.mark.parametrize(
    ("typed", "is_guess"), [("Paris", True), ("51300", True), ("Lyon", True), ("75015", False), ("Arles", False)]
)
def test_search_says_that_the_place_of_the_chat_is_one_of_several(typed, is_guess):
    answer, _codes = found(typed)
    assert answer.for_exchange and answer.is_guess is is_guess


@pytest.mark.parametrize(
    ("typed", "is_contradicted"),
    [("13200 Belley", True), ("13200 Arles", False), ("13200 Nulle-Part", False), ("75015 Paris", False)],
)
def test_search_whose_code_and_name_contradict_each_other_is_no_place_for_the_chat(typed, is_contradicted):
    answer, _codes = found(typed)
    assert answer.is_contradicted is is_contradicted and (answer.for_exchange is None) is is_contradicted


def test_search_of_a_cedex_code_says_so():
    PostalCode.objects.create(code="38307", municipality_id="38053", kind=PostalCode.Kind.CEDEX)
    answer, codes = found("38307")
    assert codes == ["38053"] and answer.is_cedex
    assert not found("38300")[0].is_cedex and not found("Arles")[0].is_cedex


def test_search_of_a_cedex_code_known_by_its_post_office_alone_is_a_guess():
    PostalCode.objects.create(
        code="38307", municipality_id="38053", kind=PostalCode.Kind.CEDEX, label="BOURGOIN", is_approximate=True
    )
    answer, codes = found("38307")
    assert codes == ["38053"] and answer.cedex_is_approximate
    assert answer.is_guess and answer.for_exchange and answer.only_choice is None
    for typed in ("38307 Bourgoin-Jallieu", "38307 bourgoin"):
        answer, codes = found(typed)
        assert codes == ["38053"] and not answer.is_guess and not answer.cedex_is_approximate, "its town was typed"
    assert found("38307 Nulle-Part")[0].is_guess


@pytest.mark.parametrize(
    ("typed", "code", "meant"),
    [
        ("6700", "06700", "67000 Strasbourg"),
        ("6300", "06300", "63000 Clermont-Ferrand"),
        ("9330", "09330", "93300 Aubervilliers"),
        ("6710", "06710", "67100 Strasbourg"),
        ("1400", "01400", "14000 Caen"),
    ],
)
def test_search_of_four_digits_offers_both_readings_and_takes_neither(typed, code, meant):
    answer, _codes = found(typed)
    assert {place.postal_code for place in answer.places} == {code}
    assert meant in {other.text for other in answer.others}
    assert answer.is_guess and answer.for_exchange is None and answer.only_choice is None
    whole = found(code)[0]
    assert not whole.is_short and whole.for_exchange and not whole.others


def test_search_of_four_digits_that_only_begin_a_code_proposes_it():
    answer, codes = found("0670")
    assert codes == [] and [one.text for one in answer.suggestions] == ["06700 Saint-Laurent-du-Var"]


def test_what_means_something_in_a_pattern_is_escaped():
    assert lookup._escape_like("a_b%c\\d") == "a\\_b\\%c\\\\d"


def test_search_commune_without_a_known_unit_gets_the_nearest():
    answer, _codes = found("Oyonnax")
    units = answer.places[0].units
    assert len(units) == 2
    assert not any(match.is_competent for match in units)
    assert units[0].unit.department_code == "01"
    assert answer.only_choice is None


def test_search_overseas_never_crosses_the_sea():
    answer, _codes = found("Saint-Paul 974")
    assert answer.is_overseas
    assert {match.unit.department_code for match in answer.places[0].units} == {"974"}


def test_search_territory_without_any_unit_is_still_a_place():
    answer, codes = found("98413")
    assert codes == [] or answer.places[0].units == []
    place = lookup.Place(Municipality.objects.get(pk="98413"), "")
    lookup._add_units([place])
    assert place.units == []


@pytest.mark.parametrize("typed", ["Saint-Denis", "51300", "Paris", "97400", "2A004", "97500"])
def test_commune_that_was_found_says_what_its_row_says(typed):
    """`Commune` stands in the place of `Municipality` in pages, choices and distances."""
    answer = lookup.search(typed)
    assert answer.places
    for place in answer.places:
        commune, row = place.municipality, Municipality.objects.get(pk=place.municipality.pk)
        assert str(commune) == str(row)
        shared = [name for name in lookup.Commune.__slots__ if not name.startswith(("hit_", "first_"))]
        for name in (*shared, "pk", "is_overseas", "has_exact_position"):
            assert getattr(commune, name) == getattr(row, name), name
        for match in place.units:
            assert match.distance_km == told_distance(row, match.unit)


def test_search_main_postal_code_of_a_town_with_several():
    assert found("Arles")[0].places[0].postal_code == "13200"
    assert found("Ajaccio")[0].places[0].postal_code == "20000"


def test_search_says_under_which_name_it_found():
    assert found("Pierrefitte-sur-Seine")[0].places[0].found_as == "Pierrefitte-sur-Seine"
    assert found("Saint-Denis 93")[0].places[0].found_as == ""


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("Marseile", "Marseille (13)"),
        ("Tolouse", "Toulouse (31)"),
        ("Strassbourg", "Strasbourg (67)"),
        ("Sant-Denis", "Saint-Denis (93)"),
        ("13201", "Arles (13) – 13200"),
        ("974", "Saint-Denis (974) – 97400"),
        ("13", "Marseille (13)"),
        ("Guadeloupe", "Les Abymes (971)"),
        ("Wallis", "Uvea (986)"),
        ("bourgoin cedex", "Bourgoin-Jallieu (38)"),
    ],
)
def test_search_suggests_what_may_have_been_meant(typed, label):
    answer, codes = found(typed)
    assert codes == []
    assert any(suggestion.label.startswith(label) for suggestion in answer.suggestions)


@pytest.mark.parametrize(
    ("typed", "towns"),
    [
        ("la", ["La Rochelle (17)", "La Seyne-sur-Mer (83)"]),
        ("les", ["Les Abymes (971)"]),
        ("saint saint", ["Saint-"]),
        ("saint " * 20, ["Saint-"]),
        ("martin", ["Martin-Église (76)", "Saint-Martin"]),
    ],
)
def test_search_of_a_beginning_proposes_the_largest_or_the_most_alike(typed, towns):
    labels = [suggestion.label for suggestion in found(typed)[0].suggestions]
    assert 0 < len(labels) <= lookup.MAX_SUGGESTIONS
    for town in towns:
        assert any(label.startswith(town) for label in labels), labels


def test_towns_of_a_departement_come_before_names_that_look_like_it():
    """« Gironde-sur-Dropt » begins as the département does."""
    labels = [suggestion.label for suggestion in found("Gironde")[0].suggestions]
    assert labels[0].startswith("Bordeaux (33)"), labels


def test_suggestion_says_the_name_that_it_was_found_by():
    labels = [suggestion.label for suggestion in lookup.suggest("pierrefitte sur s")]
    assert labels[0] == "Pierrefitte-sur-Seine → Saint-Denis (93) – 93200"


def test_words_said_again_are_compared_once():
    with CaptureQueriesContext(connection) as queries:
        lookup.search("zorg blib " * 10)
    assert "similarity(n.search, 'zorg blib')" in queries[-1]["sql"]


@pytest.mark.parametrize("typed", ["", "   ", "🙂", "--''"])
def test_search_nothing_typed(typed):
    answer, codes = found(typed)
    assert (answer.outcome, codes, answer.suggestions) == (Outcome.EMPTY, [], [])


@pytest.mark.parametrize("typed", ["xqzt", "99999", "%", "_____", "'; DROP TABLE x; --", "\\", "x" * 5000, "\x00"])
def test_search_nonsense_finds_nothing_and_breaks_nothing(typed):
    answer, codes = found(typed)
    assert codes == []
    assert answer.outcome in {Outcome.NONE, Outcome.EMPTY}


def test_search_in_a_broken_database_raises():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE locations_placename RENAME TO lost")
    with pytest.raises(DatabaseError):
        lookup.search("Arles")


def test_every_suggestion_finds_its_place():
    for typed in ("saint den", "Marseile", "133", "974", "lomm", "oeu", "paris 1", "vire"):
        suggestions = lookup.suggest(typed) or lookup.search(typed).suggestions
        assert suggestions, typed
        for suggestion in suggestions:
            places = lookup.search(suggestion.text).places
            assert places, suggestion
            department = re.search(r"\((\w+)\)", suggestion.label)[1]
            assert {place.municipality.department_code for place in places} == {department}, suggestion


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("mars", "Marseille"),
        ("saint denis 93", "93200 Saint-Denis"),
        ("saint denis 9", "97400 Saint-Denis"),
        ("132", "13100 Aix-en-Provence"),
        ("la roch", "17000 La Rochelle"),
        ("roch", "17000 La Rochelle"),
        ("pierrefitte sur s", "93200 Pierrefitte-sur-Seine"),
        ("Œui", "51480 Œuilly"),
    ],
)
def test_suggest_largest_first_in_one_query(typed, first, django_assert_num_queries):
    with django_assert_num_queries(1):
        suggestions = lookup.suggest(typed)
    texts = [suggestion.text for suggestion in suggestions]
    if typed == "132":
        assert all(text.startswith("132") for text in texts)
    else:
        assert texts[0] == first
    assert len(texts) <= lookup.MAX_SUGGESTIONS


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("marseile", "Marseille (13)"),
        ("montpelier", "Montpellier (34)"),
        ("strassbourg", "Strasbourg (67)"),
        ("2A", "Ajaccio (2A)"),
        ("2a", "Ajaccio (2A)"),
        ("Saint Denis de la Réunion", "Saint-Denis (974)"),
        ("saint etienne cedex 2", "Saint-Étienne (42)"),
        ("Roubaix 59100", "Roubaix (59)"),
        ("59100 Roubaix", "Roubaix (59)"),
        ("Guadeloupe", "Les Abymes (971)"),
        ("Saint-Denis 44", "Saint-Denis ("),
        ("13999", ""),
    ],
)
def test_suggest_what_a_search_would_find_or_propose(typed, first):
    with CaptureQueriesContext(connection) as queries:
        suggestions = lookup.suggest(typed)
    assert len(queries) <= 3 and "receptionpoint" not in str(queries.captured_queries)
    assert 0 < len(suggestions) <= lookup.MAX_SUGGESTIONS
    assert suggestions[0].label.startswith(first), suggestions
    places = lookup.search(suggestions[0].text).places
    assert places and (not first or places[0].municipality.name.startswith(first.split(" (")[0]))


@pytest.mark.parametrize(
    ("typed", "town"), [("marseille", "Marseille"), ("marseile", "Marseille"), ("lyon", "Lyon"), ("paris", "Paris")]
)
def test_arrondissements_are_proposed_in_order(typed, town):
    found = lookup.suggest(typed)
    parts = [suggestion.text for suggestion in found if re.match(rf"\d+ {town} \d", suggestion.text)]
    assert len(parts) > 1
    numbers = [int(re.search(rf"{town} (\d+)", text)[1]) for text in parts]
    assert numbers == list(range(1, len(numbers) + 1)), "from the first on"


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("Monaco", "Monaco"),
        ("98000", "Monaco"),
        ("monte carlo", "Monaco"),
        ("bruxelles", "Belgique"),
        ("Bruxelles, Belgique", "Belgique"),
        ("1000 Bruxelles", "Belgique"),
        ("Genève", "Suisse"),
        ("étranger", "Un autre pays"),
        ("à l'étranger", "Un autre pays"),
        ("Abroad", "Un autre pays"),
    ],
)
def test_town_abroad_is_said_to_be_abroad(typed, country):
    answer, codes = found(typed)
    assert (answer.outcome, codes, answer.suggestions) == (Outcome.NONE, [], [])
    assert answer.abroad == country
    assert lookup.suggest(typed) == [], "nothing that looks like it"


@pytest.mark.parametrize("typed", ["Bruges", "Cologne"])
def test_commune_of_france_with_the_name_of_a_town_abroad(typed):
    answer, codes = found(typed)
    assert codes and not answer.abroad
    assert lookup.suggest(typed)


@pytest.mark.parametrize("typed", ["", "y", "%", "  "])
def test_suggest_too_little(typed, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert lookup.suggest(typed) == []


ANALYZE = "ANALYZE locations_municipality, locations_placename, locations_postalcode"


def explain(sql, parameters):
    """Return the plan, by statistics of these places.

    Those of another moment (none, or some tables') give another plan.
    """
    with connection.cursor() as cursor:
        cursor.execute(ANALYZE)
        cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


PLANS = [
    (
        "by name and code",
        lookup.FIND_PLACES,
        {
            "names": ["saint denis", "la saint denis"],
            "codes": ["51300"],
            "begun": [],
            "insee": [],
            "longer": "aix %",
            "department": "ain",
        },
        ["place_name_search", "postal_code_"],
    ),
    (
        "what may be meant",
        lookup.MEANT,
        {
            "name": "marseile",
            "prefix": "marseile%",
            "word": "marseile %",
            "departments": ["marseile"],
            "department_prefix": "marseile %",
        },
        ["place_name_trigrams", "place_name_search", "department_search"],
    ),
    (
        "names that begin",
        lookup.NAMES_BEGINNING,
        {"name": "saint den", "stem": "", "department": ""}
        | {f"p{rank}": f"{article}saint den%" for rank, article in enumerate(("", "la ", "le ", "les ", "l "))},
        ["place_name_search"],
    ),
    ("codes that begin", lookup.CODES_BEGINNING, {"prefix": "133%"}, ["postal_code_"]),
    ("neighbouring codes", lookup.NEIGHBOURING_CODES, {"prefix": "132%", "four": "1320"}, ["postal_code_"]),
    ("towns of a département", lookup.TOWNS_OF_DEPARTMENT, {"department": "13"}, ["municipality_towns"]),
]


@pytest.mark.parametrize(
    ("sql", "parameters", "indexes"), [plan[1:] for plan in PLANS], ids=[plan[0] for plan in PLANS]
)
def test_plans_use_indexes(sql, parameters, indexes):
    plan = explain(sql, parameters)
    for index in indexes:
        assert index in plan
    assert "Seq Scan on locations_placename" not in plan
    assert "Seq Scan on locations_postalcode" not in plan


def test_plan_of_a_search_reads_no_table_whole():
    assert "Seq Scan" not in explain(*PLANS[0][1:3])


def test_plan_of_four_digits_reads_no_table_whole():
    plan = explain(lookup.FIND_PLACES, PLANS[0][2] | {"begun": [f"6700{digit}" for digit in range(10)]})
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("typed", ["la", "saint", "les"])
def test_plan_of_a_beginning_that_thousands_have_reads_few(typed):
    """The largest come out of the index in their order: not all names that begin so, and not the communes whole."""
    plan = explain(lookup.FIND_PLACES, PLANS[0][2] | {"longer": f"{typed} %"})
    assert "municipality_largest" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(("name", "compares"), [("saint mar", False), ("sa", False), ("marseile", True)])
def test_what_begins_as_typed_spares_what_looks_alike(name, compares):
    with connection.cursor() as cursor:
        cursor.execute(ANALYZE)
        parameters = PLANS[1][2] | {"name": name, "prefix": f"{name}%", "word": f"{name} %"}
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {lookup.MEANT}", parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    compared = re.search(r"place_name_trigrams \(actual[^\n]*\n\s*Index Cond: \(\(search\)::text % ", plan)
    assert bool(compared) == compares, plan


def test_plan_of_units_uses_the_nearest_neighbour_index():
    """With as many units as France has, the nearest come out of the index in order."""
    ReceptionPoint.objects.bulk_create(
        ReceptionPoint(
            name=f"Brigade {number}",
            key=f"plan:{number}",
            force="gendarmerie",
            department_code="01",
            latitude=42 + (number % 60) / 8,
            longitude=-4 + (number // 60) / 5,
        )
        for number in range(3600)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE locations_receptionpoint")
    plan = explain(lookup.FIND_UNITS, {"insee": ["01283"], "read": 12, "shown": 2})
    assert "reception_point_nearest" in plan
    assert "Order By: (point(" in plan


def test_read_query_text_and_code():
    query = read_query("38307 Bourgoin-Jallieu CEDEX 9")
    assert (query.code, query.name, query.says_cedex) == ("38307", "bourgoin jallieu", True)
    assert read_query("2a").department == "2A"
    assert read_query("1").department == "01"
    assert read_query("x" * 500).name == "x" * 100


def test_partners_near_are_told_by_department_and_distance(django_assert_num_queries):
    lyon = Municipality.objects.get(pk="69388")
    for number, latitude in enumerate((45.9, 45.74, 45.8)):
        Partner.objects.create(
            kind="aav",
            key=f"near:{number}",
            name=f"Aide {number}",
            department_code="69",
            latitude=latitude,
            longitude=4.87,
            source="dila",
            hours_note="Mme Untel",
        )
    Partner.objects.create(kind="aav", key="far", name="Ailleurs", department_code="01", source="dila")
    with django_assert_num_queries(1):
        partners = partners_near(lyon)
    group = partners.groups[0]
    assert [partner.name for partner, _distance in group.partners] == ["Aide 1", "Aide 2", "Aide 0"]
    assert group.partners[0][1] < 10
    assert partners.has_local_help
    assert "France Victimes" in [partner.name for partner in partners.national]


def test_partners_near_are_few_of_each_sort_and_each_sort_has_its_place():
    """There are four of each kind in the département, at growing distances: the near come first, whatever the kind."""
    lyon = Municipality.objects.get(pk="69388")
    Partner.objects.exclude(kind=Partner.Kind.NATIONAL).delete()
    for rank, kind in enumerate(kind for kind in Partner.Kind.values if kind != Partner.Kind.NATIONAL):
        for number in range(4):
            Partner.objects.create(
                kind=kind, key=f"{kind}:{number}", name=f"{kind} {number}", department_code="69",
                latitude=45.74 + number / 10 + rank / 1000, longitude=4.87, source="dila",
            )  # fmt: skip
    shown = [[partner.kind for partner, _distance in group.partners] for group in partners_near(lyon).groups]
    assert [len(kinds) for kinds in shown] == [3, 3, 3, 3, 2]
    help_, mind, law, courts, formalities = (set(kinds) for kinds in shown)
    assert help_ == {Partner.Kind.VICTIM_HELP, Partner.Kind.VICTIM_OFFICE, Partner.Kind.WOMEN_RIGHTS}
    assert mind == {Partner.Kind.PSYCHOLOGIST} and formalities == {Partner.Kind.FRANCE_SERVICES}
    assert law < {Partner.Kind.JUSTICE_HOUSE, Partner.Kind.JUSTICE_POINT, Partner.Kind.LAW_ACCESS, Partner.Kind.BAR}
    assert courts < {
        Partner.Kind.COURT, Partner.Kind.LOCAL_COURT, Partner.Kind.JUVENILE_COURT, Partner.Kind.COMPENSATION,
    }  # fmt: skip


def test_partners_near_where_none_is_known():
    partners = partners_near(Municipality.objects.get(pk="61001"))
    assert not partners.has_local_help
    assert partners.national


def test_communes_are_found_by_name_and_by_code():
    """One in two hundred is tried, and all whose names are short or unusual.

    All 35,005 were once tried, and none was missed.
    """
    communes = Municipality.objects.filter(arrondissements__isnull=True).exclude(postal_codes=None)
    odd = communes.filter(name__regex=r"^.{1,3}$|[œæÿŸŒ]|(^|[ -])St?e?s?[ -]")
    some = [commune for rank, commune in enumerate(communes.order_by("pk")) if rank % 200 == 0]
    assert len(some) + len(odd) > 250
    for commune in {*some, *odd}:
        by_name = lookup.search(f"{commune.name} {commune.department_code}").places
        assert [place.municipality.pk for place in by_name] == [commune.pk]
        by_code = lookup.search(f"{by_name[0].postal_code} {commune.name}").places
        assert [place.municipality.pk for place in by_code] == [commune.pk]


def test_nearest_on_the_plane_are_those_on_the_globe():
    """Communes from the north of France to its south are tried, among units drawn by lot."""
    draw = random.Random(1)
    ReceptionPoint.objects.all().delete()
    units = ReceptionPoint.objects.bulk_create(
        ReceptionPoint(
            name=f"Brigade {number}",
            key=f"plane:{number}",
            force="gendarmerie",
            department_code="01",
            latitude=draw.uniform(42.5, 51),
            longitude=draw.uniform(-4, 8),
        )
        for number in range(400)
    )
    towns = Municipality.objects.filter(zone="metro", latitude__gt=42.5, latitude__lt=51).order_by("pk")
    places = [lookup.Place(one, "") for one in draw.sample(list(towns), 60)]
    lookup._add_units(places)
    for place in places:
        distances = sorted(distance_to(place.municipality, unit) for unit in units)
        shown = [distance_to(place.municipality, match.unit) for match in place.units]
        assert len(shown) == 2
        for found, true in zip(shown, distances, strict=False):
            assert found <= 1.02 * true  # two that are nearly equally far away may change places
