"""Signing in, adding a factor, and the admin, in a real browser with the real content policy."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from playwright.sync_api import Browser, Page, expect

from chat.models import Agent, Conversation
from pnav.accounts.models import Role, User
from reports.audit import log as audit_log
from reports.models import AccessKind, Motive
from tests.accounts.cast import IN_A_BROWSER, PASSWORD, make_user, totp_code
from tests.browser import staff
from tests.browser.conftest import Axe, LiveSite, PageFactory, goes_on
from tests.browser.exchange import in_site
from tests.browser.forgetting import forget
from tests.browser.layout import boxes
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories.chat import unit

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def account(live_site: LiveSite) -> Iterator[Callable[..., str]]:
    """Give `account(role, totp=…)`, which makes an account, with a unit for an agent, and returns its name."""
    names: list[str] = []

    def make_account(role: Role = Role.AGENT, *, totp: bool = False, temporary: bool = False) -> str:
        name = f"{role.value}-{len(names)}-{id(names)}"
        names.append(name)
        with live_site.database():
            user = make_user(name, role, totp=totp, temporary=temporary)
            if user.is_agent:
                Agent.objects.create(user=user, unit=unit(), public_name="Camille")
        return name

    yield make_account
    with live_site.database():
        User.objects.filter(username__in=names).delete()


def sign_in(page: Page, base: str, name: str, *, code: bool = True, path: str = "/compte/login/") -> None:
    page.goto(base + path)
    page.fill("[name=login]", name)
    page.fill("[name=password]", PASSWORD)
    submit(page)
    if code:
        page.fill("[name=code]", totp_code(seconds=IN_A_BROWSER))
        submit(page)


def submit(page: Page) -> None:
    """Press the button and wait for the page that follows."""
    with goes_on(page):
        page.click("main form:not(#passkey-form) button[type=submit]")


def sign_out(page: Page, base: str) -> None:
    page.goto(base + "/compte/logout/")
    submit(page)


def secret_on(page: Page) -> str:
    return page.inner_text(".pnav-secret").replace(" ", "")


def test_account_pages_are_accessible(live_site, page_factory: PageFactory, axe_in_both_themes, account):
    page = page_factory(width=320)
    name = account()
    page.goto(live_site.url + "/compte/login/")
    axe_in_both_themes(page)
    page.fill("[name=login]", name)
    page.fill("[name=password]", "faux")
    page.click("main form:not(#passkey-form) button[type=submit]")
    expect(page).to_have_title("Erreur : Connexion des agents – Pnav")
    expect(page.locator(".fr-alert--error")).to_be_focused()
    assert page.input_value("[name=login]") == name
    axe_in_both_themes(page)
    page.fill("[name=password]", PASSWORD)
    submit(page)
    page.goto(live_site.url + "/console/")
    expect(page.locator("h1")).to_have_text("Mon compte")
    axe_in_both_themes(page)
    page.goto(live_site.url + "/compte/2fa/webauthn/add/")
    axe_in_both_themes(page)
    page.goto(live_site.url + "/compte/2fa/totp/activate/")
    axe_in_both_themes(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.fill("[name=code]", totp_code(secret_on(page), seconds=IN_A_BROWSER))
    submit(page)
    expect(page.locator("h1")).to_have_text("Codes de secours")
    expect(page.locator(".pnav-codes li")).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    axe_in_both_themes(page)
    for path in ("2fa/", "2fa/webauthn/", "password/change/", "logout/", "2fa/recovery-codes/generate/"):
        page.goto(live_site.url + "/compte/" + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        axe_in_both_themes(page)
    sign_out(page, live_site.url)
    expect(page.locator("main")).to_contain_text("Vous êtes déconnecté.")
    sign_in(page, live_site.url, name, code=False)
    expect(page.locator("h1")).to_have_text("Deuxième étape")
    axe_in_both_themes(page)


def test_password_is_seen_while_it_is_typed_and_sent_hidden(
    live_site: LiveSite,
    page_factory: PageFactory,
    account: Callable[..., str],
    axe_in_both_themes: Axe,
):
    page = page_factory(width=320)
    page.goto(live_site.url + "/compte/login/")
    field = page.get_by_label("Mot de passe", exact=True)
    button = page.get_by_role("button", name="Afficher le mot de passe")
    field.fill(PASSWORD)
    assert field.get_attribute("type") == "password"
    button.press("Enter")
    assert field.get_attribute("type") == "text"
    assert field.get_attribute("autocomplete") == "current-password"
    assert field.get_attribute("spellcheck") == "false"
    expect(page.locator("[data-shows-passwords] [role=status]")).to_have_text("Le mot de passe est visible.")
    axe_in_both_themes(page)
    page.get_by_role("button", name="Masquer le mot de passe").press("Enter")
    assert field.get_attribute("type") == "password"
    button.press("Enter")
    page.fill("[name=login]", account())
    types = "() => { window.sent = ''; document.forms['password-form'].addEventListener('submit', (event) => {"
    page.evaluate(types + "window.sent = event.target.password.type; event.preventDefault(); }); }")
    field.press("Enter")
    page.wait_for_function("window.sent === 'password'")


def test_passwords_that_are_chosen_are_seen_together(live_site: LiveSite, page_factory: PageFactory, account):
    page = page_factory()
    sign_in(page, live_site.url, account(temporary=True), code=False)
    page.goto(live_site.url + "/compte/password/change/")
    page.get_by_role("button", name="Afficher les mots de passe").click()
    fields = page.locator("main form input[name*=password]")
    kinds = {one.get_attribute("type") for one in fields.all()}
    assert kinds == {"text"} and fields.count() >= 2
    plain = page_factory(javascript=False)
    plain.goto(live_site.url + "/compte/login/")
    expect(plain.locator("[data-shows-passwords]")).to_be_hidden()


def test_enrolment_and_sign_in_without_javascript(live_site, page_factory: PageFactory, account):
    page = page_factory(javascript=False, width=320)
    name = account()
    sign_in(page, live_site.url, name, code=False)
    page.goto(live_site.url + "/console/")
    with goes_on(page):
        page.click("text=Enregistrer une application")
    page.fill("[name=code]", totp_code(secret_on(page), seconds=IN_A_BROWSER))
    submit(page)
    expect(page.locator("h1")).to_have_text("Codes de secours")
    codes, presence = boxes(page, ".pnav-codes", "#presence")
    assert codes["bottom"] <= presence["top"], "the bar of presence hides codes that are shown once"
    page.goto(live_site.url + "/console/")
    expect(page).to_have_url(live_site.url + "/console/")


def test_passkey_enrols_and_signs_in_alone(live_site, browser: Browser, account):
    """WebAuthn wants a name, not a number: the site is reached as « localhost »."""
    base = live_site.url.replace("127.0.0.1", "localhost")
    name = account()
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]

    sign_in(page, base, name, code=False)
    page.goto(base + "/console/")
    page.fill("[name=name]", "Téléphone")
    expect(page.get_by_label("Se connecter avec cette clé seule")).to_be_checked()
    page.click("#passkey-add")
    expect(page.locator("h1")).to_have_text("Codes de secours")
    credentials = devtools.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
    assert [(item["rpId"], item["isResidentCredential"]) for item in credentials] == [("localhost", True)]
    page.goto(base + "/compte/2fa/webauthn/")
    expect(page.locator("main")).to_contain_text("Téléphone")
    expect(page.locator("main")).to_contain_text("Suffit seule pour se connecter")

    # With only the key.
    sign_out(page, base)
    page.goto(base + "/console/")
    page.click("#passkey-login")
    page.wait_for_url(base + "/console/")

    # Somebody who fails on purpose with passwords does not lock the key out.
    sign_out(page, base)
    for _attempt in range(6):
        page.fill("[name=login]", name)
        page.fill("[name=password]", "faux")
        page.press("[name=password]", "Enter")
        page.wait_for_selector(".fr-alert--error")
        page.wait_for_load_state()
    expect(page.locator("main")).to_contain_text("Trop d'essais")
    page.click("#passkey-login")
    page.wait_for_url(base + "/console/")
    cache.clear()  # the tests and their site share one Valkey

    # With the key as the second step.
    sign_out(page, base)
    sign_in(page, base, name, code=False)
    page.click("#passkey-authenticate")
    page.wait_for_url(base + "/console/")

    # When a key refuses, the page says so.
    sign_out(page, base)
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    page.click("#passkey-login")
    expect(page.locator("[data-passkey-error]")).to_contain_text("Vous pouvez recommencer")
    assert problems == []
    context.close()


def test_first_day_from_the_note_to_the_first_answer(live_site, browser: Browser, account, nobody_on_duty):
    """There are six screens: sign-in, own password, passkey, recovery codes, console, conversation (docs/adr/0077)."""
    base = live_site.url.replace("127.0.0.1", "localhost")
    name = account(temporary=True)
    in_site(live_site, make.waiting)
    laptop = {"width": 1280, "height": 800}
    context = browser.new_context(locale="fr-FR", permissions=["clipboard-write"], viewport=laptop)
    page = context.new_page()
    screens: list[str] = []
    page.on("domcontentloaded", lambda there: screens.append(there.url.removeprefix(base).partition("?")[0]))
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    page.goto(base + "/compte/login/")
    expect(page.get_by_role("button", name="Se connecter", exact=True)).to_be_in_viewport(ratio=1)
    screens.clear()
    sign_in(page, base, name, code=False)
    expect(page.locator("[name=oldpassword]")).to_have_count(0)
    page.fill("[name=password1]", "encore une autre phrase")
    page.fill("[name=password2]", "encore une autre phrase")
    submit(page)
    register = page.get_by_role("button", name="Enregistrer cette clé d'accès")
    expect(register).to_be_in_viewport(ratio=1)
    below = page.get_by_role("heading", name="Application de codes").bounding_box()
    assert below["y"] - register.bounding_box()["y"] - register.bounding_box()["height"] >= 24, "one part, then another"
    with goes_on(page):
        register.click()
    page.get_by_role("button", name="Copier les codes").click()
    expect(page.locator("[data-codes-status]")).to_contain_text("Codes copiés")
    page.evaluate("window.print = () => { document.body.dataset.printed = 'oui'; }")
    page.get_by_role("button", name="Imprimer les codes").click()
    expect(page.locator("body[data-printed]")).to_have_count(1)
    page.emulate_media(media="print")
    expect(page.locator(".pnav-codes")).to_be_visible()
    expect(page.get_by_role("link", name="Entrer : Console")).to_be_hidden()
    page.emulate_media(media="screen")
    with goes_on(page):
        page.get_by_role("link", name="Entrer : Console").click()
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator("#liste .console-entry")).to_have_count(1)
    page.keyboard.press("Alt+1")
    area = page.locator(".console-thread:not([hidden]) textarea[name=body]")
    expect(area).to_be_focused()
    page.keyboard.type("Bonjour, je vous lis.")
    page.keyboard.press("Control+Enter")
    sent = page.locator(".console-thread:not([hidden]) [data-author=agent]")
    expect(sent.locator("[data-slot=state]")).to_have_text("Envoyé")
    assert screens == [
        "/compte/login/", "/compte/password/change/", "/compte/2fa/", "/compte/2fa/recovery-codes/", "/console/",
    ]  # fmt: skip

    # The key that was registered as the page suggests is enough for the next sign-in.
    sign_out(page, base)
    page.goto(base + "/console/")
    page.click("#passkey-login")
    page.wait_for_url(base + "/console/echange/*/")  # the exchange that was open
    context.close()
    with live_site.database():
        forget(Conversation)


def test_passkey_is_asked_first_and_what_is_wrong_with_it_is_said(live_site, browser: Browser, account):
    base = live_site.url.replace("127.0.0.1", "localhost")
    name = account()
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
    sign_in(page, base, name, code=False)

    # Enter in the name asks the key, as the button does. Nothing is sent when the key does not answer.
    page.goto(base + "/compte/2fa/webauthn/add/")
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    page.fill("[name=name]", "Téléphone")
    page.press("[name=name]", "Enter")
    expect(page.locator("[data-passkey-error]")).to_contain_text("Vous pouvez recommencer")
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    with goes_on(page):
        page.press("[name=name]", "Enter")
    expect(page.locator("h1")).to_have_text("Codes de secours")

    # When another page has replaced the challenge, the page that asks for a new proof says so, and one can go on.
    page.goto(base + "/compte/2fa/webauthn/reauthenticate/?next=/compte/2fa/webauthn/")
    other = context.new_page()
    other.goto(page.url)
    page.click("#passkey-reauthenticate")
    expect(page.locator(".fr-alert--error")).to_contain_text("Cette clé d'accès n'est pas reconnue")
    page.click("#passkey-reauthenticate")
    page.wait_for_url(base + "/compte/2fa/webauthn/")

    # In the second step the key comes before the code. When another page has replaced the challenge, this is said there
    # too.
    sign_out(page, base)
    sign_in(page, base, name, code=False)
    expect(page.locator("main h2").first).to_have_text("Avec une clé d'accès")
    expect(page.locator("[data-without-passkeys]")).to_be_hidden()
    expect(page.locator("#passkey-authenticate")).to_be_in_viewport(ratio=1)
    page.keyboard.type("123456")  # somebody who has the code ready types it at once
    expect(page.locator("[name=code]")).to_have_value("123456")
    other.goto(base + "/compte/2fa/authenticate/")
    page.click("#passkey-authenticate")
    expect(page.locator(".fr-alert--error")).to_contain_text("Cette clé d'accès n'est pas reconnue")
    page.click("#passkey-authenticate")
    page.wait_for_url(base + "/console/")

    # A key that the account no longer has is not called a wrong code.
    sign_out(page, base)
    with live_site.database():
        User.objects.get(username=name).authenticator_set.all().delete()
    page.click("#passkey-login")
    expect(page.locator("main")).to_contain_text("Cette clé d'accès n'est pas reconnue")
    context.close()


def test_without_passkeys_the_pages_say_so(live_site, page_factory: PageFactory, account):
    """A browser that has none says so; an account that has only a code is not asked for a key."""
    page = page_factory(width=320)
    page.add_init_script("delete window.PublicKeyCredential")
    name = account(totp=True)
    page.goto(live_site.url + "/compte/login/")
    expect(page.locator("[data-without-passkeys]")).to_be_visible()
    expect(page.locator("#passkey-login")).to_be_hidden()
    sign_in(page, live_site.url, name, code=False)
    expect(page.locator("h1")).to_have_text("Deuxième étape")
    expect(page.locator("#passkey-authenticate")).to_have_count(0)
    expect(page.locator("[name=code]")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


# What a list of the admin consists of: the names of its elements, their classes without those that name a column, and
# the names of their attributes.
PIECES = """() => [...new Set([...document.querySelectorAll("body *")].map((one) =>
  [one.tagName, String(one.className).replace(/(field|column|model|app)-[\\w-]+/g, ""), ...one.getAttributeNames()]
    .join(" ")))]"""


# What a form consists of as written: what it loads, and its fields by kind and by the names of their attributes.
TAGS = re.compile(r"<(?:script|link|style|input|select|textarea|button|iframe|object|form|svg|img)\b[^>]*>")
VALUES = re.compile(r'(?<!type)(?<!src)(?<!rel)(?<!href)(?<!class)="[^"]*"')


# A list that is wider than its place on a screen of 1280 pixels: its columns, and how much of them is out of sight.
IS_CUT = """() => {
  const place = document.querySelector("#changelist .results");
  return !place || place.scrollWidth <= place.clientWidth ? "" : `${place.scrollWidth} of ${place.clientWidth}`;
}"""


# Rows of a form that are wider than their place, which cuts them.
CUT_ROWS = """() => [...document.querySelectorAll(".form-row")]
  .filter((row) => row.scrollWidth > row.clientWidth).map((row) => row.className)"""


def test_account_without_scripts_has_its_unit_typed_and_no_list_that_is_empty(
    live_site: LiveSite, page_factory: PageFactory, account: Callable[..., str]
):
    name, other = account(Role.ADMINISTRATOR, totp=True), account()
    page = page_factory(javascript=False)
    staff.sign_in(page, live_site, name, "/admin/accounts/user/add/")
    expect(page.locator("select[name=agent-0-unit]")).to_be_hidden()
    expect(page.locator("input[name=agent-0-unit-number]")).to_be_visible()
    with live_site.database():
        key = Agent.objects.get(user__username=other).pk
    page.goto(f"{live_site.url}/admin/chat/agent/{key}/change/")
    expect(page.locator("select[name=unit]")).to_be_visible()  # it shows what is chosen
    plain = page_factory()
    staff.sign_in(plain, live_site, name, "/admin/accounts/user/add/")
    expect(plain.locator("[name=agent-0-unit] + .select2")).to_be_visible()


def test_each_role_is_in_sight_among_the_filters_of_the_accounts(
    live_site: LiveSite, page_factory: PageFactory, account: Callable[..., str]
):
    page = page_factory(width=1280)
    staff.sign_in(page, live_site, account(Role.ADMINISTRATOR, totp=True), "/admin/accounts/user/")
    roles = page.locator("#changelist-filter details").first.locator("ul")
    expect(roles.get_by_role("link", name="Administrateur")).to_be_visible()
    assert roles.evaluate("(one) => one.scrollHeight <= one.clientHeight"), "the last role is out of sight"


@pytest.mark.parametrize("javascript", [True, False])
def test_form_of_an_account_is_not_cut_on_a_narrow_screen(
    live_site: LiveSite, page_factory: PageFactory, account: Callable[..., str], javascript: bool
):
    page = page_factory(javascript=javascript, width=360)
    staff.sign_in(page, live_site, account(Role.ADMINISTRATOR, totp=True), "/admin/accounts/user/add/")
    expect(page.locator("[name=agent-0-public_name]")).to_be_visible()
    assert page.evaluate(CUT_ROWS) == []


@pytest.mark.new_tabs
def test_admin_keeps_to_the_content_policy(live_site, page_factory: PageFactory, axe_in_both_themes, account):
    """Index, lists, and forms of each kind are opened; the fixture fails on any refusal or script error."""
    page = page_factory()
    name = account(Role.ADMINISTRATOR, totp=True)
    other = account(totp=True)
    staff.sign_in(page, live_site, name, "/admin/")
    expect(page.locator("h1")).to_have_text("Administration")
    axe_in_both_themes(page)
    page.goto(live_site.url + "/admin/")
    links = page.eval_on_selector_all("#content .module th a", "links => links.map(link => link.pathname)")
    assert "/admin/accounts/user/" in links and "/admin/chat/unit/" in links
    seen: set[str] = set()
    forms: set[str] = set()
    with live_site.database():
        places.reception_point(
            name="Commissariat de police de Saint-Étienne-du-Rouvray",
            town="Saint-Étienne-du-Rouvray",
            telephone="02 00 00 00 00",
            opening_hours={},
        )
        with transaction.atomic():
            for kind in (AccessKind.ADMIN_CHANGE, AccessKind.APPROVAL):
                subject = "triage.QuestionnaireVersion 4711"
                audit_log.record(kind=kind, by=None, motive=Motive.ADMINISTRATION, subject=subject, detail="x " * 90)
    for link in links:
        page.goto(live_site.url + link)
        expect(page.locator("#content h1")).to_be_visible()
        assert page.evaluate(IS_CUT) == "", link
        pieces = set(page.evaluate(PIECES))
        if not pieces <= seen:  # most lists of Django consist of the same parts
            axe_in_both_themes(page)
            seen |= pieces
        if page.locator(".object-tools .addlink").count():
            form = live_site.url + link + "add/"
        elif page.locator("#result_list tbody th a").count():
            form = page.locator("#result_list tbody th a").first.evaluate("link => link.href")
        else:
            continue
        # A form is not opened either when other forms had its scripts, styles and kinds of fields.
        answer = page.request.get(form)
        assert answer.ok, form
        written = answer.text()
        # tests/pages/test_views.py asks this of every page; the tags above would not show it.
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", written), form
        tags = {VALUES.sub("", one) for one in TAGS.findall(written)}
        if not tags <= forms:
            page.goto(form)
            expect(page.locator("#content h1")).to_be_visible()
            forms |= tags
    page.goto(live_site.url + "/admin/accounts/user/add/")
    axe_in_both_themes(page)
    expect(page.locator("#agent-group h2")).to_contain_text("Pour un agent ou un superviseur")
    expect(page.locator("#agent-0 h3")).to_be_hidden()
    page.locator("#unit_account-0 .select2-selection").click()
    page.keyboard.type("rouvray")  # a point d'accueil is found by its name, and not by a number
    expect(page.locator(".select2-results__option--highlighted")).to_contain_text("Saint-Étienne-du-Rouvray")
    page.keyboard.press("Escape")
    page.goto(live_site.url + "/admin/accounts/user/importer/")
    axe_in_both_themes(page)
    sheet = "nom;prenom;role;unite;force;nom_affiche\nMartin;Alice;agent;Aucune;police;Alice\n"
    page.set_input_files("#sheet", {"name": "agents.csv", "mimeType": "text/csv", "buffer": sheet.encode()})
    page.click("form[enctype] [type=submit]")
    expect(page.locator(".errorlist")).to_contain_text("créez-la d'abord")
    axe_in_both_themes(page)
    page.goto(live_site.url + "/admin/pages/contentblock/")
    with goes_on(page):
        page.locator("#result_list tbody th a").first.click()
    with page.context.expect_page() as opened:
        page.click("button[name=_preview][value=fr]")
    expect(opened.value.locator("main")).to_contain_text("Aperçu : rien n'est enregistré.")
    axe_in_both_themes(opened.value)
    page.goto(live_site.url + "/admin/accounts/user/?q=" + other)
    with goes_on(page):
        page.locator("#result_list tbody th a").first.click()
    page.goto(page.url.replace("/change/", "/password/"))
    axe_in_both_themes(page)
    page.get_by_role("button", name="Tirer un mot de passe provisoire").click()
    expect(page.locator("#first-password")).to_have_text(re.compile(r"^([a-z2-9]{4}-){3}[a-z2-9]{4}$"))
    axe_in_both_themes(page)
    page.goto(live_site.url + "/admin/accounts/user/?q=" + other)
    page.check("#result_list input[type=checkbox]")
    page.select_option("select[name=action]", "reset_second_factor")
    page.click("button[name=index]")
    expect(page.locator("h1")).to_have_text("Réinitialiser le second facteur")
    axe_in_both_themes(page)
    page.click("input[name=confirmed]")
    expect(page.locator(".messagelist")).to_contain_text("Second facteur réinitialisé pour 1 compte")


@pytest.mark.new_tabs
def test_what_was_typed_outlives_the_session(live_site, page_factory: PageFactory, account, axe_in_both_themes):
    """The page stays, says why, and sends once its owner has signed in again elsewhere; not as somebody else."""
    page = page_factory(width=320)
    name = account(totp=True)
    staff.sign_in(page, live_site, name, "/console/prendre-soin/")
    page.fill("#words", "Une semaine difficile")
    send = page.get_by_role("button", name="Demander un échange au psychologue")
    page.route("**/compte/session/", lambda route: route.fulfill(status=503))
    send.click()
    expect(page.get_by_role("alert")).to_contain_text("Le site ne répond pas")
    page.unroute("**/compte/session/")
    with live_site.database():
        Session.objects.all().delete()
    send.click()
    expect(page.get_by_role("alert")).to_contain_text("Votre session a pris fin")
    expect(page.locator("#words")).to_have_value("Une semaine difficile")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    axe_in_both_themes(page)
    with page.expect_popup() as signing_in:
        page.get_by_role("link", name="Se connecter (nouvel onglet)").click()
    expect(signing_in.value.locator(".fr-alert")).to_contain_text("Votre session a pris fin")
    staff.give_session(page, live_site, account(totp=True))
    send.click()
    expect(page.get_by_role("alert")).to_contain_text("avec un autre compte")
    staff.give_session(page, live_site, name)
    send.click()
    expect(page.get_by_role("button", name="Retirer ma demande")).to_be_visible()
