"""The pages about places as a visitor without JavaScript uses them."""

import json
import logging
import re
from datetime import UTC, datetime
from html import unescape
from unittest.mock import patch

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from locations import lookup, views
from locations.models import Partner, PlaceName, PostalCode, ReceptionPoint
from pnav.addresses import DISCREET
from tests.factories.locations import municipality, partner, reception_point
from tests.triage.paths import MINOR

pytestmark = pytest.mark.django_db

SEARCH = "/point-d-accueil/"


@pytest.fixture
def arles():
    """Return a commune of both forces."""
    commune = municipality("Arles", "13004", ("13200", "13104"), latitude=43.67, longitude=4.63)
    reception_point("Commissariat de police d'Arles", for_=commune, latitude=43.68, longitude=4.63)
    reception_point("Gendarmerie - Brigade d'Arles", for_=commune)
    return commune


@pytest.fixture
def belley():
    """Return a commune with one competent unit, of which everything is known."""
    commune = municipality("Belley", "01034", ("01300",), latitude=45.75, longitude=5.68)
    reception_point(
        "Gendarmerie - Brigade de Belley",
        for_=commune,
        address="9 rue Mante",
        postal_code="01300",
        town="Belley",
        telephone="04 79 81 69 00",
        latitude=45.7554,
        longitude=5.683,
        opening_hours={"mon": [["08:00", "12:00"]], "tue": [["08:00", "12:00"]]},
    )
    return commune


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def post(client, text, purpose="contacts", **options):
    return client.post(SEARCH, {"q": text, "purpose": purpose}, **options)


def test_search_page_offers_both_forms(client):
    page = text_of(client.get(SEARCH))
    assert "Pour échanger avec un gendarme ou un policier, 24h/24 et 7j/7" in page
    assert "Je renseigne ma ville ou mon code postal" in page
    assert "Pour trouver vos contacts utiles de proximité" in page
    assert "Je saisis mon code postal" in page
    assert page.count('method="post"') >= 2


def test_search_several_services_puts_no_place_in_the_address(client, arles):
    response = post(client, "Arles 13")
    assert response.status_code == 302
    assert response.headers["Location"] == reverse("locations:results")
    page = text_of(client.get(response.headers["Location"]))
    assert "Sélectionnez votre service" in page
    assert page.count('name="service"') == 2
    assert "Brigade d&#x27;Arles" in page
    assert "la plus proche" not in page


def test_search_for_the_exchange_keeps_the_place_and_goes_on_with_safety(client, belley):
    response = post(client, "01300", "echange", follow=True)
    assert response.redirect_chain == [(reverse("triage:question", args=["maintenant"]), 302)]
    assert client.session["locations"] == {"postal_code": "01300", "unit": belley.competent_units.get().pk}
    page = text_of(client.get(reverse("locations:chosen")))
    assert "Votre choix est enregistré" in page
    assert "Vous souhaitez consulter les informations locales ?" in page
    assert f'href="{reverse("triage:start")}"' in page


def test_search_for_the_exchange_lets_nobody_choose_between_units(client, arles):
    post(client, "arles", "echange")
    kept = client.session["locations"]
    assert kept["postal_code"] == "13200" and kept["unit"] in {unit.pk for unit in arles.competent_units.all()}


@pytest.mark.parametrize("at_home", [True, False])
@pytest.mark.parametrize("typed", ["13200 Arles", "arles"])
def test_unit_that_somebody_chose_stays_when_its_town_is_typed_for_the_exchange(client, arles, typed, at_home):
    """The home page fills in the town by itself, and pressing a door sends it."""
    first = lookup.search("arles").for_exchange[1]
    other = arles.competent_units.exclude(pk=first.pk).get()
    client.post(reverse("locations:choose"), {"service": f"13004_{other.pk}_13200", "purpose": "contacts"})
    if at_home:
        assert 'value="13200 Arles"' in client.get("/").text
        client.post("/", {"door": "adult", "q": typed})
    else:
        post(client, typed, "echange")
    assert client.session["locations"]["unit"] == other.pk
    other.delete()
    post(client, typed, "echange")
    assert client.session["locations"]["unit"] == first.pk, "it left the tables"


