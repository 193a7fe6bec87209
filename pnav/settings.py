"""These are Django's settings, which come from environment variables only.

Without variables nothing starts: every secret and every address must be given, and there is no debug mode to fall back
on. `.env.example` lists all the variables with their meaning; `make run` sets them for the demonstration.
"""

import base64
import hashlib
import ipaddress
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from environs import Env
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from common.postgresql.first import check_connection
from common.postgresql.hosts import Connection
from pnav import secret_files
from pnav.server.process_role import ProcessRole
from pnav.version import VERSION
from reports.audit import digest_destinations
from reports.proof_of_date import authorities as timestamp_authorities
from reports.seal.sealing import BadPublicKey, PublicKey

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()


def _required(name: str) -> str:
    return _demanded(name, env.str(name, ""))


def _secret(name: str) -> str:
    """Return a secret that is given as NAME, or in the file whose path is NAME_FILE; "" when it is not given."""
    return secret_files.read(os.environ, name)


def _required_secret(name: str) -> str:
    return _demanded(name, _secret(name))


def _demanded(name: str, value: str) -> str:
    if not value:
        raise ImproperlyConfigured(f"{name} is missing from the environment: see .env.example.")
    return value


def _is_flat(pair: str) -> bool:
    """Return whether the key of a name:key pair is one byte repeated, as in an example that nobody replaced."""
    try:
        return len(set(base64.urlsafe_b64decode(pair.strip().partition(":")[2]))) == 1
    except ValueError:
        return False  # this is no key, which `common.encryption` refuses


# --- what must be given -------------------------------------------------------------------------------------------

SECRET_KEY = _required_secret("SECRET_KEY")
if len(SECRET_KEY) < 40:
    raise ImproperlyConfigured("SECRET_KEY must hold at least 40 characters.")
_database_url = secret_files.with_password(
    _required_secret("DATABASE_URL"), _secret("DATABASE_PASSWORD"), name="DATABASE_URL"
)
REDIS_URL = secret_files.with_password(_required_secret("REDIS_URL"), _secret("REDIS_PASSWORD"), name="REDIS_URL")
if urlsplit(REDIS_URL).scheme not in {"redis", "rediss", "unix"}:
    raise ImproperlyConfigured("REDIS_URL must be an address of Redis.")
ALLOWED_HOSTS = [host.strip() for host in _required("ALLOWED_HOSTS").split(",")]
# "id:key" pairs separated by commas, keys of 32 bytes in URL-safe base64; the first one encrypts, all decrypt.
CONTENT_KEYS = _required_secret("CONTENT_KEYS")
# What can name a person is encrypted for this public key, whose private half no server has (docs/adr/0030).
SEAL_PUBLIC_KEY = _required("SEAL_PUBLIC_KEY")
SEAL_THRESHOLD = env.int("SEAL_THRESHOLD", 2)  # how many custodians must agree, which is how many shares are needed
if SEAL_THRESHOLD < 2:
    raise ImproperlyConfigured("SEAL_THRESHOLD must be 2 or more: one person alone never opens.")
try:
    PublicKey.parse(SEAL_PUBLIC_KEY)
except BadPublicKey as error:  # refused at the start, because what a mistyped key encrypts would be lost for ever
    raise ImproperlyConfigured("SEAL_PUBLIC_KEY is not a whole public key of make_seal_key.") from error

# --- what kind of site this is ------------------------------------------------------------------------------------

DEMO = env.bool("DEMO", False)  # the demonstration: plain HTTP on this machine, never a public site
DEMO_NOTICE = env.bool("DEMO_NOTICE", True)  # « site de démonstration », unless the operator may speak for the State
DEBUG = False
TESTING = env.bool("TESTING", False)
SITE_URL = env.str("SITE_URL", "")
SITE_HOST = env.str("SITE_HOST", "")  # the proxy's host in docker-compose.yml, which `check --deploy` compares
# What this web process serves: everything, only sockets or only pages (docs/adr/0052).
PROCESS_ROLE = env.str("PROCESS_ROLE", ProcessRole.ALL)
if PROCESS_ROLE not in list(ProcessRole):
    raise ImproperlyConfigured("PROCESS_ROLE must be all, sockets or pages.")
if (DEMO or TESTING) and not set(ALLOWED_HOSTS) <= {"localhost", "127.0.0.1", "[::1]", "testserver"}:
    raise ImproperlyConfigured(
        "DEMO and TESTING serve this machine only: ALLOWED_HOSTS may hold localhost and 127.0.0.1."
    )
