"""docs/operations.md explains every metric, every security event and every limit that an operator may meet."""

import re

from common.database_errors import HINTS
from common.security_log import Event
from tests.docs.names import OURS, ROOT

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
