"""Captures for tests, sent as a person does, slice by slice."""

import hashlib
import io
import uuid

from PIL import Image

from chat.captures import drawing, queries, receiving
from chat.models import Capture, Conversation
from common import clock
from common.sealed_files.chunks import CHUNK_BYTES


def png(width: int = 8, height: int = 6, colour: tuple[int, int, int] = (200, 30, 30), *, more: int = 0) -> bytes:
    """Return a PNG file. more: bytes after its end that nobody reads, to make it longer."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue() + b"\0" * more


def begun(conversation: Conversation, content: bytes, name: str = "capture.png") -> Capture:
    return receiving.begin_capture(
        conversation_id=conversation.pk, public_id=uuid.uuid4(), size=len(content), name=name
    )


def send(conversation: Conversation, public_id: uuid.UUID, content: bytes, offset: int) -> Capture:
    """Send one slice, from this offset on."""
    return receiving.take_slice(
        conversation_id=conversation.pk,
        public_id=public_id,
        offset=offset,
        data=content[offset : offset + CHUNK_BYTES],
    )


def received(conversation: Conversation, content: bytes | None = None, name: str = "capture.png") -> Capture:
    """Return a capture that was sent as a whole and not drawn yet."""
    content = png() if content is None else content
    capture = begun(conversation, content, name)
    for offset in range(0, len(content), CHUNK_BYTES):
        capture = send(conversation, capture.public_id, content, offset)
    return capture


def shown(conversation: Conversation, content: bytes | None = None, name: str = "capture.png") -> Capture:
    """Return a capture that was sent as a whole and shown to the agent."""
    capture = received(conversation, content, name)
    receiving.show_captures(conversation=conversation, only=[capture.public_id])
    capture.refresh_from_db()
    return capture


def drawn(conversation: Conversation, content: bytes | None = None, name: str = "capture.png") -> Capture:
    """Return a capture that was shown, and drawn as the worker does it but without its child process: one page of one
    colour.
    """
    content = png() if content is None else content
    return _draw(shown(conversation, content, name), content)


def _draw(capture: Capture, content: bytes) -> Capture:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(file, "WEBP")
    told = {"sha256": hashlib.sha256(content).hexdigest(), "kind": "png", "more": False}
    drawing._finish(capture, told, drawing.seal_drawings(capture, [(file.getvalue(), 8, 6)]))
    return fresh(capture)


def seen(conversation: Conversation, content: bytes | None = None, name: str = "capture.png") -> Capture:
    """Return a capture that was drawn and seen by its agent."""
    capture = drawn(conversation, content, name)
    queries.mark_read(conversation)
    return fresh(capture)


def handed(conversation: Conversation, title: str = "Convocation", content: bytes | None = None) -> Capture:
    """Return a document that its agent handed to the person, drawn and not seen yet, whatever the service allows."""
    content = png() if content is None else content
    last = Capture.objects.filter(conversation=conversation).count()
    capture = receiving.new_capture(
        conversation,
        uuid.uuid4(),
        size=len(content),
        name="scan.png",
        number=last + 1,
        sent_by=conversation.assigned_to,
        title=title,
    )
    receiving.take_slice(
        conversation_id=conversation.pk, public_id=capture.public_id, offset=0, data=content, is_handout=True
    )
    Capture.objects.filter(pk=capture.pk).update(shown_at=clock.now())
    return _draw(fresh(capture), content)


def fresh(capture: Capture) -> Capture:
    """Return the capture as it is now, with its conversation."""
    return Capture.objects.select_related("conversation").get(pk=capture.pk)
