"""The judge of a siege must find each breach, and the attackers must be harmless anywhere else."""

import asyncio
import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from PIL import Image

from benchmarks.faults.journal import Journal
from benchmarks.siege import addresses, attackers, files, ground, judge, people
from benchmarks.siege.__main__ import Cost, Run, Scale, Span, costs, fill, main, slow_pages, table
from benchmarks.siege.attackers import Pace, Tally, _status_in
from benchmarks.siege.ground import CALLS, Deed, Doors, Ground, short_stacks
from benchmarks.siege.judge import (
    CALM,
    CRITICAL,
    TOGETHER,
    UPLOADING,
    Danger,
    Siege,
    Window,
    figure,
    is_back,
    slowdowns,
)
from benchmarks.siege.people import Refusal, Seen, Timed
from common.client_address import _networks
from common.offload.drawing import PIXELS_MOST
from common.sealed_files.chunks import CHUNK_BYTES
from common.service_settings.definitions import CAPTURES_MOST
from pnav.demo.services import Service
from pnav.demo.visit import Visit, VisitError
from triage.rules import Urgency

ROOT = Path(__file__).resolve().parents[2]
KIND = "home"


def window(name: str, *, ack: float = 0.004, page: float = 0.010, **more: object) -> Window:
    """Return two hundred messages and pages, a few of them a little slower."""
    attackers = {} if name == CALM else {"raid": {"filed": 3}}
    acks = [ack] * 195 + [ack * 1.2] * 5
    pages = {KIND: [page] * 195 + [page * 1.2] * 5}
    return Window(name, 10, acks=acks, pages=pages, attackers=attackers, **more)  # type: ignore[arg-type]


def good() -> Siege:
    return Siege(
        windows=[window(CALM), window("raid"), window(CALM), window(TOGETHER), window(CALM)],
        dangers=[Danger("raid", CRITICAL, raid_ahead=0, overtaken=0, waited=2.0)],
        ordinary={CALM: [1, 1], "raid": [1]},
        acknowledged=1000,
    )


def with_attack(**more: object) -> Siege:
    return replace(good(), windows=[window(CALM), window("raid", **more), window(CALM)])  # type: ignore[arg-type]


def breaches(siege: Siege) -> str:
    return "\n".join(judge.judge(siege).breaches)


def test_a_good_siege_is_good():
    verdict = judge.judge(good())
    assert verdict.is_good
    assert not verdict.doubts
    assert [(row.acks.verdict, row.pages.verdict) for row in verdict.rows] == [("edge", "edge")] * 2


BAD = {
    "p99 of acknowledgements 2.00": with_attack(ack=0.008),
    "p99 of pages 3.00": with_attack(page=0.030),
    "honest people refused: frame: rate_limited": with_attack(refused={"frame: rate_limited": 1}),
    "calm: 1 × honest people refused": replace(good(), windows=[window(CALM, refused={"home: 503": 1})]),
    "1 × lost": replace(good(), broken={"lost": 1}),
    "2 × out of order": replace(good(), broken={"out of order": 2}),
    "nothing was acknowledged": replace(good(), acknowledged=0),
    "400 MiB a minute later, 100 before": with_attack(
        memory_before=100 * 1024, memory_after=400 * 1024, back_seconds=None
    ),
    "not served as before within a minute": with_attack(settled_seconds=None),
    "took 25 MiB for 1 client(s) (≤ 24)": with_attack(held=25 * 1024),
    "did not end by itself": with_attack(stayed=["raid"]),
    "a real danger was stored with urgency 0": replace(good(), dangers=[Danger("raid", 0, 0, 0, 1.0)]),
    "behind 121 people of the raid": replace(good(), dangers=[Danger("raid", CRITICAL, 121, 0, None)]),
    "3 of the raid overtook a real danger": replace(good(), dangers=[Danger("raid", CRITICAL, 0, 3, 9.0)]),
    "given a lower urgency": replace(good(), ordinary={CALM: [1, 1], "raid": [1, 0]}),
}


@pytest.mark.parametrize("said", BAD)
def test_each_breach_is_found(said):
    assert said in breaches(BAD[said])