if not DEMO and len(set(SECRET_KEY)) < 10:
    raise ImproperlyConfigured("SECRET_KEY must be drawn at random: fewer than 10 different characters can be guessed.")
if not DEMO and any(_is_flat(pair) for pair in CONTENT_KEYS.split(",")):
    raise ImproperlyConfigured("CONTENT_KEYS must be drawn at random: one of them repeats a single byte.")
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts; '*' would let any site open a socket.")

# --- the application ----------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",
    "pnav.accounts",
    "pnav.pages",
    "chat",
    "reports",
    "triage",
    "locations",
    "common.texts",
    "common.data_keys",
    "channels",
    "whitenoise.runserver_nostatic",
    "pnav.accounts.apps.PnavAdminConfig",  # this is django.contrib.admin, in our frame
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "widget_tweaks",
    "dsfr",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "pnav.middleware.headers.on_every_answer",
    "pnav.middleware.scrapes.by_any_address",
    "pnav.middleware.addresses.read_address",
    "pnav.middleware.require_https.pages_only",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pnav.middleware.compression.CompressionMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "pnav.middleware.methods.known_methods",
    "pnav.middleware.unfinished_exits.finish_exit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "pnav.middleware.ended_visits.forget_left_behind",
    "pnav.pages.frame.language.chosen_language",
    "pnav.middleware.addresses.own_address",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "pnav.middleware.one_visit.OneVisit",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pnav.accounts.middleware.require_second_factor",
]

ROOT_URLCONF = "pnav.urls"
ASGI_APPLICATION = "pnav.asgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "pnav.pages.build.loader.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["common.texts.templatetags.dates"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "pnav.pages.frame.context.site",
            ],
        },
    },
]

# --- PostgreSQL and Redis -----------------------------------------------------------------------------------------

try:
    _database: dict[str, Any] = dict(dj_database_url.parse(_database_url))
except ValueError:  # its message may contain the address, which holds a password
    raise ImproperlyConfigured("DATABASE_URL must be a PostgreSQL address.") from None
if not _database["ENGINE"].endswith("postgresql"):
    raise ImproperlyConfigured("DATABASE_URL must be a PostgreSQL address.")
# How many threads of a web process serve its sockets; each has a connection to the database.
CHAT_THREADS = env.int("CHAT_THREADS", 8)
# How much memory, in MiB, a web process may use before it refuses new work; 0 means most of the limit of its container
# or unit of systemd, if there is one.
WEB_MEMORY_MIB = env.int("WEB_MEMORY_MIB", 0)
# How many threads of a web process serve its pages; each has a connection to the database.
PAGE_THREADS = env.int("PAGE_THREADS", 8)
# A query that takes longer is cancelled while the person still waits. 0 means no limit, for `migrate` and for long
# imports. Kept in milliseconds.
_patience = env.int("DATABASE_STATEMENT_SECONDS", 8) * 1000
# "transaction" means that a pooler such as pgbouncer stands before PostgreSQL, and lends a connection of the server for
# one transaction at a time. It refuses session options, and cursors that outlive their transaction (docs/adr/0095).
DATABASE_POOLER = env.str("DATABASE_POOLER", "")
if DATABASE_POOLER not in {"", "transaction"}:
    raise ImproperlyConfigured("DATABASE_POOLER must be empty or transaction.")
# Behind a pooler, prepared statements need pgbouncer 1.22 or newer with max_prepared_statements above 0.
_prepares = env.bool("DATABASE_PREPARED_STATEMENTS", not DATABASE_POOLER)


def _session_options(**values: int | str) -> dict[str, str]:
    """Return the options with which a session of PostgreSQL begins.

    There are none behind a pooler, where limits are set for the role instead.
    """
    if DATABASE_POOLER:
        return {}
    return {"options": " ".join([f"-c {name}={value}" for name, value in values.items()])}


