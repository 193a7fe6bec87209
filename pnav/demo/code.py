"""Prints the six-digit code of a demonstration account for this moment: `make code USER=police1`."""

import base64
import hashlib
import hmac
import json
import sys
import time

from pnav.demo.environment import STATE

DEMO = STATE / "demo.json"


def totp_code(secret: str, at: float) -> str:
    """Return the code of RFC 6238 (SHA-1, 30 s, 6 digits). secret: in base 32. at: seconds since 1970."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, int(at // 30).to_bytes(8), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF) % 10**6:06d}"


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if not DEMO.exists():
        print("Lancez d'abord : make run")  # noqa: T201
        return 1
    accounts = {account["username"]: account for account in json.loads(DEMO.read_text())["accounts"]}
    if name not in accounts:
        print(f"Comptes : {', '.join(accounts)}. Par exemple : make code USER=police1")  # noqa: T201
        return 1
    left = 30 - int(time.time() % 30)
    print(f"{totp_code(accounts[name]['totp_secret'], time.time())}   (encore {left} s)")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
