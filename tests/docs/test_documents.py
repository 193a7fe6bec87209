"""What a document names exists: a file, a module, a function, a command, a setting, an address, another document."""

import re

import pytest
from django.urls import NoReverseMatch, Resolver404, get_resolver, resolve

from pnav import addresses
from tests.docs import names
from tests.docs.names import Mention

# Names that are not ours, or that are not supposed to exist, with the reason.
_SYSTEM = "of the operating system, systemd or Kubernetes"
_LIBRARY = "of a library or of Python"
_SERVER = "of PostgreSQL or Redis"
_REFUSED = "refused, or gone: the document says so"
_PLACEHOLDER = "stands for any name"
ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(
        ("net.core.somaxconn", "ExecStart", "limits.conf", "MemoryMax", "resources.limits.memory"), _SYSTEM
    ),
    **dict.fromkeys(
        ("podPidsLimit", "securityContext", "coredump.conf", "vm.overcommit_memory", "SCM_RIGHTS", "SCRIPT_NAME"),
        _SYSTEM,
    ),
    **dict.fromkeys(("tls.crt", "tls.key", "ca.crt", "databases.env", "ClientTrafficPolicy"), _SYSTEM),
    **dict.fromkeys(("HTTPS_PROXY", "sched_setattr", "process_cpu_seconds_total", "process_open_fds"), _SYSTEM),
    **dict.fromkeys(
        ("AsyncJsonWebsocketConsumer", "Session.get_decoded()", "CommandLineInterface.server_class"), _LIBRARY
    ),
    **dict.fromkeys(
        ("str.format", "request.FILES", "i18n_patterns", "SCRIPT_NAME", "orca.debug", "spoken.jsonl"), _LIBRARY
    ),
    **dict.fromkeys(("EXPIREAT", "wal_compression", "pg_stat_statements", "postgresql.conf", "pg_hba.conf"), _SERVER),
    **dict.fromkeys(("remote_apply", "pg_terminate_backend", "pg_cancel_backend"), _SERVER),
    **dict.fromkeys(("archive_timeout", "archive_command", "summarize_wal", "max_wal_senders"), _SERVER),
    **dict.fromkeys(("max_slot_wal_keep_size", "ScheduledBackup"), _SERVER),
    **dict.fromkeys(("POSTGRES_PASSWORD", "POSTGRES_WEB_PASSWORD"), _SERVER),
    **dict.fromkeys(("uv.lock", "write.write", "hashed_networks", "common.client_address.hashed_address"), _REFUSED),
    **dict.fromkeys(("pnav/locale/LANGUAGE/LC_MESSAGES/django.po", "docs/adr/NUMBER-plain-words.md"), _PLACEHOLDER),
    **dict.fromkeys(("prenom.nom", "effaces.txt"), _PLACEHOLDER),
    "pnav/locale/eo/LC_MESSAGES/django.po": "an example: Esperanto, as in the tests, so that it stays one",
    "source_data/10_million_password_list_top_1M.txt": "a file of a package",
    "src/commonWords.json": "a file of a package",
}
# Folders that commands make, and that are in no commit.
MADE = (".local/", "benchmarks/results/")

FILE = re.compile(rf"[\w.*{{}},-]+(?:/[\w.*{{}},-]+)*\.(?:{'|'.join(names.SUFFIXES)})")
FOLDER = re.compile(r"(?:[\w.-]+/)+(?:[\w.*-]+/?)?")
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
ADDRESS_NAME = re.compile(r"[a-z_]+:[a-z_]+")
ADDRESS = re.compile(r"/(?:[\w-]+/)+")
TEST = re.compile(r"(tests/[\w/]+\.py): (test_\w+)")
NAME = re.compile(r"[A-Za-z_]\w*")
MAKE = re.compile(r"(?:^|[\s`(])(?:[A-Z]+=\S+ )*make ((?:[a-z][\w-]*)(?: [a-z][\w-]*)*)")
MANAGE = re.compile(r"manage\.py (\w+)")
WITHOUT_SERVER = re.compile(r"make manage ARGS=\"([^\"…]+)\"")
MODULE = re.compile(r"python3? -m ([\w.]+)")


