"""Serves TLS in `web`, and reads the certificate again when its file has changed (docs/adr/0093).

Twisted reads certificate and key once, at the start. After a renewal the process would need a restart, or the proxy
would meet an expired certificate. Open connections keep the certificate with which they began.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509
from twisted.internet import endpoints, ssl
from twisted.internet.interfaces import IOpenSSLContextFactory
from zope.interface import implementer

from pnav import certificates

logger = logging.getLogger(__name__)
LOOKED_SECONDS = 2.0  # a new connection looks whether the files have changed, at most once in this time

type _Seen = tuple[tuple[int, int], ...]


@implementer(IOpenSSLContextFactory)
class FileContext:
    """It is the OpenSSL context for a certificate and its key, read again when either file has changed.

    While the two do not belong together, as in the middle of a renewal, or cannot be read, the previous context is
    used. That is logged once for each state of the files. What the disk does not give is asked for again each time,
    because a new owner or mode changes nothing in the file (« Permission denied » after a renewal).
    """

    def __init__(self, key: str, certificate: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read both files. Raises the errors of the disk, of OpenSSL and of Twisted: no process starts without them."""
        self._paths = (Path(key), Path(certificate))
        self._monotonic = monotonic
        self._seen = self._look()
        self._context = self._read()
        self._failed: tuple[_Seen | None, str] | None = None  # in which state of the files it failed last, and how
        self._looked_at = monotonic()

    def getContext(self) -> Any:  # noqa: N802  Twisted's name; called for each connection
        now = self._monotonic()
        if now - self._looked_at >= LOOKED_SECONDS:
            self._looked_at = now
            self._read_again()
        return self._context

    def _read_again(self) -> None:
        seen = None
        try:
            seen = self._look()
            if seen == self._seen:
                return
            self._context = self._read()
        except Exception as error:  # noqa: BLE001  of Twisted, OpenSSL or the disk: whoever connects is served all the same
            if seen is not None and not isinstance(error, OSError):
                self._seen = seen
            before, self._failed = self._failed, (seen, type(error).__name__)
            if self._failed != before:
                logger.error("tls: the certificate cannot be read again (%s), the one before goes on", self._failed[1])
        else:
            self._seen, self._failed = seen, None
            logger.warning("tls: a new certificate is shown")

    def _look(self) -> _Seen:
        found = [path.stat() for path in self._paths]
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)

    def _read(self) -> Any:
        key, certificate = (path.read_bytes() for path in self._paths)
        pair = ssl.PrivateCertificate.loadPEM(certificate + b"\n" + key)
        chain = [ssl.Certificate.loadPEM(one).original for one in _split(certificate)[1:]]
        options = ssl.CertificateOptions(
            privateKey=pair.privateKey.original, certificate=pair.original, extraCertChain=chain
        )
        context = options.getContext()  # raises an error when the key does not belong to the certificate
        certificates.shown["web"] = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
        return context


def _split(pem: bytes) -> list[bytes]:
    """Return the certificates of a PEM file one by one: the server's, then the intermediate ones."""
    end = b"-----END CERTIFICATE-----"
    return [one + end for one in pem.split(end)[:-1]]


def endpoint_of(reactor: Any, description: str) -> Any:
    """Do as Twisted's `serverFromString`, except that a certificate is read again when its files change."""
    if not description.startswith("ssl:"):
        return endpoints.serverFromString(reactor, description)
    _kind, given = endpoints._parse(description)
    return endpoints.SSL4ServerEndpoint(
        reactor,
        int(given["port"]),
        FileContext(given["privateKey"], given["certKey"]),
        backlog=int(given.get("backlog", 50)),
        interface=given.get("interface", ""),
    )
