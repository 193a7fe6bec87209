"""No two accounts have names that differ by their capitals alone, because the sign-in would let in neither."""

from html import unescape

import pytest
from django.core.management import CommandError, call_command

from pnav.accounts.models import Role, User
from tests.accounts.cast import give_session, make_user
from tests.accounts.test_audited_admin import Fields

pytestmark = pytest.mark.django_db


def test_createsuperuser_refuses_a_name_that_differs_by_its_capitals(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "une phrase de passe assez longue")
    User.objects.create_user("admin", role=Role.ADMINISTRATOR)
    with pytest.raises(CommandError, match="aux majuscules près"):
        call_command("createsuperuser", interactive=False, username="Admin", email="", verbosity=0)
    assert User.objects.get().username == "admin"


@pytest.mark.parametrize(
    ("name", "is_refused"), [("marie.durand", True), ("MARIE.DURAND", True), ("Camille", False), ("camille.d", False)]
)
def test_account_is_not_given_the_name_of_another_in_other_capitals(client, name, is_refused):
    make_user("Marie.Durand")
    user = make_user("camille", Role.CUSTODIAN)
    give_session(client, make_user("chef", Role.ADMINISTRATOR, totp=True))
    where = f"/admin/accounts/user/{user.pk}/change/"
    form = Fields(client.get(where).text).largest | {"username": [name]}
    page = unescape(client.post(where, form, follow=True).text)
    user.refresh_from_db()
    assert (user.username == "camille") is is_refused is ("aux majuscules près" in page)
