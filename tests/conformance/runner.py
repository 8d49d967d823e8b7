"""Runs a case against a proxy: the client's side over a fresh connection, and what the backend kept."""
import select
import socket
import time

import strict
from case import HIDDEN, SENTINEL, Abandoned, Answered, Outcome, Passes, Refused, raw


class Reader:
    """What the client receives, as responses."""

    def __init__(self, sock, patience):
        self.sock, self.patience = sock, patience
        self.data = bytearray()
        self.at = 0
        self.ended = self.late = self.reset = False

    def fill(self):
        if not select.select([self.sock], [], [], self.patience)[0]:
            self.late = True
            return
        try:
            got = self.sock.recv(1 << 16)
        except ConnectionResetError:
            got, self.reset = b"", True
        self.data += got
        self.ended = not got

    def response(self, method):
        """The next one, or None where none comes."""
        while True:
            if self.at < len(self.data):
                try:
                    answer, self.at = strict.read_response(self.data, self.at, method, self.ended and not self.reset)
                    return answer
                except strict.Incomplete:
                    pass
            if self.ended or self.late:
                return None
            self.fill()

    def to_end(self):
        while not self.ended and not self.late:
            self.fill()

    rest = property(lambda self: bytes(self.data[self.at:]))


def send(sock, reader, recorder, piece, patience):
    """A piece is bytes, or what to wait for: a time in seconds, "close" for one's own end, "reset", "backend" for
    the backend having a request, "answer" for bytes of an answer."""
    if piece == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        sock.close()
    elif piece == "half-close":
        sock.shutdown(socket.SHUT_WR)
    elif piece == "backend":
        end = time.monotonic() + patience
        while time.monotonic() < end and not any(link.raw for link in recorder.links):
            time.sleep(0.001)
    elif piece == "answer":
        reader.fill()
    elif isinstance(piece, float):
        time.sleep(piece)
    else:
        sock.sendall(raw(piece))


def expected_answers(case):
    if isinstance(case.expected, Passes):
        return len(case.expected.requests)
    if isinstance(case.expected, Abandoned):
        return 0
    return case.expected.before + 1 if isinstance(case.expected, Refused) else 1


def talk(case, sock, reader, recorder, patience):
    """(answers, why there are no more, whether the sentinel was answered)"""
    try:
        for piece in case.sent if isinstance(case.sent, list) else [case.sent]:
            send(sock, reader, recorder, piece, patience)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before it was all there
    answers = []
    if expected_answers(case) == 0:
        return answers, None, False
    try:
        for number in range(expected_answers(case)):
            answer = reader.response(case.methods[min(number, len(case.methods) - 1)])
            if answer is None:
                return answers, None, False
            answers.append(answer)
            if answer.ends_connection or answer.status == 101:
                break
        if answers[-1].ends_connection or answers[-1].status == 101:
            if answers[-1].status != 101:
                reader.to_end()
            return answers, None, False
        try:
            sock.sendall(SENTINEL)
        except (BrokenPipeError, ConnectionResetError):
            pass
        begin = reader.at
        answer = reader.response("GET")
        if answer and answer.value("X-Seen") == "/sentinel" and answer.body == b"GET /sentinel":
            return answers, None, True
        reader.at = begin
        return answers, None, False
    except strict.Malformed as wrong:
        reader.to_end()
        return answers, str(wrong), False


def run(case, port, recorder, patience=15.0):
    recorder.begin(case.answers, case.early)
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = Reader(sock, patience)
        answers, wrong, sentinel = talk(case, sock, reader, recorder, patience)
    links = recorder.settle(patience)
    return Outcome(answers, b"" if sentinel else reader.rest, wrong, reader.ended and not sentinel, reader.late,
                   sentinel,
                   bytes(reader.data), links)


def problems(case, outcome):
    found = list(case.expected.problems(outcome))
    if outcome.late:
        found.append("nothing came for too long")
    return found


def word(case, outcome):
    """What came of it in one cell of the table."""
    status = ", ".join(str(status) for status in outcome.statuses[:3]) or (
        "waits" if outcome.late else "closed" if not outcome.rest else "cut")
    if any(link.wrong for link in outcome.links):
        return f"{status}, backend got no HTTP"
    count = len(outcome.requests)
    if isinstance(case.expected, Answered):
        if b"EVIL" in outcome.everything:
            return f"{status}, passed on"
        return status if outcome.sentinel or outcome.ended else f"{status}, then broken"
    before = case.expected.before if isinstance(case.expected, Refused) else 0
    if isinstance(case.expected, Passes):
        wanted = case.expected.requests
        meant = len(wanted) == count and all(w.meant(r) for w, r in zip(wanted, outcome.requests))
        return "passes" if meant and set(outcome.statuses) <= {200, 204, 304, 101} else (
            f"{status}, altered" if count else status)
    behind = case.sent[-1:] == [HIDDEN]  # to whoever takes the one in front, that is a request as well
    if count > before + 1 + behind:
        return f"{status}, {count - before} requests"
    if count > before:
        return f"{status}, passed on"
    return f"{status}, begun" if outcome.backend_rest else status