# When a network breaks, neither side is told. Without these options a query would wait for its answer for two hours,
# and unacknowledged data would be sent again for a quarter of an hour. DATABASE_URL may set others. They have no effect
# on Unix sockets.
_line = {
    "connect_timeout": 2,  # seconds, for each host: the least that the driver allows
    "keepalives_idle": 4,  # seconds of silence after which the kernel asks whether the other side is there
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 6000,  # milliseconds without an acknowledgement of sent data that end the connection
}
# The same on the server's side, so that the server releases the locks of a web process that it has lost.
_line_of_server = {
    "tcp_keepalives_idle": 4,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 2,
    "tcp_user_timeout": 6000,
}
DATABASES = {
    "default": {
        **_database,
        # Django's own engine, except that a request waits only once for a database that is away.
        "ENGINE": "common.postgresql",
        "CONN_MAX_AGE": 0,  # under ASGI persistent connections pile up (Django #33497); the pool keeps them instead
        "CONN_HEALTH_CHECKS": True,  # after a restart of PostgreSQL the pool hands out no dead connection
        "DISABLE_SERVER_SIDE_CURSORS": bool(DATABASE_POOLER),
        "OPTIONS": {
            **_line,
            **_database.get("OPTIONS", {}),
            # Only the few statements of the exchange that ask for it are prepared; Django's own never are.
            "prepare_threshold": 5 if _prepares else None,
            # A transaction whose process hangs, or vanished with its network, is ended, so that its locks are released.
            **_session_options(
                statement_timeout=_patience,
                lock_timeout=_patience,
                idle_in_transaction_session_timeout=_patience * 4,
                # Debian's PostgreSQL and the image compile statements whose plan costs much. Statements with a dozen
                # subqueries, such as an agent's list on tables without statistics, then take seconds, not milliseconds.
                jit="off",
                **_line_of_server,
            ),
            "pool": {
                "connection_class": Connection,
                "check": check_connection,  # except where a page's first statement shows it (`read_first`)
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", PAGE_THREADS + 8),
                "timeout": 5,
            },
        },
    }
}

# Each exchange has a data key of its own, wrapped by CONTENT_KEYS (docs/adr/0081). With "read", existing data keys are
# used, and new exchanges get none. With "write", new exchanges get one; set it once no process of a version before 0081
# runs any more.
EXCHANGE_KEYS = env.str("EXCHANGE_KEYS", "read")
if EXCHANGE_KEYS not in {"read", "write"}:
    raise ImproperlyConfigured("EXCHANGE_KEYS must be read or write.")
# What can name a person is encrypted with the data key as well, under the custodians' seal (docs/adr/0114). With
# "read", that is done in exchanges that already have it. With "write", it is done in new ones too; set it once no
# process of a version before 0114 runs any more.
IDENTITY_KEYS = env.str("IDENTITY_KEYS", "read")
if IDENTITY_KEYS not in {"read", "write"}:
    raise ImproperlyConfigured("IDENTITY_KEYS must be read or write.")
# The database of the wrapped keys. A separate server keeps them out of every backup of the content; empty means that
# they are in the database of the content.
_data_keys_url = _secret("DATA_KEYS_DATABASE_URL")
if _data_keys_url:
    try:
        _data_keys: dict[str, Any] = dict(
            dj_database_url.parse(
                secret_files.with_password(
                    _data_keys_url, _secret("DATA_KEYS_DATABASE_PASSWORD"), name="DATA_KEYS_DATABASE_URL"
                )
            )
        )
    except ValueError:  # its message may contain the address, which holds a password
        raise ImproperlyConfigured("DATA_KEYS_DATABASE_URL must be a PostgreSQL address.") from None
    if not _data_keys["ENGINE"].endswith("postgresql"):
        raise ImproperlyConfigured("DATA_KEYS_DATABASE_URL must be a PostgreSQL address.")
    # There is no pool. A thread of the exchange keeps its connection, and a page opens one when it needs a key that is
    # not in the memory of its process.
    _data_keys_options = {**DATABASES["default"]["OPTIONS"], **_data_keys.get("OPTIONS", {})}
    _data_keys_options.pop("pool", None)
    # This server answers quickly or counts as away, because others wait for the threads that ask it.
    _data_keys_options["connect_timeout"] = 2  # the seconds to connect
    _data_keys_options["tcp_user_timeout"] = 3000  # the milliseconds without an acknowledgement that end the connection
    _data_keys_options |= _session_options(statement_timeout=min(_patience, 2000), lock_timeout=min(_patience, 2000))
    DATABASES["data_keys"] = {
        **DATABASES["default"],
        **_data_keys,
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": bool(DATABASE_POOLER),
        "OPTIONS": _data_keys_options,
    }
