"""This module makes the 503 page of a process that can take no more requests: when to come back, and whom to call in
danger.

The page is rendered before it is needed, uses no database, session or static file, and is sent by the event loop. It
must cost next to nothing, because it is sent when the process has nothing left. What was typed in a form is given back
in the page, ready to be sent again, a few times a second. When more forms are refused, the page says instead how the
browser sends again what was typed.
"""

import base64
import hashlib
import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import parse_cookie
from django.template.loader import render_to_string
from django.utils import translation

from common.texts import cache as text_cache
from common.texts import languages
from pnav import addresses
from pnav.addresses import Table
from pnav.middleware.headers import EVERYWHERE
from pnav.pages.frame.busy_page import FILE_TOO_LARGE, FORM, FRAME, PAGE, RETRY_SECONDS, SENT, TOO_LARGE, busy_page
from pnav.server.body_limits import is_capture_form

logger = logging.getLogger(__name__)

STATIC = Path(__file__).resolve().parents[2] / "static" / "pnav"
STYLES = (STATIC / "busy.css", STATIC / "busy-exit.css")  # the first is that of the proxies' page too
NEWS = "chat:news"  # the frame that shows the messages where there is no JavaScript, and reloads itself
# The paths of forms of people who seek help, and of agents. Forms of an account are not among them, because no password
# may be sent back. In discreet mode no path says which form it is, so every form is given back.
GIVEN_BACK = ("/tchat/", "/signalement/", "/orientation/", "/point-d-accueil/", "/console/")
# These mark where what was typed is put. They contain a character for private use, which no text may contain. `text`
# stands before and after its field.
PLACEHOLDERS = {name: f"\ue000{name}\ue000" for name in ("action", "fields", "text", "written")}
MARKS = re.compile("\ue000([a-z]+)\ue000")
AREA = re.compile("{text}.*{text}".format_map(PLACEHOLDERS), re.DOTALL)
FORM_BYTES = 64 * 1024  # a message of 4,000 of the longest characters takes 48,000
FIELDS_AT_MOST = 100
# The most forms given back in a second; each costs 5 ms at most (4,000 emoji), so all a twentieth of a processor.
FORMS_A_SECOND = 10
TEXT_FIELD = "body"


@dataclass(frozen=True)
class _Drawn:
    """These are the rendered pages.

    pages: their HTML, by language, kind, and whether it is for discreet mode. policy: their Content-Security-Policy.
    source: the texts that they were rendered with.
    """

    pages: Mapping[tuple[str, str, bool], str]
    policy: str
    source: object


def _draw() -> _Drawn:
    source, style = text_cache.texts(), "".join(path.read_text() for path in STYLES)
    pages = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for kind, is_discreet in product((PAGE, SENT, FRAME, FORM, TOO_LARGE, FILE_TOO_LARGE), (False, True)):
                context = busy_page(kind, style=style, is_discreet=is_discreet) | PLACEHOLDERS
                # The quick exit has an address in each table.
                with addresses.drawn_in(addresses.DISCREET if is_discreet else addresses.in_language(language)):
                    pages[language, kind, is_discreet] = render_to_string("503.html", context)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The quick exit is a form that redirects there, as on every page (`settings.SECURE_CSP`).
    forms = f"form-action 'self' {settings.QUICK_EXIT_ORIGIN}"
    return _Drawn(pages, f"default-src 'none'; style-src 'sha256-{digest}'; {forms}; base-uri 'none'", source)


class _Pages:
    """It holds the pages that were rendered last: at the start of the process, and again in a thread when texts
    change."""

    def __init__(self) -> None:
        self.drawn: _Drawn | None = None
        self._drawing = threading.Lock()

    def current(self) -> _Drawn:
        """Return the pages that were rendered last. If texts have changed, have a thread render them again."""
        if self.drawn is None:
            self.drawn = _draw()
        if self.drawn.source is not text_cache.texts() and self._drawing.acquire(blocking=False):
            threading.Thread(target=self._draw_again, name="busy", daemon=True).start()
        return self.drawn

    def _draw_again(self) -> None:
        try:
            self.drawn = _draw()
        except Exception as error:  # noqa: BLE001  the pages that were rendered before still serve
            logger.error("busy: its page could not be drawn (%s)", type(error).__name__)
        finally:
            self._drawing.release()


