"""Captures on a telephone, in one visit: the question, two files sent in slices over a line that is cut, and the agent
who sees them blurred.
"""

import hashlib
import re
import uuid
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, WebSocket, expect

from chat.captures import drawing, queries
from chat.journal.actions import note_fact
from chat.journal.facts import Told
from chat.models import Agent, Capture, CaptureState, Conversation
from common.sealed_files.chunks import CHUNK_BYTES
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET
from tests.browser import staff
from tests.browser.conftest import LiveSite, goes_on
from tests.browser.exchange import close, in_site
from tests.browser.test_line import until
from tests.browser.test_voice import listen, other_regions, until_heard
from tests.factories import captures as make_captures
from tests.factories import chat as make

SMALL, OTHER = make_captures.png(40, 30), make_captures.png(30, 40)
LARGE = make_captures.png(more=3 * CHUNK_BYTES)


def talking() -> tuple[Agent, Conversation]:
    agent = make.agent(public_name="Camille")
    enrol_totp(agent.user, SECRET)
    return agent, make.assigned(agent)


def as_file(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "image/png", "buffer": content}


def drawn_in_site() -> list[str]:
    """Draw as the worker does, and return the digests of all captures."""
    while drawing.draw_next():
        pass
    rows = Capture.objects.select_related("conversation").order_by("number")
    assert {row.state for row in rows} == {CaptureState.DRAWN}
    return [row.words["sha256"] for row in rows]


def digests_of_originals() -> list[str]:
    """Return the digests of what was stored, which needs no drawing."""
    rows = Capture.objects.select_related("conversation").order_by("number")
    return [hashlib.sha256(b"".join(queries.read_original(row))).hexdigest() for row in rows]


def filter_of(page: Page) -> str:
    style: str = page.evaluate("getComputedStyle(document.querySelector('.console-capture__image')).filter")
    return style


@pytest.mark.slow
def test_captures_are_sent_over_a_bad_line_and_seen_blurred(live_site, page: Page, enter, axe_in_both_themes):
    agent, conversation = in_site(live_site, talking)
    person = enter(conversation, width=320, height=640)
    with goes_on(person):
        person.get_by_role("link", name="Captures").click()
    axe_in_both_themes(person)
    person.get_by_label("Non", exact=True).check(force=True)
    person.get_by_role("button", name="Continuer").click()
    expect(person.get_by_text("Vous pouvez aussi coller une image")).to_be_visible()  # the script shows this
    axe_in_both_themes(person)
    assert person.evaluate("document.documentElement.scrollWidth") <= 320

    # The answer to every third slice is lost, and one slice is never sent.
    seen = {"slices": 0}

    def bad_line(route):
        if route.request.headers.get("upload-id") is None:
            route.continue_()
            return
        seen["slices"] += 1
        if seen["slices"] == 2:
            route.abort()
        elif seen["slices"] % 3 == 0:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    person.route("**/captures/envoi/", bad_line)
    person.get_by_label("Image ou PDF").set_input_files([as_file("petite.png", SMALL), as_file("grande.png", LARGE)])
    person.get_by_role("button", name="Envoyer", exact=True).click()
    listed = person.locator("#captures-list")
    expect(person.locator("#sending").get_by_text("Reçu, pour vous seulement.")).to_have_count(2)
    expect(listed.get_by_text("petite.png")).to_be_visible()
    expect(listed.get_by_text("grande.png")).to_be_visible()
    expect(listed.get_by_text("Privé")).to_have_count(2)
    assert seen["slices"] > 5
    digests = in_site(live_site, drawn_in_site)
    assert sorted(digests) == sorted(hashlib.sha256(one).hexdigest() for one in (SMALL, LARGE))
    person.get_by_role("button", name="Tout montrer").click()
    expect(person.get_by_text("Montré à votre interlocuteur : 2.")).to_be_visible()

    staff.sign_in(page, live_site, agent.user, f"/console/echange/{conversation.public_id}/")
    page.get_by_role("link", name="2 captures montrées par la personne").click()
    expect(page.get_by_text(digests[0])).to_be_visible()
    axe_in_both_themes(page)
    box = page.get_by_label(re.compile("Voir nettement la capture n° 1"))
    assert filter_of(page).startswith("blur")
    box.check(force=True)
    assert filter_of(page) == "none"
    page.evaluate("dispatchEvent(new Event('blur'))")
    expect(box).not_to_be_checked()
    assert filter_of(page).startswith("blur")
    person.reload()
    expect(person.get_by_text("Vu par votre interlocuteur")).to_have_count(2)


