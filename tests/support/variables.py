"""The variables of a test run that need no server."""

from reports.seal.sealing import PrivateKey

SEAL_KEY = PrivateKey(bytes(range(32)))  # its private half is here too, because tests open what the site sealed

VARIABLES = {
    "TESTING": "1",
    "DEMO": "1",
    "SECRET_KEY": "a secret for tests only, which is long enough to be accepted",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "CONTENT_KEYS": "test:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SEAL_PUBLIC_KEY": SEAL_KEY.public_key.text,
    "EXCHANGE_KEYS": "write",
    "IDENTITY_KEYS": "write",
    "SESSION_SEAL": "cookie",
    "DATABASE_POOL_SIZE": "20",
    "LOG_LEVEL": "WARNING",
}
