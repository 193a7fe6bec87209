"""The documents of the register are made in the 8 MiB that the table of costs allows every act."""

import uuid
from typing import Any

import pytest
from django.urls import reverse

from benchmarks.costs import table
from common.offload import pool
from pnav.accounts.models import Role, User
from reports.models import OpeningRequest, OpeningStep
from reports.openings.register_pdf import ROWS_AT_MOST
from reports.rules.openings import Act, Part, State
from tests.chat.console.agents import signed_in
from tests.reports.openings.acts import ask
from tests.support.act_cost import cost_of

pytestmark = pytest.mark.django_db

ACTS = (Act.COUNTERSIGN, Act.AGREE, Act.AGREE, Act.CLAIM, Act.HAND_OVER, Act.TAKE, Act.SHOW, Act.REVIEW)
PENDING = 20  # how many requests wait for somebody, which every page of those who decide counts
# A register of a thousand rows was drawn in less than what the child was sent.
PAPER_BYTES = 1_000_000


def full_register(agent: User) -> None:
    """Write one request more than a document has, each with every act, by people with names as long as may be."""
    longest = User._meta.get_field("username").max_length or 0
    people = [
        agent,
        *(User(username=f"{number}".ljust(longest, "界"), role=Role.CUSTODIAN) for number in range(len(ACTS))),
    ]
    User.objects.filter(pk=agent.pk).update(username="a".ljust(longest, "界"))
    User.objects.bulk_create(people[1:])
    first = ask(agent)
    values = {field.attname: getattr(first, field.attname) for field in OpeningRequest._meta.concrete_fields}
    for name in ("id", "public_id", "state"):
        del values[name]
    states = [State.ASKED] * PENDING + [State.EXPIRED] * (ROWS_AT_MOST - PENDING)
    made = OpeningRequest.objects.bulk_create(
        OpeningRequest(**values, public_id=uuid.uuid4(), state=str(state)) for state in states
    )
    OpeningStep.objects.bulk_create(
        OpeningStep(request=one, act=act, at=one.asked_at, by=by, part=Part.CUSTODIAN, number=number)
        for one in made
        for number, (act, by) in enumerate(zip(ACTS, people[1:], strict=True), 10)
    )


def test_documents_of_a_full_register_fit_their_budget(agent, custodians, monkeypatch, tried):
    def run(_module: str, _data: Any, **_options: Any) -> tuple[Any, bytes]:
        return {}, b"%PDF" + b"x" * PAPER_BYTES

    monkeypatch.setattr(pool, "run", run)
    client = signed_in(custodians[0])
    names = ("openings:register", "openings:register_csv", "openings:register_pdf")
    for name in names:
        assert client.get(reverse(name)).status_code == 200
    full_register(agent)
    for name in names:
        answer, kib, statements = cost_of(lambda name=name: client.get(reverse(name)))
        budget = table.ROUTES[name].read
        assert answer.status_code == 200 and len(answer.content) > 20_000
        assert kib <= budget.kib == 8 * 1024 and statements <= budget.statements, name
    tried("costs: documents of a full register", len(names))