# What a browser does with files that were pasted or dropped. Each returns whether the browser itself handles them too.
_GIVEN = """([name, content, where]) => {
  const data = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  if (name) data.items.add(new File([bytes], name, { type: "image/png" }));
  else data.setData("text/plain", "un mot");
  const there = document.querySelector(where ?? "main");
  const more = { bubbles: true, cancelable: true };
"""
PASTE = _GIVEN + "return there.dispatchEvent(new ClipboardEvent('paste', { ...more, clipboardData: data })); }"
DRAG = _GIVEN + "return there.dispatchEvent(new DragEvent('dragover', { ...more, dataTransfer: data })); }"
DROP = _GIVEN + "return there.dispatchEvent(new DragEvent('drop', { ...more, dataTransfer: data })); }"

DROP_MANY = """(files) => {
  const data = new DataTransfer();
  for (const [name, content] of files)
    data.items.add(new File([Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))], name));
  const more = { bubbles: true, cancelable: true, dataTransfer: data };
  return document.querySelector("main").dispatchEvent(new DragEvent("drop", more));
}"""


def drop_from_the_desk(page: Page, *paths: Path) -> None:
    """Drop these files and folders on the title, as a hand does: the browser opens what the page does not take."""
    box = page.locator("h1:visible").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 5, "y": box["y"] + 5, "data": data})
    session.detach()


@pytest.mark.slow
def test_captures_are_pasted_and_dropped(live_site, enter):
    _agent, conversation = in_site(live_site, talking)
    person = enter(conversation)
    person.goto(live_site.url + "/tchat/captures/")
    person.get_by_label("Non", exact=True).check(force=True)
    person.get_by_role("button", name="Continuer").click()
    expect(person.get_by_text("coller une image, ou la déposer ici")).to_be_visible()
    listed, form = person.locator("#captures-list"), person.locator("#send")
    assert person.evaluate(PASTE, ["", ""]) is True, "a text that is pasted is the browser's"

    pasted, dropped = ["collee.png", b64encode(SMALL).decode()], ["deposee.png", b64encode(OTHER).decode()]
    assert person.evaluate(PASTE, pasted) is False
    expect(listed.get_by_text("collee.png")).to_be_visible()

    assert person.evaluate(DRAG, dropped) is False, "else the browser opens the file in place of the page"
    expect(form).to_have_class(re.compile("pnav-capture--over"))
    assert person.evaluate(DROP, dropped) is False
    expect(listed.get_by_text("deposee.png")).to_be_visible()
    expect(form).not_to_have_class(re.compile("pnav-capture--over"))
    expect(listed.get_by_text("Privé")).to_have_count(2)
    assert sorted(in_site(live_site, drawn_in_site)) == sorted(
        hashlib.sha256(one).hexdigest() for one in (SMALL, OTHER)
    )


