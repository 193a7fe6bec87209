"""The web processes are killed and come back after more than a lease. Agents who come back keep their people (ADR
0074).

The processes are really killed, and send their heartbeats themselves. Only the passing of a lease is written into the
rows.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from pytest_django import DjangoDbBlocker

from chat.management.commands import run_worker
from chat.models import Agent, Conversation, WebHeartbeat
from chat.rules.lifecycle import Availability, Status
from common import clock
from pnav.accounts.second_factor import enrol_totp
from tests.browser.staff import session_key
from tests.factories import chat as make
from tests.scenarios.conftest import Site

pytestmark = pytest.mark.slow
MOMENTS = {Agent: ("seen_at",), WebHeartbeat: ("seen_at", "back_at")}


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("outage"), django_db_blocker, webs=1)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def until(is_so: Callable[[], bool], what: str) -> None:
    for _look in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError(what)


def lease_passes(*models: type) -> None:
    """Let two leases pass for what these rows hold."""
    for model in models:
        for row in model.objects.all():
            for name in MOMENTS[model]:
                if getattr(row, name):
                    setattr(row, name, getattr(row, name) - timedelta(seconds=2 * settings.LEASE_SECONDS))
            row.save(update_fields=MOMENTS[model])


def test_agent_who_is_back_after_an_outage_of_the_web_keeps_their_people(site: Site):
    with site.database():
        back, gone = make.agent(), make.agent()
        theirs, lost = make.assigned(back), make.assigned(gone)
        enrol_totp(back.user, generate_totp_secret())
        key = session_key(back.user)
    with site.line(0, "/ws/console/", key) as console:
        console.until(lambda frame: frame["type"] == "queue")
        with site.database():
            until(lambda: WebHeartbeat.objects.count() == 2, "the process did not beat")
            site.webs[0].kill()
            lease_passes(Agent, WebHeartbeat)
            run_worker.Command()._tick()
            assert set(Conversation.objects.values_list("status", flat=True)) == {Status.ACTIVE}
    site.webs[0].start()
    with site.database():  # nobody has asked this process for anything yet
        until(lambda: WebHeartbeat.objects.filter(back_at__isnull=False).count() == 2, "the gap was not seen")
        run_worker.Command()._tick()
        assert set(Conversation.objects.values_list("status", flat=True)) == {Status.ACTIVE}
    with site.line(0, "/ws/console/", key) as console:
        frame = console.until(lambda frame: frame["type"] == "assigned")
        assert frame["conversation"] == str(theirs.public_id)
        client_id = console.post("Gardé pendant la coupure.", conversation=str(theirs.public_id))
        console.acknowledged(client_id)
        with site.database():
            until(lambda: back.__class__.objects.get(pk=back.pk).is_present(clock.now()), "the agent was not seen")
            WebHeartbeat.objects.update(back_at=clock.now() - timedelta(seconds=2 * settings.LEASE_SECONDS))
            WebHeartbeat.objects.update(seen_at=clock.now())
            Agent.objects.filter(pk=back.pk).update(seen_at=clock.now())
            run_worker.Command()._tick()
            theirs.refresh_from_db()
            lost.refresh_from_db()
            back.refresh_from_db()
    assert (theirs.status, theirs.assigned_to_id) == (Status.ACTIVE, back.pk)
    assert lost.assigned_to_id != gone.pk  # an agent who was not seen again has lost their exchanges
    assert back.availability == Availability.AVAILABLE  # the agent has to press nothing
