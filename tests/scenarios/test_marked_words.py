"""Nothing that a person types is left anywhere in a form that can be read without a key.

Marked words are typed in real processes wherever something can be typed or chosen, also in requests that fail. Then the
database, its files, Valkey and the logs are searched for them, in every form of `leaks`.
"""

import contextlib
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import psycopg
import pytest
import redis
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from chat.models import Agent, Conversation, Transmission, TransmissionStep, Unit
from chat.retention import moving
from common import encryption
from common.client_address import Connection
from common.data_keys import keys as data_keys
from common.data_keys.models import WrappedKey
from common.service_settings import definitions
from common.service_settings.models import HouseRule
from pnav.accounts.models import Role
from pnav.accounts.second_factor import enrol_totp
from pnav.sessions import SessionStore
from reports import proof_of_work, reporter_identity
from reports.models import ErasureRequest, Freeze, OpeningRequest, OpeningStep, SealedValue
from reports.openings import actions as opening_actions
from reports.seal.sealing import Context, unseal_text
from tests.access.people import signed_in as signed_in_as
from tests.chat.sockets import signed_in, visit
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import transmissions as hand
from tests.reports.test_views import CHAT
from tests.scenarios.browser import Answer, Browser
from tests.scenarios.conftest import Site
from tests.scenarios.leaks import STEM, mark
from tests.scenarios.watched_site import CLIENT, NEW_KEY, PORT, SOURCE, Eavesdropper, leaks, left_behind, watched_site
from tests.support.variables import SEAL_KEY
from triage.questionnaire.questions import VERSION

pytestmark = pytest.mark.slow

UNIT_NAME = "Commissariat des mots"
PASSWORD = mark("mot-de-passe")
COPY_SECONDS = 120  # the longest that a copy may take on a busy machine
SECRET = generate_totp_secret()


@pytest.fixture(scope="module")
def watched(tmp_path_factory, django_db_blocker) -> Iterator[Site]:
    with watched_site(tmp_path_factory.mktemp("watched"), django_db_blocker) as site:
        yield site


# --- what is typed ----------------------------------------------------------------------------------------------------


@dataclass
class Typing:
    """The people, and how many marked words they have typed."""

    site: Site
    conversation: Conversation
    agent: Agent
    reporter: Browser
    console: Browser
    stranger: Browser
    newcomer: str
    place: int  # the reception point of the person who files a signalement
    codes: list[str] = field(default_factory=list)


def marked_headers() -> dict[str, str]:
    """Return the headers of every request: what a browser, a proxy or a program says of itself."""
    names = (
        "User-Agent", "Referer", "Accept-Language", "X-Forwarded-Host", "X-Request-Id", "From", "Via", "Accept",
        "X-Forwarded-Server", "Forwarded", "If-None-Match", "X-Real-Ip", "Authorization", "Accept-Encoding",
    )  # fmt: skip
    told = {"X-Forwarded-For": f"{mark('xff')}, {CLIENT}", "X-Forwarded-Client-Port": PORT}
    return {name: mark(f"entete-{name.lower()}") for name in names} | told


@pytest.fixture(scope="module")
def typing(watched: Site) -> Typing:
    with watched.database():
        HouseRule.objects.create(key=definitions.HANDOUTS_MOST.key, value=3)
        agent = make.agent()
        conversation = make.assigned(agent)
        # The exchange has a key of its own from before the first word. Those of the factory have none.
        moving.give_keys([conversation.report_id])
        moving.move_words(conversation.report_id)
        conversation.refresh_from_db()
        reporter_identity.seal_identity(conversation.report, name="", contact="", connection=Connection("", ""))
        # Another account signs in, because the server hashes this password again, which ends the account's other
        # sessions.
        newcomer = make.agent().user
        newcomer.set_password(PASSWORD)
        newcomer.save()
        enrol_totp(newcomer, SECRET)
        keys = visit(conversation), signed_in(agent)
        commune = places.municipality()
        place = places.reception_point(for_=commune).pk
    port = watched.webs[0].port
    browsers = [Browser(port, marked_headers(), SOURCE) for _each in range(3)]
    for browser, key in zip(browsers, keys, strict=False):
        browser.cookies[settings.SESSION_COOKIE_NAME] = key
    for browser in browsers:
        browser.cookies["note"] = mark("cookie")
    return Typing(watched, conversation, agent, *browsers, newcomer.username, place)


def staff(all_: Typing, role: str) -> Browser:
    """Return the browser of somebody of the service, signed in just now."""
    with all_.site.database():
        one = make.agent()
        one.user.role = role
        one.user.save()
        key = signed_in(one)
    return Browser(all_.stranger.port, marked_headers(), SOURCE, {settings.SESSION_COOKIE_NAME: key})


def before_the_form(all_: Typing, *, is_in_danger: bool = False) -> Browser:
    """Return the browser of somebody whom the orientation and the search of a place have led to the signalement."""
    with all_.site.database():
        session = SessionStore()
        answers = {**CHAT, "danger": "yes"} if is_in_danger else CHAT
        session["triage"] = {"version": VERSION, "answers": answers, "chat_anyway": True}
        session["locations"] = {"postal_code": "95000", "unit": all_.place}
        session.save()
    cookies = {settings.SESSION_COOKIE_NAME: str(session.session_key)}
    return Browser(all_.stranger.port, marked_headers(), SOURCE, cookies)


