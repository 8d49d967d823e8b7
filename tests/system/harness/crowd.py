"""A session in full use: clients on every worker that ask again and again, and what they were answered."""
import threading
import time
from typing import NamedTuple

from .program import SLOWER
from .wire import request_text


class Answer(NamedTuple):
    sent: float  # when its request left
    received: float
    cookie: str
    status: int
    body: bytes


def name_of_user(exchange):
    """A backend's script: who the user is, by X-Session-User."""
    exchange.reply(200, body=exchange.request.header("X-Session-User", "").encode())


# What is asked here, and how a change of the user is seen.
CROWDED = {
    "routes": [{"match": {"path": "/user"}, "session": "required", "require": {"/user/id": "present"}}],
    "inject": {"headers": {"X-Session-User": "/user/id"}},
    "log": {"access": False},
    "proxy": {"limits": {"requests": "off"}},  # they ask on one connection for ever
}


def clients_of_all_workers(program, redis, workers=2, count=4):
    """Keep-alive clients, `count` or one for each worker if that is more. A worker is told by what it asks Redis."""
    end = time.monotonic() + 10 * SLOWER
    while program.metric("vestibule_near_cache_open") < workers:
        assert time.monotonic() < end, "no near cache"
        time.sleep(0.02)
    _, cookie = redis.login(user={"id": "scout"})
    asked = program.metric("vestibule_near_cache_misses_total")
    clients, missing = [], workers
    for _ in range(300):
        if not missing and len(clients) >= count:
            return clients
        client = program.client()
        client.send(request_text("GET", "/user", {"Cookie": f"sid={cookie}"}))
        assert client.response().status == 200
        before, asked = asked, program.metric("vestibule_near_cache_misses_total")
        if asked > before:
            missing -= 1
        elif len(clients) + missing >= count:
            client.close()
            continue
        clients.append(client)
    raise AssertionError("a worker without clients")


class Crowd:
    """Threads that ask for /user with the session that it was aimed at, each on a connection of its own."""

    def __init__(self, clients, pause=0.0):
        self.clients, self.pause = clients, pause
        self.cookie, self.over = None, False
        self.answers = [[] for _ in clients]  # of each client, in its order
        self.errors = []
        self.threads = [threading.Thread(target=self._ask, args=pair) for pair in zip(clients, self.answers)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def aim(self, cookie, accept=lambda answer: answer.status == 200, times=3):
        """From now on it is this session; returns when all have had such answers some times."""
        self.cookie = cookie
        if self.threads[0].ident is None:
            for thread in self.threads:
                thread.start()
        self.wait(accept, times)

    def _ask(self, client, answers):
        try:
            while not self.over:
                cookie, sent = self.cookie, time.monotonic()
                client.send(request_text("GET", "/user", {"Cookie": f"sid={cookie}"}))
                answer = client.response()
                answers.append(Answer(sent, time.monotonic(), cookie, answer.status, answer.body))
                time.sleep(self.pause)
        except Exception as error:  # the test is told
            self.errors.append(error)

    def wait(self, accept, times=1, since=0.0, seconds=10):
        """Until each client has had `times` such answers, of the present session, to requests sent after `since`."""
        end = time.monotonic() + seconds * SLOWER
        for answers in self.answers:
            while sum(a.sent > since and accept(a) for a in self._latest(answers)) < times:
                assert not self.errors, self.errors
                assert time.monotonic() < end, f"no such answer; the last ones: {answers[-5:]}"
                time.sleep(0.0005)

    def _latest(self, answers):
        """Those of the present session, the youngest first."""
        for i in range(len(answers) - 1, -1, -1):
            if answers[i].cookie != self.cookie:
                return
            yield answers[i]

    def of_each(self):
        """For each client its answers of the present session, in their order."""
        return [list(self._latest(answers))[::-1] for answers in self.answers]

    def all(self):
        """Those of all clients, as they were sent."""
        return sorted(answer for each in self.of_each() for answer in each)

    def stop(self):
        self.over = True
        for thread in self.threads:
            if thread.ident is not None:
                thread.join(30)
        for client in self.clients:
            client.close()
        assert not self.errors, self.errors
