"""docs/operations.md explains every metric, every security event and every limit that an operator may meet."""

import re

from django.core.management import get_commands, load_command_class

from common.database_errors import HINTS
from common.security_log import Event
from tests.docs.names import OURS, ROOT
from tests.documents import MENU

TEXT = (ROOT / "docs" / "operations.md").read_text()
EVENTS = TEXT.partition("### Security events")[2].partition("\n## ")[0]
CODE = {
    path: path.read_text()
    for room in OURS
    if room not in {"tests", "benchmarks", "deploy"}
    for path in (ROOT / room).rglob("*.py")
}


def metrics() -> set[str]:
    """Return the names of our metrics, as Prometheus' own text has them: a counter ends with « _total »."""
    found = set()
    for text in CODE.values():
        for family, name in re.findall(r'(\w*)\(\s*(?:name=)?"(pnav_\w+)"', text):
            found.add(f"{name}_total" if "Counter" in family else name)
    return found


def test_every_metric_is_explained():
    assert len(metrics()) >= 8
    assert sorted(name for name in metrics() if not re.search(rf"`{name}\b", TEXT)) == []


def test_every_metric_that_is_explained_is_there():
    watching = TEXT.partition("## Watching")[2].partition("\n#")[0]
    assert sorted(set(re.findall(r"`(pnav_\w+)", watching)) - metrics()) == []


def test_every_kind_of_failure_of_the_database_is_explained():
    refusals = TEXT.partition("### When the database refuses")[2].partition("\n### ")[0]
    assert [category for category in HINTS if f"`{category}`" not in refusals] == []


def test_every_event_is_explained():
    assert [event.value for event in Event if f"`{event.value}`" not in EVENTS] == []


def test_every_event_is_logged_somewhere():
    said = "".join(text for path, text in CODE.items() if path.name != "security_log.py")
    assert [event.name for event in Event if f"Event.{event.name}" not in said] == []


def test_every_limit_is_explained():
    """The limits are read from the calls in the code."""
    found: set[str] = set()
    for text in CODE.values():
        found |= set(re.findall(r'(?:is_over|tell_reached)\(\s*f?"(\w+)', text))
        found |= set(re.findall(r'LIMIT_REACHED, limit="(\w+)"', text))
    assert {"resume", "posts", "feedback"} <= found
    assert sorted(name for name in found if f"`{name}`" not in EVENTS) == []


# What an operator types: a span of code, or a line of a block, without what follows it for the shell or as a comment.
TYPED = [
    (name, part)
    for name in MENU["Exploiter"]
    for text in [(ROOT / name).read_text()]
    for code in [
        *re.findall(r"^```\w*\n(.+?)^```", text, re.DOTALL | re.MULTILINE),
        *re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text),
    ]
    for line in code.splitlines()
    for part in re.split(r" +#|&&|[;|]", line)
]


def test_every_option_of_a_command_of_ours_that_a_document_names_is_one():
    """An operator who types what a document says gets an answer, and not a usage."""
    ours = {name: app for name, app in get_commands().items() if app.partition(".")[0] in OURS}
    asked, unknown = set(), []
    for document, part in TYPED:
        # What `manage.py`, or `pnav` on a plain machine, is given; or the first word, where a document names a command.
        words = re.split(r"manage\.py |pnav (?:manage|owner) ", part)[-1].split()
        if not words or words[0] not in ours:
            continue
        name, options = words[0], {word.partition("=")[0] for word in words if word.startswith("--")}
        parser = load_command_class(ours[name], name).create_parser("manage.py", name)
        asked |= {(name, option) for option in options}
        unknown += [f"{document}: {name} {option}" for option in options - set(parser._option_string_actions)]
    assert {("data_keys", "--verify"), ("retention", "--replay"), ("check_backup", "--manifest")} <= asked
    assert unknown == []


def test_connections_of_a_web_process_are_counted_alike_wherever_they_are():
    said = [TEXT, (ROOT / ".env.example").read_text()]
    beside = [found for text in said for found in re.findall(r"CHAT_THREADS`?(?: \(sockets\))? \+ (\d)", text)]
    assert len(beside) >= 3 and set(beside) == {"2"}
    assert "with CHAT_THREADS for its sockets and two more" in said[1].replace("\n# ", " ")