def form_of(me: Browser) -> dict[str, object]:
    """Return what the signalement sends, with a name and a way to be reached left under seal."""
    found = re.search(r'name="submission_id" value="([^"]+)"', me.get("/signalement/").body)
    assert found, "no form"
    return {"submission_id": found[1], "name": mark("nom-scelle"), "contact": mark("contact-scelle")}


def _under_seal(all_: Typing) -> None:
    """File with a name under seal, also when one has to wait during a raid."""
    me = before_the_form(all_)
    assert me.post("/signalement/", {**form_of(me), "name": mark("trop") * 90}).status == 200
    assert me.post("/signalement/", {**form_of(me), "since": mark("depuis")}).status == 200
    assert me.post("/signalement/", form_of(me)).headers["Location"] == "/tchat/"
    me.get("/tchat/")
    me.get("/tchat/suite/")
    him = before_the_form(all_)
    caches = {"default": {**settings.CACHES["default"], "LOCATION": all_.site.valkey.url, "KEY_PREFIX": "scenario"}}
    with override_settings(CACHES=caches):
        for _each in range(definitions.RAID.default):
            proof_of_work.count_filed()
    assert him.post("/signalement/", form_of(him)).headers["Location"] == "/signalement/patienter/"
    assert him.get("/signalement/patienter/").status == 200
    assert him.post("/signalement/patienter/", {"token": mark("defi"), "work": mark("travail")}).status == 200


def _openings_are_asked(all_: Typing) -> None:
    me, page = all_.console, f"/console/echange/{all_.conversation.public_id}/levee/"
    supervisor, custodian = staff(all_, Role.SUPERVISOR), staff(all_, Role.CUSTODIAN)
    grounds = {"motive": mark("motif"), "legal_ground": mark("fondement"), "prosecutor_reference": mark("parquet")}
    me.get(page)
    assert me.post(page, {**grounds, "field": mark("objet"), "recipient": mark("cle"), "is_urgent": "on"}).status == 200
    assert me.post(page, {**grounds, "field": "name", "prosecutor_on": mark("jour")}).status == 200
    asked = [
        me.post(page, {**grounds, "field": "name", **more}).headers["Location"]
        for more in ({"prosecutor_on": "2026-01-02"}, {"is_urgent": "on"})
    ]
    assert mark("motif") in me.get(asked[0]).body
    supervisor.get(asked[0])
    assert supervisor.post(f"{asked[0]}refuser/", {"reason": mark("refus")}).status == 302
    assert mark("refus") in me.get(asked[0]).body
    assert supervisor.post(f"{asked[1]}contresigner/", {"reason": mark("en-trop")}).status == 302
    custodian.get(asked[1])
    assert custodian.post(f"{asked[1]}enveloppe/", {}).status == 200
    custodian.post(f"{asked[1]}reponse/", {"reply": mark("reponse-scellee")})
    assert custodian.post(f"{asked[1]}montree/", {}).status == 302
    review = {"conclusion": mark("examen"), "prosecutor_reference": mark("reference")}
    present, other = staff(all_, Role.CUSTODIAN), staff(all_, Role.CUSTODIAN)
    present.get(asked[1])
    assert present.post(f"{asked[1]}confirmer/", {"text": mark("confirme")}).status == 302
    other.get(asked[1])  # another custodian, who had no part in it
    assert other.post(f"{asked[1]}examen/", {**review, "prosecutor_on": mark("jour")}).status == 200
    assert other.post(f"{asked[1]}examen/", {**review, "prosecutor_on": "2026-01-02"}).status == 302
    for path in ("", "registre/", "registre.csv", "registre.pdf"):
        assert custodian.get(f"/levees/{path}?q={mark('registre')}").status == 200


def _its_end_is_decided(all_: Typing) -> None:
    me, ends = all_.reporter, f"/console/conservation/{all_.conversation.public_id}/"
    asked = me.post("/tchat/effacement/", {"text": mark("effacement")})
    code = re.search(r'class="pnav-chat__code"[^>]*>([^<]+)<', asked.body)
    assert code, asked.status
    all_.codes.append(unescape(code[1]))
    supervisor = staff(all_, Role.SUPERVISOR)
    supervisor.get(f"{ends}gel/")
    reasons = {name: mark(f"gel-{name}") for name in ("motive", "reference", "authority")}
    assert supervisor.post(f"{ends}gel/", {**reasons, "until": mark("jusqu-au")}).status == 200
    until = (timezone.localdate() + timedelta(days=30)).isoformat()
    assert supervisor.post(f"{ends}gel/", {**reasons, "until": until}).status == 302
    assert supervisor.post(f"{ends}effacement/", {"answer": mark("decision"), "motive": mark("x")}).status == 200
    assert supervisor.post(f"{ends}effacement/", {"answer": "refuse", "motive": mark("motif-refus")}).status == 302
    assert mark("motif-refus") in me.get("/tchat/conservation/").body