def test_another_town_typed_for_the_exchange_takes_the_place_of_the_unit(client, arles, belley):
    unit = arles.competent_units.first()
    client.post(reverse("locations:choose"), {"service": f"13004_{unit.pk}_13200", "purpose": "contacts"})
    post(client, "01300", "echange")
    assert client.session["locations"]["unit"] == belley.competent_units.get().pk


def test_search_for_the_exchange_takes_the_largest_commune_of_a_code(client):
    municipality("Petite", "01801", ("01800",), population=10)
    large = municipality("Grande", "01802", ("01800",), population=900)
    post(client, "01800", "echange")
    assert client.session["locations"] == {"postal_code": "01800", "unit": None, "insee": large.pk, "guessed": True}


def test_guess_becomes_a_choice_by_naming_the_commune_and_not_by_the_field_that_is_filled_in(client):
    municipality("Petite", "01801", ("01800",), population=10)
    large = municipality("Grande", "01802", ("01800",), population=900)
    reception_point(for_=large)
    post(client, "01800", "echange")
    assert "Ce n'est peut-être ni votre commune" in unescape(text_of(client.get(reverse("locations:my_contacts"))))
    assert 'value="01800 Grande"' in client.get("/").text
    client.post("/", {"door": "adult", "q": "01800 Grande"})
    assert client.session["locations"]["guessed"]
    client.post("/", {"door": "adult", "q": "Grande"})
    assert client.session["locations"]["insee"] == large.pk and "guessed" not in client.session["locations"]
    client.post("/", {"door": "adult", "q": "01800"})
    assert "guessed" not in client.session["locations"], "it was chosen"
    assert "Ce n'est peut-être ni votre commune" not in unescape(text_of(client.get(reverse("locations:my_contacts"))))


@pytest.mark.parametrize("purpose", ["echange", "contacts"])
def test_search_for_the_exchange_asks_which_of_a_code_and_a_name_that_contradict_each_other(
    client, arles, belley, purpose
):
    response = post(client, "13200 Belley", purpose)
    assert response.headers["Location"] == reverse("locations:results")
    page = text_of(client.get(response.headers["Location"]))
    assert "Arles" in page and "Belley" in page
    assert "unit" not in client.session["locations"]


def test_search_for_the_exchange_asks_which_commune_of_a_name(client):
    municipality("Jumelle", "01901", ("01901",), population=900)
    small = municipality("Jumelle", "38902", ("38902",), population=10)
    response = post(client, "jumelle", "echange", follow=True)
    page = text_of(response)
    assert "Quelle commune" in page and page.count('name="service"') == 2 and 'type="radio"' not in page
    data = {"q": "jumelle", "purpose": "echange"}
    again = text_of(client.post(reverse("locations:choose"), data, follow=True))
    assert "<title>Erreur : Quelle commune" in again and 'id="service-error"' in again
    answer = client.post(reverse("locations:choose"), {**data, "service": f"{small.pk}__38902"})
    assert answer.headers["Location"] == reverse("triage:question", args=["maintenant"])
    assert client.session["locations"]["postal_code"] == "38902"


@pytest.mark.parametrize("at_home", [True, False])
def test_code_that_lacks_a_digit_is_asked_about(client, at_home):
    """« 6700 » was kept as 06700, in the Alpes-Maritimes, for somebody of Strasbourg."""
    for number in range(4):
        municipality(f"Saint-Laurent {number}", f"0612{number}", ("06700",), population=number)
    municipality("Strasbourg", "67482", ("67000",), population=290000)
    if at_home:
        client.post("/", {"door": "adult", "q": "6700"})
    else:
        post(client, "6700", "echange")
    assert "postal_code" not in client.session["locations"]
    page = text_of(client.get(reverse("locations:results")))
    assert "Quelle commune" in page and "Saint-Laurent 3" in page and 'value="67000 Strasbourg"' in page
    assert "Autres communes (1)" in page and "de ce nom" not in page
    assert "Il manque un chiffre à ce code postal." in page
    assert "Il manque un chiffre" in text_of(post(client, "6700", follow=True)), "for contacts too"
    post(client, "67000 Strasbourg", "echange")
    assert client.session["locations"] == {"postal_code": "67000", "unit": None}