def untrue(mention: Mention) -> str:
    """Return what of this piece of code is not there; "" when all is, or when it is no name at all."""
    text = mention.text
    if text in ELSEWHERE or text.startswith(MADE) or "…" in text or "<" in text:
        return ""
    if found := TEST.fullmatch(text):
        path, test = found.groups()
        is_there = path in names.files() and re.search(rf"\bdef {test}\b", (names.ROOT / path).read_text())
        return "" if is_there else "no such test"
    bare = re.sub(r"\(.*\)$", "", text)
    if FILE.fullmatch(text) or (FOLDER.fullmatch(text) and text.partition("/")[0] in TOP):
        return "" if names.is_file(text, mention.document) else "no such file"
    if DOTTED.fullmatch(bare):
        return "" if names.is_dotted(bare) else "no such module, function or member"
    if ADDRESS_NAME.fullmatch(text) and text.partition(":")[0] in namespaces():
        return "" if text in address_names() else "no address has this name"
    if ADDRESS.fullmatch(text):
        return "" if is_address(text) else "no such address"
    if NAME.fullmatch(bare) and ("_" in bare.strip("_") or not (bare.islower() or bare.istitle())):
        return "" if bare in names.words() else "no such name in the code"
    return ""


TOP = {name.partition("/")[0] for name in names.files()}


def namespaces() -> set[str]:
    return set(get_resolver().namespace_dict)


def address_names() -> set[str]:
    found: set[str] = set()
    for namespace, (_prefix, inner) in get_resolver().namespace_dict.items():
        found |= {f"{namespace}:{name}" for name in inner.reverse_dict if isinstance(name, str)}
    return found


def is_address(text: str) -> bool:
    """Return an address of the site, in any language, or what several begin with.

    One of discreet mode is an example: its number depends on the key of the site.
    """
    if re.fullmatch(rf"/{addresses.DISCREET_PREFIX}/(?:\d{{6}}/)?", text):
        return True
    chosen = addresses.chosen(text)
    path = addresses.read(chosen[1] if chosen else text)[1]
    try:
        resolve(path)
        return True
    except (Resolver404, NoReverseMatch):
        return any(known.startswith(path) for known in beginnings())


def beginnings() -> set[str]:
    """Return each address as far as it is fixed; sockets too."""
    from tests.access.test_sockets import routes

    found = {f"/{route}" for route in routes()}

    def walk(patterns: list[object], before: str) -> None:
        for one in patterns:
            here = before + str(one.pattern).replace("^", "")
            found.add("/" + re.split(r"[<(\\$]", here)[0])
            walk(getattr(one, "url_patterns", []), here)

    walk(get_resolver().url_patterns, "")
    return found


@pytest.mark.parametrize("document", names.documents())
def test_what_a_document_names_is_there(document):
    wrong = [f"{mention} ({why})" for mention in names.mentions(document) if (why := untrue(mention))]
    assert wrong == []


@pytest.mark.parametrize("document", names.documents())
def test_names_beside_a_module_are_in_it(document):
    """A recipe is followed by looking for the name there: « turn » is a word of that file, and defined nowhere."""
    wrong = [str(one) for one in names.names_beside(document) if one.name not in names.said_in(one.module)]
    assert wrong == []


def test_constants_of_a_recipe_are_defined_in_their_module():
    """« registered in `REGISTRY` » named a module that only read it of another: nothing can be put there."""
    constants = [one for one in names.names_beside("CONTRIBUTING.md") if one.name.isupper()]
    assert len(constants) > 20
    assert [str(one) for one in constants if one.name not in names.defined_in(one.module)] == []


