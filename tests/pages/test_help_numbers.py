import pytest

from pnav.pages.models import HelpNumber
from pnav.pages.templatetags import help_numbers
from pnav.pages.templatetags.help_numbers import current_hours
from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_again():
    help_numbers.forget()
    yield
    help_numbers.forget()


def test_current_hours_are_the_administrators():
    HelpNumber.objects.filter(number="3018").update(hours="7j/7, de 8h à 20h")
    assert current_hours("3018", "7 j/7, de 9 h à 23 h") == "7j/7, de 8h à 20h, gratuit"


def test_current_hours_of_a_number_with_spaces():
    HelpNumber.objects.filter(number="116 006").update(hours="demain")
    assert current_hours("116 006").startswith("demain")


def test_current_hours_unknown_are_not_invented():
    HelpNumber.objects.filter(number="3919").update(hours="")
    assert current_hours("3919", "peut-être") == ""


def test_current_hours_of_a_number_that_nobody_keeps():
    assert current_hours("36 99", "9 h à 17 h") == "9 h à 17 h"


def test_edit_in_the_admin_reaches_the_waiting_room(client, settings):
    HelpNumber.objects.filter(number="3114").update(hours="à toute heure, vérifié")
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting())
    assert "à toute heure, vérifié" in client.get("/tchat/").text
