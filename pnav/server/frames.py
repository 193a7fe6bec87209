"""This module reads and writes the simplest WebSocket frames (RFC 6455, 5.2): one whole text, not compressed.

Nearly everything that a page sends and receives is such a frame. autobahn needs some forty Python calls for one, half
of them for parts of the protocol that such a frame does not use (fragments, extensions, listeners). Here it takes a few
operations on bytes. For any other frame these functions return None, and autobahn handles it with all its checks.
"""

import struct

# The most bytes of a text, as many as `chat.messages.protocol` reads; autobahn's own limits are higher.
MOST = 16 * 1024
_WHOLE_TEXT = 0x81  # the first byte of the last frame of a message: a text, without extensions
_MASKED = 0x80  # the bit of the second byte that says « masked », as every frame of a client must be


def read_text_frame(data: bytes, at: int) -> tuple[str, int] | None:
    """Return the text of the frame that begins at this index, and the index of its end; None to leave it to autobahn.

    autobahn handles a frame that is not complete yet, a part of a longer message, a control frame, a binary frame, one
    without a mask, one whose length is written in more bytes than needed, one of more than MOST bytes, and one that is
    not UTF-8.
    """
    room = len(data) - at
    if room < 6 or data[at] != _WHOLE_TEXT:
        return None
    size = data[at + 1] ^ _MASKED
    begin = at + 2
    if size == 126:
        size = int.from_bytes(data[begin : begin + 2])
        begin += 2
        if size < 126:
            return None
    elif size > 126:  # the length takes eight bytes, or there is no mask
        return None
    end = begin + 4 + size
    if size > MOST or end > len(data):
        return None
    # All bytes are unmasked at once, as one number: the mask is repeated until it is as long as the text.
    mask = (data[begin : begin + 4] * (size // 4 + 1))[:size]
    clear = int.from_bytes(data[begin + 4 : end]) ^ int.from_bytes(mask)
    try:
        return clear.to_bytes(size).decode(), end
    except UnicodeDecodeError:
        return None


def make_text_frame(text: str) -> bytes | None:
    """Return the frame that carries this text to a client; None for a text of more than MOST bytes."""
    body = text.encode()
    size = len(body)
    if size < 126:
        return bytes((_WHOLE_TEXT, size)) + body
    if size <= MOST:
        return struct.pack("!BBH", _WHOLE_TEXT, 126, size) + body
    return None