DATABASE_ROUTERS = ["common.data_keys.router.DataKeysRouter"]
# After how many days the backups of the content, and those of the wrapped keys, are deleted. From these, people are
# told the last day on which a copy may be readable (« y compris des sauvegardes, au plus tard le … »). The operator has
# to delete the backups in time (docs/operations.md).
BACKUP_DAYS = env.int("BACKUP_DAYS", 30)
DATA_KEYS_BACKUP_DAYS = env.int("DATA_KEYS_BACKUP_DAYS", 7)
if not 0 <= DATA_KEYS_BACKUP_DAYS <= BACKUP_DAYS:
    raise ImproperlyConfigured("DATA_KEYS_BACKUP_DAYS must be between 0 and BACKUP_DAYS.")
# Folders, at least two and each on another machine, into which the worker copies the wrapped keys.
DATA_KEYS_COPIES_TO: list[str] = env.list("DATA_KEYS_COPIES_TO", [], subcast=str.strip)
DATA_KEYS_COPY_MINUTES = env.int("DATA_KEYS_COPY_MINUTES", 60)

# What carries notifications between processes: Redis, or PostgreSQL itself (docs/adr/0091).
PUBSUB = env.str("PUBSUB", "redis")
_LAYERS: dict[str, dict[str, Any]] = {
    "redis": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            # redis-py 8 gives every socket a time-out of 5 s, which kills idle sockets of the layer.
            # A failed attempt is reported at once, because `chat.pubsub` itself goes on without Redis and reconnects.
            "hosts": [
                {
                    "address": REDIS_URL,
                    "socket_timeout": None,
                    "socket_connect_timeout": 2,
                    "retry": Retry(NoBackoff(), 0),
                }
            ],
            "prefix": env.str("REDIS_PREFIX", "pnav"),
        },
    },
    "postgresql": {
        "BACKEND": "chat.notify_layer.NotifyLayer",
        "CONFIG": {"prefix": env.str("REDIS_PREFIX", "pnav")},
    },
}
if PUBSUB not in _LAYERS:
    raise ImproperlyConfigured("PUBSUB must be redis or postgresql.")
if DATABASE_POOLER and PUBSUB != "redis":  # PostgreSQL's LISTEN needs a connection of its own
    raise ImproperlyConfigured("PUBSUB over the database does not go through DATABASE_POOLER.")
CHANNEL_LAYERS = {"default": _LAYERS[PUBSUB]}