@pytest.mark.slow
def test_each_file_that_is_not_taken_is_named_and_the_others_arrive(live_site, enter, tmp_path):
    _agent, conversation = in_site(live_site, talking)
    person = enter(conversation, width=360, height=640)
    person.goto(live_site.url + "/tchat/captures/")
    person.get_by_label("Non", exact=True).check(force=True)
    person.get_by_role("button", name="Continuer").click()
    expect(person.get_by_text("coller une image, ou la déposer ici")).to_be_visible()
    (tmp_path / "dossier").mkdir()
    files = {"a.png": SMALL, "programme.exe": b"MZ" + bytes(500), "vide.png": b"", "grande.png": SMALL + bytes(2**24)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    listen(person, "#voice")
    drop_from_the_desk(person, tmp_path / "dossier", *(tmp_path / name for name in files))
    listed, sending = person.locator("#captures-list"), person.locator("#sending > li")
    expect(listed.get_by_text("a.png")).to_be_visible()
    told = {
        "C'est un dossier.": "",
        "Ce fichier est vide.": "vide.png",
        "Ce fichier est trop gros : 15 Mo au plus.": "grande.png",
        "Reçu, pour vous seulement.": "a.png",
        "Ce fichier n'est ni une image ni un PDF": "programme.exe",
    }
    for sentence, name in told.items():
        expect(sending.filter(has_text=sentence)).to_contain_text(name)
    expect(sending.filter(has_text="trop gros")).to_be_in_viewport()
    assert len(person.context.pages) == 1
    # Heard with the names, although the list itself is silent.
    until_heard(person, "a.png. Reçu, pour vous seulement.")
    until_heard(person, "programme.exe. Ce fichier n'est ni une image ni un PDF")
    assert other_regions(person, "a.png") == 0

    # What one of them was does not hinder the next ones, and a mark in the list stays.
    listed.get_by_label("a.png").check(force=True)
    other = person.evaluate(DROP, ["autre.png", b64encode(OTHER).decode()])
    assert other is False
    expect(listed.get_by_text("autre.png")).to_be_visible()
    expect(listed.get_by_label("a.png")).to_be_checked()


def may_send(live_site, enter, conversation: Conversation) -> Page:
    """Open « Captures » and answer its question, so that it takes files."""
    person: Page = enter(conversation, width=360, height=640)
    person.goto(live_site.url + "/tchat/captures/")
    person.get_by_label("Non", exact=True).check(force=True)
    person.get_by_role("button", name="Continuer").click()
    expect(person.get_by_text("coller une image, ou la déposer ici")).to_be_visible()
    return person


@pytest.mark.slow
def test_error_of_a_form_without_a_file_goes_once_a_file_is_chosen(live_site, enter):
    _agent, conversation = in_site(live_site, talking)
    person = may_send(live_site, enter, conversation)
    field = person.get_by_label("Image ou PDF")
    person.get_by_role("button", name="Envoyer", exact=True).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("Choisissez un fichier.")
    expect(person).to_have_title("Erreur\u00a0: Captures – Pnav")
    field.set_input_files([as_file("petite.png", SMALL)])  # chosen, and not sent yet
    expect(person.locator("#send [aria-invalid], #send .fr-upload-group--error")).to_have_count(0)
    expect(field).to_have_accessible_description(re.compile("Mo"))
    expect(person).to_have_title("Captures – Pnav")
    person.get_by_role("button", name="Envoyer", exact=True).click()
    expect(person.locator("#sending").get_by_text("Reçu, pour vous seulement.")).to_have_count(1)


def hold_readings(person: Page) -> list[Route]:
    """Hold each request by which the script reads the list again, and return them as they come."""
    held: list[Route] = []
    person.route(re.compile(r"/tchat/captures/\?liste="), lambda route: held.append(route))
    return held


@pytest.mark.slow
def test_list_is_read_again_once_for_what_came_and_never_for_what_was_refused(live_site, enter):
    _agent, conversation = in_site(live_site, talking)
    person = may_send(live_site, enter, conversation)
    readings = hold_readings(person)
    sending = person.locator("#sending > li")
    program = b64encode(b"MZ" + bytes(500)).decode()
    person.evaluate(DROP_MANY, [[f"{number}.exe", program] for number in range(8)])
    expect(sending.filter(has_text="Ce fichier n'est ni une image ni un PDF")).to_have_count(8)
    assert readings == []

    images = [[f"{width}.png", b64encode(make_captures.png(width, 9)).decode()] for width in (31, 32, 33, 34)]
    person.evaluate(DROP_MANY, images)
    expect(sending.filter(has_text="Reçu, pour vous seulement.")).to_have_count(4)
    assert len(readings) == 1, "one at a time, although four files came"
    with person.expect_request(lambda request: request.resource_type == "xhr"):
        readings[0].continue_()
    expect(person.locator("#captures-list").get_by_text("34.png")).to_be_visible()
    readings[1].continue_()
    with person.expect_request(lambda request: request.resource_type == "xhr"):  # the next file's, and no other before
        person.evaluate(DROP_MANY, [["35.png", b64encode(make_captures.png(35, 9)).decode()]])
    expect(sending.filter(has_text="Reçu, pour vous seulement.")).to_have_count(1)
    assert len(readings) == 3
    readings[2].continue_()
    expect(person.locator("#captures-list").get_by_text("35.png")).to_be_visible()


@pytest.mark.slow
def test_focus_stays_where_it_was_when_the_list_is_drawn_again(live_site, enter):
    _agent, conversation = in_site(live_site, talking)
    in_site(live_site, lambda: make_captures.received(conversation, SMALL, "avant.png"))
    person = may_send(live_site, enter, conversation)
    listed = person.locator("#captures-list")
    for held, name, width in (
        (listed.get_by_label("avant.png"), "31.png", 31),
        (person.get_by_role("button", name="Tout montrer"), "32.png", 32),
    ):
        held.focus()
        person.evaluate(DROP, [name, b64encode(make_captures.png(width, 9)).decode()])
        expect(listed.get_by_text(name)).to_be_visible()
        expect(held).to_be_focused()

    # Its own button goes once sending was stopped, and the list of what is sent takes the focus.
    slices: list[Route] = []
    person.route(
        "**/captures/envoi/",
        lambda route: slices.append(route) if route.request.headers.get("upload-id") else route.continue_(),
    )
    with person.expect_request(lambda request: "upload-id" in request.headers):
        person.evaluate(DROP, ["33.png", b64encode(make_captures.png(33, 9)).decode()])
    person.get_by_role("button", name="Arrêter l'envoi").press("Enter")
    slices[0].abort()
    expect(person.locator("#sending").get_by_text("Envoi arrêté.")).to_be_visible()
    expect(person.locator("#sending")).to_be_focused()
    expect(listed.get_by_text("33.png")).to_be_visible()  # what the server has of it


@pytest.mark.slow
def test_file_that_a_reload_interrupted_goes_on_when_it_is_chosen_again(live_site, enter, tmp_path):
    """It leaves the list meanwhile, with « Effacer » if it was alone there. Each slice is stored once."""
    _agent, conversation = in_site(live_site, talking)
    person = may_send(live_site, enter, conversation)
    person.on("dialog", lambda dialog: dialog.accept())  # the browser asks before the page is left
    file = tmp_path / "grande.png"
    file.write_bytes(LARGE)
    held: list[Route] = []
    is_held = True

    def hold_all_but_the_first(route: Route) -> None:
        if is_held and route.request.headers.get("upload-offset") not in {None, "0"}:
            held.append(route)
        else:
            route.continue_()

    person.route("**/captures/envoi/", hold_all_but_the_first)

    def choose() -> None:
        with person.expect_request(lambda request: request.headers.get("upload-offset") not in {None, "0"}):
            person.get_by_label("Image ou PDF").set_input_files(file)
            person.get_by_role("button", name="Envoyer", exact=True).click()

    choose()
    expect(person.get_by_text("Rien n'est encore arrivé ici.")).to_be_visible()
    person.reload()
    own, erase = person.locator("#own-captures"), person.get_by_role("button", name="Effacer", exact=True)
    expect(own.get_by_text("Envoi interrompu à")).to_be_visible()
    expect(erase).to_be_visible()
    held.clear()
    choose()
    expect(own.get_by_text("grande.png")).to_have_count(0)
    expect(erase).to_have_count(0)
    is_held = False
    held[0].continue_()
    expect(person.locator("#sending").get_by_text("Reçu, pour vous seulement.")).to_be_visible()
    expect(own.get_by_text("grande.png")).to_be_visible()
    assert in_site(live_site, digests_of_originals) == [hashlib.sha256(LARGE).hexdigest()]


@pytest.mark.slow
def test_file_that_was_sent_before_goes_with_the_fact_for_which_it_is_chosen_again(live_site, enter, tmp_path):
    _agent, conversation = in_site(live_site, talking)
    file = tmp_path / "une.png"
    file.write_bytes(SMALL)
    told = Told("Un mot")
    fact = in_site(
        live_site, lambda: note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=told).public_id
    )
    person = may_send(live_site, enter, conversation)
    sending, listed = person.locator("#sending"), person.locator("#captures-list")
    for address, said in (
        ("", "Reçu, pour vous seulement."),
        ("", "Ce fichier était déjà là. La liste dit s'il est montré."),
        (f"?note={fact}", "Ce fichier était déjà là. Il va avec ce fait, la liste le dit."),
    ):
        person.goto(f"{live_site.url}/tchat/captures/{address}")
        person.get_by_label("Image ou PDF").set_input_files(file)
        person.get_by_role("button", name="Envoyer", exact=True).click()
        expect(sending.get_by_text(said)).to_be_visible()
    expect(listed.get_by_text("avec le fait n° 1")).to_be_visible()
    expect(listed.get_by_text("une.png")).to_have_count(1)


