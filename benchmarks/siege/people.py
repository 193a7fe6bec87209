"""Honest people: they talk, wait, read pages, file reports and sign in; and what happened to them.

Each has an address of their own and goes at the pace of a person. All are coroutines of one process, except that forms
are filled in threads. Nothing here stops by itself; it has to be cancelled.
"""

import asyncio
import random
import re
import time
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults.journal import Journal, digest
from benchmarks.siege import addresses, ground, visits
from benchmarks.siege.ground import Account, Deed, Doors, Keys
from benchmarks.wire import Line, WireError, handshake
from pnav.demo.visit import VisitError

PAIRS, WAITING, DUTY, ACCOUNTS = 50, 20, 8, 8
# The mean time between two messages of one side (half to one and a half of it), short lines as people write.
POST_SECONDS = 3.0
BEAT_SECONDS = 20.0
# Between two pages of one kind, about this long. All together, they need less than half of what a core can draw.
READ_SECONDS = {"home": 0.25, "orientation": 0.25, "search": 0.4, "chat": 0.25, "console": 0.6}
FILE_SECONDS = 3.0  # the time between two reports, of which one in DANGER_ONE_IN is that of somebody in danger
DANGER_ONE_IN = 3
END_SECONDS = 3.0  # the time between two ends of an exchange, after which somebody is given an agent
SIGN_IN_SECONDS = 6.0  # an account comes again after 38 s at least, because each of its codes works once in 30 s
PATIENCE_SECONDS = 30.0  # the longest wait for a page
RETRY_SECONDS = 2.0  # after « rate_limited » or « unavailable », the message is kept and sent again
LINES = (
    "Il m'a encore écrit cette nuit, je n'ai pas répondu.",
    "Je comprends. Est-ce que vous êtes en sécurité là où vous êtes ?",
    "Oui, je suis chez ma sœur jusqu'à dimanche, elle est au courant.",
    "Gardez les captures, avec la date ; ne supprimez rien pour l'instant.",
)
HOME, ORIENTATION, SEARCH, CHAT, CONSOLE = "home", "orientation", "search", "chat", "console"
KINDS = (HOME, ORIENTATION, SEARCH, CHAT, CONSOLE)
REPORT, SIGN_IN, END = "report", "sign-in", "end"