def _goes_to_a_unit(all_: Typing) -> None:
    """Write a summary, put it to the person, refuse and send it, read it, answer it and close it, by three people."""
    me, him, page = all_.console, all_.reporter, f"/console/echange/{all_.conversation.public_id}/transmission/"
    with all_.site.database():
        account = hand.account(hand.station(name=UNIT_NAME))
        unit = Browser(
            all_.stranger.port, marked_headers(), SOURCE, {settings.SESSION_COOKIE_NAME: signed_in_as(account.user)}
        )
        point = account.point_id
    typed = {"act": "search", "q": mark("lieu-cherche"), "point": mark("unite"), "why": mark("pourquoi-cherche")}
    assert me.post(page, {**typed, "summary": mark("resume-cherche")}).status == 200
    assert me.post(page, {"act": "ask", "point": point, "summary": ""}).status == 200
    assert me.post(page, {"act": "send", "point": point, "summary": mark("sans-accord")}).status == 200
    me.post(page, {"act": "withdraw", "transmission": mark("transmission")})
    for answer in ("no", "yes"):
        assert me.post(page, {"act": "ask", "point": point, "summary": mark(f"resume-{answer}")}).status == 302
        shown = him.get("/tchat/suites/")
        assert mark(f"resume-{answer}") in shown.body
        key = re.search(r'name="transmission" value="([^"]+)"', shown.body)
        assert key
        wrong = {"transmission": mark("cle"), "answer": mark("reponse"), "facts_until": mark("jusqu-a")}
        wrong["captures_until"] = mark("captures-jusqu-a")
        him.post("/tchat/suites/", wrong)
        until = re.search(r'name="facts_until" value="([^"]+)"', shown.body)
        assert until, "the facts that were read go along"
        said = {"transmission": key[1], "answer": answer, "facts_until": unescape(until[1]), "captures_until": ""}
        assert him.post("/tchat/suites/", said).status == 302
    own = re.search(r'href="(/unite/[0-9a-f-]{36}/)"', unit.get("/unite/").body)
    assert own
    assert mark("resume-yes") not in unit.get(own[1]).body, "nobody has opened it"
    assert unit.post(f"{own[1]}ouvrir/", {"x": mark("ouvrir")}).status == 302
    assert mark("resume-yes") in unit.get(own[1]).body
    assert mark("fait-corrige") in unescape(unit.get(own[1]).body)
    assert unit.get(f"{own[1]}faits/?apres={mark('apres-faits-unite')}").status == 200
    assert unit.post(f"{own[1]}rendez-vous/", {"seen": mark("vu"), "day": mark("jour"), "place": mark("lieu-refuse")})
    day = (timezone.localdate() + timedelta(days=30)).isoformat()
    when = {"seen": "4", "day": day, "hour": "09:30", "place": mark("lieu-du-rendez-vous"), "checked": "on"}
    seen = re.search(r'name="seen" value="([0-9]+)"', unit.get(own[1]).body)
    assert seen
    assert unit.post(f"{own[1]}rendez-vous/", {**when, "seen": seen[1]}).status == 302
    assert mark("lieu-du-rendez-vous") in him.get("/tchat/rendez-vous/").body
    assert unit.post(f"{own[1]}clore/", {"seen": seen[1], "reason": mark("raison-ancienne")}).status == 200
    closing = {"seen": str(int(seen[1]) + 1), "reason": mark("raison-de-la-fin")}
    assert unit.post(f"{own[1]}clore/", closing).status == 302
    assert mark("raison-de-la-fin") in him.get("/tchat/suites/").body


def _comes_from_a_provider(all_: Typing) -> None:
    me = Browser(all_.stranger.port, marked_headers(), SOURCE)
    me.get("/compte/login/")
    assert me.post("/compte/openid/", {"next": f"/{mark('apres')}/", "process": mark("process")}).status == 302
    typed = {name: mark(f"openid-{name}") for name in ("state", "code", "error", "error_description", "iss")}
    for names in (typed, ("state", "code"), ("state", "error"), ("code",), ("error", "error_description")):
        query = urlencode({name: typed[name] for name in names})
        assert me.get(f"/compte/openid/retour/?{query}").status in {302, 400, 403, 404}