def leave_elsewhere(person: Page, site: LiveSite) -> None:
    """Press « Quitter rapidement » in another tab: both cookies are gone."""
    assert person.context.request.post(f"{site.url}/quitter/", max_redirects=0).status == 303
    assert person.context.cookies() == []


def forget(person: Page, _site: LiveSite) -> None:
    person.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


@pytest.mark.slow
@pytest.mark.parametrize("ends", [forget, leave_elsewhere])
def test_upload_whose_visit_has_ended_says_so(live_site, enter, ends: Callable[[Page, LiveSite], None]):
    """After the end no line tells the page. Only the answer to its next slice does."""
    person = may_send(live_site, enter, in_site(live_site, make.closed))
    asked: list[str] = []
    person.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    slices: list[Route] = []
    person.route(
        "**/captures/envoi/",
        lambda route: slices.append(route) if route.request.headers.get("upload-id") else route.continue_(),
    )
    with person.expect_request(lambda request: "upload-id" in request.headers):
        person.get_by_label("Image ou PDF").set_input_files([as_file("a.png", LARGE), as_file("b.png", SMALL)])
        person.get_by_role("button", name="Envoyer", exact=True).click()
    expect(person.get_by_text("Envoi : 0 %")).to_be_visible()
    ends(person, live_site)
    slices[0].continue_()
    expect(person.get_by_role("heading", name="Cette visite a pris fin sur cet appareil")).to_be_focused()
    expect(person.get_by_text("b.png")).to_have_count(0)
    person.evaluate(DROP, ["c.png", b64encode(SMALL).decode(), "body"])  # nothing is taken any more
    with goes_on(person):
        person.get_by_role("link", name="Aller à l'accueil").click()
    assert asked == []


