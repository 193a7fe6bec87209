"""Serves TLS in `web`: new connections meet the certificate that is in its file now (docs/adr/0093).

Twisted reads certificate and key once, at the start. A renewal would then need a restart, or be met as an end of the
certificate by the proxy. Connections that are open go on with what they began with.
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
LOOKED_SECONDS = 2.0  # two files are looked at so often, at most, by whoever connects

type _Seen = tuple[tuple[int, int], ...]


@implementer(IOpenSSLContextFactory)
class FileContext:
    """The context of OpenSSL for a certificate and its key, read again once either file has changed.

    While the two do not belong together, as in the middle of a renewal, or cannot be read, the context stays what it
    was; that is logged once for each state of the files.
    """

    def __init__(self, key: str, certificate: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Raises the errors of the disk, of OpenSSL and Twisted when they cannot be used: no process starts without."""
        self._paths = (Path(key), Path(certificate))
        self._monotonic = monotonic
        self._seen = self._look()
        self._context = self._read()
        self._looked_at = monotonic()

    def getContext(self) -> Any:  # noqa: N802  Twisted's name; called for each connection
        now = self._monotonic()
        if now - self._looked_at >= LOOKED_SECONDS:
            self._looked_at = now
            self._read_again()
        return self._context

    def _read_again(self) -> None:
        try:
            seen = self._look()
            if seen == self._seen:
                return
            self._seen = seen
            self._context = self._read()
        except Exception as error:  # noqa: BLE001  of Twisted, OpenSSL or the disk: whoever connects is served all the same
            logger.error("tls: the certificate cannot be read again (%s), the one before goes on", type(error).__name__)
        else:
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
        context = options.getContext()  # raises when the key is another one's
        certificates.shown["web"] = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
        return context


def _split(pem: bytes) -> list[bytes]:
    """The certificates of a file, one by one: the owner's first, then those between it and its authority."""
    end = b"-----END CERTIFICATE-----"
    return [one + end for one in pem.split(end)[:-1]]


def endpoint_of(reactor: Any, description: str) -> Any:
    """As Twisted's `serverFromString`, but that a certificate in files is read again when they change."""
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