def _visitor_types(all_: Typing) -> None:
    me, key = all_.stranger, str(all_.conversation.public_id)
    me.get("/point-d-accueil/")
    me.get(f"/?q={mark('adresse')}")
    me.get(f"/point-d-accueil/?q={mark('lien')}")
    me.get(f"/{mark('chemin')}/")
    me.get(f"/orientation/{mark('question')}/")
    me.get(f"/orientation/resultat/{mark('resultat')}/")
    me.get(f"/static/{mark('fichier')}.css")
    me.get(f"/metrics?token={mark('jeton')}", Authorization=f"Bearer {mark('porteur')}")
    me.post("/point-d-accueil/", {"q": mark("ville"), "purpose": "echange"})
    me.get("/point-d-accueil/services/")
    me.post("/point-d-accueil/suggestions/", {"q": mark("suggestion")})
    for name in ("postal_code", "municipality", "reception_point", "choice", "q", "purpose"):
        me.post("/point-d-accueil/choisir/", {name: mark(f"choix-{name}")})
    me.get("/orientation/")
    me.post("/orientation/maintenant/", {"answer": mark("reponse")})
    me.get("/orientation/maintenant/")
    me.post(
        "/signalement/", dict.fromkeys(("role", "age_band", "facts", "since", "submission_id"), mark("signalement"))
    )
    me.get("/avis/")
    assert me.post("/avis/", {"rating": "yes", "page": "other", "text": mark("avis")}).status == 302
    texts = ("name", "addresses", "account", "period", "description", "reasons", "steps")
    kit = {"platform": "other", "who": "adult", "step": "write", **{one: mark(f"retrait-{one}") for one in texts}}
    assert me.post("/retrait/demande/", {**kit, "email": f"{mark('retrait-adresse')}@exemple.fr"}).status == 200
    me.post("/retrait/demande/", {**kit, "platform": mark("retrait-site"), "email": mark("retrait-refus")})
    me.post("/avis/", {"rating": mark("note"), "page": mark("sujet"), "text": mark("avis-refuse")})
    me.post(
        "/parametres-affichage/", {"theme": mark("theme"), "language": mark("langue"), "next": f"/{mark('retour')}"}
    )
    me.post("/parametres-affichage/", {"theme": "dark", "language": "fr", "next": f"//{mark('ailleurs')}.example/"})
    me.get("/tchat/reprendre/")
    me.post("/tchat/reprendre/", {"code": mark("code")})
    me.post("/tchat/reprendre/", {"code": f"abeille bateau {mark('mot')} citron fleur"})
    me.get(f"/console/echange/{key}/?modele={mark('modele')}")
    me.post(f"/console/echange/{key}/", {"body": mark("sans-entrer")})
    me.get(f"/admin/{mark('admin')}/?q={mark('recherche')}")


def _reporter_types(all_: Typing) -> None:
    me = all_.reporter
    assert me.get("/tchat/").status == 200
    body = mark("message-formulaire")
    assert me.post("/tchat/message/", {"client_id": uuid.uuid4(), "body": body}).status == 302
    assert body in unescape(me.get("/tchat/").body)
    for fields in (
        {"client_id": mark("client-id"), "body": "x"},
        {"client_id": uuid.uuid4(), "body": mark("trop") * 400},
    ):
        me.post("/tchat/message/", fields)
    me.get(f"/tchat/suite/?apres={mark('apres')}&etat={mark('etat')}")
    post = {"type": "post", "client_id": str(uuid.uuid4()), "body": mark("message-trames")}
    assert mark("message-trames") in me.frame("/tchat/trames/", json.dumps(post)).body
    for frame in bad_frames(post):
        assert me.frame("/tchat/trames/", frame).status == 200
    _notes_facts(me)
    _sends_captures(me)
    _takes_a_copy(me)
    code = me.ask("POST", "/tchat/code/", "", Accept="application/json", X_CSRFToken=me.token)
    all_.codes.append(json.loads(code.body)["code"])
    with all_.site.line(0, "/ws/conversation/", me.cookies[settings.SESSION_COOKIE_NAME]) as line:
        line.acknowledged(line.post(mark("message-socket")))
        line.send(type="typing", text=mark("ecrit"))
        for frame in bad_frames(post)[:12]:
            line.socket.send(frame)
            line.until(lambda answer: answer["type"] == "error")
        line.send(type="beat")
        line.until(lambda answer: answer["type"] == "beat")


def _notes_facts(me: Browser) -> None:
    """Note facts: private, corrected, shown; what is refused, and what is only begun.

    The agent's page reads what is shown.
    """
    page, key = "/tchat/faits/", uuid.uuid4()
    words = {name: mark(f"fait-{name}") for name in ("what", "platform", "account", "link", "seen_by")}
    assert me.post(page, {"act": "note", "fact_id": key, "day": "2026-03-12", **words}).status == 302
    assert words["what"] in unescape(me.get(page).body)
    changed = {**words, "what": mark("fait-corrige"), "edits": "1", "day": "2026-03-12"}
    assert me.post(page, {"act": "note", "fact_id": key, **changed}).status == 302
    for name in (*words, "precision", "day", "hour", "fact_id"):
        me.post(page, {"act": "note", "what": "x", name: mark(f"refuse-{name}") * 90})
    me.get(f"{page}?avant={mark('avant')}&fait={mark('fait')}")
    me.post("/tchat/brouillon/", {"fact_id": uuid.uuid4(), "what": mark("fait-commence"), "to": mark("vers")})
    me.post(page, {"act": mark("geste"), "fact": mark("coche")})
    assert me.post(page, {"act": "show_all"}).status == 302


def _sends_captures(me: Browser) -> None:
    """Answer the question, note an address, send a file with marked words in it and in its name, and one that is
    refused.
    """
    page = "/tchat/captures/"
    me.post(page, {"act": "answer", "minor": mark("mineur")})
    assert me.post(page, {"act": "answer", "minor": "yes"}).status == 302
    assert me.post(page, {"act": "note", "address": mark("adresse-signalee")}).status == 302
    me.post(page, {"act": "note", "address": mark("adresse-longue") * 90})
    assert me.post(page, {"act": "answer", "minor": "no"}).status == 302
    whole = make_captures.png() + mark("octets-de-capture").encode() * 9_000
    assert me.send_file(page, {"act": "send"}, "capture", mark("nom-de-fichier") + ".png", whole).status == 302
    me.send_file(page, {"act": "send"}, "capture", mark("nom-refuse") + ".svg", mark("octets-refuses").encode())
    me.post(page, {"act": mark("geste-capture"), "one": mark("capture-cochee")})
    assert me.post(page, {"act": "show_all"}).status == 302