def test_cedex_code_known_by_its_post_office_alone_is_kept_as_a_guess(client, belley):
    PostalCode.objects.create(code="01309", municipality=belley, kind="cedex", is_approximate=True)
    post(client, "01309", "echange")
    assert client.session["locations"]["guessed"]
    page = text_of(post(client, "01309", "contacts", follow=True))
    assert "Nous ne connaissons que la commune de cet organisme" in page and page.count('name="service"') == 1


def test_commune_that_is_asked_about_says_under_which_name_it_was_found(client):
    """Nobody who typed « Les Alleuds » knows that it is part of Alloinay, or of Brissac."""
    for name, insee_code, code in (("Brissac", "49050", "49320"), ("Alloinay", "79136", "79190")):
        commune = municipality(name, insee_code, (code,))
        PlaceName.objects.create(municipality=commune, name="Les Alleuds", search="les alleuds", kind="delegated")
    page = text_of(post(client, "les alleuds", "echange", follow=True))
    buttons = re.findall(r'<button[^>]* name="service".*?</button>', page)
    assert len(buttons) == 2 and all("Vous avez cherché : Les Alleuds" in one for one in buttons), buttons
    young(client)
    assert "Tu as cherché : Les Alleuds" in text_of(client.get(reverse("locations:results")))
    municipality("Jumelle", "01901", ("01901",))
    municipality("Jumelle", "38902", ("38902",))
    assert "cherché :" not in text_of(post(client, "jumelle", "echange", follow=True))


def test_search_for_contacts_leads_to_them(client, belley):
    response = post(client, "01300", "contacts", follow=True)
    assert response.redirect_chain == [(reverse("locations:my_contacts"), 302)]
    assert "Votre choix est enregistré." in text_of(response)


def test_search_commune_without_a_unit_calls_the_nearest_the_nearest(client, belley):
    municipality("Voisine", "01999", ("01310",), latitude=45.8, longitude=5.7)
    page = text_of(post(client, "01310", follow=True))
    assert "Une des unités connues les plus proches." in page
    assert "À environ 5 km" in page
    assert "Brigade de Belley" in page


def test_search_where_no_unit_is_known_is_no_dead_end(client):
    commune = municipality("Seule", "98411", ("98400",), zone="com")
    page = text_of(post(client, "98400", follow=True))
    assert "Nous ne connaissons aucune unité ici." in page
    client.post(reverse("locations:choose"), {"service": f"{commune.pk}__98400", "purpose": "contacts"})
    response = client.get(reverse("locations:chosen"))
    assert "Un policier ou un gendarme vous répondra quand même par tchat." in text_of(response)
    assert "Continuer vers l&#x27;échange" in text_of(response) or "Continuer vers l'échange" in text_of(response)


def test_search_empty_shows_the_error_beside_its_field(client):
    response = post(client, "  ", "contacts")
    assert response.headers["Location"] == f"{SEARCH}?pour=contacts&erreur=vide"
    page = text_of(client.get(response.headers["Location"]))
    assert "<title>Erreur : Point d&#x27;accueil" in page or "<title>Erreur : Point d'accueil" in page
    field = re.search(r'<input[^>]*id="ville-contacts"[^>]*>', page)[0]
    assert "autofocus" in field
    # Orca leaves out an error that resembles the name, which a hint in the label would be part of.
    assert 'aria-describedby="ville-contacts-hint ville-contacts-error"' in field
    assert re.search(r'<label class="fr-label" for="ville-contacts">[^<]*</label>', page)
    assert 'id="ville-contacts-error"' in page
    assert 'id="ville-echange-error"' not in page


@pytest.mark.parametrize(("purpose", "is_said"), [("echange", True), ("contacts", False)])
def test_search_empty_says_again_why_the_exchange_asks_for_a_place(client, purpose, is_said):
    reason = "Dernière étape avant d'échanger : votre ville"
    assert (reason in unescape(text_of(post(client, "", purpose, follow=True)))) is is_said
    assert reason not in unescape(text_of(client.get(SEARCH)))


def test_search_empty_after_a_choice_gives_no_reason(client, belley):
    post(client, "01300")
    assert "Dernière étape" not in text_of(post(client, "", follow=True))


def test_search_too_long_keeps_what_was_typed(client):
    page = text_of(post(client, "a" * 101))
    assert "trop long" in page
    assert "a" * 101 in page


