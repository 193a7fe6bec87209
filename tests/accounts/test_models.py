import pytest

from pnav.accounts.models import Role, User


@pytest.mark.django_db
def test_user_supervisor_is_agent():
    user = User.objects.create_user("s", password="x", role=Role.SUPERVISOR)
    assert user.is_agent and user.is_supervisor