CACHES = {
    "default": {
        "BACKEND": "pnav.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": env.str("REDIS_PREFIX", "pnav"),
        "VERSION": 2,  # values of version 1 were written with pickle
        # A Redis that hangs must not delay a page: rate limits let pass what they cannot count, and what allauth limits
        # is counted in the process.
        "OPTIONS": {"serializer": "pnav.cache.Serializer", "socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# --- what a request may carry -------------------------------------------------------------------------------------

# The bytes of a request are bounded as they arrive (`pnav.server.body_limits`). This is the bound of the admin, which
# also holds under another server.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# The longest form (the settings of the service) has 106. A list of the admin that shows all of its rows (200 at most,
# `ModelAdmin.list_max_show_all`) sends one for each row that is ticked. A field costs 16 µs, a part twice that.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 250
DATA_UPLOAD_MAX_NUMBER_FILES = 1  # the sheet of accounts, or one capture
# No uploaded file is written to a disk without encryption (docs/adr/0082).
FILE_UPLOAD_HANDLERS = ["common.sealed_files.spool.SpoolHandler"]
# The folder of what is too long for memory, encrypted. On a disk: a folder in memory would be memory.
SPOOL_DIR = env.str("SPOOL_DIR", "")

# --- sessions and cookies: the visit ------------------------------------------------------------------------------

SESSION_ENGINE = "pnav.sessions"  # sessions are encrypted at rest (docs/adr/0020-sessions-encrypted-at-rest.md)
# How a session is encrypted. With "ring", CONTENT_KEYS alone do it. With "cookie", a key that only its cookie gives is
# needed as well, so that no backup can be read (docs/adr/0103). Sessions of both kinds are read in either case. Set
# "cookie" once no process of a version before 0103 runs any more.
SESSION_SEAL = env.str("SESSION_SEAL", "ring")
if SESSION_SEAL not in {"ring", "cookie"}:
    raise ImproperlyConfigured("SESSION_SEAL must be ring or cookie.")
SESSION_COOKIE_AGE = 24 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# The session of an account ends after the longest shift, used or not, and earlier when nobody uses it. An open console
# counts as use, so that no agent is signed out while reading for a long time.
STAFF_SESSION_HOURS = env.int("STAFF_SESSION_HOURS", 12)
STAFF_IDLE_MINUTES = env.int("STAFF_IDLE_MINUTES", 30)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The prefix makes browsers refuse a cookie that another host or an insecure page tries to set. All of our cookies have
# it: those of theme, messages and device too (`pnav.pages`, `pnav.accounts.device`).
SESSION_COOKIE_NAME = "sessionid" if DEMO else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if DEMO else "__Host-csrftoken"
LANGUAGE_COOKIE_NAME = "django_language" if DEMO else "__Host-language"
# A press of « Quitter rapidement » leaves it in the browser before it sends anything (docs/adr/0049).
LEFT_COOKIE_NAME = "left" if DEMO else "__Host-left"
MESSAGE_STORAGE = "pnav.pages.frame.notices.Storage"
CSRF_COOKIE_HTTPONLY = True
# The cookie ends with the browser, because Django's year would leave a trace on the visitor's device.
CSRF_COOKIE_AGE = None
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEMO
CSRF_FAILURE_VIEW = "pnav.errors.form_refused"
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL else []

# --- who answers for the site: « Mentions légales », « Accessibilité » -----------------------------------------------

PUBLISHER = env.str("PUBLISHER", "")  # the administration that publishes the site, with its address
PUBLICATION_DIRECTOR = env.str("PUBLICATION_DIRECTOR", "")
HOSTING_COMPANY = env.str("HOSTING_COMPANY", "")  # the name and address of the company that hosts the site
CONTACT_EMAIL = env.str("CONTACT_EMAIL", "")  # where a person writes about accessibility or personal data

# --- transport and content policy ---------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", not DEMO)
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if not DEMO else None
SECURE_HSTS_SECONDS = 0 if DEMO else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEMO
# The preload list of browsers holds whole domains, for good. The owner of the domain decides about it, not one site.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
# With "no-referrer" browsers would send `Origin: null` with our own forms, and the CSRF check would refuse them.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Where « Quitter rapidement » leads: a harmless page that anyone could have open.
QUICK_EXIT_URL = env.str("QUICK_EXIT_URL", "https://meteofrance.com/")
# Without « https:// » it would be a page of this site, which is the last thing that somebody who leaves may see. The
# characters are those that may stand in a header and in the content policy.
if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?([/?][!-~]*)?", QUICK_EXIT_URL, re.IGNORECASE | re.ASCII) or (
    not (DEMO or TESTING) and not QUICK_EXIT_URL.lower().startswith("https:")
):
    raise ImproperlyConfigured("QUICK_EXIT_URL must be a whole address that begins with https://.")
_quick_exit = urlsplit(QUICK_EXIT_URL)
QUICK_EXIT_ORIGIN = f"{_quick_exit.scheme}://{_quick_exit.netloc}"

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "frame-src": [CSP.SELF],
    # The quick exit is a form whose answer redirects, and browsers apply this list to the redirect too.
    "form-action": [CSP.SELF, QUICK_EXIT_ORIGIN],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
    # No script of a visitor's page writes HTML from text, and none may begin to. `pnav.middleware.headers` has the
    # policies of other areas.
    "require-trusted-types-for": ["'script'"],
    "trusted-types": [CSP.NONE],
}

# --- people -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
# Django's own algorithm, computed so that it does not delay the process: pnav/accounts/passwords/hashers.py.
PASSWORD_HASHERS = ["pnav.accounts.passwords.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "pnav.accounts.passwords.validators.StolenValidator"},
    {"NAME": "pnav.accounts.passwords.validators.GuessableValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/console/"

ACCOUNT_ADAPTER = "pnav.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # allauth checks them; nobody signs up here
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {
    "login": "pnav.accounts.forms.LoginForm",
    "reauthenticate": "pnav.accounts.forms.ReauthenticateForm",
    "change_password": "pnav.accounts.forms.ChangePasswordForm",
}
# allauth's own limits by address are off, because allauth stores the time of each attempt (pnav.accounts.attempts
# replaces them, docs/adr/0053). What remains of « login_failed » limits the second factor of an account. The limits for
# accounts keep allauth's values, and the others belong to pages that Pnav does not have.
_BY_ADDRESS = ("login", "signup", "reset_password", "reset_password_from_key", "request_login_code", "verify_phone")
ACCOUNT_RATE_LIMITS = {**dict.fromkeys(_BY_ADDRESS, ""), "login_failed": "5/300s/key"}
MFA_RATE_LIMITS = {"webauthn_login": ""}  # a passkey cannot be guessed, and still works while passwords are attacked
# Behind the proxy the client's address is in X-Forwarded-For. It is encrypted, and counted by network (docs/adr/0053).
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0 if DEMO else 1)

# The operator's own networks, from which clients may come with private addresses. Any other private address is that of
# a bridge or a proxy, and is not counted (`common.private_addresses`).
_private_clients: list[str] = env.list("PRIVATE_CLIENTS", [])
try:
    PRIVATE_CLIENTS = [ipaddress.ip_network(network.strip()) for network in _private_clients]
except ValueError:
    raise ImproperlyConfigured("PRIVATE_CLIENTS must hold networks, as in 10.0.0.0/8,fd12:3456:789a::/48.") from None

MFA_ADAPTER = "pnav.accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO  # the demonstration runs on http://localhost
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "pnav.accounts.forms.AuthenticateForm",
    "reauthenticate": "pnav.accounts.forms.ReauthenticateMFAForm",
    "activate_totp": "pnav.accounts.forms.ActivateTOTPForm",
    "add_webauthn": "pnav.accounts.forms.AddWebAuthnForm",
    "edit_webauthn": "pnav.accounts.forms.EditWebAuthnForm",
    "login_webauthn": "pnav.accounts.forms.LoginWebAuthnForm",
    "authenticate_webauthn": "pnav.accounts.forms.AuthenticateWebAuthnForm",
    "reauthenticate_webauthn": "pnav.accounts.forms.ReauthenticateWebAuthnForm",
}

# --- sign-in at a provider: OpenID Connect, see docs/adr/0034 ---------------------------------------------------------

OPENID_ISSUER = env.str("OPENID_ISSUER", "")  # empty when there is no provider
OPENID_NAME = env.str("OPENID_NAME", "ProConnect")
OPENID_CLIENT_ID = _required("OPENID_CLIENT_ID") if OPENID_ISSUER else ""
OPENID_CLIENT_SECRET = _required_secret("OPENID_CLIENT_SECRET") if OPENID_ISSUER else ""
# The values of the provider's claims `acr` and `amr` that count as « with a second factor ». Without any, Pnav asks for
# the second factor of the account itself.
OPENID_SECOND_FACTOR_ACR: list[str] = env.list("OPENID_SECOND_FACTOR_ACR", [])
OPENID_SECOND_FACTOR_AMR: list[str] = env.list("OPENID_SECOND_FACTOR_AMR", [])
# The signature algorithms that are accepted from the provider (docs/adr/0034). RS256 only if the operator adds it.
OPENID_ALGORITHMS: list[str] = env.list("OPENID_ALGORITHMS", ["ES256", "PS256"])
if not OPENID_ALGORITHMS or not set(OPENID_ALGORITHMS) <= {"ES256", "PS256", "RS256"}:
    raise ImproperlyConfigured("OPENID_ALGORITHMS may hold ES256, PS256 and RS256: signatures with a public key.")
OPENID_SECOND_FACTOR = bool(OPENID_ISSUER and (OPENID_SECOND_FACTOR_ACR or OPENID_SECOND_FACTOR_AMR))
# The links of accounts belong to one issuer, because the same subject at another issuer is another person.
OPENID_PROVIDER = f"openid-{hashlib.sha256(OPENID_ISSUER.encode()).hexdigest()[:16]}"
OPENID_EXTRA: dict[str, object] = {}  # more of allauth's settings for the provider; empty in production
if OPENID_ISSUER and not DEMO and urlsplit(OPENID_ISSUER).scheme != "https":
    raise ImproperlyConfigured("OPENID_ISSUER must be an https address.")

SOCIALACCOUNT_ADAPTER = "pnav.accounts.openid.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"provider_class": "pnav.accounts.openid.Provider"}}
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds for which the provider may hold one page thread

# --- language and time --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"  # the language in which texts are written first, and shown where another language lacks one
# The only list of languages, each with its own name for itself. docs/languages.md says how to add one.
LANGUAGES = [("fr", "Français"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "pnav" / "locale"]
TIME_ZONE = "Europe/Paris"
USE_TZ = True

# --- static files -------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / ".local" / "static")))
ASSETS_DIR = BASE_DIR / ".local" / "assets"  # written by `build_styles`
STATICFILES_DIRS = [BASE_DIR / "static", ASSETS_DIR]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "pnav.pages.build.finders.AppDirectoriesWithoutDsfr",
]
# --- captures that people hand in: docs/adr/0082 ----------------------------------------------------------------------

# Whether captures are accepted at all. The operator decides, who has to be entitled to keep what people send; off by
# default.
CAPTURES = env.bool("CAPTURES", DEMO)
CAPTURES_DIR = env.str("CAPTURES_DIR", "")  # the folder of encrypted chunks, one for all web processes and workers
CAPTURES_S3_BUCKET = env.str("CAPTURES_S3_BUCKET", "")  # or the name of a bucket in a store with the S3 protocol
CLAMD = env.str("CLAMD", "")  # clamd's « host:port », or the path of its socket; if set, originals are scanned
if CAPTURES_DIR and CAPTURES_S3_BUCKET:
    raise ImproperlyConfigured("CAPTURES_DIR and CAPTURES_S3_BUCKET are both given: keep one.")
if CAPTURES and not DEMO and not (CAPTURES_DIR or CAPTURES_S3_BUCKET):
    raise ImproperlyConfigured("CAPTURES needs CAPTURES_DIR or CAPTURES_S3_BUCKET: where the sealed files lie.")
_captures: dict[str, Any] = {
    "BACKEND": "common.sealed_files.folder.Folder",
    "OPTIONS": {"location": CAPTURES_DIR or str(BASE_DIR / ".local" / "captures")},
}
if CAPTURES_S3_BUCKET:
    _captures = {
        "BACKEND": "storages.backends.s3.S3Storage",  # of django-storages, an optional part of the image
        "OPTIONS": {
            "bucket_name": CAPTURES_S3_BUCKET,
            "endpoint_url": _required("CAPTURES_S3_ENDPOINT"),
            "region_name": env.str("CAPTURES_S3_REGION", "") or None,
            "access_key": _required_secret("CAPTURES_S3_ACCESS_KEY"),
            "secret_key": _required_secret("CAPTURES_S3_SECRET_KEY"),
            "file_overwrite": True,  # names contain a random token, and a question whether one is taken costs a request
            "default_acl": None,
        },
    }

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "captures": _captures,
    "staticfiles": {"BACKEND": "pnav.pages.build.storage.Storage"},
}