_pages = _Pages()
_forms = [0.0, 0]  # the current second of the monotonic clock, and how many forms were given back in it


def prepare() -> None:
    """Render the pages, at the start of a process, so that later they only have to be sent."""
    _pages.current()


def answer(scope: dict[str, Any], body: bytes = b"") -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the headers and body of a 503 for this request.

    body: that of a form, so that what was typed can be given back; empty for any other request.
    """
    drawn = _pages.current()
    headers = {name: value for name, value in scope["headers"] if name in {b"cookie", b"content-type"}}
    table = addresses.table_at(scope["path"])
    language = _language(table, headers.get(b"cookie", b""))
    is_sent = scope["method"] not in {"GET", "HEAD"}
    is_framed = scope["path"] in addresses.every_address(NEWS)
    text = ""
    if is_sent and body and _is_given_back(table, scope["path"]):
        text = _form(drawn.pages[language, FORM, table.is_discreet], scope, headers.get(b"content-type", b""), body)
    text = text or drawn.pages[language, FRAME if is_framed else SENT if is_sent else PAGE, table.is_discreet]
    content = text.encode()
    return _headers(content, language, drawn.policy, is_framed=is_framed), content


def too_large(path: str, cookie: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the headers and body of a 413: the request's body is longer than its bound, and was not read.

    Where a file may be sent, the page says to choose a smaller one. cookie: the value of the Cookie header.
    """
    drawn = _pages.current()
    table = addresses.table_at(path)
    language = _language(table, cookie)
    kind = FILE_TOO_LARGE if is_capture_form(path) else TOO_LARGE
    content = drawn.pages[language, kind, table.is_discreet].encode()
    return _headers(content, language, drawn.policy, is_busy=False), content


def _is_given_back(table: Table, path: str) -> bool:
    if table.is_discreet:
        return True
    return path.removeprefix(str(table) if table.prefix else "").startswith(GIVEN_BACK)


def _language(table: Table, cookie: bytes) -> str:
    if table.language:
        return table.language
    chosen = parse_cookie(cookie.decode("latin-1")).get(settings.LANGUAGE_COOKIE_NAME, "")
    return chosen if chosen in languages.codes() else languages.source()


def _headers(
    content: bytes, language: str, policy: str, *, is_framed: bool = False, is_busy: bool = True
) -> list[tuple[bytes, bytes]]:
    values = {
        **EVERYWHERE,
        **({"X-Frame-Options": "SAMEORIGIN"} if is_framed else {}),
        **({"Retry-After": str(RETRY_SECONDS)} if is_busy else {}),
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(content)),
        "Content-Language": language,
        "Content-Security-Policy": f"{policy}; frame-ancestors {"'self'" if is_framed else "'none'"}",
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.SECURE_HSTS_SECONDS:
        values["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains"
    return [(name.encode(), value.encode()) for name, value in values.items()]


def _form(page: str, scope: dict[str, Any], content_type: bytes, body: bytes) -> str:
    """Return the page with what was typed in it; "" when that would cost too much, or when this is no form."""
    if len(body) > FORM_BYTES or not content_type.startswith(b"application/x-www-form-urlencoded") or not _may_give():
        return ""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_AT_MOST)
    except ValueError:  # the form is not UTF-8, or has more fields than any form of ours
        return ""
    text = next((value for name, value in fields if name == TEXT_FIELD), None)
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields
        if name != TEXT_FIELD or text is None
    )
    query = scope["query_string"].decode("latin-1")
    values = {
        "action": escape(scope["path"] + (f"?{query}" if query else "")),
        "fields": hidden,
        "written": "\n" + escape(text or ""),
        "text": "",
    }
    if text is None:
        page = AREA.sub("", page, 1)
    return MARKS.sub(lambda mark: values[mark[1]], page)


def _may_give() -> bool:
    """Count one more form in this second, and return whether it may be given back."""
    now = time.monotonic() // 1
    if _forms[0] != now:
        _forms[:] = [now, 0]
    _forms[1] += 1
    return _forms[1] <= FORMS_A_SECOND
