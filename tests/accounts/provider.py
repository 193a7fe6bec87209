"""A real OpenID Connect provider, in a process of its own, and the person who signs in there."""

import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html import unescape
from typing import Any, Self

import requests
from django.test import Client

START_SECONDS = 30


@dataclass
class Provider:
    """oidc-provider-mock: discovery, keys, codes and tokens by Authlib. It signs in anybody who gives a name. url:
    without a slash at the end.
    """

    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, port: int, *options: str) -> Self:
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        provider = cls(port, process)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(provider.url + "/jwks", timeout=2).close()  # noqa: S310  our own address
                return provider
            except (urllib.error.URLError, ConnectionError) as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the provider does not answer") from error
                time.sleep(0.1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def knows(self, subject: str, **claims: Any) -> None:
        requests.put(f"{self.url}/users/{subject}", json=claims, timeout=5).raise_for_status()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def query_of(address: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


def leave(client: Client, next_url: str = "") -> str:
    """Press « Se connecter avec … »: the address at the provider."""
    answer = client.post("/compte/openid/", {"next": next_url} if next_url else {})
    assert answer.status_code == 302
    return answer.url


def sign_in_there(address: str, subject: str, **changed: str) -> str:
    """Sign in as `subject` at the provider, and return the way back, without the host.

    changed: what differs in the address's query.
    """
    parts = urllib.parse.urlsplit(address)
    query = urllib.parse.urlencode(query_of(address) | changed)
    answer = requests.post(
        parts._replace(query=query).geturl(), data={"sub": subject}, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 302, answer.text
    back = urllib.parse.urlsplit(unescape(answer.headers["Location"]))
    assert re.fullmatch(r"(testserver|127\.0\.0\.1:\d+)", back.netloc)
    return f"{back.path}?{back.query}"
