"""Each page under its addresses: one for each language, and one that says nothing about the page (docs/adr/0068)."""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import resolve, reverse

import reports.session
from common import qr_code
from pnav import addresses
from pnav.addresses import DISCREET, ORDINARY, URLS, address_in_table, choosing, chosen, in_language, numbered, read
from pnav.middleware.require_https import PROGRAMS
from pnav.pages import card, sitemap
from pnav.server import busy, slow_requests
from tests.support import begun
from tests.support.reading import spaced
from tests.triage.paths import all_assessed
from triage.questionnaire.outcomes import Outcome
from triage.questionnaire.results import BUILT_IN
from triage.views import RESULT_SLUGS

OTHER = begun.whole()[0]
FILE = "0b6d4a1c-5f1e-4a6e-9a53-1f1d1a7c2e10"
PARAMETERS: dict[str, list[dict[str, str]]] = {
    "triage:question": [{"slug": slug} for slug in sorted(BUILT_IN.by_slug)],
    "triage:result": [{"slug": slug} for slug in sorted(RESULT_SLUGS)],
    "chat:capture_drawing": [{"capture_id": FILE, "page": "1"}],
}


def pages() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every visitor's page, with each slug that it may have."""
    for name, route, _page in addresses._visitor_pages():
        if addresses._has_many_addresses(route):
            for parameters in PARAMETERS.get(name, [{}]):
                yield name, parameters


PAGES = list(pages())


@pytest.mark.parametrize("table", addresses.tables(), ids=str)
def test_every_page_has_one_address_in_each_table_and_is_read_back(table):
    found = {}
    for name, parameters in PAGES:
        page = reverse(name, kwargs=parameters, urlconf=URLS)
        address = table.address(page)
        assert address is not None, name
        assert address.startswith(f"/{table.prefix}/" if table.prefix else "/")
        assert found.setdefault(address, page) == page, "two pages under one address"
        assert read(address) == (table, page)
        assert address_in_table(f"{address}?a=1", ORDINARY) == f"{page}?a=1"
        assert address_in_table(f"{page}#mot", table) == f"{address}{'' if table.is_discreet else '#mot'}"
    assert len(found) >= len(set(found.values())) > 40


def test_addresses_of_discreet_mode_say_nothing():
    """The neutral address has no letter except its prefix: a number for a page, a number for a slug. A file has its
    random id.
    """
    for name, parameters in PAGES:
        address = DISCREET.reverse(name, **parameters)
        address = address.replace(f"{FILE}/1/", "")
        assert re.fullmatch(r"/n/(\d{6}/){0,2}|/n/\d{6}/precision-\d+/", address), (name, address)
    assert DISCREET.reverse("triage:question", slug="precision-12").endswith("/precision-12/"), "neutral as it is"


def test_numbers_are_this_sites_own(settings):
    before = numbered(["a", "b"], "page")
    assert before == numbered(["b", "a"], "page") != numbered(["a", "b"], "slug")
    settings.SECRET_KEY = "another-key-of-another-site-0123456789-abcdef"
    assert numbered(["a", "b"], "page") != before


def test_two_names_with_one_number_get_two(monkeypatch):
    monkeypatch.setattr(addresses, "NUMBERS", 3)
    assert sorted(numbered(["a", "b", "c"], "page").values()) == [0, 1, 2]


@pytest.mark.parametrize("table", addresses.tables()[1:], ids=str)
def test_pages_of_the_staff_and_files_have_one_address(table):
    for name in ("console:home", "admin:index", "account_login", "health_live", "metrics", "pages:robots"):
        assert table.reverse(name) == reverse(name, urlconf=URLS)
        assert read(f"/{table.prefix}{reverse(name)}") == (table, f"/{table.prefix}{reverse(name)}")


