"""This module gives a visitor's pages their addresses, in each language and in discreet mode (docs/adr/0068).

A page has one address in each *table*: the ordinary one (`/tchat/`, in the source language), one for each other
language (`/en/tchat/`), and the discreet one (`/n/482137/`), which tells nothing to somebody who reads the history of
the browser. Pages of the staff and of the operator, and files (`/robots.txt`), have only one address, in every table.

A table is a URLconf that is made from `pnav.urls`. `reverse` and `{% url %}` use the table that
`pnav.middleware.addresses` sets for a request, so that a page, its forms and its redirects stay in the same table. The
requested page is always looked up in `pnav.urls` under its ordinary path (`request.path_info`). So limits, guards, logs
and figures know a page by one path, whatever its address was.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from importlib import import_module
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import (
    NoReverseMatch,
    Resolver404,
    URLPattern,
    URLResolver,
    get_resolver,
    get_urlconf,
    include,
    path,
    register_converter,
    resolve,
    reverse,
    set_urlconf,
)
from django.utils.crypto import salted_hmac

from common.texts import languages
from triage.onward import RESULT_SLUGS
from triage.questionnaire.document import NEUTRAL_SLUG, SLUGS

URLS = "pnav.urls"
VISITORS = frozenset({"pages", "triage", "locations", "reports", "chat"})  # the namespaces of pages for visitors
DISCREET_PREFIX = "n"
NUMBERS = 10**6
_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


def numbered(names: Iterable[str], salt: str) -> dict[str, int]:
    """Return a number of up to six digits for each name, derived from SECRET_KEY, so the same in every process.

    Somebody who knows the source code but not the key cannot tell which page a number stands for. If two names get the
    same number (a chance of some 2 in 1,000 for a site of 60 pages), the later one in the alphabet takes the next free
    number.
    """
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    for name in sorted(names):
        number = int(salted_hmac(f"pnav.addresses.{salt}", name, algorithm="sha256").hexdigest()[:12], 16) % NUMBERS
        while number in taken:
            number = (number + 1) % NUMBERS
        taken.add(number)
        numbers[name] = number
    return numbers


@cache
def _slugs() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the number of each slug of the orientation, and the slug of each number.

    Questions that an administrator added have neutral slugs, which need no number.
    """
    numbers = {slug: f"{number:06}" for slug, number in numbered({*SLUGS.values(), *RESULT_SLUGS}, "slug").items()}
    return numbers, {number: slug for slug, number in numbers.items()}


class WithoutWords:
    """It is Django's path converter that writes a slug as a number, in the addresses of discreet mode."""

    regex = rf"[0-9]{{6}}|{NEUTRAL_SLUG.pattern}"

    def to_python(self, value: str) -> str:
        """Return the slug. Raises ValueError for an unknown number, which Django takes for an unknown address."""
        if NEUTRAL_SLUG.fullmatch(value):
            return value
        slug = _slugs()[1].get(value)
        if slug is None:
            raise ValueError("No slug has this number.")
        return slug

    def to_url(self, value: str) -> str:
        """Return the number of a slug. Raises ValueError, as Django expects, for a slug that has none."""
        if NEUTRAL_SLUG.fullmatch(value):
            return value
        number = _slugs()[0].get(value)
        if number is None:
            raise ValueError("This slug has no number.")
        return number


register_converter(WithoutWords, "without_words")


