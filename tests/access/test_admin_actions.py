"""Every action of the admin is asked for by everybody: what it does, and that nobody else can do it."""

import itertools

import pytest
from django.contrib import admin
from django.contrib.admin import ActionLocation
from django.db import transaction
from django.test import RequestFactory

from reports.models import AccessRecord
from tests.access.people import ADMINISTRATOR, NOBODY, PEOPLE, Cast
from tests.access.table import ADMIN, IN, Route, administrators
from tests.access.test_routes import A_TURN, browser, outcome
from tests.accounts.test_audited_admin import ROWS

# « Delete the lines chosen » comes with the right to delete.
DELETE = "delete_selected"


def offered(cast: Cast) -> dict[str, set[str]]:
    """Return what the admin offers to an administrator, by class, wherever it shows actions."""
    request = RequestFactory().get("/admin/")
    request.user = cast.users[ADMINISTRATOR]
    return {
        model._meta.label: {
            name for location in ActionLocation for name in model_admin.get_actions(request, action_location=location)
        }
        for model, model_admin in admin.site._registry.items()
    }


def decided() -> dict[str, set[str]]:
    return {label: set(may.actions) | ({DELETE} if may.delete else set()) for label, may in ADMIN.items()}


def test_every_action_has_a_decision(cast):
    assert offered(cast) == decided(), "Say in table.ADMIN which actions an administrator has, class by class."


def test_action_that_was_not_decided_is_found(cast, monkeypatch):
    def archive(model_admin, request, queryset): ...

    (unit,) = (model_admin for model, model_admin in admin.site._registry.items() if model._meta.label == "chat.Unit")
    monkeypatch.setattr(type(unit), "actions", (archive,))
    assert offered(cast)["chat.Unit"] - decided()["chat.Unit"] == {"archive"}


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_every_action_as_everybody(cast, is_confirmed, subtests, tried):
    """Whether it is confirmed or not, an administrator does it and it is recorded. Anybody else does nothing at all.

    An action is sent to the list of its class, whose doors everybody is refused at, whatever they send
    (tests/access/test_routes.py). So nobody and an administrator try each of them, the others take turns at those that
    are confirmed.
    """
    route = Route(administrators, ("POST",))
    sure = {"post": "yes", "confirmed": "1"} if is_confirmed else {}
    others = itertools.cycle([person for person in PEOPLE if person not in {NOBODY, ADMINISTRATOR}])
    met: set[str] = set()
    for label, actions in decided().items():
        row = ROWS[label]()
        path = f"/admin/{label.lower().replace('.', '/')}/"
        for action in sorted(actions):
            with subtests.test(f"{label} {action}"):
                wrong = []
                turn = itertools.islice(others, A_TURN if is_confirmed else 0)
                people = [NOBODY, ADMINISTRATOR, *turn]
                met.update(people)
                for person in people:
                    before = AccessRecord.objects.count()
                    with transaction.atomic():
                        data = {"action": action, "_selected_action": [row.pk], **sure}
                        answer = browser(cast, person).post(path, data)
                        is_done = AccessRecord.objects.count() > before
                        transaction.set_rollback(True)
                    promised = administrators(person)
                    got = IN if answer.headers.get("Location") == path else outcome(answer, route, promised)
                    if got != promised or (is_done and person != ADMINISTRATOR):
                        wrong.append(f"{label} {action} as {person}: {got}, done: {is_done}")
                    if is_confirmed and person == ADMINISTRATOR and not is_done:
                        wrong.append(f"{label} {action}: not done, so that nothing was tried")
                assert not wrong, "\n".join(wrong)
                tried("table of access: admin action, person", len(people))
    assert met == set(PEOPLE) or not is_confirmed
