"""Visits the site over HTTP as a browser without JavaScript does, with cookies, redirects and hidden form fields."""

import http.client
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

MOST_REDIRECTS = 10
PATIENCE_SECONDS = 20
# Matches an address without words in an attribute of a page.
DISCREET = re.compile(r"(?<=\")/n/(?:[\w-]+/){0,2}(?=[\"?#])")
LOOPBACK = {"localhost", "127.0.0.1"}


class VisitError(Exception):
    """The site did not answer as expected. The message has the path and the status, nothing of the page."""


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)  # the values of hidden fields, by name
    names: list[str] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)  # the values of boxes, radios and buttons, by name
    data: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)  # the labels of choices with their hints, by `id`
    ids: dict[str, str] = field(default_factory=dict)  # the `id` of choices, by value

    def label_of(self, value: str) -> str:
        """Return the label of the box, radio or button with this value; "" if there is none."""
        return " ".join(self.labels.get(self.ids.get(value, ""), "").split())


class _Forms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._is_in = False
        self._label = ""  # the `for` of the label that is being read
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            data = {key.removeprefix("data-"): value for key, value in given.items() if key.startswith("data-")}
            self.found.append(Form(given.get("action", ""), data=data))
            self._is_in = True
        elif self._is_in and given.get("name") and tag in {"input", "select", "textarea", "button"}:
            name, kind = given["name"], given.get("type", "text")
            self.found[-1].names.append(name)
            if kind == "hidden":
                self.found[-1].fields[name] = given.get("value", "")
            elif kind in {"radio", "checkbox"} or (tag == "button" and "value" in given):
                value = given.get("value", "on")
                self.found[-1].choices.setdefault(name, []).append(value)
                if "id" in given:
                    self.found[-1].ids[value] = given["id"]
                if tag == "button" and "aria-label" in given:
                    self.found[-1].labels[given.get("id", "")] = given["aria-label"]
                elif tag == "button":
                    self._label = given.get("id", "")
        elif self._is_in and tag == "label":
            self._label = given.get("for", "")

    def handle_data(self, data: str) -> None:
        if self._label:
            labels = self.found[-1].labels
            labels[self._label] = labels.get(self._label, "") + data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_in = False
        if tag in {"form", "label", "button"}:
            self._label = ""


@dataclass(frozen=True, slots=True)
class Page:
    """It is a page that the site returned. path: that of the page after all redirects."""

    path: str
    text: str

    @property
    def names(self) -> set[str]:
        """Return the names of all fields of its forms."""
        return {name for found in _Forms(self.text).found for name in found.names}

    @property
    def title(self) -> str:
        """Return the text of the first main heading."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.text, re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", "", found[1])).split()) if found else ""

    def form(self, *names: str, action: str = "") -> Form:
        """Return the first form with all these fields, or with this action. Raises VisitError if there is none."""
        for found in _Forms(self.text).found:
            if set(names) <= set(found.names) and (not action or found.action == action):
                return found
        raise VisitError(f"{self.path}: no form with {', '.join(names) or action}")


class Visit:
    """It is one visit, with its cookies.

    base: the address of a site on this machine; VisitError is raised for any other, because this is for demonstrations.
    headers: more headers that are sent with each request. ordinary: a function that returns the ordinary path of an
    address of discreet mode (`pnav.addresses.address_in_table`), by which a program recognises pages. Without it, pages
    have the addresses under which they came. A form that is sent to an ordinary path arrives all the same.
    """

    def __init__(
        self, base: str, headers: Mapping[str, str] | None = None, ordinary: Callable[[str], str] | None = None
    ) -> None:
        parts = urlsplit(base)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK:
            raise VisitError("Only a site on this machine.")
        self.host, self.port = parts.hostname, parts.port or 80
        self.origin = f"http://{self.host}:{self.port}"
        self.cookies: dict[str, str] = {}
        self.headers = dict(headers or {})
        self.ordinary = ordinary

    @property
    def cookie(self) -> str:
        """Return the value of the Cookie header."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path: str) -> Page:
        """Load the page at this path."""
        return self._ask("GET", path)

    def send(self, page: Page, form: Form, **fields: Any) -> Page:
        """Send a form of this page with these fields, and its hidden fields unchanged."""
        body = urlencode({**form.fields, **fields}, doseq=True)
        return self._ask("POST", urljoin(page.path, form.action) if form.action else page.path, body)

    def _ask(self, method: str, path: str, body: str = "") -> Page:
        for _hop in range(MOST_REDIRECTS):
            answer, text = self._once(method, path, body)
            if answer.status not in {301, 302, 303}:
                break
            path = urljoin(path, urlsplit(answer.headers["Location"])._replace(scheme="", netloc="").geturl())
            method, body = "GET", ""
        if answer.status != 200:
            raise VisitError(f"{method} {path}: {answer.status}")
        return self.page(path.partition("#")[0], text)

    def page(self, path: str, text: str) -> Page:
        """Return the page that came, with its addresses replaced by ordinary ones if `ordinary` is given."""
        if (ordinary := self.ordinary) is not None:
            return Page(ordinary(path), DISCREET.sub(lambda found: ordinary(found[0]), text))
        return Page(path, text)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_SECONDS)

    def _once(self, method: str, path: str, body: str) -> tuple[http.client.HTTPResponse, str]:
        line = self._connect()
        headers = {"Cookie": self.cookie, "Accept-Language": "fr", **self.headers}
        if method == "POST":
            headers |= {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            line.request(method, path.partition("#")[0], body or None, headers)
            answer = line.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise VisitError(f"{method} {path}: {type(error).__name__}") from error
        finally:
            line.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer, text
