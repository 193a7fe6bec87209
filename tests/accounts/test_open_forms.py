"""Two administrators have the same form open: what one has closed or taken away, the other does not give back."""

import threading
import time
from collections.abc import Callable
from html import unescape

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from chat.models import Agent
from pnav.accounts.models import Role, User
from reports.models import AccessRecord
from tests.access.people import signed_in
from tests.accounts.cast import make_user
from tests.accounts.test_audited_admin import Fields
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import transmissions

pytestmark = pytest.mark.django_db

type Form = dict[str, list[str]]


@pytest.fixture
def clients(settings) -> tuple[Client, Client]:
    """Return the browsers of two administrators."""
    found = (Client(), Client())
    for client, name in zip(found, ("chef", "cheffe"), strict=True):
        client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make_user(name, Role.ADMINISTRATOR))
    return found


@pytest.fixture
def chief() -> Agent:
    """Return a supervisor of « Nord » and of « Sud »."""
    agent = make.agent(role=Role.SUPERVISOR, unit_name="Nord")
    agent.supervised_units.add(make.unit(name="Sud"), make.unit(name="Est"))
    return agent


def account_of(agent: Agent) -> str:
    return reverse("admin:accounts_user_change", args=[agent.user_id])


def profile_of(agent: Agent) -> str:
    return reverse("admin:chat_agent_change", args=[agent.pk])


def opened(client: Client, path: str) -> Form:
    return Fields(client.get(path).text).largest


def send(client: Client, path: str, form: Form, **changes: str | list[str]) -> None:
    """Send a form with these values changed; a value of [] is a box that is not ticked."""
    changed = {name: value if isinstance(value, list) else [value] for name, value in changes.items()}
    answer = client.post(path, form | changed)
    assert answer.status_code == 302, answer.text


def close(agent: Agent) -> tuple[str, Form, Callable[[], object]]:
    return account_of(agent), {"is_active": []}, lambda: User.objects.get(pk=agent.user_id).is_active


def demote(agent: Agent) -> tuple[str, Form, Callable[[], object]]:
    return account_of(agent), {"role": [Role.AGENT]}, lambda: User.objects.get(pk=agent.user_id).role


def move(agent: Agent) -> tuple[str, Form, Callable[[], object]]:
    unit = str(make.unit(name="Ouest").pk)
    return account_of(agent), {"agent-0-unit": [unit]}, lambda: Agent.objects.get(pk=agent.pk).unit_id


def move_there(agent: Agent) -> tuple[str, Form, Callable[[], object]]:
    unit = str(make.unit(name="Ouest").pk)
    return profile_of(agent), {"unit": [unit]}, lambda: Agent.objects.get(pk=agent.pk).unit_id


def take_units(agent: Agent) -> tuple[str, Form, Callable[[], object]]:
    left = [str(make.unit(name="Est").pk)]
    return profile_of(agent), {"supervised_units": left}, lambda: [
        str(unit.pk) for unit in Agent.objects.get(pk=agent.pk).supervised_units.all()
    ]  # fmt: skip


def change_beside(
    clients: tuple[Client, Client], path: str, changes: Form, read: Callable[[], object]
) -> tuple[Form, object, object]:
    """Let one administrator change what another one has open.

    Return the form that the other one has open, and what was stored before and after.
    """
    one, two = clients
    before, theirs = read(), opened(two, path)
    send(one, path, opened(one, path), **changes)
    after = read()
    assert after != before
    return theirs, before, after


@pytest.mark.parametrize("change", [close, demote, move, move_there, take_units])
def test_open_form_of_a_colleague_gives_nothing_back(clients, chief, change):
    two = clients[1]
    path, changes, read = change(chief)
    theirs, _before, after = change_beside(clients, path, changes, read)
    name = "agent-0-public_name" if path == account_of(chief) else "public_name"
    send(two, path, theirs, **{name: "Dominique"})
    assert read() == after
    chief.refresh_from_db()
    assert chief.public_name == "Dominique", "and what the other one typed is saved"
    line = AccessRecord.objects.order_by("-number")[0]
    assert "nom affiché" in line.detail.lower() and "actif" not in line.detail.lower(), line.detail


@pytest.mark.parametrize("change", [move, move_there])
def test_number_that_repeats_what_was_shown_gives_nothing_back(clients, chief, change):
    """It is typed where no script runs, and counts in place of what is chosen."""
    two = clients[1]
    path, changes, read = change(chief)
    theirs, before, after = change_beside(clients, path, changes, read)
    send(two, path, theirs, **{f"{next(iter(changes))}-number": str(before)})
    assert read() == after


