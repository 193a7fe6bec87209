"""The visit's choice of a place: what is stored, and what is not."""

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.test import RequestFactory

from locations import session
from locations.models import Force
from tests.factories.locations import municipality, reception_point

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_():
    request = RequestFactory().get("/")
    request.session = SessionBase()
    return request


def test_choose_keeps_only_the_code_and_the_unit(request_):
    arles = municipality("Arles", "13004", ("13200",))
    unit = reception_point(for_=arles)
    session.remember_search(request_, text="arles", purpose="echange")
    session.choose(request_, postal_code="13200", municipality=arles, reception_point=unit)
    assert request_.session["locations"] == {"postal_code": "13200", "unit": unit.pk}


def test_choose_keeps_the_commune_where_several_share_the_code(request_):
    one = municipality("Un", postal_codes=("01400",))
    other = municipality("Deux", postal_codes=("01400",))
    unit = reception_point(for_=other)
    session.choose(request_, postal_code="01400", municipality=other, reception_point=unit)
    assert request_.session["locations"]["insee"] == other.pk
    assert session.current_choice(request_).municipality == other != one


def test_current_choice_in_two_queries(request_, django_assert_num_queries):
    arles = municipality("Arles", "13004", ("13200",))
    unit = reception_point(for_=arles)
    session.choose(request_, postal_code="13200", municipality=arles, reception_point=unit)
    with django_assert_num_queries(2):
        choice = session.current_choice(request_)
        assert choice.reception_point.municipality == arles
    assert (choice.postal_code, choice.municipality, choice.force) == ("13200", arles, Force.POLICE)
    assert not choice.is_nearest


def test_current_choice_of_a_unit_that_is_only_the_nearest(request_):
    here, there = municipality("Ici", postal_codes=("01400",)), municipality("Là")
    unit = reception_point(for_=there)
    session.choose(request_, postal_code="01400", municipality=here, reception_point=unit)
    assert session.current_choice(request_).is_nearest


def test_current_choice_without_a_unit(request_):
    here = municipality("Ici", postal_codes=("01400",))
    session.choose(request_, postal_code="01400", municipality=here, reception_point=None)
    choice = session.current_choice(request_)
    assert (choice.municipality, choice.reception_point, choice.force, choice.is_nearest) == (here, None, None, False)


def test_current_choice_of_a_commune_without_postal_code(request_):
    here = municipality("Kerguelen")
    session.choose(request_, postal_code="", municipality=here, reception_point=None)
    choice = session.current_choice(request_)
    assert (choice.postal_code, choice.municipality) == ("", here)


def test_current_choice_of_a_unit_that_has_left_the_tables(request_):
    here = municipality("Ici", postal_codes=("01400",))
    unit = reception_point(for_=here)
    session.choose(request_, postal_code="01400", municipality=here, reception_point=unit)
    unit.delete()
    assert session.current_choice(request_).reception_point is None


def test_current_choice_before_any(request_, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert session.current_choice(request_) is None
    session.remember_search(request_, text="arles", purpose="echange")
    assert session.current_choice(request_) is None


@pytest.mark.parametrize("is_guessed", [True, False])
def test_choice_says_that_it_was_guessed(request_, is_guessed):
    here = municipality("Ici", postal_codes=("01400",))
    kept = {"postal_code": "01400", "municipality": here, "reception_point": None}
    session.choose(request_, **kept, is_guessed=is_guessed)
    choice = session.current_choice(request_)
    assert choice.is_guessed is is_guessed and not choice.is_nearest and choice.as_search == "01400 Ici"
    session.choose(request_, **kept)
    assert not session.current_choice(request_).is_guessed


@pytest.mark.parametrize(("purpose", "is_kept"), [("echange", False), ("contacts", True)])
def test_another_place_typed_for_the_chat_takes_back_the_choice(request_, purpose, is_kept):
    here = municipality("Ici", postal_codes=("01400",))
    session.choose(request_, postal_code="01400", municipality=here, reception_point=None)
    session.remember_search(request_, text="ailleurs", purpose=purpose)
    assert (session.current_choice(request_) is not None) is is_kept
    assert session.pending_search(request_) == ("ailleurs", purpose)


def test_forget(request_):
    here = municipality("Ici", postal_codes=("01400",))
    session.choose(request_, postal_code="01400", municipality=here, reception_point=None)
    session.forget(request_)
    session.forget(request_)
    assert session.current_choice(request_) is None
    assert "locations" not in request_.session


def test_pending_search_survives_a_choice_as_its_postal_code(request_):
    assert session.pending_search(request_) is None
    session.remember_search(request_, text="arles", purpose="contacts")
    assert session.pending_search(request_) == ("arles", "contacts")
    here = municipality("Ici", postal_codes=("01400",))
    session.choose(request_, postal_code="01400", municipality=here, reception_point=None)
    assert session.pending_search(request_) == ("01400", "contacts")
