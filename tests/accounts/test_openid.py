"""Signs in with a real provider; the provider signed every token that is used."""

import base64
import hashlib
import json
import logging
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from chat.realtime.authentication import Pass
from common import security_log
from pnav.accounts.models import Role, User
from pnav.accounts.openid import Exchange, proves_second_factor
from pnav.accounts.second_factor import link_mark
from pnav.demo.services import free_port
from pnav.logs import OURS
from pnav.server.identity import identify_passes
from pnav.sessions import stored_key
from reports.models import AccessRecord
from tests.accounts.cast import PASSWORD, make_user, sign_in, totp_code
from tests.accounts.provider import Provider, leave, query_of, sign_in_there

pytestmark = pytest.mark.django_db
SUBJECT = "3f1c9a7e-sub"
ACR = "https://fournisseur.example/assurance/deux-facteurs"
LINK = {"socialaccount_set-TOTAL_FORMS": "1", "socialaccount_set-INITIAL_FORMS": "0"}


@pytest.fixture(scope="module")
def provider():
    one = Provider.start(free_port(), "--require-nonce", "true")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def hasty():
    """Give a provider whose tokens have ended when they arrive."""
    one = Provider.start(free_port(), "--token-max-age", "-120")
    yield one
    one.stop()


def configure(settings, at: Provider) -> None:
    settings.OPENID_ISSUER = at.url
    settings.OPENID_PROVIDER = f"openid-{hashlib.sha256(at.url.encode()).hexdigest()[:16]}"
    settings.OPENID_CLIENT_ID, settings.OPENID_CLIENT_SECRET = "pnav", "a secret of the provider"
    settings.OPENID_ALGORITHMS = ["RS256"]  # the only one that this provider supports


@pytest.fixture(autouse=True)
def configured(settings, provider):
    configure(settings, provider)


@pytest.fixture
def believed(settings):
    """Trust the provider's second factor."""
    settings.OPENID_SECOND_FACTOR_ACR, settings.OPENID_SECOND_FACTOR_AMR = [ACR], ["mfa"]
    settings.OPENID_SECOND_FACTOR = True


@pytest.fixture
def camille(settings) -> User:
    user = make_user("camille", totp=True)
    link(user, settings)
    return user


def test_account_page_tells_of_a_linked_identity(client, settings):
    user = make_user("camille", Role.CUSTODIAN, totp=True)
    sign_in(client, "camille")
    link(user, settings)
    said = f"Une identité {settings.OPENID_NAME} est reliée"
    assert said in client.get("/compte/2fa/").text
    settings.OPENID_ISSUER = ""  # without a provider, nobody can sign in with it
    assert said not in client.get("/compte/2fa/").text


def link(user: User, settings, subject: str = SUBJECT, *, confirmed: bool = True) -> SocialAccount:
    made = SocialAccount.objects.create(user=user, provider=settings.OPENID_PROVIDER, uid=subject)
    if confirmed:
        User.objects.filter(pk=user.pk).update(confirmed_link=link_mark(made))
    return made


def is_in(client: Client) -> bool:
    return client.get("/compte/2fa/").status_code == 200


def is_refused(client: Client, answer) -> bool:
    assert answer.url == reverse("account_login"), answer.url
    page = client.get(answer.url).content.decode().replace("&#x27;", "'")
    assert "La connexion n'a pas abouti" in page
    return "_auth_user_id" not in client.session and "account_authentication_methods" not in client.session


# --- the way in -----------------------------------------------------------------------------------------------------


def test_what_is_asked_of_the_provider(client, provider):
    asked = query_of(leave(client))
    assert leave(client).startswith(provider.url + "/oauth2/authorize?")
    assert asked["response_type"] == "code" and asked["scope"] == "openid"
    assert asked["redirect_uri"] == "http://testserver/compte/openid/retour/"
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) >= 43
    assert len(asked["nonce"]) >= 32 and len(asked["state"]) >= 16
    assert "claims" not in asked and "acr_values" not in asked
    again = query_of(leave(client))
    assert {asked[name] for name in ("nonce", "state", "code_challenge")}.isdisjoint(again.values())


