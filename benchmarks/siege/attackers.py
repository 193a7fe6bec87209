"""The attackers, each a process of its own: `python -m benchmarks.siege.attackers NAME`, which the harness starts.

They go to 127.0.0.1 only, at a bounded rate, a bounded number of times and for a bounded time. Each ends at its
deadline, whatever it is doing and whoever started it, because the kernel's alarm ends the process. They run at the
lowest priority, so that the server is measured and not the generator. They write what they were answered to standard
output as one JSON object: {"answers": {what: how often}}.
"""

import argparse
import asyncio
import ctypes
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.siege import addresses, files, visits
from benchmarks.siege.judge import UPLOADING
from benchmarks.siege.visits import LOOPBACK, Browser
from benchmarks.wire import frame, handshake
from pnav.demo.visit import VisitError

MOST_SECONDS = 120  # no attack lasts longer than this
GRACE_SECONDS = 3  # the time in which an attacker reports what it saw after its attack; then the alarm ends it
MOST_WAITING = 60  # the most seconds from « ready » to the beginning, after which the attacker ends
READY = "ready"
NICE = 19
SIGNS = 4000  # the longest message that is accepted
LONG_LINES = ("é" * SIGNS, "\N{PILE OF POO}" * 3000, "漢" * SIGNS, "a" * SIGNS)
INVISIBLE = (
    ("\u202e\u2066x\u2069\u202c" * 800)[:SIGNS],  # bidirectional marks
    ("a\u200b\u200d\ufeff\u00ad" * 1000)[:SIGNS],  # characters that cannot be seen
    ("e" + "\u0301" * 40) * 60,  # combining marks, piled up
    ("xn--\u0430\u0440\u0440\u04cf\u0435\u3002" * 400)[:SIGNS],  # look-alikes, and dots that are none
)
WORDS = Path(__file__).resolve().parents[2] / "chat" / "rules" / "code_words.txt"
TCP_CLOSE_WAIT = 8  # linux/tcp_states.h: the other side has closed
UPLOADING_FROM = 4_000  # the address of the first honest person who sends files


@dataclass(frozen=True, slots=True)
class Target:
    """What an attacker knows: the ports, its own conversations (cookies of its sides), how long, and how many
    at most.
    """

    pages: int
    sockets: int
    seconds: float
    visits: list[dict[str, str]] = field(default_factory=list)
    strength: float = 1.0


