"""The proxy of a production in front of the processes of a run: Caddy or HAProxy, each with our own file of deploy/.

In that file only what depends on the machine is replaced: ports, the place of the certificates, addresses. Everything
else is what is tried. Caddy must be 2.8 or newer; `CADDY` names the program where the one on the PATH is older.
"""

import os
import re
import resource
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.faults.processes import ROOT, _Restartable
from pnav.demo.services import free_port

HOST = "localhost"  # the name to which the processes of the demonstration answer
OLDEST_CADDY = (2, 8)
CONNECTIONS = 2000  # many more than a run needs


class NoProxy(RuntimeError):
    """The program is not on this machine, or is too old; the message says what to do."""


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """Put other values into a file. Raises KeyError when the file does not contain a text that should be replaced."""
    for old, new in changes.items():
        if old not in text:
            raise KeyError(old)
        text = text.replace(old, new)
    return text


def connections_allowed() -> int:
    """Return how many connections HAProxy may hold here: each takes two descriptors, and it refuses to start without
    them.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return CONNECTIONS if most == resource.RLIM_INFINITY else max(50, min(CONNECTIONS, (most - 100) // 2))


def caddyfile(text: str, *, authority: Path, clear: int, site: int, alive: int) -> str:
    """Return deploy/machines.Caddyfile for this machine. clear, site, alive: the ports that replace 80, 443
    and 2080.
    """
    return replaced(
        text,
        {
            "\tadmin off\n": f"\tadmin off\n\thttp_port {clear}\n\thttps_port {site}\n\tskip_install_trust\n"
            "\tlocal_certs\n",
            "/etc/pnav/tls/authority.pem": str(authority),
            "root * /etc/caddy\n": f"root * {ROOT / 'deploy'}\n",
            "http://127.0.0.1:2080": f"http://127.0.0.1:{alive}",
        },
    )


def haproxy_file(
    text: str,
    *,
    authority: Path,
    certificate: Path,
    clear: int,
    site: int,
    pages: Sequence[int],
    sockets: Sequence[int],
) -> str:
    """Return deploy/haproxy.cfg for this machine. pages, sockets: the ports of the processes."""
    text = replaced(
        text,
        {
            "    bind :80\n    bind :::80 v6only\n": f"    bind 127.0.0.1:{clear}\n",
            "    maxconn 20000\n": f"    maxconn {connections_allowed()}\n",
            "    bind :443 ssl": f"    bind 127.0.0.1:{site} ssl",
            "/etc/haproxy/site.pem": str(certificate),
            "/etc/haproxy/failure.html": str(ROOT / "deploy/failure.html"),
            "/etc/pnav/tls/authority.pem": str(authority),
            "hdr Host pnav.example": f"hdr Host {HOST}",
        },
    )
    text = re.sub(r"^    bind :::443 .*\n", "", text, flags=re.MULTILINE)
    for name, ports in (("pages", pages), ("sockets", sockets)):
        before, found, after = text.partition(f"\nbackend {name}\n")
        if not found:
            raise KeyError(found)
        body, end, rest = after.partition("\nbackend ")
        body = re.sub(r"^    server .*\n?", "", body, flags=re.MULTILINE).rstrip("\n")
        servers = "".join(
            f"\n    server {name}{index}{unchecked} 127.0.0.1:{port}{backup}"
            for unchecked, backup in (("", ""), ("-unchecked", " backup no-check"))
            for index, port in enumerate(ports)
        )
        text = f"{before}{found}{body}{servers}\n{end}{rest}"
    return text


class ReverseProxy(_Restartable):
    """A proxy with TLS towards the clients, and TLS towards the processes behind it."""

    @staticmethod
    def program() -> str:
        """Return the program. Raises NoProxy."""
        raise NotImplementedError

    def __init__(self, folder: Path, tls: Path, pages: Sequence[int], sockets: Sequence[int]) -> None:
        self.folder, self.tls = folder, tls
        self.pages, self.sockets = pages, sockets
        self.clear, self.port, self.alive = free_port(), free_port(), free_port()
        self.log = folder / f"{type(self).__name__.lower()}.log"

    def start(self) -> None:
        self._begin()
        self._wait_until(self._answers)

    def _begin(self) -> None:
        raise NotImplementedError

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Caddy(ReverseProxy):
    """Caddy with deploy/machines.Caddyfile."""

    @staticmethod
    def program() -> str:
        """Return the program. Raises NoProxy."""
        found = os.environ.get("CADDY") or shutil.which("caddy")
        if not found:
            raise NoProxy("Caddy is not here: install it, or name it in CADDY.")
        said = subprocess.run([found, "version"], check=True, capture_output=True, text=True).stdout
        number = re.search(r"(\d+)\.(\d+)", said)
        if not number or (int(number[1]), int(number[2])) < OLDEST_CADDY:
            raise NoProxy("This Caddy is too old for deploy/machines.Caddyfile (2.8): name a newer one in CADDY.")
        return found

    def _begin(self) -> None:
        file = self.folder / "Caddyfile"
        text = (ROOT / "deploy/machines.Caddyfile").read_text()
        authority = self.tls / "proxy/authority.pem"
        file.write_text(caddyfile(text, authority=authority, clear=self.clear, site=self.port, alive=self.alive))
        addresses = {
            name: " ".join(f"127.0.0.1:{port}" for port in ports)
            for name, ports in (("PAGES", self.pages), ("SOCKETS", self.sockets))
        }
        home = {"XDG_DATA_HOME": str(self.folder / "caddy"), "XDG_CONFIG_HOME": str(self.folder / "caddy")}
        # As in docker-compose.yml: a WebSocket comes over HTTP/1.1.
        environment = {**os.environ, **addresses, **home, "SITE_HOST": HOST, "GODEBUG": "http2xconnect=0"}
        command = [self.program(), "run", "--adapter", "caddyfile", "--config", str(file)]
        self._spawn(list(command), cwd=self.folder, env=environment)


class HAProxy(ReverseProxy):
    """HAProxy with deploy/haproxy.cfg."""

    @staticmethod
    def program() -> str:
        """Return the program. Raises NoProxy."""
        found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
        if not found:
            raise NoProxy("HAProxy is not here.")
        return found

    def _begin(self) -> None:
        certificate, file = self.folder / "site.pem", self.folder / "haproxy.cfg"
        own = self.tls / "web"
        certificate.write_text((own / "certificate.pem").read_text() + (own / "key.pem").read_text())
        file.write_text(
            haproxy_file(
                (ROOT / "deploy/haproxy.cfg").read_text(),
                authority=self.tls / "proxy/authority.pem",
                certificate=certificate,
                clear=self.clear,
                site=self.port,
                pages=self.pages,
                sockets=self.sockets,
            )
        )
        self._spawn([self.program(), "-db", "-f", str(file)], cwd=self.folder)


PROXIES: dict[str, type[ReverseProxy]] = {"caddy": Caddy, "haproxy": HAProxy}
