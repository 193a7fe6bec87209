"""How many bytes the home page and the exchange take on the network of a telephone, headers included."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveSite, PageFactory
from tests.browser.exchange import assigned

pytestmark = pytest.mark.new_tabs

FIRST_VISIT = 80_000
# Some 1.5 kB of it are headers, and 0.3 kB the digests of what the page loads (docs/adr/0096, 0106).
SECOND_VISIT = 8_000
EXCHANGE = 200_000


def transferred(page: Page, address: str) -> dict[str, int]:
    """Return the bytes received for a page and all it asks for, by address; nothing for what the cache gave."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    addresses: dict[str, str] = {}
    received: dict[str, int] = {}
    session.on("Network.requestWillBeSent", lambda e: addresses.update({e["requestId"]: e["request"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda e: received.update({addresses[e["requestId"]]: int(e["encodedDataLength"])}),
    )
    page.goto(address, wait_until="networkidle")
    session.detach()
    return received


def test_home_weight_first_and_second_visit(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory(width=390)
    first = transferred(page, live_site.url + "/")
    fonts = [address.rpartition("/")[2] for address in first if address.endswith(".woff2")]
    assert len(fonts) == 2 and not any("-rest." in name for name in fonts), "two weights, of what our texts need"
    assert sum(first.values()) < FIRST_VISIT, first
    page.goto("about:blank")
    second = transferred(page, live_site.url + "/")
    assert sum(second.values()) < SECOND_VISIT, second
    print(f"\nhome: {sum(first.values())} B, then {sum(second.values())} B")


def test_static_files_are_compressed_and_kept(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory()
    with page.expect_response(lambda response: "dsfr." in response.url) as styles:
        page.goto(live_site.url + "/")
    headers = styles.value.all_headers()
    assert headers["content-encoding"] in {"br", "gzip"}
    assert "immutable" in headers["cache-control"]


def test_exchange_asks_for_all_its_scripts_at_once(live_site: LiveSite, enter):
    """However deep its modules import each other, they cost one round trip: the page names them all (ADR 0059)."""
    _agent, conversation = assigned(live_site)
    began: dict[str, dict[str, Any]] = {}
    received: dict[str, int] = {}

    def listen(page: Page) -> None:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", lambda event: began.update({event["requestId"]: event}))
        session.on("Network.loadingFinished", lambda e: received.update({e["requestId"]: int(e["encodedDataLength"])}))

    page = enter(conversation, before=listen, width=390)
    expect(page.locator("#line")).to_have_text("Connecté")
    scripts = [event for event in began.values() if event["request"]["url"].endswith(".js")]
    names = [event["request"]["url"].rpartition("/")[2].partition(".")[0] for event in scripts]
    assert {"page", "line", "thread"} <= set(names) and len(names) == len(set(names))
    late = [name for name, event in zip(names, scripts, strict=True) if event["initiator"]["type"] != "parser"]
    assert late == [], "found only by reading the module before"
    assert sum(received.values()) < EXCHANGE, received
    print(f"\nexchange: {sum(received.values())} B in {len(received)} requests, {len(scripts)} scripts")