@pytest.mark.parametrize(
    "address", ["/n/000000/", "/n/tchat/", "/n/x", "/n//", "//n/", "/nn/", "/n/console/", f"/{OTHER}/robots.txt"]
)
def test_what_is_no_page_keeps_its_path(address):
    assert read(address)[1] == address
    assert address_in_table(address, ORDINARY) is None


@pytest.mark.parametrize("address", ["https://evil.example/tchat/", "//evil.example/tchat/", "tchat/", "", "/nothing/"])
def test_nothing_leads_to_another_site(address):
    for table in addresses.tables():
        assert address_in_table(address, table) is None
    if not address.startswith("tchat") and address:
        assert chosen(f"/{site.LANGUAGE_CODE}/{address}") is None


def test_link_of_a_page_without_a_parameter_is_what_is_found_anew():
    known = {address for address in addresses._known() if address}
    assert {ORDINARY.reverse("pages:home"), DISCREET.reverse("chat:conversation")} <= known
    for address in known:
        for code in (site.LANGUAGE_CODE, OTHER):
            assert choosing(address, code) == addresses._choosing(address, code)


def test_language_is_chosen_by_a_link():
    chat = reverse("chat:conversation")
    assert choosing(chat, OTHER) == f"/{OTHER}{chat}"
    assert choosing(f"/{OTHER}{chat}", site.LANGUAGE_CODE) == f"/{site.LANGUAGE_CODE}{chat}"
    assert chosen(f"/{site.LANGUAGE_CODE}{chat}") == (site.LANGUAGE_CODE, chat)
    there = DISCREET.address(chat)
    link = choosing(there, OTHER)
    assert chosen(link) == (OTHER, there) and re.fullmatch(rf"/n/{OTHER}/\d{{6}}/", link)
    assert choosing("/console/", OTHER) == f"/{OTHER}/"
    assert choosing("/n/", OTHER) == f"/n/{OTHER}/" and chosen(f"/n/{OTHER}/") == (OTHER, "/n/")


# --- what counts pages counts them under every address ----------------------------------------------------------------


@pytest.mark.parametrize("table", addresses.tables(), ids=str)
def test_forms_that_hash_slowly_and_forms_that_are_given_back_are_known_under_every_address(table):
    for name in slow_requests.VISITORS:
        path = table.reverse(name)
        assert slow_requests.is_slow({"method": "POST", "path": path})
        assert not slow_requests.is_slow({"method": "GET", "path": path})
    assert not slow_requests.is_slow({"method": "POST", "path": table.reverse("chat:message")})
    for name in ("chat:message", "reports:create", "triage:start", "locations:search"):
        assert busy._is_given_back(table, table.reverse(name))
    assert table.is_discreet or not busy._is_given_back(table, "/compte/login/")


def test_words_of_programs_are_paths_of_the_table():
    for path in PROGRAMS:
        resolve(path, urlconf=URLS)


def asked(path: str, cookie: str = "") -> tuple[dict[str, str], str]:
    headers = [(b"cookie", cookie.encode())] if cookie else []
    answered, content = busy.answer({"method": "GET", "path": path, "query_string": b"", "headers": headers})
    return {name.decode(): value.decode() for name, value in answered}, content.decode()


def test_busy_page_is_in_the_language_and_mode_of_the_address():
    assert asked(f"/{OTHER}/tchat/")[0]["Content-Language"] == OTHER
    _headers, page = asked("/n/")
    assert "<title>Informations</title>" in page
    assert "<title>Informations</title>" not in asked("/")[1]
    headers, _page = asked(DISCREET.reverse("chat:news"))
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


# --- as a browser meets them ------------------------------------------------------------------------------------------


def links(html: str) -> set[str]:
    """Return where the links and forms of the page lead on this site."""
    found = re.findall(r'\s(?:href|action|formaction|data-action|data-page|data-frames)="([^"]*)"', html)
    return {unescape(one) for one in found if one.startswith("/") and not one.startswith("/static/")}


def be_discreet(client: Client) -> None:
    session = client.session
    session[reports.session.DISCREET] = True
    session.save()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["pages:home", "triage:start", "locations:search", "chat:resume", "pages:feedback"])
