import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from pnav.accounts.models import Role, User

pytestmark = pytest.mark.django_db


def test_user_supervisor_is_agent():
    user = User.objects.create_user("s", password="x", role=Role.SUPERVISOR)
    assert user.is_agent and user.is_supervisor and not user.is_administrator


@pytest.mark.parametrize("role", Role)
def test_user_staff_follows_role(role):
    user = User.objects.create_user("u", role=role, is_staff=True)
    user.refresh_from_db()
    assert user.is_staff == user.is_superuser == (role == Role.ADMINISTRATOR)


def test_user_changing_role_changes_staff():
    user = User.objects.create_user("u", role=Role.ADMINISTRATOR)
    user.role = Role.AGENT
    user.save(update_fields=["role"])
    user.refresh_from_db()
    assert not user.is_staff and not user.is_superuser


@pytest.mark.parametrize("change", [{"is_staff": True}, {"is_superuser": True}, {"role": "queen"}, {"role": ""}])
def test_user_database_refuses_other_powers(change):
    User.objects.create_user("u", role=Role.AGENT)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.update(**change)


def test_createsuperuser_makes_an_administrator(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "une phrase de passe assez longue")
    call_command("createsuperuser", interactive=False, username="chef", email="", verbosity=0)
    assert User.objects.get(username="chef").role == Role.ADMINISTRATOR
