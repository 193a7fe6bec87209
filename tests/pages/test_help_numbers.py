import re

import pytest
from django.conf import settings

from chat.models import CannedReply
from common.texts.catalogue import CATALOGUE
from pnav.pages.models import HelpNumber
from pnav.pages.templatetags import help_numbers
from pnav.pages.templatetags.help_numbers import current_hours
from tests.chat.sockets import visit
from tests.factories import chat as make
from triage import texts as triage_texts

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


def test_hours_that_the_sources_contradict_stand_in_the_administration_alone():
    """116 006 answers until 7 or 8 pm."""
    number = HelpNumber.objects.get(number="116 006")
    assert (number.hours, [row.text for row in number.text_rows.filter(part="hours")]) == ("7j/7", ["7 days a week"])
    assert "de 9h à 19h" in number.doubt and "de 9h à 20h" in number.doubt
    reply = CannedReply.objects.get(vous__contains="116 006")
    texts = [reply.vous, *[row.text for row in reply.text_rows.filter(part="vous")]]
    units = (settings.BASE_DIR / "locations" / "data" / "units.json").read_text().splitlines()
    texts += [line for line in units if "116 006" in line]
    texts += [one.say() for one in (triage_texts.VICTIMS_HOURS, CATALOGUE["places.call_victims"])]
    assert len(texts) == 5 and not [text for text in texts if re.search(r"19|7 pm", text)]


def test_current_hours_unknown_are_not_invented():
    HelpNumber.objects.filter(number="3919").update(hours="")
    assert current_hours("3919", "peut-être") == ""


def test_current_hours_of_a_number_that_nobody_keeps():
    assert current_hours("36 99", "9 h à 17 h") == "9 h à 17 h"


def test_edit_in_the_admin_reaches_the_waiting_room(client, settings):
    HelpNumber.objects.filter(number="3114").update(hours="à toute heure, vérifié")
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting())
    assert "à toute heure, vérifié" in client.get("/tchat/").text