class Tally:
    """What the attackers' tries were answered. Many threads fill it."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, what: str, times: int = 1) -> None:
        with self._lock:
            self.answers[what] += times


class Pace:
    """Gives out tries, at most `rate` a second and `most` in all, until `seconds` are over. Threads share it."""

    def __init__(self, rate: float, most: int, seconds: float) -> None:
        self.rate, self.most = rate, most
        self.started = time.monotonic()
        self.ends = self.started + seconds
        self._given = 0
        self._lock = threading.Lock()

    def next(self) -> int | None:
        """Wait for the next try and return its number; None when there are no more."""
        with self._lock:
            number = self._given
            self._given += 1
        due = self.started + number / self.rate
        if number >= self.most or due >= self.ends:
            return None
        time.sleep(max(0.0, due - time.monotonic()))
        return number if time.monotonic() < self.ends else None


def crew(hands: int, pace: Pace, tally: Tally, make: Callable[[int], Callable[[int], None]]) -> None:
    """Run `hands` threads, each with its own result of `make`, which try until the pace is over.

    When the site answers a try with an error, it is counted by its status, and the thread goes on.
    """

    def work(hand: int) -> None:
        do: Callable[[int], None] | None = None
        while (number := pace.next()) is not None:
            try:
                do = do or make(hand)
                do(number)
            except VisitError as error:
                tally.count(_status_in(error))

    with ThreadPoolExecutor(hands) as threads:
        for done in [threads.submit(work, hand) for hand in range(hands)]:
            done.result()


def _status_in(error: VisitError) -> str:
    """Return « 429 » of « POST /x/: 429 », « TimeoutError » of « GET /x/: TimeoutError »."""
    return str(error).rpartition(": ")[2][:40]


# --- pages ----------------------------------------------------------------------------------------------------------


def flood_pages(target: Target, tally: Tally) -> None:
    """Ask for pages from one address: at most 150 a second, 16 at once."""
    paths = ("/", visits.ORIENTATION, "/accessibilite/", "/donnees-personnelles/", visits.PLACE, "/tchat/reprendre/")

    def hand(_number: int) -> Callable[[int], None]:
        browser = Browser(target.pages, addresses.ATTACKER_V4)

        def one(number: int) -> None:
            browser.get(paths[number % len(paths)])
            tally.count("200")

        return one

    crew(16, Pace(150 * target.strength, 15_000, target.seconds), tally, hand)


def flood_search(target: Target, tally: Tally) -> None:
    """Search from one address for what finds most, or for long texts that find nothing: at most 100 a second, 16 at
    once.
    """
    texts = ("saint", "75", "la", "ville", "13", "é" * 100, "s" * 100, "saint " * 20, "\u0301" * 100)

    def hand(_number: int) -> Callable[[int], None]:
        from urllib.parse import quote

        browser = Browser(target.pages, addresses.ATTACKER_V4)

        def one(number: int) -> None:
            browser.get(f"{visits.PLACE}?q={quote(texts[number % len(texts)])}")
            tally.count("200")

        return one

    crew(16, Pace(100 * target.strength, 10_000, target.seconds), tally, hand)


def _sign_ins(target: Target, tally: Tally, address: Callable[[int], str], most: int) -> None:
    def hand(number: int) -> Callable[[int], None]:
        browser = Browser(target.pages, address(number))
        found = browser.get(visits.LOGIN)

        def one(attempt: int) -> None:
            browser.come_from(address(attempt))
            form = found.form("login", "password")
            page = browser.send(found, form, login=f"agent{attempt}", password=f"{uuid.uuid4()}")
            tally.count(f"200 {'form again' if 'password' in page.names else page.path}")

        return one

    crew(16, Pace(30 * target.strength, most, target.seconds), tally, hand)


def sign_in_v4(target: Target, tally: Tally) -> None:
    """Sign in from one IPv4 address with wrong passwords: at most 30 a second, 16 at once."""
    _sign_ins(target, tally, lambda _number: addresses.ATTACKER_V4, 3_000)


def sign_in_v6(target: Target, tally: Tally) -> None:
    """Do the same from a fresh /64 of one /48 for each try."""
    _sign_ins(target, tally, addresses.fresh, 3_000)


def raid(target: Target, tally: Tally) -> None:
    """File reports of danger from one /48, a fresh /64 each, and never wait for an answer.

    At most 12 a second and 400 in all, 8 at once.
    """

    def hand(_number: int) -> Callable[[int], None]:
        def one(number: int) -> None:
            browser = Browser(target.pages, addresses.fresh(number))
            visits.file_report(browser, visits.DANGER)
            tally.count("filed")

        return one

    crew(8, Pace(12 * target.strength, 400, target.seconds), tally, hand)


def guess_codes(target: Target, tally: Tally) -> None:
    """Try random codes de reprise from one IPv4 address and fresh /64s in turn: at most 30 a second, 8 at once."""
    words = WORDS.read_text(encoding="utf-8").split()
    path = "/tchat/reprendre/"

    def hand(number: int) -> Callable[[int], None]:
        rng = random.Random(number)
        browser = Browser(target.pages, addresses.ATTACKER_V4)
        found = browser.get(path)

        def one(attempt: int) -> None:
            browser.come_from(addresses.fresh(attempt) if attempt % 2 else addresses.ATTACKER_V4)
            browser.send(found, found.form("code"), code=" ".join(rng.sample(words, 5)))
            tally.count("200")

        return one

    crew(8, Pace(30 * target.strength, 3_000, target.seconds), tally, hand)


def documents(target: Target, tally: Tally) -> None:
    """Let an agent have the same long exchange made into a document again and again: 3 at once, at most 5 a second."""
    (own,) = [one for one in target.visits if one["agent"]][:1]
    console = f"{visits.CONSOLE}echange/{own['conversation']}/"

    def hand(_number: int) -> Callable[[int], None]:
        browser = Browser(target.pages, addresses.ATTACKER_V4, {"sessionid": own["agent"]})

        def one(_attempt: int) -> None:
            page = browser.get(console)
            form = page.form("motive", action=f"{console}document/")
            browser.send(page, form, motive="service")
            tally.count("200")

        return one

    crew(3, Pace(5 * target.strength, 300, target.seconds), tally, hand)


# --- messages -------------------------------------------------------------------------------------------------------


class Speaker:
    """A socket of a visit that posts and reads as fast as it can."""

    def __init__(self, target: Target, own: dict[str, str], tally: Tally) -> None:
        self.tally, self.own = tally, own
        self.socket = _dial(target, own["reporter"])
        self.buffer = b""

    def post(self, body: str) -> None:
        content = {"type": "post", "client_id": str(uuid.uuid4()), "body": body}
        self.socket.sendall(frame(json.dumps(content, ensure_ascii=False).encode()))

    def read(self) -> bool:
        """Count what has come so far; return False when the server has closed."""
        self.socket.setblocking(False)
        try:
            while data := self.socket.recv(65536):
                for code in ("rate_limited", "closed", "too_long", "unavailable", "bad_frame"):
                    if times := data.count(f'"{code}"'.encode()):
                        self.tally.count(code, times)
            return False
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self.socket.setblocking(True)


def _dial(target: Target, cookie: str, receive_buffer: int = 0) -> socket.socket:
    """Return a socket of the exchange that is open. Raises OSError (refused, in which case its first line says why)."""
    line = socket.socket()
    if receive_buffer:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    line.settimeout(15)
    line.connect((LOOPBACK, target.sockets))
    host = f"{LOOPBACK}:{target.sockets}"
    line.sendall(handshake("/ws/conversation/", host, f"sessionid={cookie}", addresses.ATTACKER_V4))
    head = b""
    while b"\r\n\r\n" not in head:
        data = line.recv(1)
        if not data:
            raise ConnectionRefusedError("hung up during the handshake")
        head += data
    if b" 101 " not in head[:16]:
        line.close()
        raise ConnectionRefusedError(head.partition(b"\r\n")[0].decode("latin-1"))
    return line


def _post_for(
    target: Target, tally: Tally, own: dict[str, str], bodies: tuple[str, ...], rate: float, most: int
) -> None:
    """Post at this rate until the time is over, and connect again when the line is lost."""
    pace = Pace(rate, most, target.seconds)
    speaker: Speaker | None = None
    while (number := pace.next()) is not None:
        try:
            if speaker is None:
                speaker = Speaker(target, own, tally)
            speaker.post(bodies[number % len(bodies)])
            tally.count("posted")
            if not speaker.read():
                tally.count("cut")
                speaker = None
        except OSError as error:
            tally.count(f"refused: {type(error).__name__}")
            speaker = None
            time.sleep(0.5)


def _poison(target: Target, tally: Tally, bodies: tuple[str, ...]) -> None:
    """Write what is hard to draw, then have it drawn."""
    writing = target.seconds / 3

    def write(own: dict[str, str]) -> None:
        shorter = Target(target.pages, target.sockets, writing)
        _post_for(shorter, tally, own, bodies, 15 * target.strength, 100)

    with ThreadPoolExecutor(len(target.visits)) as threads:
        for done in [threads.submit(write, own) for own in target.visits]:
            done.result()

    def hand(number: int) -> Callable[[int], None]:
        own = target.visits[number % len(target.visits)]
        browser = Browser(target.pages, addresses.ATTACKER_V4, {"sessionid": own["reporter"]})

        def one(_attempt: int) -> None:
            browser.get(visits.CHAT)
            tally.count("200")

        return one

    crew(8, Pace(8 * target.strength, 200, target.seconds - writing), tally, hand)


def poisoned(target: Target, tally: Tally) -> None:
    """Fill conversations with long runs of é, emoji and Chinese, then ask for the page that draws them.

    These are 100 messages in each, 15 a second, for a third of the time; then the page at most 8 times a second, 8 at
    once.
    """
    _poison(target, tally, LONG_LINES)


def invisible(target: Target, tally: Tally) -> None:
    """Do the same with characters that cannot be seen, reverse the text, pile up, or look like others."""
    _poison(target, tally, INVISIBLE)


def posts(target: Target, tally: Tally) -> None:
    """Send endless long messages in each conversation: 25 a second, more than a socket may; at most 4,000 in all."""
    bodies = tuple("".join(random.Random(number).choices("aeéinrst ", k=SIGNS)).strip() for number in range(8))
    most = 4_000 // len(target.visits)
    with ThreadPoolExecutor(len(target.visits)) as threads:
        rate = 25 * target.strength
        work = [threads.submit(_post_for, target, tally, own, bodies, rate, most) for own in target.visits]
        for done in work:
            done.result()


# --- lines ----------------------------------------------------------------------------------------------------------


def deaf(target: Target, tally: Tally) -> None:
    """Open 50 sockets a visit, in at most three visits, that never read and ask for everything twice a second."""
    lines: list[socket.socket] = []
    ends = time.monotonic() + target.seconds
    for own in target.visits[:3]:
        _post_for(Target(target.pages, target.sockets, 4), tally, own, ("é" * 3900,), 15, 30)
        for _socket in range(round(50 * target.strength)):
            try:
                lines.append(_dial(target, own["reporter"], receive_buffer=4096))
                # Counted at once, because on a busy machine the time may be over before all are open.
                tally.count("opened")
            except OSError as error:
                tally.count(f"refused: {type(error).__name__}")
    everything = frame(b'{"type":"sync","after":0}')
    while time.monotonic() < ends:
        for line in list(lines):
            try:
                line.settimeout(0)
                line.send(everything)
            except BlockingIOError:
                tally.count("not taken")
            except OSError:
                lines.remove(line)
                tally.count("cut")
        time.sleep(0.5)
    for line in lines:
        state = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        tally.count("cut" if state == TCP_CLOSE_WAIT else "alive")
        line.close()


def pings(target: Target, tally: Tally) -> None:
    """Fill sockets with empty pings, 64 KiB at once, and connect again when one is cut, 20 times a second.

    Beside them, requests arrive byte by byte, as many, while the page before them is being answered.
    """
    many = bytes([0x89, 0x80, 0, 0, 0, 0]) * (65_536 // 6)
    asked = f"GET / HTTP/1.1\r\nHost: {LOOPBACK}:{target.pages}\r\n\r\n".encode()

    def fill(own: dict[str, str]) -> None:
        with _dial(target, own["reporter"]) as line:
            for _burst in range(64):  # 4 MiB in all
                line.sendall(many)

    def drip() -> None:
        with socket.create_connection((LOOPBACK, target.pages), 5) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.sendall(asked)
            for _byte in range(16_000):
                line.send(b"x")

    def make(hand: int) -> Callable[[int], None]:
        def one(attempt: int) -> None:
            try:
                if hand % 2:
                    drip()
                else:
                    fill(target.visits[attempt % len(target.visits)])
                tally.count("taken")
            except ConnectionRefusedError:
                tally.count("refused")
            except OSError:
                tally.count("cut")

        return one

    crew(8, Pace(40 * target.strength, 2_000, target.seconds), tally, make)


def slow(target: Target, tally: Tally) -> None:
    """Open 200 connections whose head comes a sign a second, and 100 whose body does: at most 300 open.

    The body says that it is of 200,000 bytes: one longer than any form (`pnav.server.body_limits`) is refused by its
    head, and is not slow.
    """
    asyncio.run(_slow(target, tally))


async def _slow(target: Target, tally: Tally) -> None:
    head = (
        f"GET / HTTP/1.1\r\nHost: {LOOPBACK}:{target.pages}\r\nX-Forwarded-For: {addresses.ATTACKER_V4}\r\nX-Slow: "
    ).encode()
    body = (
        f"POST {visits.PLACE} HTTP/1.1\r\nHost: {LOOPBACK}:{target.pages}\r\n"
        f"X-Forwarded-For: {addresses.ATTACKER_V4}\r\nOrigin: http://{LOOPBACK}:{target.pages}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 200000\r\n\r\nq="
    ).encode()
    ends = time.monotonic() + target.seconds

    async def one(start: bytes, what: str) -> None:
        while time.monotonic() < ends:
            try:
                reader, writer = await asyncio.open_connection(LOOPBACK, target.pages)
            except OSError as error:
                tally.count(f"{what} refused: {type(error).__name__}")
                await asyncio.sleep(1)
                continue
            tally.count(f"{what} opened")
            try:
                writer.write(start)
                while time.monotonic() < ends:
                    writer.write(b"a")
                    await writer.drain()
                    if reader.at_eof():
                        break
                    await asyncio.sleep(1)
                else:
                    tally.count(f"{what} alive")
                    return
                tally.count(f"{what} cut")
            except OSError:
                tally.count(f"{what} cut")
            finally:
                writer.close()
            await asyncio.sleep(1)

    works: list[Coroutine[Any, Any, None]] = []
    works += [one(head, "head") for _number in range(round(200 * target.strength))]
    works += [one(body, "body") for _number in range(round(100 * target.strength))]
    await asyncio.gather(*works)


# --- files ----------------------------------------------------------------------------------------------------------


def uploads(target: Target, tally: Tally) -> None:
    """Send black images of sixty million pixels, each in one slice, erase them and send them again.

    Beside them it sends whole slices of files that do not exist. At most 40 requests a second and 4,000 in all, 8 at
    once, in the attacker's own exchanges.
    """
    content, nothing = files.black(), bytes(files.SLICE_BYTES)

    def hand(number: int) -> Callable[[int], None]:
        own = target.visits[number % len(target.visits)]
        sender = files.Sender(target.pages, addresses.ATTACKER_V4, own["reporter"])
        sender.answer()

        def one(_attempt: int) -> None:
            if number % 2:
                status, told = sender.slice(str(uuid.uuid4()), 0, nothing)
                tally.count(files.said_of(status, told))
                return
            if len(sender.begun) >= 4:
                sender.erase_all()
            ends = time.monotonic() + 2
            sender.send(content, tally.count, bytes_a_second=1e9, ends=ends)

        return one

    crew(8, Pace(40 * target.strength, 4_000, target.seconds), tally, hand)


# --- what a person keeps --------------------------------------------------------------------------------------------

FACTS, COPY, RECEIPT, PROOF, KIT = (
    "/tchat/faits/", "/tchat/copie/", "/tchat/recepisse/", "/tchat/copie/preuve/", "/retrait/demande/",
)  # fmt: skip
WHAT = "é" * 500  # the longest text of a fact
OTHERS = {"platform": "é" * 60, "account": "é" * 80, "seen_by": "é" * 80}
PAGE_TEXT = "😂" * 1000  # the text of each long field of the removal kit


def keepers(target: Target, tally: Tally) -> None:
    """Use what a person keeps, in full journals and with the longest texts.

    Journals have 499 facts; another is added, shown and taken back, and the agent asks for their chronology. There are
    copies closed by words, receipts, proofs of date, and removal requests. At most 30 requests a second and 3,000 in
    all, 10 at once, in the attacker's own exchanges (`ground.fill_facts`).
    """

    def hand(number: int) -> Callable[[int], None]:
        own = target.visits[number % len(target.visits)]
        browser = Browser(target.pages, addresses.ATTACKER_V4, {"sessionid": own["reporter"]})
        agent = Browser(target.pages, addresses.ATTACKER_V4, {"sessionid": own["agent"]})

        def note() -> None:
            page = browser.get(FACTS)
            browser.send(page, page.form("what"), what=WHAT, **OTHERS)

        def show() -> None:
            page = browser.get(FACTS)
            browser.send(page, page.form("what"), act="show_all")
            browser.send(page, page.form("what"), act="take_back")

        def read() -> None:
            if own["agent"]:
                agent.get(f"{visits.CONSOLE}echange/{own['conversation']}/faits/")
            browser.get(f"{FACTS}?avant=250")

        def copy() -> None:
            page = browser.get(COPY)
            form = page.form("device")
            browser.send(page, form, device="mine", captures="on", lock="on", words="cheval bleu pomme ete nuage")

        def ask_receipt() -> None:
            page = browser.get(COPY)
            browser.send(page, page.form(action=RECEIPT))
            page = browser.get(COPY)
            browser.send(page, page.form(action=PROOF), kind="fact", number="1")

        def ask_removal() -> None:
            page = browser.get(KIT)
            form = page.form("platform", "who")
            page = browser.send(page, form, platform="other", who="adult")
            form = page.form("description")
            texts = dict.fromkeys(("addresses", "description", "reasons", "steps"), PAGE_TEXT)
            page = browser.send(page, form, step="write", **texts, facts=form.choices.get("facts", [])[:20])

        acts = (note, show, read, copy, ask_receipt, ask_removal)

        def one(attempt: int) -> None:
            act = acts[attempt % len(acts)]
            try:
                act()
            except VisitError as error:
                tally.count(f"{act.__name__} {_status_in(error)}")
            else:
                tally.count(f"{act.__name__} 200")

        return one

    crew(10, Pace(30 * target.strength, 3_000, target.seconds), tally, hand)


def uploading(target: Target, tally: Tally) -> None:
    """Send screenshots of three megabytes as people do, one after the other: these people are no attackers.

    Each sends as their page does, over a line of 10 Mbit/s, at most `files.FILES_MOST`.
    """
    content, ends = files.screenshot(), time.monotonic() + target.seconds

    def send_on(number: int, own: dict[str, str]) -> None:
        sender = files.Sender(target.pages, addresses.honest(UPLOADING_FROM + number), own["reporter"])
        sender.answer()
        for _file in range(files.FILES_MOST):
            if sender.send(content, tally.count, bytes_a_second=files.LINK_BYTES, ends=ends):
                tally.count("files")
            if time.monotonic() >= ends:
                break

    with ThreadPoolExecutor(len(target.visits)) as threads:
        for done in [threads.submit(send_on, number, own) for number, own in enumerate(target.visits)]:
            done.result()


# By name: the attack, how many conversations under way it needs, and how many that wait.
ATTACKS: dict[str, tuple[Callable[[Target, Tally], None], int, int]] = {
    "poisoned": (poisoned, 1, 1),
    "invisible": (invisible, 1, 1),
    "signin": (sign_in_v4, 0, 0),
    "signin-v6": (sign_in_v6, 0, 0),
    "raid": (raid, 0, 0),
    "deaf": (deaf, 2, 0),
    "posts": (posts, 1, 2),
    "pings": (pings, 2, 0),
    "slow": (slow, 0, 0),
    "pages": (flood_pages, 0, 0),
    "search": (flood_search, 0, 0),
    "codes": (guess_codes, 0, 0),
    "documents": (documents, 1, 0),
    "uploads": (uploads, 1, 1),
    "keepers": (keepers, 1, 1),
}
# No attack, and not part of « together »: ten honest people who send files while others chat.
BESIDE: dict[str, tuple[Callable[[Target, Tally], None], int, int]] = {UPLOADING: (uploading, 10, 0)}


def bind(seconds: float) -> None:
    """Let this process end by itself from now on, at its deadline and together with the process that started it, and
    give it the lowest priority.

    A second call sets a new deadline.
    """
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: the kernel ends this process with its parent
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(seconds + GRACE_SECONDS) + 1)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=list(ATTACKS | BESIDE))
    parser.add_argument("--host", default=LOOPBACK, help="127.0.0.1; anything else is refused")
    parser.add_argument("--pages", type=int, required=True)
    parser.add_argument("--sockets", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--strength", type=float, default=1.0, help="of the rates, at most 1")
    parser.add_argument("--visits", type=Path, help="its own conversations, as the harness made them")
    parser.add_argument("--wait", action="store_true", help="say « ready », and begin when a line comes in")
    options = parser.parse_args(argv)
    if options.host != LOOPBACK:
        raise SystemExit("An attacker goes to 127.0.0.1 only.")
    seconds = min(options.seconds, MOST_SECONDS)
    if options.wait:
        bind(MOST_WAITING)
        print(READY, flush=True)
        if not sys.stdin.readline():
            return  # the process that started it has ended
    bind(seconds)
    own = json.loads(options.visits.read_text()) if options.visits else []
    tally = Tally()
    attack, _pairs, _waiting = (ATTACKS | BESIDE)[options.name]
    ended_by_itself = True
    timer = threading.Timer(seconds + GRACE_SECONDS - 1, _tell_and_go, (tally,))
    timer.daemon = True
    timer.start()
    attack(Target(options.pages, options.sockets, seconds, own, min(1.0, options.strength)), tally)
    timer.cancel()
    print(json.dumps({"answers": dict(tally.answers), "ended": ended_by_itself}), flush=True)


def _tell_and_go(tally: Tally) -> None:
    """Report what is known and end, because the time is over and something still waits for an answer."""
    print(json.dumps({"answers": dict(tally.answers), "ended": False}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