class Table:
    """These are the addresses of all pages in one language, or in discreet mode: a URLconf, for `set_urlconf` and
    `urlconf=`.

    prefix: the first part of a visitor's addresses, "" for the ordinary table. language: the code of the language that
    these addresses choose; "" where the cookie of the display settings chooses it.
    """

    def __init__(self, prefix: str, language: str) -> None:
        self.prefix, self.language = prefix, language

    def __str__(self) -> str:
        return f"/{self.prefix}"  # a part of the key under which templates are cached

    def __getattr__(self, name: str) -> Any:
        if name.startswith("handler"):  # Django asks a URLconf for the pages of its errors
            return getattr(import_module(URLS), name)
        raise AttributeError(name)

    @property
    def urlconf(self) -> str:
        """Return this table as Django's `urlconf=` and `set_urlconf` take it.

        Django accepts any object with `urlpatterns`, although its types only allow a name.
        """
        return URLS if self.is_ordinary else cast(str, self)

    @property
    def is_ordinary(self) -> bool:
        """Return whether this is the table of the source language, whose addresses have no prefix."""
        return not self.prefix

    @property
    def is_discreet(self) -> bool:
        """Return whether this is the table of discreet mode."""
        return self.prefix == DISCREET_PREFIX

    @cached_property
    def urlpatterns(self) -> list[URLPattern | URLResolver]:
        """Return the patterns of all pages. Those of visitors are under the prefix, the others keep their addresses."""
        patterns: list[URLPattern | URLResolver] = []
        numbers = numbered((name for name, _route, _page in _visitor_pages()), "page") if self.is_discreet else {}
        for entry in get_resolver(URLS).url_patterns:
            if not isinstance(entry, URLResolver) or entry.namespace not in VISITORS:
                patterns.append(entry)
                continue
            pages = []
            for name, route, page in _visitor_pages(entry):
                if _has_many_addresses(route):
                    route = f"{self.prefix}/{_silent(route, numbers[name]) if self.is_discreet else route}"
                pages.append(path(route, page.callback, page.default_args, name=page.name))
            patterns.append(path("", include((pages, entry.app_name or ""), namespace=entry.namespace)))
        return patterns

    def reverse(self, name: str, /, **parameters: Any) -> str:
        """Return the address of the page of this name in this table."""
        return reverse(name, kwargs=parameters, urlconf=self.urlconf)

    def address(self, page: str) -> str | None:
        """Return the address in this table of a visitor's page, given its ordinary path; None for any other path."""
        try:
            match = resolve(page, urlconf=URLS)
            if match.namespace not in VISITORS or not _has_many_addresses(match.route):
                return None
            return self.reverse(match.view_name, **match.kwargs)
        except (Resolver404, NoReverseMatch):
            return None


ORDINARY, DISCREET = Table("", ""), Table(DISCREET_PREFIX, "")


@cache
def _in_language(code: str) -> Table:
    return Table(code, code)


def in_language(code: str) -> Table:
    """Return the table of this language, a code of `settings.LANGUAGES`."""
    return ORDINARY if code == languages.source() else _in_language(code)


def tables() -> list[Table]:
    """Return all tables, the ordinary one first."""
    return [ORDINARY, *(in_language(code) for code in languages.others()), DISCREET]


def _visitor_pages(of: URLResolver | None = None) -> Iterator[tuple[str, str, URLPattern]]:
    """Yield the name (with its namespace), the ordinary route and the pattern of each page of visitors.

    of: the URLs of one app; None for all apps.
    """
    for entry in [of] if of else get_resolver(URLS).url_patterns:
        if isinstance(entry, URLResolver) and entry.namespace in VISITORS:
            for page in entry.url_patterns:
                if not isinstance(page, URLPattern) or not page.name:
                    raise ImproperlyConfigured("A visitor's pages lie one level deep, and each has a name.")
                yield f"{entry.namespace}:{page.name}", f"{entry.pattern}{page.pattern}", page


def pages_without_parameter(namespace: str) -> list[str]:
    """Return the names of an app's pages that take no parameter, in the order of its URLs. Files are left out."""
    return [
        name
        for name, route, _page in _visitor_pages()
        if name.startswith(f"{namespace}:") and _has_many_addresses(route) and not _PARAMETER.search(route)
    ]


def _has_many_addresses(route: str) -> bool:
    """Return whether a route has an address in each table. Files that robots and browsers request by name have only
    one."""
    return not route or route.endswith("/")


def _silent(route: str, number: int) -> str:
    """Return the route of a page in discreet mode: its number, then its parameters without words; "" for the home."""
    if not route:
        return ""
    parameters = "".join(
        f"<{'without_words' if kind == 'slug' else kind or 'str'}:{name}>/" for kind, name in _PARAMETER.findall(route)
    )
    return f"{number:06}/{parameters}"


# --- an address and its page ------------------------------------------------------------------------------------------


def table_at(address: str) -> Table:
    """Return the table to which this path belongs, by its first part."""
    first = address[1:].partition("/")[0]
    if first == DISCREET_PREFIX:
        return DISCREET
    return in_language(first) if first in languages.others() else ORDINARY


