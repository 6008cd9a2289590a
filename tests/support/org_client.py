"""Requests to an emulator over real HTTP, a connection each; no code is shared with the library."""

import http.client
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from salesforce_bulk.emulator import SalesforceEmulator


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class OrgClient:
    """A client with a session of its own; subclasses speak one API each.

    ``base`` is put before paths without a leading slash.
    """

    emulator: SalesforceEmulator
    version: str = "66.0"
    token: str = ""
    headers: dict = field(default_factory=dict)

    answer_type = Answer

    def __post_init__(self):
        admin = self.emulator.org.users[self.emulator.username]
        self.token = self.token or self.emulator.sessions.open(admin).token

    def base(self, version):
        raise NotImplementedError

    def authorization(self):
        raise NotImplementedError

    def call(self, method, path, body=None, content_type=None, headers=(), version=None):
        """Sends text or bytes as they are, a dict or a list as JSON."""
        if isinstance(body, dict | list):
            body, content_type = json.dumps(body), content_type or "application/json"
        if isinstance(body, str):
            body = body.encode()
        sent = {**self.authorization(), **self.headers, **dict(headers)}
        if content_type:
            sent["Content-Type"] = content_type
        if not path.startswith("/"):
            path = self.base(version or self.version) + path
        address = urlsplit(self.emulator.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return self.answer_type(response.status, response.headers, response.read())
        finally:
            connection.close()