def _copy_when_ready(me: Browser, asked: dict[str, object]) -> Answer:
    """Return the copy, or what is said instead of it. On a busy machine the page says that it is being prepared."""
    deadline = time.monotonic() + COPY_SECONDS
    while (answer := me.post("/tchat/copie/", asked)).status == 202 and time.monotonic() < deadline:
        time.sleep(1)
    return answer


def _takes_a_copy(me: Browser) -> None:
    """Take a copy that is refused, one closed by words, and one as it is, with captures; and a receipt.

    Nothing of it is written anywhere.
    """
    page, words = "/tchat/copie/", mark("mots-de-la-copie")
    me.post(page, {"device": mark("appareil"), "lock": "on", "words": mark("mots-refuses") * 30})
    closed = _copy_when_ready(me, {"device": "mine", "captures": "on", "lock": "on", "words": words})
    assert closed.status == 200 and words not in closed.body
    assert _copy_when_ready(me, {"device": "mine", "captures": "on"}).status == 200
    assert me.post("/tchat/recepisse/", {}).status == 200
    me.post("/tchat/recepisse/papier/", {"number": mark("numero-de-recepisse")})


def bad_frames(post: dict[str, str]) -> list[str]:
    """Return frames of which nothing is kept, with marked words in each."""
    return [
        mark("trame"), json.dumps([mark("liste")]), json.dumps({"type": mark("type")}),
        json.dumps({**post, "client_id": mark("client")}), json.dumps({**post, "body": mark("nul") + "\0"}),
        json.dumps({**post, "body": [mark("corps")]}), json.dumps({**post, "body": mark("long") * 400}),
        json.dumps({**post, "conversation": mark("echange")}), json.dumps({**post, "conversation": str(uuid.uuid4())}),
        json.dumps({"type": "read", "seq": mark("lu")}), json.dumps({"type": "sync", "after": mark("depuis")}),
        '{"type": "post", "body": "' + mark("ouvert"), json.dumps({**post, "body": mark("surrogat") + "\ud800"}),
    ]  # fmt: skip


def _hands_over(me: Browser, page: str) -> None:
    """Hand over a document with marked words in it, in its name and in what it is said to be; and what is refused."""
    end = time.monotonic() + 40  # a setting is known everywhere within half a minute
    while "documents/" not in me.get(f"{page}captures/").body and time.monotonic() < end:
        time.sleep(1)
    address, key = f"{page}documents/", str(uuid.uuid4())
    content = make_captures.png() + mark("octets-du-document").encode() * 9_000
    fields = {"title": mark("titre-du-document"), "key": key}
    assert me.send_file(address, fields, "capture", mark("nom-du-document") + ".png", content).status == 302
    assert fields["title"] in me.get(f"{page}captures/").body
    refused = {"title": mark("titre-trop-long") * 30, "key": mark("cle-du-document")}
    me.send_file(address, refused, "capture", mark("document-refuse") + ".svg", mark("refus").encode())
    me.send_file(address, {"title": mark("titre-seul")}, "capture", "a.svg", mark("pas-une-image").encode())
    me.post(address, {"retirer": mark("document-retire")})