@pytest.mark.parametrize("table", addresses.tables()[1:], ids=str)
def test_a_page_leads_to_pages_of_its_own_table(client, name, table):
    response = client.get(table.reverse(name))
    assert response.status_code == 200
    leading = links(response.text)
    assert len(leading) > 8
    choices = {one for one in leading if chosen(one)}
    choices |= {choosing(table.reverse(name), code) for code in begun.offered()}  # the same page in another language
    assert all(one.startswith(f"/{table.prefix}/") for one in leading - choices), leading
    assert reverse(name, urlconf=URLS) == response.wsgi_request.path_info
    if table.language:
        assert response.headers["Content-Language"] == table.language


@pytest.mark.django_db
def test_after_a_page_of_one_table_the_next_is_of_its_own(client):
    client.get("/n/")
    assert reverse("chat:conversation") == "/tchat/"
    assert "/n/" not in client.get(reverse("pages:legal")).text


@pytest.mark.django_db
@pytest.mark.parametrize("table", addresses.tables()[1:], ids=str)
def test_slash_that_is_missing_is_added(client, table):
    response = client.get(table.reverse("chat:resume").rstrip("/"), query_params={"a": "1"})
    assert (response.status_code, response.headers["Location"]) == (301, f"{table.reverse('chat:resume')}?a=1")
    assert client.get(f"/{table.prefix}/nothing").status_code == 404


@pytest.mark.django_db
def test_page_that_is_not_there_says_nothing_in_discreet_mode(client):
    response = client.get("/n/tchat/")
    assert response.status_code == 404
    assert "<title>Informations</title>" in response.text and 'action="/n/' in response.text


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/nothing/", "/en/nothing/", "/tchat/nothing/", "/n/nothing/"])
def test_page_that_is_not_there_leads_a_discreet_visit_to_discreet_addresses(client, path):
    be_discreet(client)
    response = client.get(path)
    assert response.status_code == 404
    leading = links(response.text)
    assert len(leading) > 8 and all(one.startswith("/n/") for one in leading), leading
    assert re.search("<title>Informations?</title>", response.text)
    assert reverse("chat:conversation") == "/tchat/", "the next page is of its own table again"


@pytest.mark.django_db
def test_form_that_is_refused_leads_a_discreet_visit_to_discreet_addresses():
    strict = Client(enforce_csrf_checks=True)
    be_discreet(strict)
    response = strict.post(DISCREET.reverse("triage:restart"))
    assert response.status_code == 403 and all(one.startswith("/n/") for one in links(response.text))
    elsewhere = strict.post(reverse("triage:restart"))
    assert elsewhere.status_code == 403 and all(one.startswith("/n/") for one in links(elsewhere.text))


@pytest.mark.django_db
def test_discreet_visit_is_led_to_addresses_that_say_nothing(client):
    be_discreet(client)
    for name in ("pages:home", "chat:resume", "locations:search"):
        for table in addresses.tables()[:-1]:
            response = client.get(table.reverse(name))
            # A browser keeps the fragment that was asked for, « #loi-couple » for one, unless the redirect has its own.
            assert (response.status_code, response.headers["Location"]) == (302, f"{DISCREET.reverse(name)}#")
    assert client.get(reverse("pages:robots")).status_code == 200
    assert client.get("/health/live").status_code == 200
    assert client.get("/console/").headers["Location"].startswith("/compte/login/")


@pytest.mark.django_db
def test_form_of_an_ordinary_page_leads_a_discreet_visit_on_without_a_word(client):
    """The page was open before. What it sends is accepted, and leads to no ordinary address."""
    be_discreet(client)
    response = client.post(in_language(OTHER).reverse("triage:restart"))
    assert (response.status_code, response.headers["Location"]) == (302, DISCREET.reverse("triage:start"))
    assert client.cookies[site.LANGUAGE_COOKIE_NAME].value == OTHER, "the address does not say the language any more"
    assert client.get(response.headers["Location"]).headers["Content-Language"] == OTHER


