"""Clients of one test process share their middleware, which is made again when it may have changed."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings

from tests.support import stack

PAGE = "/health/live"


def stack_of(client: Client) -> object:
    client.get(PAGE)
    return client.handler._middleware_chain


def test_clients_share_one():
    assert stack_of(Client()) is stack_of(Client()) is stack_of(Client(enforce_csrf_checks=True))


def test_setting_that_changes_makes_another_for_as_long():
    before = stack_of(Client())
    with override_settings(SECURE_REFERRER_POLICY="origin"):
        client = Client()
        assert client.get(PAGE).headers["Referrer-Policy"] == "origin"
        assert stack_of(client) is not before
    assert Client().get(PAGE).headers["Referrer-Policy"] == settings.SECURE_REFERRER_POLICY != "origin"


def refusing(_get_response):
    return lambda _request: HttpResponse("refused", status=418)


def test_another_class_or_function_is_met(monkeypatch):
    assert Client().get(PAGE).status_code == 200
    monkeypatch.setattr("pnav.middleware.headers.on_every_answer", refusing)
    assert Client().get(PAGE).status_code == 418
    monkeypatch.undo()
    assert Client().get(PAGE).status_code == 200


@pytest.mark.parametrize("is_enforced", [True, False])
def test_whether_a_form_needs_its_token_is_of_each_client(db, is_enforced):
    stack_of(Client(enforce_csrf_checks=not is_enforced))
    answer = Client(enforce_csrf_checks=is_enforced).post("/avis/", {})
    assert (answer.status_code == 403) is is_enforced


def test_every_part_of_a_stack_is_shared():
    one, other = Client(), Client()
    stack_of(one), stack_of(other)
    for name in stack.OF_A_STACK:
        assert getattr(one.handler, name) is getattr(other.handler, name) is not None