def _agent_types(all_: Typing) -> None:
    me, page = all_.console, f"/console/echange/{all_.conversation.public_id}/"
    assert mark("fait-corrige") in unescape(me.get(page).body)
    assert me.get(f"{page}faits/?apres={mark('apres-faits')}").status == 200
    _hands_over(me, page)
    assert me.post(page, {"client_id": uuid.uuid4(), "body": mark("reponse-agent")}).status == 302
    me.post(page, {"client_id": mark("client-agent"), "body": mark("reponse-refusee")})
    me.get(f"{page}?modele={mark('modele-agent')}&partie={mark('partie')}")
    me.post(f"{page}urgence/", {"urgency": mark("urgence"), "reason": mark("raison"), "explanation": mark("parce-que")})
    me.post(f"{page}urgence/", {"urgency": "2", "reason": "danger", "explanation": mark("explication")})
    me.post(f"{page}retour/", {"minutes": mark("minutes")})
    assert me.post(f"{page}note/", {"body": mark("note")}).status == 302
    me.post(f"{page}note/", {"body": mark("note-corrigee"), "replaces": mark("note-numero")})
    me.post(f"{page}question/", {"body": mark("question"), "colleague": ""})
    me.post(f"{page}question/", {"body": mark("question-refusee"), "colleague": mark("collegue")})
    me.post(page, {"insert": mark("insere"), "body": mark("brouillon")})
    assert me.post("/console/reponses/", {"title": mark("titre"), "vous": mark("vous"), "tu": mark("tu")}).status == 302
    me.post("/console/reponses/", {"title": mark("titre-refuse"), "vous": "{" + mark("variable") + "}"})
    assert me.post(f"{page}brouillon/", {"body": mark("reponse-commencee")}).status == 204
    me.post(f"{page}terminer/", {"outcome": mark("issue"), "confirm": mark("confirme"), "told": mark("resume")})
    notes = {name: mark(f"fiche-{name}") for name in ("dates", "accounts", "links", "notes")}
    assert me.post(f"{page}fiche/", {"version": "0", "online": "yes", **notes}).status == 302
    me.post(f"{page}fiche/", {"version": "0", "online": mark("element"), "notes": mark("fiche-ancienne")})
    asked = {"act": "question", "question": mark("question-prete"), "answer_1": mark("reponse-1"), "answer_2": "Non"}
    assert me.post(f"{page}propositions/", asked).status == 302
    me.post(f"{page}propositions/", {"act": mark("acte"), "day": mark("jour"), "partner": mark("partenaire")})
    me.post(f"{page}procedure/", {"situation": mark("situation"), "step": mark("etape")})
    me.post(f"{page}document/", {"motive": mark("motif-document")})
    me.post("/console/recepisse/", {"number": mark("recepisse-essaye")})
    me.post("/console/mes-echanges/", {"since": mark("depuis-le"), "facts": mark("faits"), "outcome": mark("fin")})
    for name in ("availability", "pause_reason", "capacity", "echange"):
        me.post(
            "/console/disponibilite/",
            {"availability": "pause", "pause_reason": "meal", "capacity": "2", name: mark(name)},
        )
    frame = {"type": "post", "conversation": str(all_.conversation.public_id), "client_id": str(uuid.uuid4())}
    assert (
        mark("trames-agent") in me.frame("/console/trames/", json.dumps({**frame, "body": mark("trames-agent")})).body
    )
    for bad in bad_frames({**frame, "body": "x"}):
        me.frame("/console/trames/", bad)
    with all_.site.line(0, "/ws/console/", me.cookies[settings.SESSION_COOKIE_NAME]) as line:
        line.acknowledged(line.post(mark("socket-agent"), conversation=frame["conversation"]))


def _signing_in(all_: Typing) -> None:
    me = Browser(all_.stranger.port, marked_headers(), SOURCE)
    me.get(f"/compte/login/?next=/{mark('suite')}/")
    for name, password in (
        (mark("identifiant"), "x"),
        (all_.newcomer, mark("passe")),
        (mark("i") + "\0", "x"),
    ):
        me.post("/compte/login/", {"login": name, "password": password})
    assert me.post("/compte/login/", {"login": all_.newcomer, "password": PASSWORD}).status == 302
    me.get("/compte/2fa/authenticate/")
    me.post("/compte/2fa/authenticate/", {"code": mark("code-totp")})
    me.post("/compte/password/change/", dict.fromkeys(("oldpassword", "password1", "password2"), mark("nouveau")))


def _administrator_types(all_: Typing) -> None:
    me = staff(all_, Role.ADMINISTRATOR)
    for model in ("accounts/user", "chat/unit", "chat/agent", "pages/feedback", "reports/accessrecord",
                  "locations/municipality"):  # fmt: skip
        assert me.get(f"/admin/{model}/?q={mark('cherche')}").status == 200
        me.get(f"/admin/{model}/?{mark('filtre')}={mark('valeur')}")
        me.get(f"/admin/{model}/{mark('objet')}/change/")
        me.post(f"/admin/{model}/", {"action": mark("action"), "_selected_action": mark("ligne")})
    me.get("/admin/chat/unit/add/")
    me.post("/admin/chat/unit/add/", {"name": "", "force": mark("force")})


def _ill_formed(all_: Typing) -> None:
    """Send what Django refuses before a view is asked."""
    me = Browser(all_.stranger.port, marked_headers(), SOURCE)
    me.get("/avis/")
    form, mine = "application/x-www-form-urlencoded", {"X_CSRFToken": me.token}
    assert me.get("/", Host=f"{mark('hote')}.example").status == 400
    assert me.get("/", Host=f"127.0.0.1:{mark('port')}").status == 400
    assert me.post("/avis/", {"text": mark("sans-jeton"), "csrfmiddlewaretoken": mark("jeton")}).status == 403
    assert me.post("/avis/", {"text": mark("origine")}, Origin=f"https://{mark('origine')}.example").status == 403
    me.post("/avis/", {"text": mark("grand") * 300_000})
    me.post("/avis/", {f"{mark('champ')}{number}": "x" for number in range(1200)})
    me.ask("POST", "/avis/", "a" * 50, Content_Type=f"multipart/form-data; boundary={mark('limite')}", **mine)
    me.ask("POST", "/avis/", f"text={mark('codage')}", Content_Type=f"{form}; charset={mark('charset')}", **mine)
    me.ask("POST", "/avis/", f"text={mark('typed')}", Content_Type=mark("type-de-contenu"), **mine)
    me.ask("POST", "/avis/", b"text=%ff%fe" + mark("octets").encode(), Content_Type=form, **mine)
    for path in (
        f"/%ff{mark('octets')}",
        f"/avis/?%ff={mark('octets')}",
        f"/%00{mark('nul')}/",
        f"/tchat/%0d%0a{mark('ligne')}",
    ):
        me.get(path)
    me.ask(mark("METHODE"), "/")
    cookies = {settings.SESSION_COOKIE_NAME: mark("session"), "csrftoken": mark("csrf"), "theme": mark("theme"),
               "django_language": mark("langue"), "messages": mark("messages")}  # fmt: skip
    for path in ("/", "/tchat/", "/console/", "/avis/"):
        Browser(me.port, marked_headers(), SOURCE, dict(cookies)).get(path)
        Browser(me.port, marked_headers(), SOURCE, dict(cookies)).post(path, {"text": mark("cookies")})