@pytest.mark.slow
def test_upload_stops_when_the_line_says_that_the_visit_has_ended(live_site, enter):
    _agent, conversation = in_site(live_site, talking)
    person = may_send(live_site, enter, conversation)
    asked: list[Route] = []
    person.route(
        "**/captures/envoi/",
        lambda route: asked.append(route) if route.request.headers.get("upload-id") else route.continue_(),
    )
    with person.expect_request(lambda request: "upload-id" in request.headers):
        person.get_by_label("Image ou PDF").set_input_files([as_file("a.png", LARGE), as_file("b.png", SMALL)])
        person.get_by_role("button", name="Envoyer", exact=True).click()
    leave_elsewhere(person, live_site)
    expect(person.get_by_role("heading", name="Cette visite a pris fin sur cet appareil")).to_be_visible()
    begun: list[str] = []
    person.on("request", lambda request: begun.append(request.url))
    asked[0].abort()
    person.wait_for_timeout(1500)  # it was sent again after half a second
    assert begun == []


@pytest.mark.slow
def test_line_ends_with_the_visit_that_an_upload_found_over(live_site, enter):
    """It went on, told the end a second time, and could come back as the exchange of the next visit."""
    _agent, conversation = in_site(live_site, talking)
    person = may_send(live_site, enter, conversation)
    broken: list[str] = []
    person.on("pageerror", lambda error: broken.append(str(error)))
    person.goto("about:blank")  # from here on nothing is told of the socket of the page before
    lines: list[WebSocket] = []
    person.on("websocket", lambda socket: socket.on("framereceived", lambda _frame: lines.append(socket)))
    person.goto(f"{live_site.url}/tchat/captures/")
    until(person, lambda: bool(lines))
    person.route("**/captures/envoi/", lambda route: route.fulfill(status=401, json={}))
    person.get_by_label("Image ou PDF").set_input_files([as_file("a.png", SMALL)])
    person.get_by_role("button", name="Envoyer", exact=True).click()
    expect(person.get_by_role("heading", name="Cette visite a pris fin sur cet appareil")).to_be_focused()
    until(person, lambda: all(line.is_closed() for line in lines))
    begun: list[str] = []
    person.on("websocket", lambda socket: begun.append(socket.url))
    person.wait_for_timeout(1500)
    assert (begun, broken) == ([], [])