def test_second_factor_is_asked_of_the_provider_where_it_is_believed(client, believed):
    asked = query_of(leave(client))
    assert json.loads(asked["claims"]) == {
        "id_token": {"acr": {"essential": True, "values": [ACR]}, "amr": {"essential": True}}
    }
    assert asked["acr_values"] == ACR and asked["max_age"] == "300"


@pytest.mark.parametrize(("hours", "asks"), [(0, False), (9, True)])
def test_proof_of_the_provider_is_as_old_as_it_says(client, settings, believed, provider, hours, asks):
    """A session there that began this morning is no recent proof here."""
    link(make_user("boss", Role.ADMINISTRATOR, totp=True), settings)
    provider.knows(SUBJECT, acr=ACR, auth_time=int(time.time()) - hours * 3600)
    client.get(sign_in_there(leave(client), SUBJECT))
    assert client.get("/admin/").status_code == 200
    assert (client.get("/admin/accounts/user/add/").status_code == 302) is asks


@pytest.mark.parametrize("at", ["yesterday", -1, 0, True, 4_000_000_000])
def test_second_factor_without_its_time_is_not_believed(believed, at):
    assert proves_second_factor({"acr": ACR, "auth_time": int(time.time())})
    assert not proves_second_factor({"acr": ACR, "auth_time": at}) and not proves_second_factor({"acr": ACR})


def test_no_answer_of_the_provider_leads_elsewhere(client, camille, settings):
    asked = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.OPENID_ISSUER = f"http://127.0.0.1:{server.server_port}"
    try:
        assert is_refused(client, client.post("/compte/openid/"))
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["/.well-known/openid-configuration"]


def test_nothing_in_the_request_adds_to_what_is_asked(client):
    answer = client.post("/compte/openid/?auth_params=acr_values%3Dnone&scope=email&process=connect&action=x")
    asked = query_of(answer.url)
    assert asked["scope"] == "openid" and "acr_values" not in asked
    assert all(state[0]["process"] == "login" for state in client.session["socialaccount_states"].values())


def test_sign_in_then_our_own_second_factor(client, camille):
    back = sign_in_there(leave(client, "/console/"), SUBJECT)
    answer = client.get(back)
    assert answer.url == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    answer = client.post(answer.url, {"code": totp_code()})
    assert answer.url == "/console/"
    assert client.session["_auth_user_id"] == str(camille.pk)
    assert is_in(client)


def test_account_without_a_factor_enrols_one(client, settings):
    link(make_user("camille"), settings)
    answer = client.get(sign_in_there(leave(client), SUBJECT))
    assert answer.url == "/console/"
    assert client.get("/console/").url == "/compte/2fa/?next=%2Fconsole%2F"


@pytest.mark.parametrize("claims", [{"acr": ACR}, {"amr": ["pwd", "mfa"]}])
def test_second_factor_of_the_provider_is_enough_where_it_is_believed(client, camille, believed, provider, claims):
    provider.knows(SUBJECT, **claims)
    answer = client.get(sign_in_there(leave(client, "/console/"), SUBJECT))
    assert answer.url == "/console/"
    assert is_in(client)
    [answer] = identify_passes([Pass(stored_key(client.cookies["sessionid"].value))])
    assert answer.user_id == camille.pk  # the sockets give the same answer
    # The link is the proof. Without it the session counts for nothing, on pages and on sockets.
    SocialAccount.objects.all().delete()
    assert client.get("/console/").url.startswith("/compte/2fa/reauthenticate/")
    [answer] = identify_passes([answer.pass_])
    assert answer.user_id is None


@pytest.mark.parametrize(
    "claims", [{}, {"acr": "eidas1"}, {"acr": [ACR]}, {"amr": ["pwd"]}, {"amr": "mfa"}, {"acr": None, "amr": None}]
)
def test_missing_or_weak_proof_leaves_our_own_second_factor(client, camille, believed, provider, claims):
    provider.knows(SUBJECT, **claims)
    answer = client.get(sign_in_there(leave(client), SUBJECT))
    assert answer.url == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session


