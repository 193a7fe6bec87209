"""HPKE, written a second time from RFC 9180 and the X-Wing draft, to check what `reports.seal.sealing` makes.

Nothing here is shared with the library's own HPKE but the primitives: ML-KEM-768, X25519, SHA-3, HMAC, and the AEAD.
"""

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

KEM_ID = 0x647A
HKDF_SHA256 = 1
AES_256_GCM, CHACHA20_POLY1305 = 2, 3
CIPHERS = {AES_256_GCM: AESGCM, CHACHA20_POLY1305: ChaCha20Poly1305}
MLKEM_CIPHERTEXT_BYTES = 1088
XWING_LABEL = bytes.fromhex("5c2e2f2f5e5c")  # the drawing \./ over /^\


def decapsulate(seed: bytes, enc: bytes) -> bytes:
    """Return the shared secret of X-Wing (draft-connolly-cfrg-xwing-kem, 5.5)."""
    expanded = hashlib.shake_256(seed).digest(96)
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    secret_m = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).decapsulate(enc[:MLKEM_CIPHERTEXT_BYTES])
    public_x, enc_x = x25519.public_key().public_bytes_raw(), enc[MLKEM_CIPHERTEXT_BYTES:]
    secret_x = x25519.exchange(X25519PublicKey.from_public_bytes(enc_x))
    return hashlib.sha3_256(secret_m + secret_x + enc_x + public_x + XWING_LABEL).digest()


@dataclass(frozen=True)
class Schedule:
    """The key schedule of a base-mode context (RFC 9180, 5.1)."""

    key: bytes
    base_nonce: bytes


def schedule(shared_secret: bytes, info: bytes, aead: int) -> Schedule:
    suite_id = b"HPKE" + KEM_ID.to_bytes(2) + HKDF_SHA256.to_bytes(2) + aead.to_bytes(2)

    def extract(salt: bytes, label: bytes, material: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite_id + label + material, "sha256")

    def expand(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
        labelled = length.to_bytes(2) + b"HPKE-v1" + suite_id + label + context
        return hmac.digest(secret, labelled + b"\x01", "sha256")[:length]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared_secret, b"secret", b"")
    return Schedule(expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12))


def open_single(seed: bytes, enc: bytes, ciphertext: bytes, *, info: bytes, aad: bytes, aead: int) -> bytes:
    """Return the first message of a context (sequence number 0)."""
    keys = schedule(decapsulate(seed, enc), info, aead)
    return CIPHERS[aead](keys.key).decrypt(keys.base_nonce, ciphertext, aad)
