"""Closes a copy by words: AES-256-GCM under a key that PBKDF2 makes of them. Pure.

A page that opens itself in any browser (`static/pnav/copy/locked.js`), where WebCrypto has both: neither Windows nor
macOS opens an AES zip by itself. The key is made by a child process within the limits of `common.offload`, so that no
page waits behind it; the words are in nothing that is kept.
"""

import hashlib
import re
import secrets
import unicodedata
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.offload import pool

# OWASP, Password Storage Cheat Sheet: PBKDF2 with SHA-256, 600,000 rounds; 0.2 s of a processor.
ROUNDS = 600_000
SALT_BYTES, NONCE_BYTES, KEY_BYTES = 16, 12, 32
WORDS_MAX = 300  # characters that are read
LETTERS_MIN = 12  # of words that somebody chose; those that the page proposes have some thirty, 50 bits
_MARKS = re.compile(r"[\u0300-\u036f]")
_OTHERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Locked:
    """What a page needs to open it again, beside the words: base64."""

    salt: str
    nonce: str
    content: str = field(repr=False)
    rounds: int = ROUNDS


def normalize_words(words: str) -> str:
    """Words as they are compared: small letters without accents and digits, a space between them.

    `normalizeWords` of `copy/locked.js` says the same.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", words[:WORDS_MAX])).lower()
    return _OTHERS.sub(" ", plain.replace("œ", "oe").replace("æ", "ae")).strip()


def close(content: bytes, words: str, *, who: str) -> Locked:
    """Encrypt this. words: with LETTERS_MIN letters at least (`normalize_words`). who: see `pool.run`.

    Costs a child process and ROUNDS of SHA-256 there. Raises pool.NotDone. Not inside a transaction.
    """
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    asked = {"words": normalize_words(words), "salt": salt.hex()}
    _nothing, key = pool.run("chat.personal_copy.lock", asked, who=who)
    sealed = AESGCM(key).encrypt(nonce, content, None)
    salt_text, nonce_text, content_text = (b64encode(one).decode() for one in (salt, nonce, sealed))
    return Locked(salt_text, nonce_text, content_text)


def work(asked: dict[str, Any]) -> tuple[None, bytes]:
    """The key of these words. For a child (`common.offload.child`)."""
    salt = bytes.fromhex(asked["salt"])
    return None, hashlib.pbkdf2_hmac("sha256", asked["words"].encode(), salt, ROUNDS, KEY_BYTES)
