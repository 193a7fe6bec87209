"""The settings refuse to start unsafe, and say which variable is wrong."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.variables import SEAL_KEY

ROOT = Path(__file__).resolve().parent.parent
GOOD = {
    "SECRET_KEY": "a secret for this test only, which is long enough to be accepted",
    "DATABASE_URL": "postgres://nobody@nowhere.invalid/nothing",
    "REDIS_URL": "redis://nowhere.invalid",
    "ALLOWED_HOSTS": "pnav.example",
    "CONTENT_KEYS": "test:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SEAL_PUBLIC_KEY": SEAL_KEY.public_key.text,
    "SITE_URL": "https://pnav.example",
}
FLAT = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def start(code: str = "", **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Read the settings, then run `code`, in a process that has no environment but GOOD with these changes."""
    values = {name: value for name, value in (GOOD | environment).items() if value is not None}
    script = f"import django; django.setup(); from django.conf import settings; {code}"
    return subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "pnav.settings", **values},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(**environment: str | None) -> str:
    """The last line of a start that failed."""
    done = start(**environment)
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


def test_good_environment_starts_safe():
    shown = (
        "print(settings.DEBUG, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE,"
        " settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS > 0, settings.DEMO_NOTICE,"
        " settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN)"
    )
    done = start(shown)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "True", "True", "True", "True", "True", "False"]


def test_empty_environment_does_not_start():
    line = refusal(**dict.fromkeys(GOOD))
    assert "SECRET_KEY" in line and ".env.example" in line


@pytest.mark.parametrize("name", sorted(GOOD.keys() - {"SITE_URL"}))
@pytest.mark.parametrize("value", [None, ""])
def test_missing_variable_is_named(name, value):
    assert f"{name} is missing" in refusal(**{name: value})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "pnav.example, *"}, "ALLOWED_HOSTS"),
        ({"DEMO": "1"}, "ALLOWED_HOSTS"),
        ({"TESTING": "1"}, "ALLOWED_HOSTS"),
        ({"TESTING": "1", "ALLOWED_HOSTS": "localhost,pnav.example"}, "ALLOWED_HOSTS"),
        ({"SECRET_KEY": "x" * 60}, "SECRET_KEY"),
        ({"SECRET_KEY": "123456789" * 6}, "SECRET_KEY"),
        ({"CONTENT_KEYS": f"flat:{FLAT}"}, "CONTENT_KEYS"),
        ({"CONTENT_KEYS": f"{GOOD['CONTENT_KEYS']}, flat:{FLAT}"}, "CONTENT_KEYS"),
        ({"DATABASE_URL": "sqlite:///db.sqlite3"}, "DATABASE_URL"),
        ({"CONTENT_KEYS": "no key here"}, "CONTENT_KEYS"),
        ({"CONTENT_KEYS": "k:c2hvcnQ="}, "CONTENT_KEYS"),
        ({"SEAL_PUBLIC_KEY": SEAL_KEY.public_key.text[:-1]}, "SEAL_PUBLIC_KEY"),
        ({"SEAL_PUBLIC_KEY": SEAL_KEY.public_key.text.replace("A", "B", 1)}, "SEAL_PUBLIC_KEY"),
        ({"DATABASE_POOL_SIZE": "many"}, "DATABASE_POOL_SIZE"),
    ],
        ({"OPENID_ALGORITHMS": "ES256,none"}, "OPENID_ALGORITHMS"),
        ({"OPENID_ALGORITHMS": "HS256"}, "OPENID_ALGORITHMS"),
)
def test_unsafe_value_is_refused_by_name(change, named):
    line = refusal(**change)
    assert named in line
    for value in change.values():
        assert value in {"1", "*", "many"} or value not in line  # a refusal repeats no secret


def test_demo_on_this_machine_starts():
    assert start(DEMO="1", ALLOWED_HOSTS="localhost,127.0.0.1").returncode == 0


def test_throw_away_values_of_the_build_are_accepted():
    exports = re.findall(r"^export .+$", (ROOT / "deploy" / "build.sh").read_text(), re.MULTILINE)
    assert len(exports) == 6
    code = "import django; django.setup()"
    done = subprocess.run(
        ["/bin/sh", "-euc", "\n".join([*exports, f'python -c "{code}"'])],
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "DJANGO_SETTINGS_MODULE": "pnav.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("name", ["daphne.server", "daphne.http_protocol", "daphne.ws_protocol"])
def test_requests_that_daphne_gives_up_reach_no_log(name, level):
    warning = "Application instance took too long: GET /orientation/?q=secret from 198.51.100.23"
    error = "Exception inside application"
    code = (
        f"import logging; log = logging.getLogger('{name}'); "
        f"log.warning('{warning}'); log.error('{error}: %s', 'secret')"
    )
    done = start(code, LOG_LEVEL=level)
    assert done.returncode == 0
    assert error in done.stderr and "secret" not in done.stderr and "198.51" not in done.stderr


def read_by_settings() -> set[str]:
    """The names given to `env.…("NAME")` and `_required("NAME")` in the source of the settings."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "pnav" / "settings.py").read_text())):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        function = ast.unparse(node.func)
        if function == "_required" or function.startswith("env."):
            names.add(node.args[0].value)
    return names


def explained() -> set[str]:
    return set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_env_example_lists_what_the_settings_read_and_nothing_else():
    only_compose = {"POSTGRES_PASSWORD", "POSTGRES_WEB_PASSWORD", "SITE_HOST"}
    assert explained() - only_compose == read_by_settings()


def test_env_example_defaults_are_those_of_the_settings():
    example = (ROOT / ".env.example").read_text()
    source = (ROOT / "pnav" / "settings.py").read_text()
    for name, default in re.findall(r'env\.int\("(\w+)", ([\d *]+)\)', source):
        value = eval(default, {}, {})  # noqa: S307  a product of numbers from our own source
        assert f"# {name}={value}\n" in example, name


def test_env_example_holds_no_secret():
    for name in ("SECRET_KEY", "CONTENT_KEYS", "POSTGRES_PASSWORD", "POSTGRES_WEB_PASSWORD", "METRICS_TOKEN"):
        assert re.search(rf"^(# )?{name}=$", (ROOT / ".env.example").read_text(), re.MULTILINE)
