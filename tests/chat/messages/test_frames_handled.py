"""Sockets and requests answer every frame that the protocol reads: one that was forgotten would be ignored."""

from typing import get_args

import pytest
from django.conf import settings

from chat.messages import protocol
from chat.realtime import connection

REALTIME = settings.BASE_DIR / "chat" / "realtime"
BY = {"sockets": ("connection.py", "consumers.py"), "requests": ("http_fallback.py",)}


@pytest.mark.parametrize("way", BY)
@pytest.mark.parametrize("frame", get_args(protocol.Frame), ids=lambda frame: frame.__name__)
def test_frame_is_handled(frame: type, way: str):
    source = "".join((REALTIME / name).read_text() for name in BY[way])
    name = f"protocol.{frame.__name__}"
    is_handled = f"case {name}(" in source or f"isinstance(frame, {name})" in source
    assert is_handled, f"{frame.__name__} is read and then ignored by {way}"


@pytest.mark.parametrize("frame", get_args(protocol.Frame), ids=lambda frame: frame.__name__)
def test_frame_has_a_name_in_traces(frame: type):
    """Without one the socket would raise an error at the first frame of this type, and end."""
    assert connection.FRAME_KINDS[frame] == frame.__name__.lower()
