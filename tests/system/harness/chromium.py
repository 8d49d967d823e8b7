"""Chromium without a window, driven by its DevTools protocol over a pipe."""
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import threading
import time

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
         "--remote-debugging-pipe"]


def move_up(descriptor):
    higher = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    os.close(descriptor)
    return higher


class Page:
    """A browser with one page. `flags`: more of its command line."""

    def __init__(self, folder, *flags):
        self._numbers = itertools.count(1)
        self._answers, self._news = {}, threading.Condition()
        self.heard = []  # events, for messages
        from_browser, browser_out = os.pipe()
        browser_in, to_browser = os.pipe()
        # It takes what stands at descriptors 3 and 4, where those of here may be.
        browser_in, browser_out = (move_up(fd) for fd in (browser_in, browser_out))
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{browser_in} 4>&{browser_out}', PROGRAM, *FLAGS,
             f"--user-data-dir={folder}", *flags, "about:blank"],
            pass_fds=(browser_in, browser_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(browser_in)
        os.close(browser_out)
        self._to, self._from = os.fdopen(to_browser, "wb", buffering=0), os.fdopen(from_browser, "rb")
        threading.Thread(target=self._read, daemon=True).start()
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def _read(self):
        left = b""
        while data := self._from.read1(1 << 16):
            *whole, left = (left + data).split(b"\0")
            for message in map(json.loads, whole):
                with self._news:
                    if "id" in message:
                        self._answers[message["id"]] = message
                    else:
                        self.heard.append(str(message)[:500])
                    self._news.notify_all()

    def call(self, method, seconds=20, **params):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        with self._news:
            assert self._news.wait_for(lambda: number in self._answers, seconds), (
                f"no answer to {method}", self.heard[-10:])
            answer = self._answers.pop(number)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def run(self, script):
        """The value of a piece of JavaScript in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, url):
        answer = self.call("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def wait(self, condition, seconds=20):
        """Until a piece of JavaScript is true, on whichever page then is there; its value."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = self.run(condition)
            except AssertionError:  # between two pages
                value = None
            if value:
                return value
            assert time.monotonic() < end, (f"never: {condition}", self.heard[-10:])
            time.sleep(0.02)

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._to.close()
