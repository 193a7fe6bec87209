import pytest
from allauth.mfa.utils import is_mfa_enabled

from chat.models import Agent
from chat.models.macro import Macro
from pnav.accounts.models import Role, User
from pnav.demo.cast import CAST, accounts_of, as_json, create_cast, create_macros, new_secrets


@pytest.mark.django_db
def test_cast_can_sign_in_with_what_the_file_says():
    known = new_secrets()
    create_cast(known)
    create_cast(known)  # as in a second start
    accounts = accounts_of(known)
    assert {account.role for account in accounts} == set(Role.values)
    for account in accounts:
        user = User.objects.get(username=account.username)
        assert user.check_password(account.password) and is_mfa_enabled(user)
        assert user.is_staff == (account.role == Role.ADMINISTRATOR)
    assert {agent.force for agent in Agent.objects.all()} == {"police", "gendarmerie"}
    assert User.objects.count() == len(CAST)


@pytest.mark.django_db
def test_macros_are_whole_and_made_once():
    create_macros()
    made = list(Macro.objects.select_related("reply"))
    assert [bool(one.reply) for one in made] == [True] * 4, "the shared replies have these titles"
    for one in made:
        one.full_clean()
    Macro.objects.exclude(pk=made[0].pk).delete()
    create_macros()
    assert Macro.objects.count() == 1, "what an administrator chose stays"


def test_cast_file_for_scripts():
    known = new_secrets()
    file = as_json("http://localhost:1", accounts_of(known))
    assert file["base_url"] == "http://localhost:1"
    assert set(file["accounts"][0]) == {"role", "username", "password", "totp_secret"}
