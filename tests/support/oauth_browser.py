"""A scripted browser: opens the login page, fills in the form, follows the redirect."""

from __future__ import annotations

import html
import re
import threading
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import requests

_INPUT = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_ACTION = re.compile(r'action="([^"]*)"')


class ScriptedBrowser:
    """Opens an address in a thread of its own, as a browser does.

    Args:
        username, password: what the person types.
        decision: ``allow`` or ``deny``.
        verify: of the org's certificate.
    """

    def __init__(
        self, username: str, password: str, decision: str = "allow", verify: Any = None
    ) -> None:
        self._form = {"username": username, "password": password, "decision": decision}
        self._verify = verify if verify is not None else True
        self.opened: list[str] = []
        self.last_page = ""
        self._threads: list[threading.Thread] = []

    def open(self, address: str) -> bool:
        self.opened.append(address)
        thread = threading.Thread(target=self._visit, args=(address,))
        thread.start()
        self._threads.append(thread)
        return True

    def join(self) -> None:
        for thread in self._threads:
            thread.join(20)

    def _visit(self, address: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            page = session.get(address, verify=self._verify, timeout=10)
            hidden = {
                html.unescape(name): html.unescape(value)
                for name, value in _INPUT.findall(page.text)
            }
            action = _ACTION.search(page.text)
            if action is None:
                self.last_page = page.text
                return
            answer = session.post(
                urljoin(address, action[1]),
                data=urlencode({**hidden, **self._form}),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                allow_redirects=False,
                verify=self._verify,
                timeout=10,
            )
            if "Location" in answer.headers:
                assert urlsplit(answer.headers["Location"]).scheme == "http"
                answer = session.get(answer.headers["Location"], timeout=10)
            self.last_page = answer.text