@pytest.mark.django_db
def test_every_page_of_discreet_mode_is_neutral(client):
    """The title, the icons, the menu and the head of the page are neutral, whoever asks, with a visit or without."""
    for name in sitemap.names():
        response = client.get(DISCREET.reverse(name))
        assert response.status_code == 200, name
        html = unescape(response.text)
        head = html.partition("</head>")[0]
        assert "<title>Informations</title>" in head
        assert 'name="description"' not in head and "og:" not in head and "canonical" not in head
        assert "favicon-discreet" in head and "touch-icon-discreet" in head and "pnav/favicon." not in head
        menu = html.partition('class="pnav-nav"')[2].partition("</ul>")[0]
        for word in ("Tchat", "accueil de", "Orientation", "Point d"):
            assert word not in menu
        assert f'action="{DISCREET.reverse("pages:quit")}"' in html


@pytest.mark.django_db
def test_heading_of_a_result_says_nothing_in_discreet_mode(client):
    scam = next(path for path, told in all_assessed() if told.outcome == Outcome.SEVENTEEN_CYBER_THESEE)
    session = client.session
    session["triage"] = {"version": BUILT_IN.version, "answers": {**scam, "danger": "screen"}}
    session.save()
    page = client.get(reverse("triage:current_result"), follow=True)
    html = unescape(page.text)
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", html) == ["Voici la suite"]
    title = str(page.context["assessment"].title)
    assert spaced(title) in spaced(html.partition("</h1>")[2]) and title not in html.partition("</h1>")[0]


@pytest.mark.django_db
def test_quick_exit_works_in_every_table(client, settings):
    for table in addresses.tables():
        be_discreet(client)
        response = client.post(table.reverse("pages:quit"))
        assert (response.status_code, response.headers["Location"]) == (303, settings.QUICK_EXIT_URL)
        assert not client.cookies[site.SESSION_COOKIE_NAME].value
        assert client.get("/accessibilite/").status_code == 200, "the visit is gone, with its mode"


@pytest.mark.django_db
@pytest.mark.parametrize("table", addresses.tables()[1:], ids=str)
def test_whoever_is_not_let_in_is_not_let_in_under_another_address(client, table):
    """Without a visit, the answer and the address to which it leads are the same."""
    for name, parameters in PAGES:
        if name in {"pages:quit", "pages:home"}:
            continue
        for ask in (client.get, client.post):
            plain = ask(ORDINARY.reverse(name, **parameters))
            client.cookies.clear()
            other = ask(table.reverse(name, **parameters))
            client.cookies.clear()
            assert other.status_code == plain.status_code, name
            assert other.wsgi_request.path_info == plain.wsgi_request.path_info
            where = plain.headers.get("Location")
            there = other.headers.get("Location")
            assert there == (where and address_in_table(where, table)), name
            assert other.wsgi_request.resolver_match.view_name == name, "what is counted and logged"


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_display_settings_lead_to_the_address_in_the_chosen_language(client):
    form = {"theme": "system", "language": OTHER, "next": "/accessibilite/"}
    response = client.post(reverse("pages:display_settings"), form)
    assert response.headers["Location"] == f"/{OTHER}/accessibilite/"
    form_back = form | {"language": site.LANGUAGE_CODE, "next": f"/{OTHER}/avis/"}
    back = client.post(f"/{OTHER}/parametres-affichage/", form_back)
    assert back.headers["Location"] == "/avis/"
    assert client.cookies[site.LANGUAGE_COOKIE_NAME].value == site.LANGUAGE_CODE
    discreet = client.post("/parametres-affichage/", form | {"next": DISCREET.reverse("pages:feedback")})
    assert discreet.headers["Location"] == DISCREET.reverse("pages:feedback")
    assert client.post("/parametres-affichage/", form | {"next": "//evil.example/"}).headers["Location"] == f"/{OTHER}/"


