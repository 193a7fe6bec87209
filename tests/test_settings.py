"""The settings refuse to start in an unsafe way, and say which variable is wrong."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pnav.backup import configuration as backup_configuration
from pnav.server import entry
from tests.support import fresh
from tests.support.variables import SEAL_KEY

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
    """Read the settings, then run `code`, in a process with only GOOD and these changes as its environment."""
    values = {name: value for name, value in (GOOD | environment).items() if value is not None}
    script = f"import django; django.setup(); from django.conf import settings; {code}"
    return fresh.run(script, {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "pnav.settings", **values})


def refusal(**environment: str | None) -> str:
    """Return the last line of a start that failed."""
    done = start(**environment)
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


def test_good_environment_starts_safe():
    shown = (
        "print(settings.DEBUG, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE,"
        " settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS > 0, settings.DEMO_NOTICE,"
        " settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN, settings.CAPTURES)"
    )
    done = start(shown)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "True", "True", "True", "True", "True", "False", "False"]


def test_captures_lie_in_the_folder_or_the_bucket_that_the_operator_names():
    shown = "s = settings.STORAGES['captures']; print(s['BACKEND'], sorted(s['OPTIONS']))"
    done = start(shown, CAPTURES="1", CAPTURES_DIR="/captures")
    assert done.stdout.split() == ["common.sealed_files.folder.Folder", "['location']"], done.stderr
    store = {"BUCKET": "seau", "ENDPOINT": "https://s3.example", "ACCESS_KEY": "a", "SECRET_KEY": "b"}
    done = start(shown, CAPTURES="1", **{f"CAPTURES_S3_{name}": value for name, value in store.items()})
    assert done.stdout.startswith("storages.backends.s3.S3Storage") and "bucket_name" in done.stdout, done.stderr


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
        ({"CAPTURES": "1"}, "CAPTURES_DIR"),
        ({"CAPTURES_DIR": "/a-folder", "CAPTURES_S3_BUCKET": "a-bucket"}, "CAPTURES_DIR"),
        ({"CAPTURES_S3_BUCKET": "a-bucket"}, "CAPTURES_S3_ENDPOINT"),
        ({"OPENID_ALGORITHMS": "ES256,none"}, "OPENID_ALGORITHMS"),
        ({"OPENID_ALGORITHMS": "HS256"}, "OPENID_ALGORITHMS"),
        ({"DATABASE_POOLER": "session"}, "DATABASE_POOLER"),
        ({"DATABASE_POOLER": "transaction", "PUBSUB": "postgresql"}, "PUBSUB"),
        ({"EXCHANGE_KEYS": "sometimes"}, "EXCHANGE_KEYS"),
        ({"IDENTITY_KEYS": "no"}, "IDENTITY_KEYS"),
        ({"SESSION_SEAL": "wax"}, "SESSION_SEAL"),
        ({"LEASE_SECONDS": "20"}, "LEASE_SECONDS"),
        ({"ABSENT_SECONDS": "15"}, "ABSENT_SECONDS"),
        ({"FRAMES_AT_ONCE": "7"}, "FRAMES_AT_ONCE"),
        ({"FRAMES_A_SECOND": "9999"}, "FRAMES_A_SECOND"),
        ({"RESUME_HOURS": "8760"}, "RESUME_HOURS"),
        ({"ABANDON_SECONDS": "120"}, "ABANDON_SECONDS"),
        ({"ABANDON_SECONDS": "300"}, "ABANDON_SECONDS"),
        ({"QUICK_EXIT_URL": "meteofrance.com"}, "QUICK_EXIT_URL"),
        ({"QUICK_EXIT_URL": "//meteofrance.com/"}, "QUICK_EXIT_URL"),
        ({"QUICK_EXIT_URL": "http://meteofrance.com/"}, "QUICK_EXIT_URL"),
        ({"QUICK_EXIT_URL": "https:///meteofrance.com"}, "QUICK_EXIT_URL"),
        ({"QUICK_EXIT_URL": "https://meteofrance.com; script-src *"}, "QUICK_EXIT_URL"),
        ({"PUBSUB": "memory"}, "PUBSUB"),
        ({"DATA_KEYS_DATABASE_URL": "sqlite:///keys.sqlite3"}, "DATA_KEYS_DATABASE_URL"),
        ({"DATA_KEYS_BACKUP_DAYS": "31"}, "DATA_KEYS_BACKUP_DAYS"),
    ],
)
def test_unsafe_value_is_refused_by_name(change, named):
    line = refusal(**change)
    assert named in line
    for value in change.values():
        assert value in {"1", "*", "many"} or value not in line  # an error message repeats no secret


def test_quick_exit_has_to_lead_somewhere_else():
    done = start(QUICK_EXIT_URL="")
    assert done.returncode != 0 and "QUICK_EXIT_URL" in done.stderr.strip().splitlines()[-1]
    shown = "print(settings.QUICK_EXIT_ORIGIN)"
    for url in ("https://meteofrance.com", "https://www.example.org:8443/a?b=c"):
        assert url.startswith(start(shown, QUICK_EXIT_URL=url).stdout.strip() or "nothing")
    demo = {"DEMO": "1", "ALLOWED_HOSTS": "localhost", "QUICK_EXIT_URL": "http://127.0.0.1:8123/"}
    assert start(shown, **demo).stdout.split() == ["http://127.0.0.1:8123"]


def secrets() -> set[str]:
    """Return the secrets that the settings read: each as NAME, or in the file of NAME_FILE."""
    return set(re.findall(r"_secret\(\"(\w+)\"\)", (ROOT / "pnav" / "settings.py").read_text()))


SECRETS = ["CONTENT_KEYS", "DATABASE_URL", "REDIS_URL", "SECRET_KEY"]
PROVIDER = {"OPENID_ISSUER": "https://fournisseur.example", "OPENID_CLIENT_ID": "pnav"}


def test_secrets_come_from_files(tmp_path):
    """A vault mounts secrets as files: the environment then holds paths and nothing else."""
    files: dict[str, str | None] = {}
    beside = {"METRICS_TOKEN": "hidden token", "OPENID_CLIENT_SECRET": "hidden client"}
    beside |= {"DATABASE_PASSWORD": "hidden/word", "REDIS_PASSWORD": "hidden:word"}
    for name, value in {**{name: GOOD[name] for name in SECRETS}, **beside}.items():
        (tmp_path / name.lower()).write_text(f"{value}\n")
        files |= {name: None, f"{name}_FILE": str(tmp_path / name.lower())}
    shown = (
        "import json; print(json.dumps([settings.SECRET_KEY, settings.CONTENT_KEYS, settings.METRICS_TOKEN,"
        " settings.OPENID_CLIENT_SECRET, settings.DATABASES['default']['PASSWORD'], settings.REDIS_URL,"
        " settings.CACHES['default']['LOCATION'],"
        " settings.CHANNEL_LAYERS['default']['CONFIG']['hosts'][0]['address']]))"
    )
    done = start(shown, **PROVIDER, **files)
    assert done.returncode == 0, done.stderr
    redis = "redis://:hidden%3Aword@nowhere.invalid"
    assert json.loads(done.stdout) == [
        GOOD["SECRET_KEY"], GOOD["CONTENT_KEYS"], "hidden token", "hidden client", "hidden/word", redis, redis, redis,
    ]  # fmt: skip


# What has to be given before the settings read these at all.
READ_WITH = {
    "OPENID_CLIENT_SECRET": PROVIDER,
    "DATA_KEYS_DATABASE_PASSWORD": {"DATA_KEYS_DATABASE_URL": "postgres://k@host/k"},
    "CAPTURES_S3_ACCESS_KEY": {"CAPTURES_S3_BUCKET": "seau", "CAPTURES_S3_ENDPOINT": "https://s3.example"},
    "CAPTURES_S3_SECRET_KEY": {
        "CAPTURES_S3_BUCKET": "seau", "CAPTURES_S3_ENDPOINT": "https://s3.example", "CAPTURES_S3_ACCESS_KEY": "a",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(secrets()))
def test_file_of_a_secret_that_is_not_there_is_named(name, tmp_path):
    line = refusal(**READ_WITH.get(name, {}), **{name: None, f"{name}_FILE": str(tmp_path / "away")})
    assert f"{name}_FILE cannot be read" in line and str(tmp_path) not in line


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"DATABASE_URL": "postgres://pnav:hidden@host:hidden/pnav"}, "DATABASE_URL"),
        ({"DATABASE_URL": "hidden://pnav:hidden@host/pnav"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgres://pnav:hid/den@host/pnav"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgres://pnav:hidden@host/pnav", "DATABASE_PASSWORD": "hidden"}, "DATABASE_URL"),
        ({"DATA_KEYS_DATABASE_URL": "postgres://pnav:hidden@host:hidden/keys"}, "DATA_KEYS_DATABASE_URL"),
        (
            {"DATA_KEYS_DATABASE_URL": "postgres://k:hidden@host/k", "DATA_KEYS_DATABASE_PASSWORD": "hidden"},
            "DATA_KEYS_DATABASE_URL",
        ),
        ({"REDIS_URL": "http://:hidden@host"}, "REDIS_URL"),
        ({"REDIS_URL": "redis://:hidden@host", "REDIS_PASSWORD": "hidden"}, "REDIS_URL"),
        ({"SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY"),
    ],
)
def test_address_with_a_password_is_refused_without_it(change, named):
    """The password is nowhere in the output, not even in the traceback."""
    done = start(**change)
    assert done.returncode != 0
    assert named in done.stderr.strip().splitlines()[-1]
    assert "hidden" not in done.stderr and "hid/den" not in done.stderr and GOOD["SECRET_KEY"] not in done.stderr


def test_only_approved_signatures_are_believed_by_default():
    assert start("print(settings.OPENID_ALGORITHMS)").stdout.strip() == "['ES256', 'PS256']"


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
def test_requests_that_daphne_gives_up_reach_no_log(level):
    loggers = ["daphne.server", "daphne.http_protocol", "daphne.ws_protocol"]
    warning = "Application instance took too long: GET /orientation/?q=secret from 198.51.100.23"
    error = "Exception inside application"
    code = (
        f"import logging; logs = [logging.getLogger(name) for name in {loggers}]; "
        f"[(log.warning('{warning}'), log.error('{error}: %s', 'secret')) for log in logs]"
    )
    done = start(code, LOG_LEVEL=level)
    assert done.returncode == 0
    assert [name for name in loggers if len(re.findall(rf"{name}\b.*{error}", done.stderr)) != 1] == []
    assert "secret" not in done.stderr and "198.51" not in done.stderr


def read_by_settings() -> set[str]:
    """Return the names given to `env.…("NAME")`, `_required("NAME")`, `_secret("NAME")` and `_bounded("NAME")` in the
    source of the settings.
    """
    names = set()
    for node in ast.walk(ast.parse((ROOT / "pnav" / "settings.py").read_text())):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        function = ast.unparse(node.func)
        if function in {"_required", "_secret", "_required_secret", "_bounded"} or function.startswith("env."):
            names.add(node.args[0].value)
    return names


def explained() -> set[str]:
    return set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_env_example_lists_what_the_settings_read_and_nothing_else():
    only_compose = {"BACKUP_TO", "COMPOSE_FILE", "COPIES_FIRST", "COPIES_SECOND", "PNAV_VERSION", "PNAV_REVISION"}
    only_entry_points = {*entry.VARIABLES, *backup_configuration.VARIABLES, "PROBE_AUTHORITY"}
    assert explained() - only_compose - only_entry_points == read_by_settings()


def test_env_example_defaults_are_those_of_the_settings():
    example = (ROOT / ".env.example").read_text()
    source = (ROOT / "pnav" / "settings.py").read_text()
    for name, default in re.findall(r'env\.int\("(\w+)", ([\d *]+)\)', source):
        value = eval(default, {}, {})  # noqa: S307  a product of numbers from our own source
        assert f"# {name}={value}\n" in example, name


def test_new_site_gives_each_exchange_a_key_and_what_says_nothing_does_not():
    """Somebody who copies .env.example has backups that forget. An existing site whose .env lacks the line keeps « read
    ».
    """
    assert re.findall(r"^#? ?EXCHANGE_KEYS=.*", (ROOT / ".env.example").read_text(), re.MULTILINE) == [
        "EXCHANGE_KEYS=write"
    ]
    assert start("print(settings.EXCHANGE_KEYS)").stdout.strip() == "read"


def test_env_example_holds_no_secret():
    names = (
        "SECRET_KEY",
        "CONTENT_KEYS",
        "DATABASE_PASSWORD",
        "REDIS_PASSWORD",
        "METRICS_TOKEN",
        "OPENID_CLIENT_SECRET",
    )
    for name in names:
        assert re.search(rf"^(# )?{name}=$", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_keys_of_exchanges_lie_where_they_are_said_to():
    """With an address of their own, the keys are there and nothing else is. Without one, they are with the content."""
    shown = (
        "import json; from common.data_keys import router; from common.data_keys.models import WrappedKey;"
        " from reports.models import Report; from django.db import router as routes;"
        " print(json.dumps([router.is_apart(), routes.db_for_write(WrappedKey), routes.db_for_read(Report),"
        " [[routes.allow_migrate(db, app) for app in ('data_keys', 'reports')] for db in settings.DATABASES],"
        " settings.DATABASES.get('data_keys', {}).get('OPTIONS', {}).get('pool')]))"
    )
    without = start(shown)
    assert without.returncode == 0, without.stderr
    assert json.loads(without.stdout) == [False, "default", "default", [[True, True]], None]
    apart = start(shown, DATA_KEYS_DATABASE_URL="postgres://keys@nowhere.invalid/keys")
    assert apart.returncode == 0, apart.stderr
    assert json.loads(apart.stdout) == [True, "data_keys", "default", [[False, True], [True, False]], None]


def test_behind_a_pooler_no_session_is_asked_for_anything():
    """A connection asks for no option when it begins, and no cursor outlives its transaction.

    Nothing is prepared unless it is said.
    """
    shown = (
        "import json; from chat.database import leave_the_pool; leave_the_pool(2); from django.db import connections;"
        " found = [*settings.DATABASES.values(), connections['default'].settings_dict];"
        " print(json.dumps([[one['OPTIONS'].get('options'), one['OPTIONS']['prepare_threshold'],"
        " one['DISABLE_SERVER_SIDE_CURSORS']] for one in found]))"
    )
    keys = {"DATA_KEYS_DATABASE_URL": "postgres://keys@nowhere.invalid/keys"}
    direct = start(shown, **keys)
    assert direct.returncode == 0, direct.stderr
    content, wraps, thread = json.loads(direct.stdout)
    limits = "-c statement_timeout=8000 -c lock_timeout=8000 -c idle_in_transaction_session_timeout=32000"
    limits += " -c jit=off -c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=2"
    limits += " -c tcp_user_timeout=6000"
    assert content == [limits, 5, False]
    assert wraps == ["-c statement_timeout=2000 -c lock_timeout=2000", 5, False]
    assert thread == [f"{limits} -c plan_cache_mode=force_generic_plan -c lock_timeout=2000", 5, False]
    pooled = start(shown, DATABASE_POOLER="transaction", **keys)
    assert json.loads(pooled.stdout) == [[None, None, True]] * 3, pooled.stderr
    prepared = start(shown, DATABASE_POOLER="transaction", DATABASE_PREPARED_STATEMENTS="true", **keys)
    assert json.loads(prepared.stdout) == [[None, 5, True]] * 3, prepared.stderr