def test_search_nonsense_helps(client):
    page = text_of(post(client, "<b>zzzz</b>", follow=True))
    assert "Nous n&#x27;avons pas trouvé ce lieu" in page or "Nous n'avons pas trouvé ce lieu" in page
    assert "&lt;b&gt;zzzz" in page
    assert "<b>zzzz" not in page
    numbers = page[page.index('value="Paris"') : page.index("</main>")]
    for number in ("tel:17", "tel:119", "tel:116006", "tel:3018", "tel:3114", "sms:114"):
        assert f'href="{number}"' in numbers, "the bar of every page has the first ones too"
    assert 'name="q" value="Paris"' in page


def test_contacts_without_the_national_numbers_of_the_data_name_the_line_for_children_too(client):
    reception_point(for_=municipality("Seule", "01801", ("01800",), population=10))
    post(client, "01800")
    numbers = text_of(client.get(reverse("locations:my_contacts"))).partition('id="national-title"')[2]
    assert {"tel:17", "tel:119", "tel:3018", "tel:3114"} <= set(re.findall(r'href="((?:tel|sms):[^"]*)"', numbers))


def test_search_proposes_what_may_have_been_meant(client, arles):
    page = text_of(post(client, "Arlles", follow=True))
    assert "Vouliez-vous dire…" in page
    assert 'name="q" value="13200 Arles"' in page


def test_search_by_a_link_from_elsewhere(client, arles):
    page = text_of(client.get(SEARCH, {"q": "13200"}))
    assert "Sélectionnez votre service" in page
    assert 'name="purpose" value="contacts"' in page
    assert "locations" not in client.session


def test_search_by_a_link_with_nothing_in_it(client):
    assert "Je renseigne ma ville" in text_of(client.get(SEARCH, {"q": ""}))


def test_search_in_a_broken_database_is_a_500(client, monkeypatch):
    def broken(text):
        raise DatabaseError

    monkeypatch.setattr(lookup, "search", broken)
    client.raise_request_exception = False
    assert post(client, "arles").status_code == 500
    assert client.get(SEARCH, {"q": "arles"}).status_code == 500


def test_search_writes_nothing_typed_in_the_logs(client, caplog):
    with caplog.at_level(logging.DEBUG):
        post(client, "ruedusecret", follow=True)
        client.post(reverse("locations:suggestions"), {"q": "ruedusecret"})
    assert "ruedusecret" not in "".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )


def test_results_come_back_after_a_choice(client, arles):
    """« Back » asks for the page again: it shows the services of the postal code that was kept."""
    post(client, "arles", "contacts")
    unit = arles.competent_units.first()
    client.post(reverse("locations:choose"), {"service": f"13004_{unit.pk}_13200", "purpose": "contacts"})
    assert "typed" not in client.session["locations"]
    assert "Sélectionnez votre service" in text_of(client.get(reverse("locations:results")))


def test_results_without_a_search_go_to_the_form(client):
    response = client.get(reverse("locations:results"))
    assert response.headers["Location"] == SEARCH


def test_results_of_many_communes_show_one_near_unit_each(client, belley):
    for number in range(views.MANY_PLACES + 1):
        municipality(f"Village {number}", f"01{900 + number}", ("01400",), latitude=45.7, longitude=5.6)
        reception_point(f"Gendarmerie - Brigade {number}", latitude=45.7 + number / 10, longitude=5.6)
    page = text_of(post(client, "01400", follow=True))
    assert page.count('name="service"') == views.MANY_PLACES + 1


def services(page):
    """Return the radio buttons of a page: (value, whether it is checked)."""
    inputs = re.findall(r'<input type="radio" name="service"[^>]*>', page)
    return [(re.search(r'value="([^"]*)"', field)[1], " checked" in field) for field in inputs]


def test_results_without_a_competent_unit_show_the_two_nearest(client):
    commune = municipality("Loin", "01901", ("01400",), latitude=45.7, longitude=5.6)
    near, far, farthest = (
        reception_point(f"Gendarmerie - Brigade {name}", latitude=45.7 + distance, longitude=5.6)
        for name, distance in (("C", 0.1), ("A", 0.2), ("B", 0.3))
    )
    page = text_of(post(client, "01400", follow=True))
    assert services(page) == [(f"{commune.pk}_{near.pk}_01400", False), (f"{commune.pk}_{far.pk}_01400", False)]
    assert farthest.name not in page
    post(client, "01400", "echange")
    assert client.session["locations"]["unit"] == near.pk


