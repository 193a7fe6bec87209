"""A short siege on real processes: three attackers beside honest people. Counts are judged, and not times.

Whoever waits for too long is refused and counted. So the process of pages has the priority of the other tests, whose
browsers and sites would otherwise leave it too little of the processors (`tests.scenarios.equal_site`).

`make siege` measures the rest: all attackers, alone and together, with times beside calm ones.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from benchmarks.siege.__main__ import Run, Scale
from benchmarks.siege.ground import Doors, Ground
from benchmarks.siege.judge import CALM, CRITICAL, Siege, Window
from benchmarks.site import Stage
from tests.factories import locations as places
from tests.scenarios.conftest import Site, Web

pytestmark = pytest.mark.slow

SHORT = Scale(seconds=4.0, calm=1.5, people=0.2, strength=0.5, warm=1.0, again=0)
SOCKETS, PAGES = 0, 1
# Of one processor, the process of pages needs a fifth to serve these people beside an attacker; with less its queue
# grows for as long as the attack lasts. Measured with the real queue on a virtual clock, and on a machine with a load
# of 20, where the threads ran for 0.07 of a second in a second and waited for 5.5.
STARVED_RAN, STARVED_WAITED = 0.2, 1.0  # seconds in a second, of all threads together


class EqualWeb(Web):
    application = "tests.scenarios.equal_site:application"


class SiteBehindProxy(Site):
    """A process for sockets and one for pages, whose only proxy is the harness."""

    web = EqualWeb

    def each(self) -> list[dict[str, str]]:
        return [{"PROCESS_ROLE": role, "TRUSTED_PROXY_COUNT": "1"} for role in ("sockets", "pages")]


def priority_of(web: Web) -> tuple[int, str]:
    """Return the niceness of a process, and that of its session where the kernel groups processes by session."""
    assert web.process is not None
    group = Path(f"/proc/{web.process.pid}/autogroup")
    of_session = group.read_text().partition("nice")[2].strip() if group.exists() else ""
    return os.getpriority(os.PRIO_PROCESS, web.process.pid), of_session


def is_starved(window: Window) -> bool:
    """Return whether something else on this machine kept the process of pages from a processor beside this attacker."""
    return window.ran < STARVED_RAN and window.waited > STARVED_WAITED


def skip_starved(siege: Siege) -> None:
    """Skip the rest of a test if pages were starved in a window, which was therefore not judged."""
    if starved := [window.name for window in siege.windows if is_starved(window)]:
        pytest.skip(f"this machine gave the pages no processor beside {starved}: {turns(siege)}")


def turns(siege: Siege) -> dict[str, str]:
    """Return what the process of pages had of the processors beside each attacker, for a test that fails."""
    return {one.name: f"ran {one.ran:.2f}, waited {one.waited:.2f}" for one in siege.windows if one.name != CALM}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    site = SiteBehindProxy(tmp_path_factory.mktemp("siege"), django_db_blocker)
    try:
        site.start()
        site.collect_static()
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="module")
def siege(site: Site) -> Iterator[Siege]:
    """Live calm, poisoned threads, calm, sockets that never read, calm, a raid, calm."""
    ground = Ground(Stage(site.folder, site.postgres, site.valkey))
    ground.webs = site.webs
    ground.doors = Doors(pages=site.webs[PAGES].port, sockets=site.webs[SOCKETS].port)
    with site.database():
        town = places.municipality("Saint-Denis", "93066", ("93200",))
        places.reception_point("Commissariat de police de Saint-Denis", for_=town)
        yield asyncio.run(Run(ground, SHORT).live(["poisoned", "deaf", "raid"], together=False))


def test_process_of_pages_does_not_yield_to_the_other_tests(site):
    own, of_session = priority_of(site.webs[PAGES])
    beside, of_their_session = priority_of(site.webs[SOCKETS])
    assert own == beside
    assert of_session in {of_their_session, str(own)}, "a process of pages gives its session its own niceness"


def test_nothing_that_was_acknowledged_is_lost_doubled_or_out_of_order(siege):
    assert siege.acknowledged > 100
    assert siege.broken == {}


def test_nobody_honest_is_refused(siege):
    judged = [window for window in siege.windows if not is_starved(window)]
    assert {window.name: window.refused for window in judged if window.refused} == {}, turns(siege)
    skip_starved(siege)


def test_every_attacker_acted_and_ended_by_itself(siege):
    attacks = {window.name: window for window in siege.windows if window.name != CALM}
    assert list(attacks) == ["poisoned", "deaf", "raid"]
    assert [name for name, window in attacks.items() if window.stayed] == []
    assert attacks["poisoned"].attackers["poisoned"]["posted"] >= 10
    assert attacks["deaf"].attackers["deaf"]["opened"] > 0
    # A flood of requests is served last: on a busy machine all of its reports may be refused within these seconds.
    assert sum(attacks["raid"].attackers["raid"].values()) > 0


def test_people_are_served_as_before_and_memory_is_back_within_a_minute(siege):
    for window in siege.windows:
        if is_starved(window):
            continue
        assert window.settled_seconds is not None, f"{window.name} {turns(siege)}\n{window.stacks}"
        assert window.back_seconds is not None, (window.name, window.memory_before, window.memory_after)
    skip_starved(siege)


def test_no_real_danger_is_demoted_or_overtaken_and_no_honest_report_either(siege):
    assert siege.dangers
    assert {danger.urgency for danger in siege.dangers} == {CRITICAL}
    assert sum(danger.overtaken for danger in siege.dangers) == 0
    assert len({urgency for found in siege.ordinary.values() for urgency in found}) == 1