def test_numbers_that_repeat_what_was_shown_give_nothing_back(clients, chief):
    """They are added to what is chosen: here one that was chosen is left out there, and typed."""
    one, two = clients
    path, changes, read = take_units(chief)
    theirs = opened(two, path)
    send(one, path, opened(one, path), **changes)
    after = read()
    first, second = theirs["supervised_units"]
    taken = first if second in after else second
    chosen = {"supervised_units": [second if taken == first else first], "supervised_units-number": [taken]}
    send(two, path, theirs, **chosen)
    assert read() == after


def test_what_both_changed_is_said_and_can_be_sent_again(clients, chief):
    one, two = clients
    path, theirs = account_of(chief), opened(two, account_of(chief))
    send(one, path, opened(one, path), role=Role.AGENT)
    refused = two.post(path, theirs | {"role": [Role.ANALYST], "first_name": ["Dominique"]})
    page = unescape(refused.text)
    assert refused.status_code == 200
    assert "Quelqu'un a changé ce champ entre-temps. Il dit : « Agent »." in page
    user = User.objects.get(pk=chief.user_id)
    assert (user.role, user.first_name) == (Role.AGENT, "")
    send(two, path, Fields(refused.text).largest)
    user.refresh_from_db()
    assert (user.role, user.first_name) == (Role.ANALYST, "Dominique"), "nothing that was typed is lost"


def test_what_both_changed_is_named_and_not_numbered(clients, chief):
    one, two = clients
    path, theirs = account_of(chief), opened(two, account_of(chief))
    send(one, path, opened(one, path), **{"agent-0-unit": str(make.unit(name="Ouest").pk)})
    refused = two.post(path, theirs | {"agent-0-unit": [str(make.unit(name="Sud").pk)]})
    assert "Il dit : « Ouest »." in unescape(refused.text)
    assert Agent.objects.get(pk=chief.pk).unit.name == "Ouest"


def test_point_of_a_unit_account_is_not_asked_for_again(clients):
    """A point that was agreed to meanwhile stays: the open form asks for no second person to give the former back."""
    two = clients[1]
    account = transmissions.account()
    path = reverse("admin:accounts_user_change", args=[account.user_id])
    theirs, new = opened(two, path), places.reception_point(name="Autre point")
    type(account).objects.filter(pk=account.pk).update(point=new)  # as `Reviewed` applies what a second person accepted
    send(two, path, theirs, first_name="Dominique")
    account.refresh_from_db()
    assert account.point == new and not AccessRecord.objects.filter(kind="approval").exists()


def test_page_of_the_version_before_is_saved_as_it_was(clients, chief):
    """It sends no marks while a new version is rolled out."""
    form = {name: value for name, value in opened(clients[0], account_of(chief)).items() if "initial-" not in name}
    send(clients[0], account_of(chief), form, first_name="Dominique")
    assert User.objects.get(pk=chief.user_id).first_name == "Dominique"


@pytest.mark.parametrize("path_of", [account_of, profile_of])
def test_form_does_not_undo_what_is_saved_in_the_same_moment(chief, path_of, monkeypatch, transactional_db, settings):
    """The second one has sent when the first one is not committed yet. Without the lock it had read the row by then."""
    users = [make_user(name, Role.ADMINISTRATOR) for name in ("chef", "cheffe")]
    clients = [Client(), Client()]
    for client, user in zip(clients, users, strict=True):
        client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(user)
    path, first = path_of(chief), threading.Event()
    forms = [opened(client, path) for client in clients]
    model_admin = type(admin.site._registry[User if path_of is account_of else Agent])
    log_change = model_admin.log_change

    def wait_for_the_other(self, request, obj, message):
        if request.user.pk == users[0].pk:
            first.set()
            until_somebody_waits()
        return log_change(self, request, obj, message)

    monkeypatch.setattr(model_admin, "log_change", wait_for_the_other)
    field, other = ("is_active", "first_name") if path_of is account_of else ("capacity", "public_name")

    def act(place: int) -> None:
        try:
            if place:
                assert first.wait(30)
                send(clients[1], path, forms[1], **{other: "Dominique"})
            else:
                send(clients[0], path, forms[0], **{field: [] if field == "is_active" else "7"})
        finally:
            first.set()

    in_threads(2, act)
    chief.refresh_from_db()
    user = User.objects.get(pk=chief.user_id)
    if path_of is account_of:
        assert (user.is_active, user.first_name) == (False, "Dominique")
    else:
        assert (chief.capacity, chief.public_name) == (7, "Dominique")


def until_somebody_waits() -> None:
    """Wait until somebody waits for a lock of ours."""
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")
