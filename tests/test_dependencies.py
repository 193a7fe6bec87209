"""What we import is declared in pyproject.toml, and what is declared is imported, or used as this module says.

A library that comes only because another one needs it may disappear with the next version of that one. A library that
is declared and not used is one more to watch for weaknesses.
"""

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_names import PACKAGES, ROOT

# Production never runs these. They may import what is declared for the demonstration and for development too.
ELSEWHERE = ("pnav/demo", "tests", "benchmarks")
# Modules of the site that are imported only where an operator asks for them: the file, and the group that declares its
# library.
OPTIONAL = {"common/tracing/export.py": "traces", "pnav/backup/store.py": "s3", "pnav/backup/tools.py": "demo"}
# Libraries that are used without an import: the file that names each, and the words in it.
NAMED = {
    "channels-redis": ("pnav/settings.py", '"channels_redis.pubsub.RedisPubSubChannelLayer"'),
    "django-dsfr": ("pnav/settings.py", '"dsfr"'),
    "django-stubs": ("pyproject.toml", '"mypy_django_plugin.main"'),
    "django-storages": ("pnav/settings.py", '"storages.backends.s3.S3Storage"'),
    "djade": ("Makefile", ".venv/bin/djade"),
    "gunicorn": ("benchmarks/pages.py", '"gunicorn"'),
    "hiredis": ("tests/test_dependencies.py", "HIREDIS_AVAILABLE"),
    "import-linter": ("Makefile", ".venv/bin/lint-imports"),
    "mkdocs-material": ("mkdocs.yml", "name: material"),
    "moto": ("tests/chat/captures/test_s3.py", '"moto.server"'),
    "oidc-provider-mock": ("tests/accounts/provider.py", '"oidc_provider_mock"'),
    "pip-audit": ("tests/audit.py", '"pip_audit"'),
    "pre-commit": (".pre-commit-config.yaml", "make check"),
    "pytest-asyncio": ("pyproject.toml", "asyncio_mode"),
    "pytest-django": ("pyproject.toml", "DJANGO_SETTINGS_MODULE"),
    "reuse": ("tests/test_licences.py", '"reuse"'),
    "ruff": ("Makefile", "-m ruff"),
}


def imported(source: str) -> Iterator[str]:
    """Yield each module that this source imports from another library, by its whole name."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0, names=names):
                # `from zope import interface` names a package as `import zope.interface` does.
                found = [f"{module}.{alias.name}" for alias in names]
            case _:
                continue
        ours = {*PACKAGES, "tests", "benchmarks", "deploy", *sys.stdlib_module_names}
        yield from (name for name in found if name.partition(".")[0] not in ours)


def distribution(module: str, owners: Mapping[str, Iterable[str]]) -> str:
    """Return the library that brings this module; the module's own first name when no installed library does."""
    first = module.partition(".")[0]
    known = [canonicalize_name(name) for name in owners.get(first, ())] or [canonicalize_name(first)]
    # Several libraries share a first name (`zope`, `psycopg`): take the one that is called like the module.
    return next((name for name in known if module.replace(".", "-").startswith(name)), known[0])


@cache
def declared() -> tuple[dict[str, Requirement], dict[str, Requirement]]:
    """Return what pyproject.toml declares for the site, and what it declares besides for other work."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    site = [Requirement(line) for line in table["project"]["dependencies"]]
    other = [
        Requirement(line) for group in table["dependency-groups"].values() for line in group if isinstance(line, str)
    ]
    return tuple({canonicalize_name(one.name): one for one in group} for group in (site, other))


def with_extras(requirements: Mapping[str, Requirement]) -> set[str]:
    """Return these, and what an extra that was asked for by name brings (`psycopg[pool]`)."""
    found = set(requirements)
    for one in requirements.values():
        for line in (requires(one.name) or []) if one.extras else []:
            needed = Requirement(line)
            if needed.marker and any(
                needed.marker.evaluate({"extra": extra}) and not needed.marker.evaluate({"extra": ""})
                for extra in one.extras
            ):
                found.add(canonicalize_name(needed.name))
    return found


@cache
def used() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return by library the files that import it: of the site, and of everything else."""
    owners = packages_distributions()
    site: dict[str, set[str]] = defaultdict(set)
    other: dict[str, set[str]] = defaultdict(set)
    folders = [*PACKAGES, "tests", "benchmarks", "deploy"]
    paths = [ROOT / "manage.py", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        is_elsewhere = name in OPTIONAL or name.startswith(tuple(f"{folder}/" for folder in ELSEWHERE))
        into = other if is_elsewhere else site
        for module in imported(path.read_text()):
            into[distribution(module, owners)].add(name)
    return site, other


def test_what_is_imported_is_declared(tried):
    site, other = used()
    for_site, besides = (with_extras(group) for group in declared())
    missing = {name: sorted(files) for name, files in site.items() if name not in for_site}
    missing |= {name: sorted(files) for name, files in other.items() if name not in for_site | besides}
    assert not missing, "Declare it in pyproject.toml with its reason, then `make lock`."
    tried("libraries imported", len(site.keys() | other.keys()))


def test_what_is_declared_is_used():
    for_site, besides = declared()
    site, other = used()
    assert not for_site.keys() - site.keys() - NAMED.keys(), "The site imports it nowhere."
    assert not besides.keys() - site.keys() - other.keys() - NAMED.keys(), "Nothing imports it."


def test_what_is_optional_has_a_group():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    for name, group in OPTIONAL.items():
        assert (ROOT / name).is_file() and group in groups


def test_what_is_used_without_an_import_is_named():
    for_site, besides = declared()
    assert for_site.keys() | besides.keys() >= NAMED.keys()
    assert not [name for name, (file, words) in NAMED.items() if words not in (ROOT / file).read_text()]


def test_redis_uses_the_parser_in_c():
    from redis.utils import HIREDIS_AVAILABLE

    assert HIREDIS_AVAILABLE


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import zope.interface", "zope-interface"),
        ("from zope import interface", "zope-interface"),
        ("from psycopg_pool import PoolTimeout", "psycopg-pool"),
        ("def later():\n    from yaml import safe_load", "pyyaml"),
        ("import nowhere_to_be_found.at_all", "nowhere-to-be-found"),
    ],
)
def test_import_is_found_with_its_library(source, expected):
    (module,) = imported(source)
    assert distribution(module, packages_distributions()) == expected


def test_own_and_standard_modules_are_no_libraries():
    assert not list(imported("import json\nfrom chat import access\nfrom . import base\nfrom pathlib import Path"))


def test_extras_declare_what_they_bring():
    found = with_extras({"psycopg": Requirement("psycopg[pool]")})
    assert "psycopg-pool" in found and "psycopg-binary" not in found