# --- the exchange -------------------------------------------------------------------------------------------------

MESSAGE_MAX_LENGTH = 4000  # the most characters of a message (docs/protocol.md)


def _bounded(name: str, default: int, *, least: int, most: int) -> int:
    """Return a number of the environment. A public site refuses one outside these bounds; tests may need another."""
    value = env.int(name, default)
    if not (DEMO or TESTING or least <= value <= most):
        raise ImproperlyConfigured(f"{name} must be between {least} and {most}.")
    return int(value)


# Open pages send a beat every 20 s. So who is there is seen at least twice within the least of these bounds.
# An agent unseen for so long counts as gone: three beats were missed.
LEASE_SECONDS = _bounded("LEASE_SECONDS", 60, least=45, most=600)
# A waiting person unseen for so long is passed over; the place is kept.
ABSENT_SECONDS = _bounded("ABSENT_SECONDS", 90, least=45, most=900)
# How many frames a socket may send at once, and how many a second after that, far more than a person types.
FRAMES_AT_ONCE = _bounded("FRAMES_AT_ONCE", 80, least=40, most=1_000)
FRAMES_A_SECOND = _bounded("FRAMES_A_SECOND", 20, least=5, most=200)
# These are defaults of service settings, which bound them (`common.service_settings.values.check_defaults`).
OVERFLOW_SECONDS = env.int("OVERFLOW_SECONDS", 60)  # after so long the other force may take the conversation
ABANDON_SECONDS = env.int("ABANDON_SECONDS", 30 * 60)  # a waiting person unseen for so long has left
AVERAGE_CONVERSATION_MINUTES = env.int("AVERAGE_CONVERSATION_MINUTES", 55)  # the source is Le Parisien of 05/10/2021
RESUME_HOURS = env.int("RESUME_HOURS", 72)  # for how long a resume code is valid
PURGE_COMMANDS = ["clearsessions", "retention", "purge_debriefs"]  # what the worker runs every hour
# The name under which a worker writes its heartbeat; "" means the name of its host, which is a container's own.
WORKER_NAME = env.str("WORKER_NAME", "")
# The modules that delete data by the retention rules. `reports.retention.deletion` says what such a module has to do;
# `reports.rules.inventory` names every table.
KEEPERS = ["chat.retention.deletion", "pnav.pages.deletion", "pnav.accounts.deletion", "reports.retention.deletion"]
# The module that says which supervisor decides about what; `reports.deciders` describes its functions.
DECIDERS = "chat.decisions.deciders"
# The module that says where a visit goes when it has answered the questions or given its place; `common.way_in`
# describes its functions.
WAY_IN = "reports.way_in"
METRICS_TOKEN = _secret("METRICS_TOKEN")