@pytest.mark.slow
def test_upload_under_way_never_brings_back_a_page_that_was_left(live_site, neutral_site, enter):
    """« Quitter rapidement » deletes the visit before the other site answers. The slice then has no visit any more."""
    person = may_send(live_site, enter, in_site(live_site, make.closed))
    asked: list[str] = []
    person.on("request", lambda request: request.is_navigation_request() and asked.append(request.url))
    slices: list[Route] = []
    person.route(
        "**/captures/envoi/",
        lambda route: slices.append(route) if route.request.headers.get("upload-id") else route.continue_(),
    )
    away: list[Route] = []
    person.route(neutral_site, lambda route: away.append(route))
    with person.expect_request(lambda request: "upload-id" in request.headers):
        person.get_by_label("Image ou PDF").set_input_files([as_file("a.png", LARGE)])
        person.get_by_role("button", name="Envoyer", exact=True).click()
    expect(person.get_by_text("Envoi : 0 %")).to_be_visible()
    with person.expect_request(neutral_site):
        person.get_by_role("button", name="Quitter rapidement", exact=True).click(no_wait_after=True)
    with person.expect_response("**/captures/envoi/") as answer:
        slices[0].fulfill(status=401, json={})
    assert answer.value.status == 401
    person.wait_for_timeout(300)
    assert asked == [neutral_site]
    away[0].continue_()
    expect(person).to_have_url(neutral_site)