def test_results_of_known_units_select_none(client, arles):
    page = text_of(post(client, "arles", follow=True))
    assert [checked for _value, checked in services(page)] == [False, False]


def test_results_where_no_unit_is_known_offer_the_commune(client):
    commune = municipality("Seule", "98411", ("98400",), zone="com")
    assert services(text_of(post(client, "98400", follow=True))) == [(f"{commune.pk}__98400", False)]


def test_results_of_one_name_show_the_largest_communes_and_fold_the_others(client):
    for department, population in (("01", 10), ("11", 4000), ("30", 200), ("93", 150_000), ("38", 900)):
        municipality("Belmont", f"{department}901", (f"{department}400",), population=population)
    page = text_of(post(client, "belmont", follow=True))
    assert [value[:5] for value, _checked in services(page)] == ["93901", "11901", "38901", "30901", "01901"]
    shown, folded = page.split("Autres communes de ce nom")
    assert [value[:5] for value, _checked in services(shown)] == ["93901", "11901", "38901"]
    assert folded.startswith(" (2)")
    assert not any(checked for _value, checked in services(page))  # nobody should choose another département in a hurry


def test_results_of_one_code_fold_nothing(client):
    for number in range(5):
        municipality(f"Village {number}", f"01{900 + number}", ("01400",))
    assert "Autres communes de ce nom" not in text_of(post(client, "01400", follow=True))


def test_results_page_in_few_queries(client, arles):
    post(client, "arles")
    execute, sent = psycopg.Cursor.execute, []

    def noted(self, query, *args, **kwargs):
        sent.append(str(query))
        return execute(self, query, *args, **kwargs)

    with patch.object(psycopg.Cursor, "execute", noted):
        client.get(reverse("locations:results"))
    about_places = [statement for statement in sent if "locations_" in statement]
    assert len(about_places) == 2


def test_choose_nothing_shows_the_list_again(client, arles):
    response = client.post(reverse("locations:choose"), {"q": "arles", "purpose": "contacts"})
    assert response.headers["Location"] == f"{reverse('locations:results')}?erreur=service"
    page = text_of(client.get(response.headers["Location"]))
    assert "<title>Erreur : Sélectionnez votre service" in page
    assert 'id="service-error"' in page
    assert "Sélectionner un service dans la liste." in page
    assert page.count("autofocus") == 1


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("13004_999999_13200", "Ce service n'est plus dans la liste. En sélectionner un autre."),
        ("99999__", "Ce service n'est plus dans la liste. En sélectionner un autre."),
        ("13004__75001", "Ce service n'est plus dans la liste. En sélectionner un autre."),
        ("arles", "Sélectionner un service dans la liste."),
        ("13004_1_2_3", "Sélectionner un service dans la liste."),
        ("13004_99999999999999999999_13200", "Sélectionner un service dans la liste."),
    ],
)
def test_choose_something_that_is_not_offered(client, arles, service, told):
    response = client.post(
        reverse("locations:choose"), {"service": service, "q": "arles", "purpose": "contacts"}, follow=True
    )
    page = unescape(text_of(response))
    assert re.search(r'id="service-error">([^<]+)<', page)[1] == told
    assert "unit" not in client.session["locations"]


def test_choose_without_a_search_goes_to_the_form(client):
    response = client.post(reverse("locations:choose"), {})
    assert response.headers["Location"] == SEARCH


@pytest.mark.parametrize("name", ["chosen", "my_contacts", "remove", "remove_interlocutor"])
def test_pages_that_need_a_choice_ask_for_one(client, name):
    response = client.get(reverse(f"locations:{name}"))
    assert response.headers["Location"] == SEARCH


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("remove", "Vous souhaitez supprimer ce point d'accueil ?"),
        ("remove_interlocutor", "Vous souhaitez supprimer cet interlocuteur ?"),
    ],
)
def test_remove_asks_then_forgets(client, belley, name, question):
    post(client, "01300")
    page = text_of(client.get(reverse(f"locations:{name}"))).replace("&#x27;", "'")
    assert question in page
    assert "à tout moment" in page
    assert "menu « Point d'accueil »" in page
    assert "locations" in client.session
    response = client.post(reverse(f"locations:{name}"))
    assert response.headers["Location"] == SEARCH
    assert "locations" not in client.session


