"""What the home page costs a phone, in bytes on the wire, headers included."""

from playwright.sync_api import Page

from tests.browser.conftest import LiveSite, PageFactory

FIRST_VISIT = 200_000
SECOND_VISIT = 25_000


def transferred(page: Page, address: str) -> dict[str, int]:
    """Bytes received for a page and all it asks for, by address; nothing for what the cache gave."""
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
    assert any(address.endswith(".woff2") for address in first), "the fonts are counted"
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
