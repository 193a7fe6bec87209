"""WebSocket frames of the plainest kind (RFC 6455, 5.2): one text, whole, that nobody compressed.

Nearly all that a page sends and gets is of this kind. autobahn reads and writes such a frame in some forty calls of
Python's, half of them for parts of the protocol that are not in it (fragments, extensions, listeners); here it is a few
operations on bytes. Whatever is not exactly of this kind is None, and goes autobahn's way, with all its checks.
"""

import struct

MOST = 16 * 1024  # bytes of a text: what `chat.messages.protocol` reads; below every limit that autobahn is given
_WHOLE_TEXT = 0x81  # the first byte: the last frame of its message, no extension, a text
_MASKED = 0x80  # of the second byte; what a client sends is masked, always


def read_text_frame(data: bytes, at: int) -> tuple[str, int] | None:
    """The text of the frame that begins here, and where it ends; None for whatever autobahn has to look at.

    That is: a frame that is not whole yet, a part of a longer message, a control frame, a binary one, one without a
    mask, one with a length in more bytes than it needs, more than MOST bytes, bytes that are no UTF-8.
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
    elif size > 126:  # eight bytes of length, or no mask
        return None
    end = begin + 4 + size
    if size > MOST or end > len(data):
        return None
    # All bytes at once, as one number: the mask again and again, as long as the text is.
    mask = (data[begin : begin + 4] * (size // 4 + 1))[:size]
    clear = int.from_bytes(data[begin + 4 : end]) ^ int.from_bytes(mask)
    try:
        return clear.to_bytes(size).decode(), end
    except UnicodeDecodeError:
        return None


def make_text_frame(text: str) -> bytes | None:
    """The frame that brings this text to a client; None for one of more than MOST bytes."""
    body = text.encode()
    size = len(body)
    if size < 126:
        return bytes((_WHOLE_TEXT, size)) + body
    if size <= MOST:
        return struct.pack("!BBH", _WHOLE_TEXT, 126, size) + body
    return None
