"""Plays one person of the sandbox: goes through the pages as anybody does, writes over the WebSocket, and leaves."""

import asyncio
import hashlib
import json
import random
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.urls import reverse
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from pnav.addresses import ORDINARY, address_in_table
from pnav.demo.script import Mind, Script, answer_to
from pnav.demo.visit import Page, Visit
from triage.questionnaire.document import MOST_QUESTIONS
from triage.questionnaire.questions import DOOR

PAGE_SECONDS = 4.0  # the time that a person spends on each page before the exchange
SIGNS_READ_A_SECOND = 25.0
TYPING_SECONDS = 2.5  # the time between two frames that say « is typing »
BEAT_SECONDS = 20.0
ACKNOWLEDGED_SECONDS = 15.0
WORKS = 3  # how often the proof of work of a raid is computed, if the page that asks for it comes again
LAST_LOOK_SECONDS = 10.0  # how long a person stays after they said goodbye
LINES_LOST = 20  # how often the line may be lost before a person gives up


class GaveUp(Exception):
    """The site does not answer, or refuses what was sent."""


def ordinary_address(address: str) -> str:
    """Return the ordinary address of the page with this address, which may be one of discreet mode."""
    return address_in_table(address, ORDINARY) or address


class Reporter:
    """It is a person who follows a script.

    number: which of the people of this script. speed: 2 means that everything is twice as fast, except the beats.
    tell: called with the person's name, and with what they had to guess, in French.
    """

    def __init__(
        self,
        script: Script,
        *,
        base: str,
        number: int = 0,
        seed: int = 0,
        speed: float = 1.0,
        tell: Callable[[str, str], None] = lambda _name, _text: None,
    ) -> None:
        self.script, self.speed, self.tell = script, speed, tell
        self.name = script.id if script.people == 1 else f"{script.id} {number + 1}"
        # This process has the site's SECRET_KEY, by which it knows the pages behind discreet addresses.
        self.visit = Visit(base, ordinary=ordinary_address)
        self.mind = Mind(script, number)
        self.chance = random.Random(f"{seed}:{script.id}:{number}")
        self.status = ""  # the state of the conversation, as the last `state` frame said
        self.is_over = asyncio.Event()
        self.came_at: float | None = None
        self.first_reply_at: float | None = None
        self.replies = 0
        self.after = 0
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._to_say: deque[tuple[str, str]] = deque()  # pairs of client_id and body, kept until acknowledged
        self._acknowledged = asyncio.Event()

    async def live(self) -> None:
        """Play the person from the first question to the end. Raises VisitError, GaveUp."""
        await self._come()
        for coming in range(self.script.comings):
            if coming:
                await self._pause(self.script.away_seconds)
            stays = self.script.stays_seconds / self.speed if self.script.stays_seconds else None
            with suppress(TimeoutError):
                async with asyncio.timeout(stays):
                    await self._stay()
            if self.is_over.is_set():
                return
        if self.script.leaves == "ends":
            await self._pause(LAST_LOOK_SECONDS)
            await self.leave()

    async def leave(self) -> None:
        """End the exchange, or leave the queue, through the page that asks for it. Does nothing without a visit."""
        if not self.visit.cookies or self.is_over.is_set():
            return
        await asyncio.to_thread(self._end)
        self.is_over.set()

    def _end(self) -> None:
        address = reverse("chat:end")
        page = self.visit.get(address)
        if page.path == address:  # otherwise the exchange is over already
            self.visit.send(page, page.form(action=address))

    # --- the pages ------------------------------------------------------------------------------------------------

    async def _come(self) -> None:
        page = await self._orient()
        if page.path.startswith(reverse("triage:start")):  # it is a result, and the person wants to talk all the same
            page = await self._page(self.visit.send, page, page.form(action=reverse("triage:open_door")))
        if page.path in (reverse("locations:search"), reverse("locations:results")):
            page = await self._choose_place(page)
        for _try in range(WORKS):
            if page.path == reverse("reports:effort"):
                page = await self._work(page)
        if page.path != reverse("chat:conversation"):
            raise GaveUp(f"le chemin n'a pas mené au tchat, mais à {page.path}")
        self.came_at = time.monotonic()

    async def _orient(self) -> Page:
        """Answer the home page's question, then those that the site asks now; call `tell` with what was guessed."""
        page = await self._page(self.visit.get, reverse("pages:home"))
        door = {"door": self.script.answers[DOOR], "q": self.script.place}
        page = await self._page(self.visit.send, page, page.form("door"), **door)
        for _step in range(MOST_QUESTIONS + 1):
            if "answer" not in page.names:
                return page
            form = page.form("answer")
            choices = {value: form.label_of(value) for value in form.choices["answer"]}
            slug = (address_in_table(form.action, ORDINARY) or form.action).rstrip("/").rpartition("/")[2]
            value, is_known = answer_to(self.script, slug, choices)
            if not is_known:
                told = f"question que ce rôle ne connaît pas : « {page.title} » ; réponse : « {choices[value]} »."
                self.tell(self.name, told)
            page = await self._page(self.visit.send, page, form, answer=value)
        raise GaveUp("l'orientation ne mène à aucun résultat")

    async def _choose_place(self, page: Page) -> Page:
        if page.path == reverse("locations:search"):
            form = page.form("q", "purpose")
            page = await self._page(self.visit.send, page, form, q=self.script.place, purpose="echange")
        if page.path == reverse("locations:results"):
            choose = page.form("service")
            page = await self._page(self.visit.send, page, choose, service=choose.choices["service"][0])
        return page

    async def _work(self, page: Page) -> Page:
        """Do the proof of work that the site asks for during a raid (`reports.proof_of_work`, `effort.js`)."""
        form = page.form("work")
        token, bits = form.data["token"], int(form.data["bits"])
        if form.data["left"] == "0":
            return await self._page(self.visit.send, page, form)
        work = await asyncio.to_thread(_work_on, token, bits)
        return await self._page(self.visit.send, page, form, work=str(work))

    async def _page(self, ask: Any, *args: Any, **fields: Any) -> Page:
        page: Page = await asyncio.to_thread(ask, *args, **fields)
        await self._pause(PAGE_SECONDS)
        return page

    # --- the exchange ---------------------------------------------------------------------------------------------

    async def _stay(self) -> None:
        """Stay connected until the exchange is over or everything is said; reconnect when the connection is lost."""
        for attempt in range(LINES_LOST):
            try:
                async with connect(
                    self.visit.origin.replace("http", "ws", 1) + "/ws/conversation/",
                    additional_headers={"Cookie": self.visit.cookie},
                    origin=Origin(self.visit.origin),
                    proxy=None,
                ) as line:
                    await self._talk_on(line)
                    return
            except (ConnectionClosed, InvalidHandshake, OSError):
                await asyncio.sleep(min(10.0, 0.5 * 2**attempt) * self.chance.uniform(0.5, 1))
        raise GaveUp("la ligne est perdue trop souvent")

    async def _talk_on(self, line: ClientConnection) -> None:
        await _send(line, type="sync", after=self.after)
        works = (self._read(line), self._beat(line), self._talk(line), self.is_over.wait())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not self._has_said_all:
            raise ConnectionResetError  # the server closed the connection, and expects this person to come back

    @property
    def _has_said_all(self) -> bool:
        return self.is_over.is_set() or (self.mind.has_ended and not self._to_say)

    async def _read(self, line: ClientConnection) -> None:
        async for raw in line:
            frame = json.loads(raw)
            if frame["type"] == "messages":
                for item in frame["items"]:
                    self._take(item)
            elif frame["type"] == "state":
                self.status = frame["status"]
                if self.status == "closed":
                    self.is_over.set()

    def _take(self, item: dict[str, Any]) -> None:
        if item["seq"] <= self.after:
            return
        self.after = item["seq"]
        if item["author"] == "agent":
            self.replies += 1
            self.first_reply_at = self.first_reply_at or time.monotonic()
            self._heard.put_nowait(item["body"])
        elif self._to_say and item.get("client_id") == self._to_say[0][0]:
            self._acknowledged.set()

    async def _beat(self, line: ClientConnection) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await _send(line, type="beat", after=self.after)

    async def _talk(self, line: ClientConnection) -> None:
        self._mean_to_say(self.mind.opening)
        self.mind.opening = ()
        while True:
            while self._to_say:
                await self._write(line)
            if self.mind.has_ended:
                return
            try:
                async with asyncio.timeout(self.script.silence_seconds / self.speed):
                    text = await self._heard.get()
            except TimeoutError:
                if self.status == "active":  # in the queue, no agent owes an answer
                    self._mean_to_say(self.mind.break_silence())
                continue
            await self._pause(len(text) / SIGNS_READ_A_SECOND + 1)
            while not self._heard.empty():  # what came meanwhile is read together with it
                text += "\n" + self._heard.get_nowait()
            await _send(line, type="read", seq=self.after)
            self._mean_to_say(self.mind.answer(text))

    def _mean_to_say(self, lines: tuple[str, ...]) -> None:
        self._to_say.extend((str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), body) for body in lines)

    async def _write(self, line: ClientConnection) -> None:
        """Type the next message as a person does, send it, and wait until it is committed.

        It may be sent up to three times, under the same client id.
        """
        client_id, body = self._to_say[0]
        left = len(body) / self.script.signs_a_second
        while left > 0:
            await _send(line, type="typing")
            await self._pause(min(left, TYPING_SECONDS * self.speed))
            left -= TYPING_SECONDS * self.speed
        for _attempt in range(3):
            self._acknowledged.clear()
            await _send(line, type="post", client_id=client_id, body=body)
            with suppress(TimeoutError):
                async with asyncio.timeout(ACKNOWLEDGED_SECONDS):
                    await self._acknowledged.wait()
                    self._to_say.popleft()
                    return
        raise ConnectionResetError

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.chance.uniform(0.7, 1.3) / self.speed)


async def _send(line: ClientConnection, **frame: Any) -> None:
    await line.send(json.dumps(frame))


def _work_on(token: str, bits: int) -> int:
    """Return the smallest number whose SHA-256 with the token begins with so many zero bits."""
    number = 0
    while int.from_bytes(hashlib.sha256(f"{token}:{number}".encode()).digest()) >> (256 - bits):
        number += 1
    return number