@pytest.mark.django_db
def test_who_chose_a_language_reads_pages_under_its_addresses(client):
    client.cookies[site.LANGUAGE_COOKIE_NAME] = OTHER
    response = client.get("/avis/", query_params={"a": "1"})
    assert (response.status_code, response.headers["Location"]) == (302, f"/{OTHER}/avis/?a=1")
    assert client.post("/avis/").headers["Content-Language"] == OTHER, "a form that was open before"
    client.cookies[site.LANGUAGE_COOKIE_NAME] = site.LANGUAGE_CODE
    assert client.get(f"/{OTHER}/avis/").headers["Content-Language"] == OTHER, "an address says its language"


@pytest.mark.django_db
def test_link_to_the_source_language_is_remembered(client):
    client.cookies[site.LANGUAGE_COOKIE_NAME] = OTHER
    response = client.get(choosing(f"/{OTHER}/avis/", site.LANGUAGE_CODE))
    assert response.headers["Location"] == "/avis/"
    assert client.get("/avis/").headers["Content-Language"] == site.LANGUAGE_CODE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "cookies", "path", "expected"),
    [
        ({"Accept-Language": f"{OTHER}-US,{OTHER};q=0.9"}, {}, "/", f"/{OTHER}/"),
        ({"Accept-Language": f"xx,{OTHER};q=0.5"}, {}, "/", f"/{OTHER}/"),
        ({"Accept-Language": f"{site.LANGUAGE_CODE}-BE,{OTHER};q=0.5"}, {}, "/", None),
        ({"Accept-Language": "xx"}, {}, "/", None),
        ({}, {}, "/", None),
        ({"Accept-Language": OTHER}, {}, "/avis/", None),
        ({"Accept-Language": OTHER, "Sec-Fetch-Site": "same-origin"}, {}, "/", None),
        ({"Accept-Language": OTHER}, {site.LANGUAGE_COOKIE_NAME: site.LANGUAGE_CODE}, "/", None),
        ({"Accept-Language": OTHER}, {site.SESSION_COOKIE_NAME: "x" * 32}, "/", None),
    ],
)
def test_first_visit_to_the_home_page_follows_the_browser(client, headers, cookies, path, expected):
    client.cookies.load(cookies)
    response = client.get(path, headers=headers)
    assert response.headers.get("Location") == expected
    if path == "/":
        assert "Accept-Language" in response.headers["Vary"]
    assert site.LANGUAGE_COOKIE_NAME not in response.cookies


@pytest.mark.django_db
def test_language_that_is_not_offered_is_not_led_to(client, monkeypatch):
    monkeypatch.setattr("pnav.pages.completeness.offered_languages", lambda: [site.LANGUAGE_CODE])
    assert client.get("/", headers={"Accept-Language": OTHER}).status_code == 200


# --- found and shared -------------------------------------------------------------------------------------------------


