"""A browser without scripts for a real server, with cookies, forms with their token, and any headers."""

import http.client
import re
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlencode


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: str


@dataclass
class Browser:
    """A browser without scripts. headers: those of every request. source: the address from which it connects."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)
    source: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    asked: ClassVar[int] = 0  # requests of all browsers

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(self.source, 0))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        own = {"Origin": f"http://127.0.0.1:{self.port}"} if method == "POST" else {}
        try:
            line.request(method, path, body, {**self.headers, "Cookie": cookies, **own, **named})
            answer = line.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            line.close()
        Browser.asked += 1
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        self.token = token[1] if token else self.token
        return Answer(answer.status, answer.headers, text)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, fields: dict[str, object], **headers: str) -> Answer:
        body = urlencode({"csrfmiddlewaretoken": self.token, **fields}, doseq=True)
        return self.ask("POST", path, body, **{"Content_Type": "application/x-www-form-urlencoded", **headers})

    def send_file(self, path: str, fields: dict[str, str], name: str, filename: str, content: bytes) -> Answer:
        """Return a form with one file, as browsers write it (RFC 7578)."""
        limit = b"----pnav-test-limit"
        parts = [
            b'Content-Disposition: form-data; name="%s"\r\n\r\n%s' % (key.encode(), str(value).encode())
            for key, value in {"csrfmiddlewaretoken": self.token, **fields}.items()
        ]
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content)
        body = b"".join(b"--" + limit + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + limit + b"--\r\n"
        return self.ask("POST", path, body, Content_Type=f"multipart/form-data; boundary={limit.decode()}")

    def frame(self, path: str, body: str | bytes) -> Answer:
        return self.ask("POST", path, body, Content_Type="application/json", X_CSRFToken=self.token)