@pytest.mark.slow
def test_files_given_after_the_end_stay_out_of_sight_and_can_still_be_sent(live_site, enter, tmp_path):
    agent, conversation = in_site(live_site, talking)
    image = tmp_path / "a.png"
    image.write_bytes(SMALL)
    person = enter(conversation, width=360, height=640)
    person.get_by_label("Votre message").fill("Un mot commencé")
    close(live_site, agent, conversation)
    expect(person.locator("#closed-title")).to_be_visible()
    expect(person.locator("#body")).to_have_value("Un mot commencé")
    open_note = person.get_by_text("Votre texte reste ici")
    note = person.get_by_text("s'envoient encore, sur une autre page")
    for _page in ("that ended while it was open", "loaded after the end"):
        expect(note).to_be_hidden()
        drop_from_the_desk(person, image)
        expect(note).to_be_in_viewport()
        expect(open_note).to_be_hidden()
        assert len(person.context.pages) == 1, "no other tab shows the file"
        person.reload()
    drop_from_the_desk(person, image)
    with goes_on(person):
        note.get_by_role("button", name="Envoyer une capture").click()
    expect(person).to_have_url(live_site.url + "/tchat/captures/")
    person.get_by_label("Non", exact=True).check(force=True)
    person.get_by_role("button", name="Continuer").click()
    expect(person.get_by_text("coller une image, ou la déposer ici")).to_be_visible()
    drop_from_the_desk(person, image)
    expect(person.locator("#sending").get_by_text("Reçu, pour vous seulement.")).to_be_visible()
    assert len(person.context.pages) == 1


@pytest.mark.slow
def test_files_given_to_another_page_stay_out_of_sight_and_lead_to_the_captures(live_site, enter, tmp_path):
    _agent, conversation = in_site(live_site, talking)
    person = enter(conversation, width=360, height=640)
    image, given = tmp_path / "a.png", ["a.png", b64encode(SMALL).decode(), "textarea"]
    image.write_bytes(SMALL)
    for path in ("/tchat/", "/tchat/faits/"):
        person.goto(live_site.url + path)
        person.locator("textarea").first.fill("J'ai peur")
        note = person.get_by_text("s'envoient sur une autre page")
        assert person.evaluate(PASTE, ["", "", "textarea"]) is True, "a text that is pasted is the browser's"
        expect(note).to_be_hidden()
        assert person.evaluate(PASTE, given) is False
        expect(note).to_be_in_viewport()
        drop_from_the_desk(person, image)
        with goes_on(person):
            note.get_by_role("button", name="Envoyer une capture").click()
        expect(person).to_have_url(live_site.url + "/tchat/captures/")
        assert len(person.context.pages) == 1, "no other tab shows the file"
        person.goto(live_site.url + path)
        expect(person.locator("textarea").first).to_have_value("J'ai peur")

    # Before the answer to the question nothing is taken, and that is said; after a « yes » the page says it already.
    person.goto(live_site.url + "/tchat/captures/")
    expect(person.get_by_text("Répondez d'abord à cette question.")).to_be_hidden()
    drop_from_the_desk(person, image)
    expect(person.get_by_text("Répondez d'abord à cette question.")).to_be_in_viewport()
    person.get_by_label("Oui, ou je ne sais pas").check(force=True)
    person.get_by_role("button", name="Continuer").click()
    expect(person.get_by_role("heading", name="N'envoyez pas cette image")).to_be_visible()
    drop_from_the_desk(person, image)
    expect(person.locator("[data-file-note]")).to_be_focused()
    assert len(person.context.pages) == 1
    assert in_site(live_site, lambda: Capture.objects.filter(conversation=conversation).count()) == 0


@pytest.mark.slow
def test_one_file_is_sent_without_a_script(live_site, enter):
    _agent, conversation = in_site(live_site, talking)
    person = enter(conversation, javascript=False)
    person.goto(live_site.url + "/tchat/captures/")
    person.get_by_label("Non", exact=True).check(force=True)
    person.get_by_role("button", name="Continuer").click()
    person.get_by_label("Image ou PDF").set_input_files(as_file("grande.png", LARGE))
    person.get_by_role("button", name="Envoyer", exact=True).click()
    expect(person.get_by_text("C'est reçu, pour vous seulement.")).to_be_visible()
    person.get_by_label("Image ou PDF").set_input_files(as_file("page.png", b"<svg onload=alert(1)>"))
    person.get_by_role("button", name="Envoyer", exact=True).click()
    expect(person.get_by_text("ni une image ni un PDF")).to_be_visible()
