"""The variables of a test run that need no server."""

VARIABLES = {
    "TESTING": "1",
    "DEMO": "1",
    "SECRET_KEY": "a secret for tests only, which is long enough to be accepted",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "CONTENT_KEYS": "test:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "DATABASE_POOL_SIZE": "20",
    "LOG_LEVEL": "WARNING",
}