def read(address: str) -> tuple[Table, str]:
    """Return the table of this path, and the ordinary path of its page. A path that is no page is returned as it is."""
    table = table_at(address)
    if table.is_ordinary:
        return table, address
    try:
        match = resolve(address, urlconf=table.urlconf)
        return table, ORDINARY.reverse(match.view_name, **match.kwargs)
    except (Resolver404, NoReverseMatch):
        return table, address


def address_in_table(address: str, table: Table) -> str | None:
    """Return the address in another table of the page with this address; None if it is no visitor's page of this site.

    address: a path, with its query and its fragment if it has them. They are kept, but in discreet mode the fragment is
    left out: it names a section in words, and a browser would open the fold in which that section is.
    """
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return None
    there = table.address(read(parts.path)[1])
    return there and parts._replace(path=there, fragment="" if table.is_discreet else parts.fragment).geturl()


def chosen(address: str) -> tuple[str, str] | None:
    """Return the language that this path chooses, and the address to which it redirects; None for any other path.

    `/fr/tchat/` chooses the source language, whose pages have no prefix. `/n/en/482137/` chooses a language in discreet
    mode, whose addresses contain none. Both set a cookie and redirect.
    """
    first, _slash, rest = address[1:].partition("/")
    before = ""
    if first == DISCREET_PREFIX:
        before = f"/{first}"
        first, _slash, rest = rest.partition("/")
        if first not in languages.codes():
            return None
    elif first != languages.source():
        return None
    there = f"{before}/{rest}"
    return (first, there) if ORDINARY.address(read(there)[1]) else None


def choosing(address: str, language: str) -> str:
    """Return the address under which the page with this address is read in this language, for the links of the frame.

    For an address that is no visitor's page it is the home page in that language. The result is cached for pages
    without a parameter, because every page contains such links, and each took 0.02 to 0.03 ms to find.
    """
    return _choosing_known(address, language) if address in _known() else _choosing(address, language)


@cache
def _known() -> frozenset[str]:
    """Return every address, in every table, of the pages without a parameter: a few hundred, none typed by a person."""
    names = [name for namespace in VISITORS for name in pages_without_parameter(namespace)]
    return frozenset(table.reverse(name) for name in names for table in tables())


@cache
def _choosing_known(address: str, language: str) -> str:
    return _choosing(address, language)


def _choosing(address: str, language: str) -> str:
    table = table_at(address)
    page = read(address)[1]
    if ORDINARY.address(page) is None:
        page = "/"
    if table.is_discreet:
        return f"/{DISCREET_PREFIX}/{language}{(DISCREET.address(page) or '/').removeprefix(f'/{DISCREET_PREFIX}')}"
    if language == languages.source():
        return f"/{language}{page}"
    return in_language(language).address(page) or "/"


@cache
def address_in_language(name: str, language: str) -> str:
    """Return the address in this language of the page of this name, which has no parameter."""
    return in_language(language).reverse(name)


@cache
def every_address(name: str) -> frozenset[str]:
    """Return each path of the page of this name, which has no parameter: one for each table."""
    return frozenset(table.reverse(name) for table in tables())


def load() -> None:
    """Make all tables now, so that the first page of each does not have to wait."""
    for table in tables():
        table.reverse("pages:home")
    _known()


# --- the table of a request -------------------------------------------------------------------------------------------


@contextmanager
def drawn_in(table: Table) -> Iterator[None]:
    """Make `reverse` and `{% url %}` use this table within the block."""
    before = get_urlconf()
    set_urlconf(None if table.is_ordinary else table.urlconf)  # None means settings.ROOT_URLCONF
    try:
        yield
    finally:
        set_urlconf(before)


def current() -> Table:
    """Return the table that `reverse` uses now."""
    urlconf = get_urlconf()
    return urlconf if isinstance(urlconf, Table) else ORDINARY


def enter(request: HttpRequest) -> Table:
    """Replace `path_info` of a request by the ordinary path of its page, and return the table of its address."""
    table, page = read(request.path_info)
    request.path_info = page
    request.is_discreet_address = table.is_discreet  # type: ignore[attr-defined]  # for `triage.session.is_discreet`
    return table


def is_home(page: str) -> bool:
    """Return whether an ordinary path is that of the home page."""
    return page == "/"


def site_origin(request: HttpRequest) -> str:
    """Return the scheme and host under which others know this site."""
    return settings.SITE_URL.rstrip("/") or f"{request.scheme}://{request.get_host()}"