@pytest.mark.parametrize("document", names.documents())
def test_links_lead_somewhere(document):
    assert [str(link) for link in names.links(document) if not leads_somewhere(link)] == []


def leads_somewhere(link: Mention) -> bool:
    path, _hash, anchor = link.text.partition("#")
    if path and not names.is_file(path, link.document):
        return False
    if not anchor:
        return True
    target = names.ROOT / link.document if not path else (names.ROOT / link.document).parent / path
    return target.suffix != ".md" or anchor in anchors(target.read_text())


def anchors(text: str) -> set[str]:
    """Return the anchors that the pages of a forge make from headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", names.documents())
def test_commands_exist(document):
    wrong = []
    for mention in names.commands(document):
        wrong += [f"{mention} ({name})" for found in MAKE.findall(mention.text) for name in found.split()[:1]
                  if name not in names.targets()]  # fmt: skip
        wrong += [f"{mention} ({name})" for name in MANAGE.findall(mention.text)
                  if name not in names.management_commands()]  # fmt: skip
        wrong += [f"{mention} ({name})" for name in MODULE.findall(mention.text) if not names.is_dotted(name)
                  and name not in {"pytest", "venv"}]  # fmt: skip
    assert wrong == []


# `make manage` uses the address of a database that does not exist (`tests/manage.py`), so only these work with it.
NEED_NO_SERVER = re.compile(r"languages --begin \w+|build_failure_page|shell -c 'import json; .*document\.dump\(.*")


@pytest.mark.parametrize("document", names.documents())
def test_commands_by_make_manage_need_no_server(document):
    """« make manage ARGS="languages" » stood in a recipe, and asks the database how much is translated."""
    told = [(one, command) for one in names.commands(document) for command in WITHOUT_SERVER.findall(one.text)]
    assert [str(one) for one, command in told if not NEED_NO_SERVER.fullmatch(command)] == []


# --- the test can fail ------------------------------------------------------------------------------------------------


def test_name_that_another_module_has_is_found(monkeypatch):
    line = (
        "| 1 | `chat/rules/assignment.py`: `IN_TURN`, and `turn`, the same; `PLACE` in `rules/assignment.py` | "
        "`PLACE` | `chat/conversations/position.py`: `PLACE`, `BEGUN` of `tests/support/begun.py` |"
    )
    monkeypatch.setattr(names, "_lines", lambda _document: iter([(1, line, False)]))
    found = list(names.names_beside("x.md"))
    assert [one.name for one in found if one.name not in names.said_in(one.module)] == ["PLACE", "turn"]
    assert {(one.name, one.module) for one in found} >= {
        ("PLACE", "chat/conversations/position.py"),
        ("BEGUN", "tests/support/begun.py"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "chat.rules.assignement",
        "assignment.share_in",
        "chat.rules.assignment.share_in",
        "Conversation.wait",
        "tests/chat/rules/test_nothing.py",
        "tests/docs/test_documents.py: test_nothing",
        "static/pnav/chat/pages.js",
        "console:boards",
        "/consoles/tableau/",
        "OVERFLOW_MINUTES",
        "HouseRules",
    ],
)
def test_what_is_not_there_is_found(text):
    assert untrue(Mention("docs/architecture.md", 1, text))


@pytest.mark.parametrize(
    "text",
    [
        "chat.rules.assignment",
        "assignment.share_out",
        "rules/assignment.py",
        "Conversation.weight",
        "lifecycle.Status.WAITING",
        "tests/docs/test_documents.py: test_links_lead_somewhere",
        "lib/line.js",
        "console:board",
        "/console/tableau/",
        "/ws/console/",
        "OVERFLOW_SECONDS",
        "django.db.models",
        "yes",
        "a sentence",
    ],
)
def test_what_is_there_passes(text):
    assert untrue(Mention("docs/architecture.md", 1, text)) == ""
