"""What a case is: bytes of a client, answers of the backend, and what both sides have to see."""
import dataclasses
import typing

# A whole request behind what has to be refused: nobody may ever see it.
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: hidden.test\r\n\r\n"
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
EVIL = b"EVIL"  # stands in every answer of a backend that must not reach the client

# What a proxy adds to a request by itself.
ADDED = {"host", "content-length", "transfer-encoding", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
         "forwarded", "x-request-id", "traceparent"}


def raw(text):
    return text.encode("latin-1") if isinstance(text, str) else text


def head(method="GET", target="/", *lines, version="HTTP/1.1", host="Host: a.test"):
    """A request head of finished lines."""
    return raw("\r\n".join([f"{method} {target} {version}", *([host] if host else []), *lines]) + "\r\n\r\n")


def get(*lines, target="/", method="GET", **more):
    return head(method, target, *lines, **more)


def post(*lines, body="", target="/", method="POST", **more):
    return head(method, target, *lines, **more) + raw(body)


def chunks(body, *lines, target="/", **more):
    return post("Transfer-Encoding: chunked", *lines, body=body, target=target, **more)


@dataclasses.dataclass
class Seen:
    """One request as the backend has to have it. `fields`: all but those of ADDED, in their order."""
    method: str = "GET"
    target: str = "/"
    body: bytes = b""
    fields: typing.Optional[list] = dataclasses.field(default_factory=list)  # None: whatever
    trailers: list = dataclasses.field(default_factory=list)
    host: str = "a.test"

    def meant(self, request):
        """Whether this is the request that the client sent, whatever else was done to it."""
        return (request.method, request.target, request.body) == (self.method, self.target, raw(self.body))

    def differs(self, request):
        if not self.meant(request):
            return f"{request.method} {request.target} {request.body[:80]!r}"
        fields = [(name, value) for name, value in request.fields if name.lower() not in ADDED]
        if self.fields is not None and fields != self.fields:
            return f"fields {fields}, not {self.fields}"
        if request.trailers != self.trailers:
            return f"trailers {request.trailers}"
        return None if request.value("Host") == self.host else f"Host {request.value('Host')!r}"


@dataclasses.dataclass
class Outcome:
    """What came of a case."""
    answers: list            # final responses, as the client read them
    rest: bytes              # bytes behind them that are none
    wrong: typing.Optional[str]  # why they are none
    ended: bool              # the proxy closed the connection
    late: bool               # nothing more came for too long
    sentinel: bool           # a request behind got its own answer
    everything: bytes        # that the client received
    links: list              # the backend's connections

    @property
    def requests(self):
        return [request for link in self.links for request in link.requests if request.target != "/sentinel"]

    @property
    def backend_rest(self):
        return [link.rest for link in self.links if link.rest]

    @property
    def statuses(self):
        return [answer.status for answer in self.answers]


@dataclasses.dataclass
class Refused:
    """A refusal of vestibule's own, then the end; the backend gets nothing. `partly`: the head had to go
    before the body was known to be bad; no end of that request may ever come."""
    statuses: tuple = (400,)
    partly: bool = False
    before: int = 0  # good requests in front

    def problems(self, o):
        statuses = o.statuses[self.before:]
        if len(statuses) != 1 or statuses[0] not in self.statuses:
            yield f"answered {o.statuses}, not {self.statuses}"
        elif "close" not in (o.answers[-1].value("Connection") or "").lower():
            yield "without Connection: close"
        elif o.answers[-1].value("Cache-Control") != "no-store":
            yield "no answer of vestibule's own"
        if o.rest or o.wrong or not o.ended:
            yield f"connection not ended: {o.rest[:80]!r} {o.wrong}"
        if len(o.requests) != self.before:
            yield f"backend saw {[request.start for request in o.requests]}"
        if o.backend_rest and not self.partly:
            yield f"backend got {o.backend_rest[0][:80]!r}"


