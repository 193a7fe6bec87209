"""docs/protocol.md names every frame in either direction, and every code that closes a socket."""

import re

from chat.messages import protocol
from tests.access.frames import types
from tests.docs.names import ROOT

TEXT = (ROOT / "docs" / "protocol.md").read_text()
NOT_OF_THE_PROTOCOL = {"rings"}  # these go between processes, on the channel layer


def sent() -> set[str]:
    """Return the types of frames that the code of the sockets writes."""
    code = [path.read_text() for path in (ROOT / "chat").rglob("*.py")]
    found = {name for text in code for name in re.findall(r'[({\s]"type": "([a-z_]+)"', text)}
    return found - NOT_OF_THE_PROTOCOL


def documented(kind: str) -> bool:
    return f'"type":"{kind}"' in TEXT


def test_every_frame_from_the_client_is_documented():
    assert [kind for kind in sorted(types()) if not documented(kind)] == []


def test_every_frame_to_the_client_is_documented():
    assert {"messages", "state", "queue"} <= sent()
    assert [kind for kind in sorted(sent()) if not documented(kind)] == []


def test_every_error_and_close_code_is_documented():
    codes = {name: value for name, value in vars(protocol).items() if name.startswith("CLOSE_")}
    assert [name for name, value in codes.items() if f"| {value} |" not in TEXT] == []
    errors = (
        protocol.BAD_FRAME, protocol.TOO_LONG, protocol.EMPTY, protocol.CLOSED, protocol.FORBIDDEN,
        protocol.RATE_LIMITED, protocol.UNAVAILABLE,
    )  # fmt: skip
    assert [code for code in errors if f"`{code}`" not in TEXT] == []