# A table that refuses every row: the driver's error then contains the row. And a table that does not exist: the error
# contains the query.
REFUSE = "ALTER TABLE {table} ADD CONSTRAINT broken CHECK (false) NOT VALID"
ACCEPT = "ALTER TABLE {table} DROP CONSTRAINT broken"
HIDE, SHOW = "ALTER TABLE {table} RENAME TO hidden", "ALTER TABLE hidden RENAME TO {table}"


@contextlib.contextmanager
def broken(site: Site, table: str, *, hidden: bool) -> Iterator[None]:
    before, after = (HIDE, SHOW) if hidden else (REFUSE, ACCEPT)
    with psycopg.connect(site.postgres.url, autocommit=True) as connection:
        connection.execute(before.format(table=table))
        try:
            yield
        finally:
            connection.execute(after.format(table=table))


def _while_broken(all_: Typing) -> list[int]:
    """Cause failures of the site itself, and return the statuses."""
    seen = []
    for hidden in (False, True):
        for table, asks in failures(all_).items():
            with broken(all_.site, table, hidden=hidden):
                seen += [ask() for ask in asks]
    return seen


def failures(all_: Typing) -> dict[str, list[Callable[[], int]]]:
    me, him, she = all_.stranger, all_.reporter, all_.console
    page = f"/console/echange/{all_.conversation.public_id}/"
    chief = staff(all_, Role.SUPERVISOR)
    chief.get("/console/")

    def message() -> int:
        return him.post("/tchat/message/", {"client_id": uuid.uuid4(), "body": mark("pendant-la-panne")}).status

    def frame() -> int:
        post = {"type": "post", "client_id": str(uuid.uuid4()), "body": mark("trame-en-panne")}
        return him.frame("/tchat/trames/", json.dumps(post)).status

    def socket() -> int:
        with all_.site.line(0, "/ws/conversation/", him.cookies[settings.SESSION_COOKIE_NAME]) as line:
            line.post(mark("socket-en-panne"))
            line.until(lambda answer: answer["type"] == "error", 20)
        return 500

    def opinion() -> int:
        return me.post("/avis/", {"rating": "yes", "page": "other", "text": mark("avis-en-panne")}).status

    def town() -> int:
        return me.post("/point-d-accueil/", {"q": mark("ville-en-panne"), "purpose": "echange"}).status

    def answer() -> int:
        return she.post(page, {"client_id": uuid.uuid4(), "body": mark("agent-en-panne")}).status

    def sign_in() -> int:
        one = Browser(me.port, marked_headers(), SOURCE)
        one.get("/compte/login/")
        return one.post("/compte/login/", {"login": mark("login-en-panne"), "password": mark("passe-en-panne")}).status

    def unknown() -> int:
        return me.get(f"/{mark('chemin-en-panne')}/?q={mark('question-en-panne')}").status

    def signalement() -> int:
        one = before_the_form(all_, is_in_danger=True)
        return one.post("/signalement/", {**form_of(one), "name": mark("nom-en-panne")}).status

    def opening() -> int:
        motives = dict.fromkeys(("motive", "legal_ground"), mark("levee-en-panne"))
        return she.post(f"{page}levee/", {**motives, "field": "name", "is_urgent": "on"}).status

    def freeze() -> int:
        reasons = dict.fromkeys(("motive", "reference", "authority"), mark("gel-en-panne"))
        until = (timezone.localdate() + timedelta(days=30)).isoformat()
        return chief.post(page.replace("echange", "conservation") + "gel/", {**reasons, "until": until}).status

    def provider() -> int:
        return me.get(f"/compte/openid/retour/?state={mark('etat-en-panne')}&code={mark('code-en-panne')}").status

    return {
        "reports_sealedvalue": [signalement],
        "reports_openingrequest": [opening],
        "reports_freeze": [freeze],
        "chat_message": [message, frame, socket, answer],
        "pages_feedback": [opinion],
        "locations_placename": [town],
        "django_session": [opinion, town, unknown, sign_in, provider],
        "accounts_user": [sign_in],
    }


def _database_away(all_: Typing) -> list[int]:
    """Let PostgreSQL stand still, then answer again."""
    me, him = all_.stranger, all_.reporter
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'pnav'"
    with psycopg.connect(all_.site.postgres.url, dbname="postgres", autocommit=True) as connection:
        connection.execute("ALTER DATABASE pnav ALLOW_CONNECTIONS false")
        connection.execute(others)
        try:
            with ThreadPoolExecutor(3) as at_once:
                asked = [
                    at_once.submit(him.post, "/tchat/message/", {"client_id": uuid.uuid4(), "body": mark("sans-base")}),
                    at_once.submit(me.get, f"/{mark('chemin-sans-base')}/?q={mark('question-sans-base')}"),
                    at_once.submit(me.post, "/point-d-accueil/", {"q": mark("ville-sans-base")}),
                ]
                return [one.result().status for one in asked]
        finally:
            connection.execute("ALTER DATABASE pnav ALLOW_CONNECTIONS true")


