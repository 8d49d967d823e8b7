"""RESP: commands as Redis reads them, and replies taken out of a buffer."""


def command(*words):
    """One command. Words are bytes, or what str() makes ASCII of."""
    data = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in data)


class Push(list):
    """What Redis says unasked (RESP3)."""


class Problem(Exception):
    """An error reply."""


class Replies:
    """Bytes in, whole replies out, pushes among them. None is nil."""

    def __init__(self):
        self.buffer = bytearray()

    def feed(self, data):
        """The replies that are whole now."""
        self.buffer += data
        out, at = [], 0
        while (got := self.parse(at)) is not None:
            out.append(got[0])
            at = got[1]
        del self.buffer[:at]
        return out

    def parse(self, at):
        """(reply at this place, where the next one begins); None: there is not all of it yet."""
        end = self.buffer.find(b"\r\n", at)
        if end < 0:
            return None
        kind, line, at = self.buffer[at], self.buffer[at + 1:end], end + 2
        if kind == 0x24:  # $
            size = int(line)
            if size < 0:
                return None, at
            return (bytes(self.buffer[at:at + size]), at + size + 2) if len(self.buffer) >= at + size + 2 else None
        if kind == 0x3A:  # :
            return int(line), at
        if kind in b"*>%~":
            return self.items(kind, int(line), at)
        if kind == 0x2D:  # -
            return Problem(line.decode()), at
        return (None if kind == 0x5F else bytes(line)), at  # _ and what is simple

    def items(self, kind, count, at):
        if count < 0:
            return None, at
        items = Push() if kind == 0x3E else []
        for _ in range(count * (2 if kind == 0x25 else 1)):
            got = self.parse(at)
            if got is None:
                return None
            items.append(got[0])
            at = got[1]
        return items, at