def head(html: str) -> dict[str, list[str]]:
    """Return what the head says: links by their relation (and language), other elements by their name."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<(?:link|meta) [^>]*>", html.partition("</head>")[0]):
        said = dict(re.findall(r'(\w[\w-]*)="([^"]*)"', tag))
        name = said.get("rel") or said.get("name") or said.get("property") or ""
        name += f" {said['hreflang']}" if "hreflang" in said else ""
        found.setdefault(name, []).append(unescape(said.get("href") or said.get("content") or ""))
    return found


@pytest.mark.django_db
def test_pages_that_search_engines_show_say_what_they_are(client, settings):
    settings.SITE_URL = "https://pnav.example"
    for table in map(in_language, begun.offered()):
        descriptions = set()
        for name in sitemap.names():
            client.cookies.clear()
            response = client.get(table.reverse(name), query_params={"next": "/x/"})
            assert response.status_code == 200, name
            said = head(response.text)
            assert "robots" not in said, name
            assert said["canonical"] == said["og:url"] == [f"https://pnav.example{table.reverse(name)}"]
            for code in begun.offered():
                assert said[f"alternate {code}"] == [f"https://pnav.example{in_language(code).reverse(name)}"]
            assert said["alternate x-default"] == said[f"alternate {site.LANGUAGE_CODE}"]
            (description,) = said["description"]
            assert said["og:description"] == [description] and 40 <= len(description) <= 170, (name, len(description))
            assert description not in descriptions, name
            descriptions.add(description)
            picture = said["og:image"][0].removeprefix("https://pnav.example")
            assert picture.startswith("/static/pnav/share.") and finders.find("pnav/share.png")
    client.get("/")
    assert client.cookies and "og:image" in head(client.get("/").text), "a program that keeps cookies shows links too"
    again = head(client.get("/", headers={"Sec-Fetch-Mode": "navigate"}).text)
    assert "canonical" in again and not [one for one in again if one.startswith("og:")], "a browser that was here"


@pytest.mark.django_db
def test_pages_in_a_language_that_is_offered_to_nobody_are_not_found(client, settings):
    """Somebody who translates the language, or chose it while it was complete, reads these pages. A search engine is
    not told of them.
    """
    settings.LANGUAGES = [*settings.LANGUAGES, ("eo", "Esperanto")]
    for name in sitemap.names():
        response = client.get(in_language("eo").reverse(name))
        assert (response.status_code, response.headers["X-Robots-Tag"]) == (200, "noindex"), name
        said = head(response.text)
        assert not [one for one in said if one == "canonical" or one.startswith(("alternate", "og:"))], name
    assert "X-Robots-Tag" not in client.get(in_language(OTHER).reverse("pages:home")).headers
    assert "/eo/" not in client.get("/sitemap.xml").text + client.get("/").text


@pytest.mark.django_db
def test_pages_outside_the_sitemap_are_not_indexed(client):
    listed = set(sitemap.names())
    for name, parameters in PAGES:
        response = client.get(ORDINARY.reverse(name, **parameters))
        if response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"):
            assert ("noindex" in response.headers.get("X-Robots-Tag", "")) is (name not in listed), name
    assert client.get("/n/").headers["X-Robots-Tag"] == "noindex"


@pytest.mark.django_db
def test_sitemap_lists_each_page_in_each_language(client):
    response = client.get("/sitemap.xml")
    assert response.headers["Content-Type"] == "application/xml"
    listed = re.findall(r"<loc>http://testserver([^<]*)</loc>", response.text)
    codes = begun.offered()
    assert sorted(listed) == sorted(in_language(code).reverse(name) for name in sitemap.names() for code in codes)
    assert response.text.count('hreflang="x-default"') == len(listed)
    robots = client.get("/robots.txt").text
    assert "Sitemap: http://testserver/sitemap.xml" in robots and "Disallow: /n/" in robots
    assert not any(one.startswith("/n/") for one in listed)


@pytest.mark.django_db
@pytest.mark.parametrize("code", [code for code, _name in site.LANGUAGES])
def test_card_leads_to_the_home_page_in_words_and_as_a_code(client, settings, code):
    settings.SITE_URL = "https://pnav.example"
    response = client.get(in_language(code).reverse("pages:card"))
    address = f"https://pnav.example{in_language(code).reverse('pages:home')}"
    assert f'href="{address}"' in response.text
    assert qr_code.svg(address) in response.text
    assert urlsplit(address).netloc in response.text


@pytest.mark.django_db
def test_card_draws_no_code_of_a_host_that_no_site_has(client, settings, monkeypatch):
    settings.SITE_URL, settings.ALLOWED_HOSTS = "", ["*"]
    drawn = []
    monkeypatch.setattr(card, "card_page", drawn.append)
    assert client.get("/carte/", headers={"host": "pnav.example:" + "0" * 2000}).status_code == 400
    assert not drawn
