"""A headless Chromium, driven over its pipe: what a person sees of a page."""

import contextlib
import json
import os
import select
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def command():
    """The browser's path, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None) if shutil.which("bash") else None


class NavigatedAway(Exception):
    """The page that was asked is gone."""


class Chromium:
    """One tab. ``complaints`` are the errors that its console would show."""

    def __init__(self, profile):
        commands_out, self._commands = os.pipe()
        self._answers, answers_in = os.pipe()
        arguments = [command(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        arguments += ["--disable-dev-shm-usage", f"--user-data-dir={profile}"]
        arguments += ["--remote-debugging-pipe", "--window-size=1400,1000"]
        self._process = subprocess.Popen(
            # The browser reads commands from 3 and answers on 4.
            ["bash", "-c", f'exec "$0" "$@" 3<&{commands_out} 4>&{answers_in}', *arguments],
            pass_fds=(commands_out, answers_in),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands_out)
        os.close(answers_in)
        self._received = b""
        self._number = 0
        self._tab = {}
        self.complaints = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._tab = {"sessionId": session}
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._tab}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise NavigatedAway(answer["error"])
                return answer["result"]

    def _next(self):
        while b"\0" not in self._received:
            block = os.read(self._answers, 1 << 16)
            assert block, "the browser ended"
            self._received += block
        line, _, self._received = self._received.partition(b"\0")
        message = json.loads(line)
        if message.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
            self.complaints.append(message["params"])
        return message

    def open(self, url):
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def value(self, expression):
        found = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        return found["result"].get("value")

    def until(self, expression):
        """Asks the page again and again until it is so, for ten seconds."""
        for _ in range(400):
            with contextlib.suppress(NavigatedAway):
                if self.value(expression):
                    return
            select.select([self._answers], [], [], 0.025)
        raise AssertionError(f"not in time: {expression}")

    def close(self):
        with contextlib.suppress(OSError):
            os.close(self._commands)
        self._process.terminate()
        self._process.wait(20)
        os.close(self._answers)