# --- the digest of the register, which leaves by itself: docs/adr/0056 ------------------------------------------------

REGISTER_DIGEST_TO: list[str] = env.list("REGISTER_DIGEST_TO", [], subcast=str.strip)
REGISTER_DIGEST_MINUTES = env.int("REGISTER_DIGEST_MINUTES", 60)  # how often a signed digest of the register is sent
REGISTER_DIGEST_CA = env.str("REGISTER_DIGEST_CA", "")  # the CA certificate file for an https destination
REGISTER_DIGEST_KEY = _secret("REGISTER_DIGEST_KEY")  # the signing key, which only the worker needs
if REGISTER_DIGEST_MINUTES < 1:
    raise ImproperlyConfigured("REGISTER_DIGEST_MINUTES must be 1 or more.")
try:
    for _destination in REGISTER_DIGEST_TO:
        digest_destinations.parse(_destination)
except ValueError as error:  # its message describes a destination, and does not repeat what was written
    raise ImproperlyConfigured(f"REGISTER_DIGEST_TO: {error}.") from None

# --- the proof of date: docs/adr/0084 ---------------------------------------------------------------------------------

# Time-stamping authorities that sign the digest of each day: « name https://host/path /path/certificates.pem ».
TIMESTAMP_AUTHORITIES: list[str] = env.list("TIMESTAMP_AUTHORITIES", [], subcast=str.strip)
try:
    timestamp_authorities.parse_all(TIMESTAMP_AUTHORITIES)