# --- what is left -----------------------------------------------------------------------------------------------------


def assert_it_arrived(site: Site) -> None:
    """Check that what is searched for below is there for whoever has the keys: the marks went where they should."""
    keys = f"{NEW_KEY},{settings.CONTENT_KEYS}"
    with site.database(), override_settings(CONTENT_KEYS=keys):
        values = list(SealedValue.objects.select_related("report"))
        opened = "\n".join(
            unseal_text(one.for_custodians, private_key=SEAL_KEY, context=context_of(one)) for one in values
        )
        notes = [opening_actions.note_of(one) for one in OpeningStep.objects.select_related("request")]
        grounds = [opening_actions.grounds_of(one) for one in OpeningRequest.objects.all()]
        handed = [*Transmission.objects.select_related("conversation"), *TransmissionStep.objects.all()]
        freeze, erasure = Freeze.objects.get(), ErasureRequest.objects.get()
        words = f"{opened}{notes}{grounds}{freeze.reasons}{erasure.motive}{[one.words for one in handed]}"
    places = ("nom-scelle", "contact-scelle", "motif", "fondement", "parquet", "refus", "examen", "reference",
              "gel-motive", "gel-reference", "gel-authority", "motif-refus", "resume-yes", "resume-no",
              "lieu-du-rendez-vous", "raison-de-la-fin")  # fmt: skip
    missing = [word for word in (CLIENT, PORT, *map(mark, places)) if word not in words]
    assert not missing, missing


def words_that_open() -> list[str]:
    """Return the texts with a marked word that open now, of all that is sealed of exchanges, in every table."""
    found = []
    for model in moving.sealed_models():
        for row in model.objects.all():
            for name in model.SEALED:
                if not (sealed := getattr(row, name)):
                    continue
                try:
                    text = encryption.unseal(sealed, context=row.context)
                except encryption.UnsealError:
                    continue
                if STEM in text:
                    found.append(f"{model.__name__} {row.pk}: {text[:60]}")
    return found


def assert_every_word_hangs_on_a_data_key(site: Site) -> None:
    """Check that with the key ring, and without the wrapped keys, nothing that was typed in an exchange opens."""
    keys = f"{NEW_KEY},{settings.CONTENT_KEYS}"
    with site.database(), override_settings(CONTENT_KEYS=keys):
        data_keys.forget_all()
        tables = {one.partition(" ")[0] for one in words_that_open()}
        assert len(tables) >= 6, f"too little was typed: {tables}"
        WrappedKey.objects.all().delete()
        data_keys.forget_all()
        assert words_that_open() == [], "sealed with the key ring: docs/adr/0081"
    data_keys.forget_all()


def context_of(value: SealedValue) -> Context:
    return Context(value.report.public_id, value.field, value.version)


def test_nothing_typed_is_left_anywhere(watched, typing, tried):
    session_keys = [one.cookies[settings.SESSION_COOKIE_NAME] for one in (typing.reporter, typing.console)]
    with redis.Redis.from_url(watched.valkey.url) as valkey, Eavesdropper(valkey) as ear:
        valkey.config_set("rdbcompression", "no")
        for step in (
            _visitor_types, _reporter_types, _agent_types, _goes_to_a_unit, _under_seal, _openings_are_asked,
            _its_end_is_decided, _signing_in, _comes_from_a_provider, _administrator_types, _ill_formed,
        ):  # fmt: skip
            step(typing)
        statuses = _while_broken(typing)
        assert set(statuses) >= {500, 503}, "nothing failed, so that no failure was seen"
        statuses = _database_away(typing)
        assert min(statuses) >= 500, statuses
        time.sleep(0.5)
        ear.is_over = True
        assert_it_arrived(watched)
        left = left_behind(watched, valkey, bytes(ear.heard))
        words = [STEM, SOURCE, CLIENT, SECRET, *session_keys, *typing.codes]
        found = leaks(left, words)
        assert not found, f"{len(found)} leaks\n" + "\n".join(sorted(found)[:40])
        assert any(name.startswith("file of a capture") for name in left)
        assert len(left["MONITOR"]) > 1000 and b"INSERT INTO public.chat_message" in left["pg_dump"]
        tried("requests with marked words", Browser.asked)
        tried("bytes left behind, searched for marked words", sum(map(len, left.values())))

        # The same search would find it: after one word was left in each place, it does.
        with watched.database():
            Unit.objects.create(name=mark("fuite"), force="police")
        valkey.set("fuite", mark("fuite"), ex=60)
        with (watched.folder / "worker.log").open("a") as log:
            log.write(f"client {SOURCE} wrote\n")
        found = leaks(left_behind(watched, valkey, b""), [STEM, SOURCE])
        places = {line.split(":")[0].split(" base/")[0].split(" pg_wal/")[0] for line in found}
        assert {
            "pg_dump",
            "file of PostgreSQL",
            "keys of Valkey",
            "file of Valkey dump.rdb",
            "log worker.log",
        } <= places
        assert_every_word_hangs_on_a_data_key(watched)  # this comes last, because nothing can be read after it