@dataclasses.dataclass
class Passes:
    """The backend gets these requests, the client as many answers of these statuses, and the connection is
    good for another one, or closed where it has to be."""
    requests: list
    statuses: tuple = ()
    closes: bool = False

    def problems(self, o):
        if o.statuses != list(self.statuses or [200] * len(self.requests)):
            yield f"answered {o.statuses}"
        if o.rest or o.wrong:
            yield f"and then {o.rest[:80]!r} {o.wrong}"
        if self.closes != o.ended:
            yield f"closed: {o.ended}"
        if not self.closes and not o.sentinel:
            yield "the next request was not answered"
        for link in o.links:
            if link.wrong or link.rest:
                yield f"backend got {link.rest[:80]!r}: {link.wrong}"
        if len(o.requests) != len(self.requests):
            yield f"backend saw {[request.start for request in o.requests]}"
        for expected, request in zip(self.requests, o.requests):
            if difference := expected.differs(request):
                yield f"backend saw {difference}"


@dataclasses.dataclass
class Answered:
    """What the client has to get of the backend's answer. `fields`: those that have to be there, None for those
    that must not; `whole`: false where the answer is cut, and the client can see it."""
    status: int = 200
    body: typing.Optional[bytes] = b""
    fields: dict = dataclasses.field(default_factory=dict)
    trailers: list = dataclasses.field(default_factory=list)
    interim: tuple = ()
    whole: bool = True
    closes: bool = False

    def problems(self, o):
        if EVIL in o.everything:
            yield f"the client got {o.everything[-200:]!r}"
        if not self.whole:
            if o.answers or not o.ended:
                yield f"not cut: {o.statuses} {o.ended}"
            return
        if o.statuses != [self.status]:
            yield f"answered {o.statuses} {o.wrong} {o.rest[:80]!r}"
            return
        answer = o.answers[0]
        if self.body is not None and answer.body != self.body:
            yield f"body {answer.body[:80]!r}"
        for name, value in self.fields.items():
            if answer.all(name) != ([] if value is None else [value]):
                yield f"{name}: {answer.all(name)}"
        if answer.trailers != self.trailers:
            yield f"trailers {answer.trailers}"
        if tuple(interim.status for interim in answer.interim) != self.interim:
            yield f"interim {[interim.status for interim in answer.interim]}"
        if self.closes != o.ended or not (o.ended or o.sentinel):
            yield f"closed: {o.ended}, next request answered: {o.sentinel}"


@dataclasses.dataclass
class Unserved:
    """A request that is understood and not served: the backend gets nothing, the connection may go on."""
    statuses: tuple

    def problems(self, o):
        if len(o.statuses) != 1 or o.statuses[0] not in self.statuses or o.rest:
            yield f"answered {o.statuses} {o.rest[:80]!r}"
        if o.requests or o.backend_rest:
            yield f"backend saw {[request.start for request in o.requests]}"


@dataclasses.dataclass
class Tunnel:
    """Protocols are switched, and the backend gets what the client says then."""
    said: bytes

    def problems(self, o):
        if o.statuses != [101]:
            yield f"answered {o.statuses}"
        if o.backend_rest != [self.said]:
            yield f"backend got {o.backend_rest}"


class Abandoned:
    """The client went within its request: the backend's connection ends too, with that request unfinished."""

    def problems(self, o):
        if o.requests or not o.backend_rest:
            yield f"backend saw {[request.start for request in o.requests]}"
        if not all(link.left for link in o.links):
            yield "the backend's connection was kept"


def bad_gateway():
    return Answered(502, None)


@dataclasses.dataclass
class Case:
    name: str
    sent: typing.Any          # bytes; a list has waits in it, see runner.py
    expected: typing.Any
    answers: tuple = ()       # of the backend
    early: typing.Any = None  # what it does before the body is there
    methods: tuple = ("GET",)  # of the requests, as far as the reading of answers depends on them
    theme: str = ""


def refused(name, sent, *statuses, partly=False, before=0, alone=False, **more):
    """`alone`: nothing behind it, as that would be part of it."""
    pieces = list(sent) if isinstance(sent, list) else [raw(sent)]
    if not alone:
        pieces.append(HIDDEN)
    return Case(name, pieces, Refused(statuses or (400,), partly, before), **more)


def passes(name, sent, *requests, statuses=(), closes=False, **more):
    return Case(name, sent, Passes(list(requests) or [Seen()], statuses, closes), **more)


def answered(name, answer, expected, sent=None, **more):
    """A backend that answers so, to a plain GET where nothing else is sent."""
    answers = tuple(answer) if isinstance(answer, (list, tuple)) else (raw(answer) if not callable(answer) else answer,)
    return Case(name, sent or get(), expected, answers=answers, **more)


def theme(title, *cases):
    for case in cases:
        case.theme = title
    return list(cases)
