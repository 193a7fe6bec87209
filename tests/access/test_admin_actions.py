"""Every action of the admin, for everybody: what it does, and that nobody else's request does it."""

import pytest
from django.contrib import admin
from django.contrib.admin import ActionLocation
from django.db import transaction
from django.test import RequestFactory

from reports.models import AccessRecord
from tests.access.people import ADMINISTRATOR, PEOPLE, Cast
from tests.access.table import ADMIN, IN, Route, administrators
from tests.access.test_routes import browser, outcome
from tests.accounts.test_audited_admin import ROWS

# « Delete the lines chosen » comes with the right to delete.
DELETE = "delete_selected"


def offered(cast: Cast) -> dict[str, set[str]]:
    """What the admin offers to an administrator, by class, wherever it shows actions."""
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
    """Confirmed or not, by an administrator it is done and recorded; by anybody else nothing is done at all."""
    route = Route(administrators, ("POST",))
    sure = {"post": "yes", "confirmed": "1"} if is_confirmed else {}
    for label, actions in decided().items():
        row = ROWS[label]()
        path = f"/admin/{label.lower().replace('.', '/')}/"
        for action in sorted(actions):
            with subtests.test(f"{label} {action}"):
                wrong = []
                for person in PEOPLE:
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
                tried("table of access: admin action, person", len(PEOPLE))