@dataclass(frozen=True, slots=True)
class Timed:
    """Something that began at `at` (on the monotonic clock) and took `seconds`. kind: the kind of page, or ""."""

    at: float
    seconds: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An honest person was not served. what: the kind and the status, or the code of a frame; told_at: when they were
    told.
    """

    at: float
    what: str
    told_at: float


@dataclass
class Danger:
    """A real person in danger. raid_ahead: how many people of a raid were before them when they came."""

    at: float
    conversation: str
    raid_ahead: int
    deed: Deed | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """An honest report of somebody who is not in danger."""

    at: float
    conversation: str


@dataclass
class Seen:
    """What honest people met during the whole siege. The judge divides it into windows by `at`."""

    acks: list[Timed] = field(default_factory=list)
    pages: list[Timed] = field(default_factory=list)
    forms: list[Timed] = field(default_factory=list)  # each request of a report, a sign-in, an end
    whole: list[Timed] = field(default_factory=list)  # a report, or a sign-in from its first page to its last
    # The time from the end of an exchange until the agent has the next person.
    given: list[Timed] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    dangers: list[Danger] = field(default_factory=list)
    ordinary: list[Filed] = field(default_factory=list)
    late: list[Timed] = field(default_factory=list)  # how late the generator itself was
    restarts: list[Timed] = field(default_factory=list)  # when the harness itself ended all connections

    def refuse(self, what: str, at: float | None = None) -> None:
        """Note a refusal. at: when the request that was refused began; by default now."""
        now = time.monotonic()
        self.refusals.append(Refusal(now if at is None else at, what, now))


class Party:
    """A person whose socket comes back when it is lost. A subclass says what to do with frames."""

    path = "/ws/conversation/"

    def __init__(self, doors: Doors, seen: Seen, cookie: str, address: str, rng: random.Random) -> None:
        self.doors, self.seen, self.cookie, self.address, self.rng = doors, seen, cookie, address, rng
        self.line: Line | None = None

    def hear(self, content: dict[str, Any]) -> None:
        """React to a frame."""

    def came(self, line: Line) -> None:
        """React to the socket being open."""

    def beat(self, line: Line) -> None:
        line.say(type="beat")

    async def stay(self) -> None:
        """Stay connected until this is cancelled. Every line that the server ends or refuses counts as a refusal."""
        failures = 0
        while True:
            try:
                line = await self._dial()
            except (WireError, OSError) as error:
                self.seen.refuse(f"socket refused: {error or type(error).__name__}")
                failures += 1
                await asyncio.sleep(min(5.0, 0.5 * 2**failures) * self.rng.uniform(0.5, 1.5))
                continue
            failures = 0
            self.line = line
            try:
                self.came(line)
                while not line.ended.done():
                    await asyncio.wait([line.ended], timeout=BEAT_SECONDS * self.rng.uniform(0.6, 1.0))
                    self.beat(line)
                self.seen.refuse(f"socket ended: {line.error}")
            finally:
                line.hang_up()
            await asyncio.sleep(0.5 * self.rng.uniform(0.5, 1.5))

    async def _dial(self) -> Line:
        request = handshake(
            self.path, f"{visits.LOOPBACK}:{self.doors.sockets}", f"sessionid={self.cookie}", self.address
        )
        line = Line(request, self.hear)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.get_running_loop().create_connection(lambda: line, visits.LOOPBACK, self.doors.sockets)
            await line.open
        if not line.is_open:
            raise line.error or WireError("closed")
        return line


@dataclass
class Letter:
    """A message that is not acknowledged yet."""

    id: str
    body: str
    at: float


class Talker(Party):
    """One side of a conversation under way. It writes and reads, and checks that what it wrote arrives once and in
    order.

    One message is under way at a time, as from the page.
    """

    def __init__(self, journal: Journal, keys: Keys, side: str, *given: Any) -> None:
        super().__init__(*given)
        self.journal, self.conversation, self.side = journal, keys.conversation, side
        self.path = "/ws/conversation/" if side == "reporter" else "/ws/console/"
        self.cursor = 0
        self.outbox: deque[Letter] = deque()

    def came(self, line: Line) -> None:
        self._sync(line)

    def _sync(self, line: Line) -> None:
        line.say(type="sync", conversation=self.conversation, after=self.cursor)
        self._send_first()

    def beat(self, line: Line) -> None:
        line.say(type="beat", conversation=self.conversation, after=self.cursor)

    async def write_on(self) -> None:
        """Write a message now and then until this is cancelled."""
        await asyncio.sleep(POST_SECONDS * self.rng.random())
        while True:
            self._write()
            await asyncio.sleep(POST_SECONDS * self.rng.uniform(0.5, 1.5))

    def _write(self) -> None:
        client_id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        body = f"{self.rng.choice(LINES)} ({client_id[:13]})"
        self.outbox.append(Letter(client_id, body, time.monotonic()))
        self.journal.note("send", c=self.conversation, s=self.side, id=client_id, b=digest(body))
        if len(self.outbox) == 1:
            self._send_first()

    def _send_first(self) -> None:
        if self.outbox and self.line is not None:
            letter = self.outbox[0]
            self.line.say(type="post", conversation=self.conversation, client_id=letter.id, body=letter.body)

    def hear(self, content: dict[str, Any]) -> None:
        kind = content["type"]
        if kind == "messages" and content["conversation"] == self.conversation:
            self._take(content["items"])
        elif kind == "error":
            self.seen.refuse(f"frame: {content['code']}")
            if content["code"] in {"rate_limited", "unavailable"}:
                asyncio.get_running_loop().call_later(RETRY_SECONDS, self._send_first)
            elif self.outbox and content.get("client_id") == self.outbox[0].id:
                letter = self.outbox.popleft()
                self.journal.note("refused", c=self.conversation, s=self.side, id=letter.id, code=content["code"])
                self._send_first()
        elif kind == "released" and content["conversation"] == self.conversation:
            self.seen.refuse("conversation taken from its agent")

    def _take(self, items: list[dict[str, Any]]) -> None:
        for item in items:
            if item["seq"] > self.cursor + 1:
                if self.line is not None:
                    self._sync(self.line)
                return
            if item["seq"] == self.cursor + 1:
                self.cursor += 1
                self.journal.note(
                    "show", c=self.conversation, v=self.side, seq=item["seq"], id=item["client_id"], a=item["author"],
                    b=digest(item["body"]),
                )  # fmt: skip
            if item["author"] == self.side and self.outbox and item["client_id"] == self.outbox[0].id:
                letter = self.outbox.popleft()
                self.journal.note("ack", c=self.conversation, s=self.side, id=letter.id, seq=item["seq"])
                self.seen.acks.append(Timed(letter.at, time.monotonic() - letter.at))
                self._send_first()


class Waiter(Party):
    """A person in the queue; `on_active` is called when an agent is there."""

    status = ""
    position: int | None = None

    def __init__(self, keys: Keys, *given: Any) -> None:
        super().__init__(*given)
        self.keys = keys
        self.states = 0
        self.cursor = 0

    def came(self, line: Line) -> None:
        line.say(type="sync", after=0)

    def beat(self, line: Line) -> None:
        line.say(type="beat", after=self.cursor)

    def hear(self, content: dict[str, Any]) -> None:
        if content["type"] == "state":
            self.states += 1
            self.status, self.position = content["status"], content["position"]
        elif content["type"] == "messages" and content["items"]:
            self.cursor = max(self.cursor, content["items"][-1]["seq"])
        elif content["type"] == "error":
            self.seen.refuse(f"frame: {content['code']}")


class Officer(Party):
    """An agent on duty who takes one conversation; `waits_since`: when the last one ended."""

    path = "/ws/console/"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.holds: str | None = None
        self.held_since = self.waits_since = 0.0

    def hear(self, content: dict[str, Any]) -> None:
        now = time.monotonic()
        if content["type"] == "assigned":
            self.holds, self.held_since = content["conversation"], now
            if self.waits_since:
                self.seen.given.append(Timed(self.waits_since, now - self.waits_since))
                self.waits_since = 0.0
        elif content["type"] == "released" and content["conversation"] == self.holds:
            self.holds = None  # somebody else ended it, or it was taken away: `ground.back_on_duty` tells
        elif content["type"] == "error":
            self.seen.refuse(f"frame: {content['code']}")


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """One page that is read again and again: its kind, and who reads it."""

    kind: str
    path: str
    cookie: str
    address: str


async def fetch(port: int, path: str, cookie: str, address: str) -> tuple[int, str]:
    """Ask for one page, and return its status (0 for no answer in 30 s) and text."""
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {visits.LOOPBACK}:{port}", f"X-Forwarded-For: {address}",
        "Accept-Language: fr", "Connection: close",
    ]  # fmt: skip
    if cookie:
        lines.append(f"Cookie: sessionid={cookie}")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(visits.LOOPBACK, port)
            try:
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
                answer = await reader.read()
            finally:
                writer.close()
    except OSError:  # TimeoutError is one
        return 0, ""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    return (int(status[1]) if status else 0), body.decode(errors="replace")


class Crowd:
    """All honest people of a siege. hand: the one thread in which the harness uses the database."""

    def __init__(self, site: ground.Ground, seen: Seen, journal: Journal, scale: float = 1.0, seed: int = 1) -> None:
        self.site, self.seen, self.journal = site, seen, journal
        self.rng = random.Random(seed)
        self.rarer = 1 / scale  # how much rarer pages and sign-ins are, as there are fewer people
        self.pairs_wanted = max(2, round(PAIRS * scale))
        self.waiting_wanted = max(4, round(WAITING * scale))
        self.duty_wanted = max(2, round(DUTY * scale))
        self.hand = ThreadPoolExecutor(1, thread_name_prefix="hand")
        self.fingers = ThreadPoolExecutor(24, thread_name_prefix="form")
        self.pairs: list[Keys] = []
        self.accounts: list[Account] = []
        self.talkers: list[Talker] = []
        self.waiters: dict[str, Waiter] = {}
        self.officers: list[Officer] = []
        self.on_duty: list[int] = []
        self.staying: dict[str, asyncio.Task[None]] = {}
        self.tasks: list[asyncio.Task[None]] = []
        self.writers: list[asyncio.Task[None]] = []
        self.under_way: set[asyncio.Task[None]] = set()
        self.honest: set[str] = set()
        self.being_read: dict[Read, float] = {}
        self._addresses = 0
        self._filed = 0
        self._filing = 0  # how many people fill in a report that is not in `honest` yet

    async def ask[T](self, work: Callable[..., T], *given: Any) -> T:
        """Run a function of `ground` that uses the database."""
        return await asyncio.get_running_loop().run_in_executor(self.hand, work, *given)

    async def _fill_in[T](self, work: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.fingers, work, *given)

    def _address(self) -> str:
        self._addresses += 1
        return addresses.honest((self._addresses - 1) % 4096)

    def _given(self, cookie: str) -> tuple[Any, ...]:
        return self.site.doors, self.seen, cookie, self._address(), random.Random(self.rng.random())

    # --- they come -------------------------------------------------------------------------------------------------

    async def come(self) -> None:
        """Bring everybody: all are connected, and the first ones have their agents."""
        self.pairs = await self.ask(ground.make_pairs, self.pairs_wanted)
        self.accounts = await self.ask(ground.make_accounts, ACCOUNTS)
        self.honest |= {keys.conversation for keys in self.pairs}
        for keys in self.pairs:
            for side, cookie in (("reporter", keys.reporter), ("agent", keys.agent)):
                talker = Talker(self.journal, keys, side, *self._given(cookie))
                self.talkers.append(talker)
                self.tasks.append(asyncio.ensure_future(talker.stay()))
        for keys in await self.ask(ground.make_waiting, self.waiting_wanted + self.duty_wanted):
            self._wait(keys)
        cookies, self.on_duty = await self.ask(ground.make_duty, self.duty_wanted)
        for cookie in cookies:
            officer = Officer(*self._given(cookie))
            self.officers.append(officer)
            self.tasks.append(asyncio.ensure_future(officer.stay()))
        async with asyncio.timeout(60):
            while not (
                all(talker.cursor for talker in self.talkers)
                and all(officer.holds for officer in self.officers)
                and all(waiter.states for waiter in self.waiters.values())
            ):
                await asyncio.sleep(0.1)

    def _wait(self, keys: Keys) -> None:
        self.honest.add(keys.conversation)
        waiter = Waiter(keys, *self._given(keys.reporter))
        self.waiters[keys.conversation] = waiter
        self.staying[keys.conversation] = asyncio.ensure_future(waiter.stay())

    def begin(self) -> None:
        """Let everybody act until `fall_silent`."""
        self.writers = [asyncio.ensure_future(talker.write_on()) for talker in self.talkers]
        self.tasks += [asyncio.ensure_future(self._read_on(kind)) for kind in KINDS]
        self.tasks.append(asyncio.ensure_future(self._now_and_then(FILE_SECONDS, self._file)))
        self.tasks.append(asyncio.ensure_future(self._now_and_then(END_SECONDS, self._end_one)))
        self.tasks.append(asyncio.ensure_future(self._now_and_then(SIGN_IN_SECONDS * self.rarer, self._sign_in)))
        self.tasks.append(asyncio.ensure_future(self._watch_lateness()))

    async def _now_and_then(self, every: float, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(every * self.rng.uniform(0.8, 1.2))
            self._start(do())

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.seen.refuse(f"failed: {type(error).__name__}: {error}")

    async def _watch_lateness(self) -> None:
        while True:
            due = time.monotonic() + 0.02
            await asyncio.sleep(0.02)
            self.seen.late.append(Timed(due, max(0.0, time.monotonic() - due)))

    # --- pages -----------------------------------------------------------------------------------------------------

    def _to_read(self, kind: str) -> Read:
        keys = self.rng.choice(self.pairs)
        address = addresses.honest(self.rng.randrange(len(self.talkers)))
        paths = {
            HOME: ("/", ""),
            ORIENTATION: (f"{visits.ORIENTATION}maintenant/", ""),
            SEARCH: (f"{visits.PLACE}?q={visits.TOWN}", ""),
            CHAT: (visits.CHAT, keys.reporter),
            CONSOLE: (f"{visits.CONSOLE}echange/{keys.conversation}/", keys.agent),
        }
        return Read(kind, *paths[kind], address)

    async def _read_on(self, kind: str) -> None:
        await asyncio.sleep(READ_SECONDS[kind] * self.rarer * self.rng.random())
        while True:  # people do not wait for each other's pages
            self._start(self._read(self._to_read(kind)))
            await asyncio.sleep(READ_SECONDS[kind] * self.rarer * self.rng.uniform(0.7, 1.3))

    async def _read(self, page: Read) -> None:
        at = time.monotonic()
        self.being_read[page] = at
        try:
            status, _text = await fetch(self.site.doors.pages, page.path, page.cookie, page.address)
        finally:
            del self.being_read[page]
        self.seen.pages.append(Timed(at, time.monotonic() - at, page.kind))
        if status != 200:
            self.seen.refuse(f"{page.kind}: {status or 'no answer'}", at)

    # --- forms -----------------------------------------------------------------------------------------------------

    async def _fill(self, kind: str, browser: visits.Browser, work: Callable[..., None], *given: Any) -> bool:
        """Fill in a form in a thread; return whether it led where it should."""
        at = time.monotonic()
        try:
            await self._fill_in(work, browser, *given)
        except VisitError as error:
            self.seen.refuse(f"{kind}: {error}", at)
            return False
        finally:
            self.seen.forms += [Timed(one.at, one.seconds, kind) for one in browser.answered]
        self.seen.whole.append(Timed(at, time.monotonic() - at, kind))
        return True

    async def _file(self) -> None:
        """Let somebody come, file a report and wait; one in three is in danger."""
        if len(self.waiters) > 2 * (self.waiting_wanted + self.duty_wanted):
            return  # no agents are being assigned, which is seen elsewhere, and the harness has a bound
        self._filed += 1
        self._filing += 1
        try:
            await self._file_one(is_danger=self._filed % DANGER_ONE_IN == 0)
        finally:
            self._filing -= 1

    async def _file_one(self, is_danger: bool) -> None:
        browser = visits.Browser(self.site.doors.pages, self._address())
        at = time.monotonic()
        answers: Mapping[str, str] = visits.DANGER if is_danger else visits.ORDINARY
        if not await self._fill(REPORT, browser, visits.file_report, answers):
            return
        cookie = browser.cookies["sessionid"]
        conversation = await self.ask(ground.report_of, cookie)
        self._wait(Keys(conversation, cookie))
        if is_danger:
            before = await self.ask(ground.ahead_of, conversation)
            raid = [one for one in before or [] if one not in self.honest]
            self.seen.dangers.append(Danger(at, conversation, len(raid)))
        else:
            self.seen.ordinary.append(Filed(at, conversation))

    async def all_known(self) -> None:
        """Wait until everybody who fills in a report is in `honest`: each page of it is waited for with a limit."""
        while self._filing:
            await asyncio.sleep(0.02)

    async def _end_one(self) -> None:
        """End the exchange that has lasted longest, so that its agent is free."""
        busy = [officer for officer in self.officers if officer.holds]
        if not busy:
            return
        officer = min(busy, key=lambda one: one.held_since)
        conversation = officer.holds
        officer.holds = None
        assert conversation is not None
        waiter = self.waiters.pop(conversation, None)
        if waiter is not None:
            self.staying.pop(conversation).cancel()
            browser = visits.Browser(
                self.site.doors.pages, waiter.address, {"sessionid": waiter.keys.reporter}
            )  # fmt: skip
            officer.waits_since = time.monotonic()
            if await self._fill(END, browser, visits.end_exchange):
                return
        officer.waits_since = time.monotonic()
        await self.ask(ground.close, conversation)  # it belongs to nobody whom we know, or their page failed
        await self.ask(ground.back_on_duty, self.on_duty)

    async def _sign_in(self) -> None:
        account = self.accounts.pop(0)
        self.accounts.append(account)
        browser = visits.Browser(self.site.doors.pages, self._address())
        await self._fill(SIGN_IN, browser, visits.sign_in, account.username, account.password, account.code)

    # --- they go ---------------------------------------------------------------------------------------------------

    async def fall_silent(self) -> None:
        for task in self.writers:
            task.cancel()
        await asyncio.gather(*self.writers, return_exceptions=True)

    async def settled(self, at_most: float) -> bool:
        """Wait until everything that was written is acknowledged and read by both sides; return False when that never
        happens.
        """
        deadline = time.monotonic() + at_most
        while time.monotonic() < deadline:
            furthest: Counter[str] = Counter()
            for talker in self.talkers:
                furthest[talker.conversation] = max(furthest[talker.conversation], talker.cursor)
            if not any(talker.outbox or talker.cursor < furthest[talker.conversation] for talker in self.talkers):
                return True
            await asyncio.sleep(0.1)
        return False

    async def leave(self) -> None:
        tasks = [*self.writers, *self.tasks, *self.staying.values(), *self.under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.fingers.shutdown(wait=False, cancel_futures=True)

    @property
    def waiting_for_an_answer(self) -> list[Timed]:
        """Return the messages that nobody has acknowledged yet, with their age, because a silence that lasts counts
        too.
        """
        now = time.monotonic()
        return [Timed(letter.at, now - letter.at) for talker in self.talkers for letter in talker.outbox]