def test_remove_names_the_menu_as_it_is_called_there(client, belley):
    """In discreet mode the menu says « Lieux »."""
    post(client, "01300")
    session = client.session
    session["triage"] = {"version": "1", "answers": {"danger": "screen"}}
    session.save()
    for name in ("remove", "remove_interlocutor"):
        page = text_of(client.get(DISCREET.reverse(f"locations:{name}"))).replace("&#x27;", "'")
        assert "menu « Lieux »" in page and "menu « Point d'accueil »" not in page
        assert ("supprimer ce lieu ?" in page) == (name == "remove") and "ce point d'accueil" not in page


def test_search_page_shows_the_present_choice(client, belley):
    post(client, "01300")
    page = text_of(client.get(SEARCH))
    assert "Votre choix actuel" in page
    assert "Brigade de Belley" in page


def test_my_contacts_of_a_unit_that_is_known(client, belley, monkeypatch):
    monkeypatch.setattr(views.timezone, "now", lambda: datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    post(client, "01300")
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert "9 rue Mante" in page
    assert 'href="tel:0479816900"' in page
    assert "Ouvert maintenant" in page
    assert "Lundi et mardi" in page
    assert "de 8 h à 12 h" in page
    assert "Peut différer les jours fériés." in page
    link = re.search(r"<a[^>]*openstreetmap[^>]*>", page)[0]
    assert "directions?to=45.7554%2C5.683" in link
    assert 'rel="noopener noreferrer"' in link
    assert "(vous quittez Pnav)" in page


def test_my_contacts_says_closed_when_it_is(client, belley, monkeypatch):
    monkeypatch.setattr(views.timezone, "now", lambda: datetime(2026, 11, 23, 19, 0, tzinfo=UTC))
    post(client, "01300")
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert "Ouvert maintenant" not in page
    assert "ouvre demain à 8 h" in page


def test_my_contacts_says_nothing_of_unknown_hours(client, arles):
    post(client, "arles", "contacts")
    unit = arles.competent_units.get(force="gendarmerie")
    client.post(reverse("locations:choose"), {"service": f"13004_{unit.pk}_13200", "purpose": "contacts"})
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert "Horaires inconnus." in page
    assert "maintenant" not in page.split("Horaires</h3>")[1].split("</section>")[0]
    assert "Adresse inconnue." in page
    assert "Une autre unité répond aussi pour cette commune." in page


def test_my_contacts_calls_one_number_or_none(client, belley):
    ReceptionPoint.objects.update(telephone="01 23 45 67 89 ou 01 98 76 54 32")
    partner("Aide", municipality=belley, latitude=45.76, longitude=5.68, telephone="demander au standard")
    post(client, "01300")
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert 'href="tel:0123456789"' in page and "01 23 45 67 89 ou 01 98 76 54 32" in page
    assert "demander au standard" in page and 'href=""' not in page


def test_my_contacts_lists_partners_and_never_their_notes(client, belley):
    partner("Loin", municipality=belley, latitude=46.2, longitude=5.68)
    partner("Près", municipality=belley, latitude=45.76, longitude=5.68, hours_note="Demander Mme Untel")
    partner("Ailleurs", department_code="69")
    Partner.objects.create(kind="national", key="n", name="Numéro de partout", telephone="116 006", source="demo")
    post(client, "01300")
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert page.index("Près") < page.index("Loin")
    assert "environ 1 km" in page
    assert "Ailleurs" not in page
    assert "Untel" not in page
    assert 'href="tel:116006"' in page


def test_my_contacts_gives_national_numbers_where_there_is_nobody(client, belley):
    post(client, "01300")
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert "Les numéros nationaux sont plus bas." in page and "tout en France" not in page
    assert "tel:3018" in page and "tel:+33180523376" not in page


def test_my_contacts_overseas_give_the_number_that_victims_call_from_there(client):
    commune = municipality("Nouméa", "98818", ("98800",), zone="com")
    unit = reception_point("Commissariat de police de Nouméa", for_=commune)
    post(client, "98800")
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert unit.name in page and 'href="tel:116006"' in page and 'href="tel:+33180523376"' in page
    commune.delete()
    assert 'href="tel:+33180523376"' in text_of(client.get(reverse("locations:my_contacts"))), "by its postal code"


def test_my_contacts_says_that_a_unit_is_only_the_nearest(client, belley):
    here = municipality("Voisine", "01999", ("01310",), latitude=45.8, longitude=5.7)
    unit = belley.competent_units.get()
    client.post(reverse("locations:choose"), {"service": f"{here.pk}_{unit.pk}_01310", "purpose": "contacts"})
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert "Unité la plus proche connue, pour Voisine (01)" in page
    assert "Nous ne savons pas quelle unité est compétente" in page


def test_my_contacts_survives_a_unit_and_a_commune_that_left(client, belley):
    post(client, "01300")
    belley.competent_units.all().delete()
    belley.delete()
    page = text_of(client.get(reverse("locations:my_contacts")))
    assert "01300" in page


def test_suggestions(client, arles):
    response = client.post(reverse("locations:suggestions"), {"q": "arl"})
    assert json.loads(response.content) == {"suggestions": [{"text": "13200 Arles", "label": "Arles (13) – 13200"}]}


def test_suggestions_refuse_an_address_and_a_foreign_page(arles):
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(reverse("locations:suggestions"), {"q": "arl"}).status_code == 405
    assert strict.post(reverse("locations:suggestions"), {"q": "arl"}).status_code == 403


def test_no_page_of_results_carries_the_place_in_an_address(client, arles):
    page = client.get(SEARCH, {"q": "arles"}).content.decode()
    post(client, "arles")
    page += client.get(reverse("locations:results")).content.decode()
    assert not [link for link in re.findall(r'(?:href|action)="([^"]*)"', page) if "rles" in link or "13200" in link]


# --- tu ---------------------------------------------------------------------------------------------------------------

VOUS = re.compile(r"\b(?:vous|votre|vos|(?!chez\b|assez\b)\w{2,}ez)\b", re.IGNORECASE)


def said_in(response) -> str:
    """Return what the page says in its title and in its main part."""
    page = unescape(text_of(response))
    main = page[page.index('<main id="contenu"') : page.index("</main>")]
    return re.sub(r"<[^>]*>", " ", page[: page.index("</title>")] + main)


def young(client) -> None:
    session = client.session
    session["triage"] = {"version": "1", "answers": MINOR}
    session.save()


@pytest.mark.parametrize("is_young", [True, False])
def test_who_is_under_fifteen_reads_tu_all_along_the_choice(client, arles, belley, is_young):
    """They read it once the age is known; everybody else reads « vous »."""
    if is_young:
        young(client)
    municipality("Seule", "98411", ("98400",), zone="com")
    municipality("Voisine", "01999", ("01310",), latitude=45.8, longitude=5.7)
    pages = [
        client.get(SEARCH),
        post(client, "  ", follow=True),
        post(client, "x" * 200),
        post(client, "Nulle-Part-Du-Tout", follow=True),
        post(client, "98400", follow=True),
        post(client, "01310", follow=True),
        post(client, "Arles 13", follow=True),
        client.post(reverse("locations:choose"), {"q": "Arles 13"}, follow=True),
        client.get(reverse("locations:my_contacts"), follow=True),
        client.post(reverse("locations:choose"), {"service": "98411__98400", "purpose": "echange"}, follow=True),
        client.get(reverse("locations:my_contacts")),
        post(client, "01300", follow=True),
        client.get(SEARCH),
        client.get(reverse("locations:my_contacts")),
        client.get(reverse("locations:remove")),
        client.get(reverse("locations:remove_interlocutor")),
        client.post(reverse("locations:remove"), follow=True),
    ]
    assert all(page.status_code == 200 for page in pages)
    said = [VOUS.findall(said_in(page)) for page in pages]
    if is_young:
        assert said == [[]] * len(pages)
    else:
        assert sum(bool(found) for found in said) > 10


def test_young_person_reads_the_same_labels_as_the_others_but_tu(client, belley):
    young(client)
    assert "Pour trouver tes contacts utiles de proximité" in text_of(client.get(SEARCH))
    post(client, "01300")
    page = text_of(client.get(reverse("locations:chosen")))
    assert "Ton choix est enregistré" in page and "Tu souhaites consulter les informations locales ?" in page


# --- examples, and places abroad --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "is_marked"), [("demo", True), ("ministry", False)])
def test_unit_of_the_demonstration_is_marked_wherever_it_is_shown(client, arles, belley, source, is_marked):
    """It says how to load the real ones; beside a real unit nothing of this is said."""
    ReceptionPoint.objects.update(source=source)
    partner("Aide aux victimes 01", department_code="01", source=source)
    client.post(SEARCH, {"q": "arles", "purpose": "contacts"})
    pages = [client.get(reverse("locations:results")).text]
    client.post(SEARCH, {"q": "belley", "purpose": "contacts"})
    pages += [client.get(reverse(f"locations:{name}")).text for name in ("my_contacts", "chosen", "remove", "search")]
    for page in pages:
        assert ("fr-badge--warning" in page and "exemple" in page) == is_marked
        assert ("manage.py import_locations --download" in page) == is_marked


INCLUDED = re.compile(r'{% include "([^"]+)"')
# The templates that `{% services %}` draws as patterns.
SERVICES = ("locations/_service.html", "locations/_service_option.html")


def parts_of(template: str) -> set[str]:
    """Return the templates that this one includes, and theirs; none of a library's."""
    path = settings.BASE_DIR / "templates" / template
    source = path.read_text() if path.exists() else ""
    found = {*INCLUDED.findall(source), *(SERVICES if "{% services " in source else ())}
    return found.union(*map(parts_of, found))


def test_every_page_that_marks_an_example_says_how_to_load_the_real_ones():
    """The pages are read from the templates, so that a page that is made tomorrow is asked too."""
    folder = settings.BASE_DIR / "templates"
    pages = [str(one.relative_to(folder)) for one in folder.glob("**/[!_]*.html")]
    parts = {page: parts_of(page) for page in pages}
    marking = {page for page, held in parts.items() if "locations/_example.html" in held}
    assert {"chat/slip.html", "locations/select.html", "reports/create.html"} <= marking
    assert {page for page in marking if "locations/_examples.html" not in parts[page]} == set()


def test_national_number_is_no_example(client, belley):
    ReceptionPoint.objects.update(source="ministry")
    partner("Numéro national", kind=Partner.Kind.NATIONAL, department_code="", source="demo")
    client.post(SEARCH, {"q": "belley", "purpose": "contacts"})
    assert "import_locations" not in client.get(reverse("locations:my_contacts")).text


@pytest.mark.parametrize("is_stand_in", [True, False])
def test_large_town_in_place_of_ones_own_is_no_choice_of_a_unit(client, arles, is_stand_in):
    page = text_of(post(client, "Bruxelles", "echange", follow=True))
    form = page[: page.index('value="31000 Toulouse"')].rpartition("<form")[2]
    assert 'name="stand_in" value="1"' in form and page.count('name="stand_in"') == 1
    client.post(SEARCH, {"q": "13200 Arles", "purpose": "echange"} | ({"stand_in": "1"} if is_stand_in else {}))
    assert ("guessed" in client.session["locations"]) is is_stand_in


@pytest.mark.parametrize("typed", ["Bruxelles", "Casablanca", "Dakar"])
def test_place_abroad_is_said_to_be_abroad(client, arles, typed):
    """The numbers of the French police are in the bar of every page, and none is given for a danger elsewhere."""
    client.post(SEARCH, {"q": typed, "purpose": "contacts"})
    page = text_of(client.get(reverse("locations:results")))
    assert "hors de France</h1>" in page and "Vouliez-vous dire" not in page
    told = page[page.index("hors de France</h1>") : page.index("</main>")]
    assert "le numéro d'urgence du pays où vous êtes" in unescape(told)
    assert set(re.findall(r'href="((?:tel|sms):[^"]*)"', told)) == {
        "tel:112",
        "tel:+33180523376",
        "tel:3018",
        "tel:3114",
    }
