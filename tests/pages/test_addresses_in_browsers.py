"""Every page for visitors is tested in a browser: axe, 320 px, both themes."""

from django.urls import NoReverseMatch, reverse

from tests.access.table import IN, ROUTES, anybody, own_visit
from tests.browser.test_accessibility import ADDRESSES

# Pages of visitors that other tests look at, or that are no pages, with the reason.
ELSEWHERE = {
    "pages:robots": "a text for robots",
    "pages:favicon": "a picture",
    "pages:touch_icon": "a picture",
    "pages:touch_icon_precomposed": "a picture",
    "pages:sitemap": "a list for search engines",
    "pages:figures_csv": "a file of open data",
    "pages:figures_schema": "the description of its columns, for programs",
    "security_txt": "a text for who found a weakness",
    "health_live": "for the operator's probes",
    "health_ready": "for the operator's probes",
    "metrics": "for the operator's probes",
    "account_session": "an answer for a script",
    "account_logout": "of who has signed in: tests/browser/test_accounts.py",
    "triage:open_door": "leads on; the page it is left on is a question: tests/browser/test_orientation.py",
    "triage:restart": "leads on",
    "triage:current_result": "leads on to a result: tests/browser/test_orientation.py",
    "locations:suggestions": "a part of a page, for a script",
    "locations:results": "needs a search: tests/browser/test_places.py",
    "locations:choose": "leads on",
    "locations:chosen": "needs a choice: tests/browser/test_places.py",
    "locations:remove": "needs a choice: tests/browser/test_places.py",
    "locations:remove_interlocutor": "needs a choice: tests/browser/test_places.py",
    "reports:effort": "only during a raid: tests/browser/test_journey.py",
    "chat:copy_checker": "a file, looked at as one: tests/browser/test_own_copy.py",
    "chat:copy_schema": "the description of a file, for programs",
    "chat:exchange_schema": "the description of a file, for programs",
    "chat:news": "a frame of the exchange: tests/browser/test_chat.py",
}


def visitor_pages() -> dict[str, str]:
    """Return the addresses that anybody may read and that take no value, by their names."""
    found = {}
    for name, route in ROUTES.items():
        if route.who is anybody and "GET" in route.methods:
            try:
                found[name] = reverse(name)
            except NoReverseMatch:
                continue
    return found


def test_every_page_for_visitors_is_looked_at():
    missing = {name: address for name, address in visitor_pages().items() if address not in ADDRESSES}
    assert {name: address for name, address in missing.items() if name not in ELSEWHERE} == {}, (
        "Add it to ADDRESSES of tests/browser/test_accessibility.py."
    )


def test_exceptions_are_needed():
    assert [name for name in ELSEWHERE if name not in ROUTES or visitor_pages().get(name) in ADDRESSES] == []


def test_pages_are_found():
    assert visitor_pages()["pages:home"] == "/" and own_visit(IN)("nobody") == IN