except ValueError as error:  # its message describes an authority, and does not repeat what was written
    raise ImproperlyConfigured(f"TIMESTAMP_AUTHORITIES: {error}.") from None

# --- traces, for a collector of the operator's: docs/adr/0097 ---------------------------------------------------------

RELEASE = VERSION
TRACES_TO = env.str("TRACES_TO", "")  # the address of a collector (OTLP over HTTP); empty: nothing is traced
_collector = urlsplit(TRACES_TO)
_is_here = _collector.scheme == "http" and _collector.hostname in {"localhost", "127.0.0.1"}
if TRACES_TO and not (_is_here or (_collector.scheme == "https" and _collector.hostname)):
    raise ImproperlyConfigured("TRACES_TO must be an https address, or http on this machine.")
TRACES_SHARE = env.float("TRACES_SHARE", 0.01)  # which share of the pages, batches and duties is traced
if not 0 <= TRACES_SHARE <= 1:
    raise ImproperlyConfigured("TRACES_SHARE must be between 0 and 1.")

# --- logs: events and public ids, never what a person typed, never an address -------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", "text")
if LOG_FORMAT not in {"text", "json"}:
    raise ImproperlyConfigured("LOG_FORMAT must be text or json.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "pnav.logs.Discreet", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "pnav.logs.DiscreetJson"},
    },
    "filters": {"pool_failures": {"()": "pnav.logs.pool_failures"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "psycopg.pool": {"filters": ["pool_failures"]},
        "django.channels.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        # Their messages contain addresses, or full paths with query strings. Daphne's message about an application that
        # it ends (« took too long to shut down and was killed ») shows the whole request.
        "daphne.server": {"level": "ERROR"},
        "daphne.http_protocol": {"level": "ERROR"},
        "daphne.ws_protocol": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
        # When a collector is away, there would be a line with its address for each attempt.
        "opentelemetry": {"level": "ERROR"},
        # There would be twenty lines for each font that is subset.
        "fontTools": {"level": "WARNING"},
        "django.security": {"level": "ERROR"},
    },
}
