"""A site starts as an operator starts it: with HTTPS, and without the demonstration.

What the settings compute when read shows only here.
"""

import json
import os
from collections.abc import Iterator

import pytest

from tests.support import once
from tests.support.fresh import manage

PRODUCTION = {
    "DEMO": "0",
    "TESTING": "0",
    "ALLOWED_HOSTS": "pnav.example",
    "SITE_URL": "https://pnav.example",
    "EXCHANGE_KEYS": "read",  # the default
    "IDENTITY_KEYS": "read",
    "SESSION_SEAL": "ring",
    "METRICS_TOKEN": "a token for this test only",
    "REGISTER_DIGEST_TO": "file:/digests/empreintes.txt",
    "SECRET_KEY": "production-like: f8Jq2ZsX0kQbWc7uT4nV1mRy6hLpEa9dGiUo",
}


def with_keys(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment with which .env.example has a new site begin.

    Each exchange has a key, apart from the content and in two more places.
    """
    own = {"EXCHANGE_KEYS": "write", "IDENTITY_KEYS": "write", "DATA_KEYS_COPIES_TO": "/copies/une,/copies/deux"}
    return {**environment, **own, "DATA_KEYS_DATABASE_URL": environment["DATABASE_URL"]}


# Every kind of page, and every request that sets a cookie: a form, a choice, a message, a visit, a sign-in, its end.
JOURNEY = """
import json, re
from django.conf import settings
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
from django.test import Client
from pnav.accounts.models import Role
from tests.accounts.cast import PASSWORD, make_user, totp_code

make_user("chef", Role.ADMINISTRATOR, totp=True)
client = Client(headers={"host": "pnav.example", "X-Forwarded-Proto": "https"})
cookies, answers = {}, []

def go(method, path, *args, **kwargs):
    answer = getattr(client, method)(path, *args, **kwargs)
    answers.append([path, answer.status_code, dict(answer.headers)])
    for name, morsel in answer.cookies.items():
        if name not in cookies or not cookies[name]["max-age"] == 0:
            cookies.setdefault(name, dict(morsel.items()))
    return answer

for path in ("/", "/orientation/", "/avis/", "/signalement/", "/tchat/", "/nothing/", "/parametres-affichage/"):
    go("get", path)
go("post", "/parametres-affichage/", {"theme": "dark", "language": "en", "next": ""})
go("post", go("get", "/orientation/").request["PATH_INFO"], {"answer": "no"})
go("get", "/signalement/")
go("get", "/compte/login/")
go("post", "/compte/login/", {"login": "chef", "password": "faux"})
go("post", "/compte/login/", {"login": "chef", "password": PASSWORD})
assert go("post", "/compte/2fa/authenticate/", {"code": totp_code()}).url == "/admin/"
for path in ("/compte/2fa/", "/admin/", "/admin/accounts/user/", "/console/"):
    go("get", path)
go("post", "/compte/logout/")
go("post", "/quitter/")
print("RESULT" + json.dumps([cookies, answers]))
"""


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Give a database of its own, migrated."""
    name = f"production_{os.environ.get(once.WORKER, 'main')}_{os.getpid()}"
    with once.database(name) as database:
        own = {"DATABASE_URL": database, "REDIS_PREFIX": name, "DJANGO_SETTINGS_MODULE": "pnav.settings"}
        yield {**os.environ, **own, "STATIC_ROOT": str(once.static_files())} | PRODUCTION


def test_check_deploy_finds_nothing(environment):
    done = manage(with_keys(environment), "check", "--deploy", "--fail-level", "INFO")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_check_deploy_finds_nothing_with_a_provider(environment):
    provider = {"OPENID_ISSUER": "https://fournisseur.example", "OPENID_CLIENT_ID": "pnav", "OPENID_CLIENT_SECRET": "x"}
    done = manage(with_keys(environment) | provider, "check", "--deploy", "--fail-level", "INFO")
    assert done.returncode == 0, done.stderr


def test_check_deploy_says_that_backups_remember_where_nobody_said_anything_of_keys(environment):
    done = manage(environment, "check", "--deploy", "--fail-level", "INFO")
    assert done.returncode != 0 and done.stderr.count("pnav.W") == 1 and "pnav.W029" in done.stderr, done.stderr


def test_check_deploy_still_sees_what_is_wrong(environment):
    done = manage({**environment, "SECURE_SSL_REDIRECT": "0"}, "check", "--deploy", "--fail-level", "INFO")
    assert done.returncode != 0 and "security.W008" in done.stderr


@pytest.mark.slow
def test_every_cookie_is_of_this_host_alone(environment):
    done = manage(environment, "shell", "-v", "0", "-c", JOURNEY)
    assert done.returncode == 0, done.stderr
    cookies, answers = json.loads(done.stdout.partition("RESULT")[2])
    assert set(cookies) == {
        f"__Host-{name}" for name in ("sessionid", "csrftoken", "language", "theme", "messages", "device")
    }
    for name, cookie in cookies.items():
        assert cookie["secure"] is True and cookie["httponly"] is True, name
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax"), name
    for path, status, headers in answers:
        assert status < 500, path
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", path
        assert "unsafe" not in headers["Content-Security-Policy"], path