def test_proof_that_the_operator_does_not_believe_counts_for_nothing(client, camille, provider):
    provider.knows(SUBJECT, acr=ACR, amr=["mfa"])
    assert client.get(sign_in_there(leave(client), SUBJECT)).url == reverse("mfa_authenticate")


def test_proof_is_believed_no_longer_when_the_operator_changes_his_mind(client, camille, believed, provider, settings):
    provider.knows(SUBJECT, acr=ACR)
    client.get(sign_in_there(leave(client), SUBJECT))
    assert is_in(client)
    settings.OPENID_SECOND_FACTOR = False
    assert client.get("/console/").url.startswith("/compte/2fa/reauthenticate/")


def test_link_counts_without_any_factor_of_ours(client, settings, believed, provider):
    link(make_user("camille"), settings)
    provider.knows(SUBJECT, acr=ACR)
    client.get(sign_in_there(leave(client), SUBJECT))
    assert is_in(client)
    password_alone = Client()
    sign_in(password_alone, "camille", totp=False)
    assert password_alone.get("/console/").url == "/compte/2fa/?next=%2Fconsole%2F"


def test_code_is_asked_for_with_the_verifier_of_its_challenge(client, camille, monkeypatch):
    sent = []
    original = requests.Session.request

    def request(session, method, url, **options):
        sent.append((url, options))
        return original(session, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", request)
    address = leave(client)
    client.get(sign_in_there(address, SUBJECT))
    [form] = [kw["data"] for url, kw in sent if url.endswith("/oauth2/token")]
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query_of(address)["code_challenge"]
    assert all("userinfo" not in url for url, _kw in sent)


# --- what is refused ------------------------------------------------------------------------------------------------


def test_unknown_subject_makes_no_account(client, camille):
    answer = client.get(sign_in_there(leave(client), "somebody-else"))
    page = client.get(answer.url).content.decode().replace("&#x27;", "'")
    assert "Aucun compte n'est relié à cette identité" in page
    assert User.objects.count() == 1 and SocialAccount.objects.count() == 1
    assert "_auth_user_id" not in client.session and "accounts.openid" not in client.session


def test_same_subject_of_another_issuer_is_another_person(client, camille):
    SocialAccount.objects.update(provider="openid-0123456789abcdef")
    client.get(sign_in_there(leave(client), SUBJECT))
    assert "_auth_user_id" not in client.session


def test_e_mail_of_an_account_links_nothing(client, provider):
    User.objects.filter(pk=make_user("camille", totp=True).pk).update(email="camille@police.example")
    provider.knows("other", email="camille@police.example", email_verified=True)
    client.get(sign_in_there(leave(client), "other"))
    assert "account_authentication_methods" not in client.session and not SocialAccount.objects.exists()


def test_inactive_account_does_not_enter(client, camille):
    User.objects.update(is_active=False)
    assert client.get(sign_in_there(leave(client), SUBJECT)).url == "/compte/inactive/"
    assert "_auth_user_id" not in client.session


def test_wrong_nonce(client, camille):
    """A code of another sign-in is brought to this browser: the provider's token says which one it was for."""
    back = sign_in_there(leave(client), SUBJECT, nonce="n" * 43)
    assert is_refused(client, client.get(back))


def test_wrong_state(client, camille):
    address = leave(client)
    code = query_of(sign_in_there(address, SUBJECT))["code"]
    assert is_refused(client, client.get("/compte/openid/retour/", {"code": code, "state": "x" * 16}))
    assert is_refused(client, client.get("/compte/openid/retour/", {"code": code}))


def test_state_of_another_browser(client, camille):
    """What an attacker began is not finished by a victim."""
    back = sign_in_there(leave(Client()), SUBJECT)
    assert is_refused(client, client.get(back))


def test_state_serves_once(client, camille):
    back = sign_in_there(leave(client), SUBJECT)
    assert client.get(back).url == reverse("mfa_authenticate")
    other = Client()
    other.cookies = client.cookies
    assert other.get(back).url == reverse("account_login")


def test_wrong_issuer_in_the_token(client, camille, provider, settings):
    """The provider names itself after the host it is asked by: under another name it is another issuer."""
    elsewhere = provider.url.replace("127.0.0.1", "localhost")
    settings.OPENID_EXTRA = {"openid_configuration_overrides": {"token_endpoint": f"{elsewhere}/oauth2/token"}}
    assert is_refused(client, client.get(sign_in_there(leave(client), SUBJECT)))


def test_wrong_issuer_in_the_description(client, camille, provider, settings):
    settings.OPENID_ISSUER = provider.url.replace("127.0.0.1", "localhost")
    settings.OPENID_EXTRA = {"server_url": f"{provider.url}/.well-known/openid-configuration"}
    answer = client.post("/compte/openid/")
    assert is_refused(client, answer)


def test_wrong_issuer_in_the_answer(client, camille):
    back = sign_in_there(leave(client), SUBJECT)
    assert is_refused(client, client.get(f"{back}&iss=https%3A%2F%2Felsewhere.example"))


def test_wrong_audience(client, camille, monkeypatch):
    """The token was signed by the provider for another site, with the right nonce."""
    address = leave(client)
    code = query_of(sign_in_there(address, SUBJECT, client_id="another-site"))["code"]
    asked = query_of(address)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"]}
    form |= {"client_id": "another-site", "client_secret": "x"}
    token = requests.post(address.split("?")[0].replace("authorize", "token"), data=form, timeout=5).json()
    assert token["id_token"]
    monkeypatch.setattr(Exchange, "get_access_token_data", lambda *_args, **_kwargs: token)
    assert is_refused(client, client.get("/compte/openid/retour/", {"code": "x", "state": asked["state"]}))


def test_expired_token(client, camille, hasty, settings, monkeypatch):
    configure(settings, hasty)
    link(camille, settings)
    assert is_refused(client, client.get(sign_in_there(leave(client), SUBJECT)))


@pytest.mark.parametrize("forgery", ["none", "shared", "flipped", "nothing"])
def test_forged_signature(client, camille, monkeypatch, forgery, provider):
    original = Exchange.get_access_token_data

    def forged(*args, **kwargs):
        token = original(*args, **kwargs)
        head, body, signature = token["id_token"].split(".")
        kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
        if forgery in {"none", "shared"}:
            algorithm = {"none": "none", "shared": "HS256"}[forgery]
            head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": kid}).encode()).rstrip(b"=").decode()
            signature = "" if forgery == "none" else signature
        elif forgery == "flipped":
            signature = ("A" if signature[0] != "A" else "B") + signature[1:]
        return token | {"id_token": "" if forgery == "nothing" else f"{head}.{body}.{signature}"}

    monkeypatch.setattr(Exchange, "get_access_token_data", forged)
    assert is_refused(client, client.get(sign_in_there(leave(client), SUBJECT)))


def test_signature_that_the_operator_did_not_name(client, camille, settings):
    """RS256 is every provider's; without its name in OPENID_ALGORITHMS it is as good as none."""
    settings.OPENID_ALGORITHMS = ["ES256", "PS256"]
    assert is_refused(client, client.get(sign_in_there(leave(client), SUBJECT)))


def signed_by(monkeypatch, key: Any, algorithm: str) -> None:
    """Have the provider publish this key, and sign its tokens by it."""
    original = Exchange.get_access_token_data

    def signed(*args: Any, **kwargs: Any) -> dict[str, Any]:
        token = original(*args, **kwargs)
        claims = jwt.decode(token["id_token"], options={"verify_signature": False})
        return token | {"id_token": jwt.encode(claims, key, algorithm, headers={"kid": "own"})}

    public = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    keys = jwt.PyJWKSet.from_dict({"keys": [{**public, "kid": "own", "alg": algorithm}]})
    monkeypatch.setattr(Exchange, "get_access_token_data", signed)
    monkeypatch.setattr(Exchange, "_keys", lambda _self: keys)


@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
def test_signatures_believed_by_default(client, camille, settings, monkeypatch, algorithm):
    settings.OPENID_ALGORITHMS = ["ES256", "PS256"]
    key = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
    signed_by(monkeypatch, key, algorithm)
    assert client.get(sign_in_there(leave(client), SUBJECT)).url == "/compte/2fa/authenticate/"


@pytest.mark.filterwarnings("ignore:The RSA key")  # a warning of PyJWT
def test_short_key_of_the_provider(client, camille, settings, monkeypatch, told):
    settings.OPENID_ALGORITHMS = ["PS256"]
    signed_by(monkeypatch, rsa.generate_private_key(65537, 1024), "PS256")  # noqa: S505  it is to be refused
    assert is_refused(client, client.get(sign_in_there(leave(client), SUBJECT)))
    assert told() == ["openid_refused why=the_provider_s_key_is_too_short"]


def test_provider_that_says_no_or_is_away(client, settings):
    state = query_of(leave(client))["state"]
    assert is_refused(client, client.get("/compte/openid/retour/", {"error": "access_denied", "state": state}))
    settings.OPENID_ISSUER = "http://127.0.0.1:1"
    answer = client.post("/compte/openid/", follow=True)
    assert "ProConnect ne répond pas. Vous pouvez vous connecter autrement." in answer.text
    assert is_refused(client, client.post("/compte/openid/"))


@pytest.mark.parametrize("description", ["away", "another", "empty"])
def test_provider_that_is_away_on_the_way_back(client, camille, settings, monkeypatch, told, description):
    back = sign_in_there(leave(client), SUBJECT)
    if description == "away":
        settings.OPENID_EXTRA = {"server_url": "http://127.0.0.1:1/.well-known/openid-configuration"}
    elif description == "another":
        settings.OPENID_EXTRA = {"openid_configuration_overrides": {"issuer": "https://elsewhere.example"}}
    else:
        monkeypatch.setattr(requests.Response, "json", lambda _answer: {"issuer": settings.OPENID_ISSUER})
    assert is_refused(client, client.get(back))
    why = {"away": "ConnectionError", "another": "the_description_is_of_another_issuer", "empty": "KeyError"}
    assert told() == [f"openid_refused why={why[description]}"]


def test_whoever_asks_the_callback_again_and_again_fills_no_log(client, told, caplog):
    """It needs no account and no provider."""
    caplog.set_level(logging.INFO)
    for number in range(40):
        client.get("/compte/openid/retour/", {"error": f"MARQUE{number}", "state": f"MARQUE{number}"})
    assert told("openid_refused") == ["openid_refused why=unknown"] * security_log.LINES
    ours = [one for one in caplog.records if one.name.partition(".")[0] in OURS and one.name != security_log.__name__]
    assert ours == [] and "MARQUE" not in caplog.text
    security_log.flush()
    assert told("openid_refused")[-1] == f"openid_refused why=unknown times={40 - security_log.LINES} seconds=60"


def test_logs_say_why_and_nothing_of_anybody(client, camille, caplog, told):
    caplog.set_level(logging.INFO)
    back = sign_in_there(leave(client), SUBJECT, nonce="n" * 43)
    client.get(back)
    client.get(sign_in_there(leave(client), "somebody-else"))
    assert told() == [
        "openid_refused why=the_token_is_of_another_sign_in", "openid_refused why=nobody_is_linked",
    ]  # fmt: skip
    for secret in (SUBJECT, query_of(back)["code"], query_of(back)["state"], "camille"):
        assert secret not in caplog.text


def test_nothing_is_kept_of_what_the_provider_knows(client, camille, provider):
    provider.knows(SUBJECT, name="Camille Durand", email="camille@police.example", phone_number="+33600000000")
    client.get(sign_in_there(leave(client), SUBJECT))
    assert SocialAccount.objects.get().extra_data == {} and not SocialToken.objects.exists()
    camille.refresh_from_db()
    assert (camille.email, camille.last_name) == ("", "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            query = f"SELECT count(*) FROM \"{table}\" AS line WHERE line::text LIKE '%%Durand%%'"  # noqa: S608
            cursor.execute(query)
            assert cursor.fetchone() == (0,), table


# --- off, doors and the way out -------------------------------------------------------------------------------------


def test_off_unless_configured(client, settings):
    settings.OPENID_ISSUER = ""
    assert client.post("/compte/openid/").status_code == client.get("/compte/openid/retour/").status_code == 404
    page = client.get("/compte/login/")
    assert "openid" not in page.text and "http" not in page.headers["Content-Security-Policy"].split("form-action")[0]


def test_sign_ins_begun_are_counted_by_network(client, monkeypatch):
    monkeypatch.setattr("pnav.accounts.openid.BEGUN_A_MINUTE", 2)
    monkeypatch.setattr("common.rate_limits.time.time", lambda: 1_800_000_000.0)
    assert [client.post("/compte/openid/").url == "/compte/login/" for _ in range(3)] == [False, False, True]
    assert Client(REMOTE_ADDR="198.51.100.8").post("/compte/openid/").url != "/compte/login/"


def test_a_link_from_elsewhere_starts_nothing(client):
    assert client.get("/compte/openid/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/compte/openid/").status_code == 403


def test_policy_lets_forms_of_the_account_lead_to_the_provider_and_no_other(client, provider):
    def form_action(path: str) -> str:
        return client.get(path).headers["Content-Security-Policy"].split("form-action ")[1].split(";")[0]

    assert "Se connecter avec ProConnect" in client.get("/compte/login/").text
    assert form_action("/compte/login/").startswith(provider.url + " 'self'")
    assert provider.url not in form_action("/")


def test_sign_out_goes_on_at_the_provider(client, camille, believed, provider):
    provider.knows(SUBJECT, acr=ACR)
    client.get(sign_in_there(leave(client), SUBJECT))
    token = client.session["accounts.openid"]["id_token"]
    answer = client.post("/compte/logout/")
    assert answer.url.startswith(provider.url + "/oauth2/end_session?")
    asked = query_of(answer.url)
    assert asked["id_token_hint"] == token
    assert asked["post_logout_redirect_uri"] == "http://testserver/compte/login/" and len(asked["state"]) > 16
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "_auth_user_id" not in client.session and "accounts.openid" not in client.session
    there = requests.get(answer.url, timeout=5)  # the provider accepts it, and leads back
    assert there.status_code == 200 and urllib.parse.urlsplit(asked["post_logout_redirect_uri"]).path in there.text


@pytest.mark.parametrize("attempt", ["old address", "another identity"])
def test_refused_attempt_leaves_the_way_out_of_the_open_session(client, camille, believed, provider, attempt):
    """Otherwise the session there stays open on a shared post, and the next person enters by it."""
    provider.knows(SUBJECT, acr=ACR)
    back = sign_in_there(leave(client), SUBJECT)
    client.get(back)
    token = client.session["accounts.openid"]["id_token"]
    refused = client.get(back if attempt == "old address" else sign_in_there(leave(client), "somebody-else"))
    assert refused.url == reverse("account_login")
    assert query_of(client.post("/compte/logout/").url)["id_token_hint"] == token


def test_sign_out_of_who_came_by_password_stays_here(client, camille):
    sign_in(client, "camille")
    answer = client.post("/compte/logout/")
    assert answer.url == "/compte/login/" and answer.headers["Clear-Site-Data"] == '"cache"'


# --- the administrator links ----------------------------------------------------------------------------------------


@pytest.fixture
def chief(client) -> User:
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    sign_in(client, "chef")
    return user


def change(client: Client, user: User, subject: str):
    path = reverse("admin:accounts_user_change", args=[user.pk])
    agent = {
        f"{inline}-{name}": "0" for inline in ("agent", "unit_account") for name in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    form = {**agent, **LINK, "username": user.username, "role": user.role, "is_active": "on"}
    return client.post(path, {**form, "socialaccount_set-0-uid": subject, "socialaccount_set-0-user": user.pk})


def test_administrator_links_a_subject_which_ends_the_sessions(client, chief, settings):
    other = make_user("referente", Role.CUSTODIAN, totp=True)
    session = Client()
    cache.clear()
    sign_in(session, "referente")
    shown = client.get(reverse("admin:accounts_user_change", args=[other.pk])).text
    assert "identité chez le fournisseur" in shown.lower()
    assert change(client, other, f" {SUBJECT} ").status_code == 302
    assert SocialAccount.objects.values_list("user", "provider", "uid").get() == (
        other.pk, settings.OPENID_PROVIDER, SUBJECT
    )  # fmt: skip
    line = AccessRecord.objects.get(kind="admin_change")
    assert line.subject == f"accounts.User {other.pk}" and line.detail == "social account (added)"
    assert session.get("/compte/2fa/").url.startswith("/compte/login/")


def test_administrator_who_links_their_own_subject_does_not_enter(client, settings, believed, provider):
    """They do not enter unseen: they would have to take the owner's factor away, who then knows."""
    owner = make_user("cheffe", Role.SUPERVISOR, totp=True)
    link(owner, settings, "subject-of-the-administrator", confirmed=False)
    provider.knows("subject-of-the-administrator", acr=ACR)
    answer = client.get(sign_in_there(leave(client), "subject-of-the-administrator"))
    assert answer.url == reverse("mfa_authenticate")
    assert not is_in(client) and "_auth_user_id" not in client.session
    owner.refresh_from_db()
    assert owner.confirmed_link == "" and owner.authenticator_set.count() == 1


def test_new_link_is_confirmed_once_by_its_owners_factor(client, settings, believed, provider):
    owner = make_user("cheffe", Role.SUPERVISOR, totp=True)
    made = link(owner, settings, confirmed=False)
    provider.knows(SUBJECT, acr=ACR)
    first = client.get(sign_in_there(leave(client), SUBJECT))
    client.post(first.url, {"code": totp_code()})
    assert is_in(client)
    later = Client()
    later.get(sign_in_there(leave(later), SUBJECT))
    assert is_in(later)
    made.uid = "changed"  # as if an administrator had changed it
    made.save()
    provider.knows("changed", acr=ACR)
    other = Client()
    assert other.get(sign_in_there(leave(other), "changed")).url == reverse("mfa_authenticate")


def test_signing_in_by_password_confirms_no_link(client, camille):
    User.objects.update(confirmed_link="")
    sign_in(client, "camille")
    assert is_in(client) and User.objects.get().confirmed_link == ""


def test_new_link_of_an_account_without_a_factor_is_confirmed_by_enrolling_one(client, settings, believed, provider):
    """Enrolling takes the password."""
    link(make_user("camille"), settings, confirmed=False)
    provider.knows(SUBJECT, acr=ACR)
    client.get(sign_in_there(leave(client), SUBJECT))
    assert client.get("/console/").url == "/compte/2fa/?next=%2Fconsole%2F"
    asked = client.get("/compte/2fa/totp/activate/").url
    assert asked.startswith("/compte/reauthenticate/")
    client.post(asked, {"password": PASSWORD})
    page = client.get("/compte/2fa/totp/activate/")
    client.post("/compte/2fa/totp/activate/", {"code": totp_code(page.context["form"].secret)})
    assert User.objects.get().confirmed_link == link_mark(SocialAccount.objects.get())
    later = Client()
    later.get(sign_in_there(leave(later), SUBJECT))
    assert is_in(later)


def test_administrator_links_without_a_script(client, chief):
    """Nothing has to be added to the form before the subject can be written."""
    page = client.get(reverse("admin:accounts_user_change", args=[chief.pk]))
    assert 'name="socialaccount_set-0-uid"' in page.text


def test_account_is_changed_with_the_subject_left_empty(client, chief):
    other = make_user("referente", Role.CUSTODIAN)
    assert change(client, other, "").status_code == 302
    assert not SocialAccount.objects.exists()


def test_administrator_links_a_subject_to_one_account_only(client, chief, camille):
    other = make_user("referente", Role.CUSTODIAN)
    answer = change(client, other, SUBJECT)
    assert answer.status_code == 200 and "déjà relié" in answer.text
    assert SocialAccount.objects.get().user == camille


def test_admin_shows_no_link_without_a_provider(client, chief, settings):
    settings.OPENID_ISSUER = ""
    page = client.get(reverse("admin:accounts_user_change", args=[chief.pk])).text
    assert "fournisseur" not in page


def test_password_still_opens_a_linked_account_with_its_factor(client, camille):
    sign_in(client, "camille")
    assert is_in(client)
    assert Authenticator.objects.count() == 1 and camille.check_password(PASSWORD)