def test_an_attacker_who_did_nothing_proves_nothing():
    idle = window("raid")
    idle.attackers = {"raid": {}}
    assert "did nothing" in breaches(replace(good(), windows=[window(CALM), idle, window(CALM)]))


def test_all_together_may_take_three_times_as_long_and_no_more():
    def together(times: float) -> Siege:
        return replace(good(), windows=[window(CALM), window(TOGETHER, ack=0.004 * times), window(CALM)])

    assert not breaches(together(2.9))
    assert "together: p99 of acknowledgements" in breaches(together(3.1))


def test_beside_ten_people_who_send_files_the_chat_may_take_a_fifth_longer():
    def beside(times: float, **answered: int) -> Siege:
        sending = window(UPLOADING, ack=0.004 * times)
        sending.attackers = {UPLOADING: {"sent": 900, "files": 60, **answered}}
        return replace(good(), windows=[window(CALM), sending, window(CALM)])

    assert not breaches(beside(1.19)) and not breaches(beside(1.0, busy=4)), "who waits for a turn is not refused"
    assert "uploading: p99 of acknowledgements 1.30 × calm (≤ 1.2)" in breaches(beside(1.3))
    assert "2 × a slice of somebody honest refused: 429" in breaches(beside(1.0, **{"refused: 429": 2}))
    assert "no file arrived" in breaches(beside(1.0, files=0))


def test_images_of_the_siege_are_what_they_say():
    for content, size in ((files.black(), (files.BLACK_SIDE,) * 2), (files.screenshot(), (files.WIDTH, files.HEIGHT))):
        assert Image.open(io.BytesIO(content)).size == size
    assert len(files.black()) < files.SLICE_BYTES == CHUNK_BYTES and files.BLACK_SIDE**2 <= PIXELS_MOST
    assert 2_500_000 < len(files.screenshot()) < 3_500_000
    assert CAPTURES_MOST.default > files.FILES_MOST


def test_what_calm_windows_differ_by_is_no_breach_and_no_proof():
    noisy = [window(CALM), window("raid", ack=0.009), window(CALM), window(CALM, ack=0.050)]
    verdict = judge.judge(replace(good(), windows=noisy))
    assert verdict.is_good
    assert "calm windows differ as much" in verdict.doubts[0]


def test_rounds_of_one_attacker_are_one_figure():
    """One round in three is slow: two hundred slow ones of six hundred decide the p99 of all."""
    rounds = [window(CALM), window("raid"), window(CALM), window("raid", ack=0.008), window(CALM), window("raid")]
    verdict = judge.judge(replace(good(), windows=[*rounds, window(CALM)]))
    (row,) = verdict.rows
    assert (row.acks.samples, row.acks.calm_samples) == (600, 800)
    assert row.acks.verdict == "no"
    assert row.window.attackers == {"raid": {"filed": 9}}
    assert sum(row.window.refused.values()) == 0


def test_first_of_two_windows_is_told_beside_both_together():
    """A second window may bring the figure of both below its goal; what the first one was is read beside it."""
    pages = {kind: [0.010] * 200 for kind in people.KINDS}
    slow = {kind: [0.050] * 200 for kind in people.KINDS}
    windows = [
        window(CALM), window("raid", ack=0.016), window(CALM), window("deaf"), window(CALM), window("raid"),
        window(CALM, ack=0.100),
    ]  # fmt: skip
    for one in windows:
        one.pages = pages
    windows[1].pages = slow
    siege = replace(good(), windows=windows)
    verdict = judge.judge(siege)
    raid, deaf = verdict.rows
    assert raid.first == pytest.approx((4.0, 5.0)) and deaf.first is None
    told, other = table(verdict, siege).splitlines()[2:4]
    assert "raid (2 windows)" in told and told.count(", first ") == 2
    assert ", first 4.00 |" in told and ", first 5.00 |" in told
    assert other.startswith("| deaf |") and "first" not in other


def test_slowest_pages_are_told_with_the_moment_in_which_they_were_asked_for():
    """In units of their own kind: a search of 40 ms is slower than a console of 60."""
    attack = window("raid")
    attack.pages = {"search": [0.005] * 195 + [0.040] * 5, "console": [0.050, 0.060]}
    attack.asked = {"search": [5.0] * 195 + [0.25, 12.5, 3.0, 2.0, 1.0], "console": [1.0, 2.0]}
    calm = window(CALM)
    calm.pages = {"search": [0.005] * 200, "console": [0.050] * 20}
    siege = replace(good(), windows=[calm, attack, calm, window("deaf"), calm])
    verdict = judge.judge(siege)
    (told,) = slow_pages(verdict, siege).splitlines()
    assert told.startswith("raid: search 40 ms (after 12.5 s), search 40 ms (after 3.0 s), ")
    assert "search 40 ms (after 0.2 s), console 60 ms (after 2.0 s)" in told and told.count(" ms (after ") == 10
    both = judge._merged([attack, attack])
    assert len(both.asked["search"]) == len(both.pages["search"]) == 400


def test_cost_of_the_first_calm_is_told_beside_that_of_the_last():
    """Of six calm windows the processor of three is told beside that of the other three."""
    began = Cost(10.0, {"pages": 1.0, "worker": 5.0}, {"rows read": 100})
    windows = [window(CALM) for _window in range(6)]
    for number, one in enumerate(windows):
        spent = (1.0, 9.0, 2.0)[number // 2]
        began.until(Cost(20.0, {"pages": 1.0 + spent, "worker": 5.0}, {"rows read": 100 + 50 * number}), one)
    attack = window("raid")
    began.until(Cost(15.0, {"pages": 3.0, "worker": 6.0}, {"rows read": 400}), attack)
    head, _line, first, last, raid = costs(replace(good(), windows=[*windows, attack])).splitlines()
    assert head == "| window | pages, ms a second | worker, ms a second | rows read a second |"
    assert first == "| calm, first 3 | 367 | 0 | 5 |" and last == "| calm, last 3 | 433 | 0 | 20 |"
    assert raid == "| raid | 400 | 200 | 60 |"


@pytest.mark.parametrize("again", ["2", "19"])
def test_attacker_comes_again_for_as_long_as_before_or_not_at_all(again, monkeypatch, capsys):
    """In two seconds there are thirty pages, all of them of the moment in which an attack begins."""
    monkeypatch.setattr(sys, "argv", ["siege", "raid", "--seconds", "20", "--again", again])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == 2 and "--again" in capsys.readouterr().err


def test_each_round_answers_for_itself():
    rounds = [window(CALM), window("raid"), window(CALM), window("raid", refused={"home: 503": 1}, back_seconds=None)]
    told = breaches(replace(good(), windows=[*rounds, window(CALM)]))
    assert "raid: 1 × honest people refused: home: 503" in told
    assert "MiB a minute later" in told


def test_attacks_above_their_goal_are_told_the_furthest_first():
    """Doubtful ones too, and neither those within their goal nor what too few samples say."""
    few = window("signin", ack=0.040)
    few.acks, few.pages = few.acks[:50], {}
    attacks = [window("deaf", page=0.016), window("raid", ack=0.012), window("posts"), few, window("slow", page=0.040)]
    windows = [one for attack in attacks for one in (window(CALM), attack)] + [window(CALM, ack=0.006)] * 2
    assert judge.above_goal(windows) == ["slow", "raid", "deaf"]
    noisy = [*windows, window(CALM, page=0.030)]
    assert "calm windows differ as much" in judge.judge(Siege(noisy)).doubts[0]
    assert judge.above_goal(noisy) == ["slow", "raid", "deaf"]


async def test_attackers_above_their_goal_come_once_more_before_all_come_together(monkeypatch):
    came, above = [], ["raid", "deaf", "slow", "posts"]

    async def attack(_run, name, _attackers, seconds, _strength):
        came.append((name, seconds))

    async def nothing(*_arguments):
        return None

    for name, replaced in {"_attack": attack, "_calm": nothing, "_siege": nothing, "_watch_memory": nothing}.items():
        monkeypatch.setattr(Run, name, replaced)
    monkeypatch.setattr(Run, "_above_goal", lambda _run: above)
    run = Run.__new__(Run)
    run.crowd = Mock(come=nothing, fall_silent=nothing, settled=nothing, leave=nothing)
    run.scale = Scale(seconds=2, together=3, warm=0, again=5)
    await run.live(["deaf", "posts", "raid"], together=True)
    once = [("deaf", 2), ("posts", 2), ("raid", 2)]
    assert came == [*once, ("raid", 5), ("deaf", 5), ("slow", 5), (TOGETHER, 3)]
    came.clear()
    run.scale = replace(run.scale, again=0)
    await run.live(["deaf", "posts", "raid"], together=True)
    assert came == [*once, (TOGETHER, 3)]


def test_noise_is_of_lots_as_large_as_those_compared():
    """A slow message in one calm window of many is not what a whole lot of them differs by."""
    calm = [window(CALM) for _window in range(8)]
    # Three of two hundred decide the p99 of this window, and not that of four windows together.
    calm[3].acks[:3] = [1.0] * 3
    windows = [one for near in calm for one in (near, window("raid"))][:-1]
    assert judge.judge(replace(good(), windows=windows)).ack_noise < 0.002
    assert judge.judge(replace(good(), windows=[calm[2], window("raid"), calm[3]])).ack_noise > 0.9


def test_a_p99_of_few_samples_is_not_judged():
    assert figure([1.0] * 99, [0.1] * 500, 0, hard=1.5, edge=1.1).verdict == "few"
    assert figure([1.0] * 100, [0.1] * 500, 0, hard=1.5, edge=1.1).verdict == "no"


def test_pages_of_all_kinds_are_in_units_of_their_own():
    assert slowdowns({"home": [2.0], "search": [40.0], "new": [1.0]}, {"home": 1.0, "search": 20.0}) == [2.0, 2.0]


def test_memory_is_back_within_a_tenth_or_sixteen_mebibytes():
    assert is_back(100 * 1024, 116 * 1024)
    assert not is_back(100 * 1024, 117 * 1024)
    assert is_back(1000 * 1024, 1100 * 1024)


def test_memory_that_is_there_once_for_everybody_is_nobodys():
    assert not breaches(with_attack(held=80 * 1024, shared=64 * 1024))
    assert "the web processes took 90 MiB" in breaches(with_attack(held=90 * 1024, shared=64 * 1024))


def test_the_judge_knows_the_urgency_of_danger():
    assert CRITICAL == Urgency.CRITICAL


# --- what is cut into windows ---------------------------------------------------------------------------------------


def test_what_began_in_a_window_belongs_to_it_however_late_it_ended():
    seen = Seen(acks=[Timed(1.0, 0.1), Timed(5.0, 20.0), Timed(11.0, 0.2)], pages=[Timed(5.0, 9.0, people.HOME)])
    seen.refusals += [
        Refusal(5.0, "in", 9.0),
        Refusal(14.0, "while it settled", 14.5),
        Refusal(14.0, "cut by the harness", 15.5),
        Refusal(16.0, "after", 16.0),
    ]
    seen.restarts.append(Timed(15.0, 1.0))
    span = Span(Window("raid", 10), began=2.0, ended=10.0, settled=15.0)
    fill(span, seen, [Timed(6.0, 30.0)])
    assert span.window.acks == [20.0, 30.0]
    assert span.window.pages[people.HOME] == [9.0] and span.window.asked[people.HOME] == [3.0]
    assert span.window.refused == {"in": 1, "while it settled": 1}


NOW = datetime(2026, 11, 28, tzinfo=UTC)


async def siege_of(asked: Callable[[Run], None], seen: Seen, known: dict[str, int]) -> Siege:
    """Return what the judge is told. asked: done while the database is asked. known: the urgency of each report."""
    run = Run.__new__(Run)
    run.seen, run.journal, run.given_by_hand = seen, Journal(), set()
    run.spans = [Span(Window("raid", 10), began=30.0, ended=50.0), Span(Window(CALM, 10), began=90.0, ended=100.0)]

    async def ask(what: Callable[..., object], *given: Any) -> object:
        if what is not ground.deeds_of:
            return 0 if what is ground.believed else []
        asked(run)
        return {name: Deed(name, known[name], NOW, None) for name in given[0] if name in known}

    run.crowd = Mock(pairs=[], honest=set(), waiting_for_an_answer=[], ask=ask)
    return await run._siege()


async def test_report_that_is_filed_while_the_database_is_asked_is_not_judged():
    """A person in danger who filed in that moment ended the siege with an error, after twelve minutes."""
    seen = Seen(dangers=[people.Danger(40.0, "early", 0)], ordinary=[people.Filed(95.0, "opened")])

    def late(run: Run) -> None:
        run.seen.dangers.append(people.Danger(99.0, "late", 0))
        run.seen.ordinary.append(people.Filed(99.0, "late too"))

    siege = await siege_of(late, seen, {"early": 4, "opened": 2})
    assert [(danger.window, danger.urgency) for danger in siege.dangers] == [("raid", 4)]
    assert siege.ordinary == {CALM: [2]}


async def test_report_that_was_lost_ends_the_siege():
    """Its exchange was seen once, because the harness read its name: without it nothing can be said of the site."""
    with pytest.raises(KeyError, match="lost"):
        await siege_of(lambda _run: None, Seen(ordinary=[people.Filed(95.0, "lost")]), {})


async def test_nobody_is_cleared_away_between_their_report_and_its_name(monkeypatch):
    """A person in danger who had just filed was ended with the raid, which looked as if the raid had overtaken them."""
    crowd = people.Crowd.__new__(people.Crowd)
    crowd.honest, crowd.waiters, crowd.staying, crowd.seen = set(), {}, {}, Seen()
    crowd.waiting_wanted = crowd.duty_wanted = 1
    crowd._filed = crowd._filing = 0
    crowd.site = Mock(doors=Mock(pages=1))
    told = asyncio.Event()

    async def fills_in(*_given):
        return True

    async def ask(*_given):
        await told.wait()
        return "just filed"

    monkeypatch.setattr(people.Crowd, "_fill", fills_in)
    monkeypatch.setattr(people.Crowd, "_address", lambda _crowd: addresses.honest(1))
    monkeypatch.setattr(people.visits, "Browser", lambda *_given: Mock(cookies={"sessionid": "theirs"}))
    monkeypatch.setattr(people.Crowd, "ask", ask)
    monkeypatch.setattr(people.Crowd, "_wait", lambda crowd, keys: crowd.honest.add(keys.conversation))
    filing = asyncio.ensure_future(crowd._file())
    knows = asyncio.ensure_future(crowd.all_known())
    await asyncio.sleep(0.05)
    assert not knows.done() and not crowd.honest
    told.set()
    await asyncio.wait_for(knows, 5)
    assert crowd.honest == {"just filed"}
    await filing


# --- addresses ------------------------------------------------------------------------------------------------------


def test_no_two_honest_people_share_a_network():
    networks = [network for number in range(4096) for network in _networks(addresses.honest(number))]
    assert len(networks) == len(set(networks))
    with pytest.raises(ValueError, match="4,096"):
        addresses.honest(4096)


def test_a_fresh_address_is_of_the_same_48_and_of_another_64():
    first, second = (_networks(addresses.fresh(number)) for number in (0, 1))
    assert first[0] != second[0]
    assert first[2] == second[2] == addresses.ATTACKER_48


# --- attackers ------------------------------------------------------------------------------------------------------


def attack(*arguments: str, stdin: str = "", timeout: float = 30) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.siege.attackers", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False, input=stdin)


def test_an_attacker_refuses_any_other_host():
    done = attack("pages", "--host", "192.0.2.1", "--pages", "1", "--sockets", "1", "--seconds", "1")
    assert done.returncode != 0
    assert "127.0.0.1 only" in done.stderr


def test_a_visit_refuses_any_other_host():
    with pytest.raises(VisitError):
        Visit("http://192.0.2.1:80")


@pytest.mark.parametrize(("told", "acts"), [("\n", True), ("", False)], ids=["told to begin", "left alone"])
def test_an_attacker_that_waits_acts_once_it_is_told(told, acts):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        port = str(silent.getsockname()[1])
        done = attack("pages", "--pages", port, "--sockets", port, "--seconds", "1", "--wait", stdin=told)
    ready, *said = done.stdout.splitlines()
    assert ready == attackers.READY
    assert bool(said) == acts


def test_an_attacker_ends_by_itself_while_nothing_answers_it():
    """A server accepts and says nothing: the attacker waits in a read, and its time ends all the same."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        port = str(silent.getsockname()[1])
        started = time.monotonic()
        done = attack("pages", "--pages", port, "--sockets", port, "--seconds", "1")
    assert time.monotonic() - started < 1 + attackers.GRACE_SECONDS + 5
    assert json.loads(done.stdout) == {"answers": {}, "ended": False}


def test_a_pace_is_bounded_in_number_and_time():
    pace = Pace(rate=1000, most=5, seconds=10)
    assert [pace.next() for _try in range(7)] == [0, 1, 2, 3, 4, None, None]
    assert Pace(rate=1, most=5, seconds=0).next() is None


def test_what_the_site_answered_is_counted_by_status():
    assert _status_in(VisitError("POST /compte/login/: 429")) == "429"
    assert _status_in(VisitError("GET /: TimeoutError")) == "TimeoutError"


def test_a_visit_that_is_refused_ends_nothing():
    tally = Tally()

    def hand(_number):
        def one(number):
            if number % 2:
                raise VisitError("GET /: 503")
            tally.count("200")

        return one

    attackers.crew(2, Pace(1000, 10, 5), tally, hand)
    assert dict(tally.answers) == {"200": 5, "503": 5}


STUCK = """
import signal, threading, time
def waits_for_ever(): time.sleep(600)
threading.Thread(target=waits_for_ever, daemon=True).start()
threading.Event().wait(600)
"""


class Stuck(Service):
    """A process that answers nobody."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "stuck.log"
        self.log.touch()

    def start(self) -> None:
        self._spawn([sys.executable, "-c", STUCK], env={"PYTHONFAULTHANDLER": "1"})


def test_restart_says_what_the_threads_of_a_stuck_process_were_doing(tmp_path):
    stuck = Stuck(tmp_path)
    site = Ground(Mock(postgres=Mock(process=None), valkey=Mock(process=None)))
    site.webs = [stuck]  # type: ignore[list-item]
    stuck.start()
    try:
        time.sleep(1.0)  # it has come as far as that
        told = site.restart()
        assert "waits_for_ever" in told and "threading.py" in told
        assert stuck.process is not None and stuck.process.poll() is None, "it was started again"
    finally:
        stuck.stop()


def test_stacks_are_cut_to_the_innermost_calls():
    calls = "\n".join(f'  File "one.py", line {number} in call' for number in range(40))
    dump = f"Fatal Python error: Aborted\n\nThread 0x1 (most recent call first):\n{calls}\n\nExtension modules: none"
    assert len(short_stacks(dump).splitlines()) == 1 + CALLS


@pytest.mark.parametrize("gone", [FileNotFoundError, ProcessLookupError, KeyError])
def test_child_that_ends_while_memory_is_read_has_none(monkeypatch, gone):
    def memory(pid: int) -> dict[str, int]:
        if pid == 8:
            raise gone
        return {"Pss": 100}

    site = Ground(Mock(postgres=None, valkey=None))
    site.webs = [Mock(process=Mock(pid=7))]
    monkeypatch.setattr(ground, "_family", lambda pid: [pid, 8, 9])
    monkeypatch.setattr(ground, "memory_kb", memory)
    assert (site.memory().own, site.memory().whole) == (100, 200)


def test_processor_of_pages_is_that_of_the_process_at_their_port(monkeypatch):
    site = Ground(Mock(postgres=None, valkey=None))
    site.webs = [Mock(port=port, process=Mock(pid=pid)) for port, pid in ((81, 7), (82, 8))]
    site.doors = Doors(pages=82, sockets=81)
    monkeypatch.setattr(ground, "cpu_of_tree", lambda pid: pid)
    monkeypatch.setattr(ground, "cpu_seconds", lambda pid: 10 * pid)
    monkeypatch.setattr(ground, "waited_seconds", lambda pid: 100 * pid)
    assert (site.used()["pages"], site.used()["sockets"]) == (8, 7)
    assert site.turns() == (80, 800)
