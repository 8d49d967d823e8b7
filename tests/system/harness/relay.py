"""Something between the program and Redis that can stop passing on what Redis says."""
import socket
import threading

from .redis import free_port


class Relay:
    """Passes everything on, from a port of its own, until silent() is asked for."""

    def __init__(self, redis):
        self.target, self.port = redis.port, free_port()
        self.subscribed = set()     # connections that carry invalidations and nothing else
        self.quiet = set()
        self.passing = threading.Event()
        self.passing.set()
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def silence_channels(self):
        """Nothing of what Redis says arrives any more where the program has subscribed; returns their number."""
        self.quiet = set(self.subscribed)
        self.passing.clear()
        return len(self.quiet)

    def resume(self):
        """What was held back arrives."""
        self.quiet = set()
        self.passing.set()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.sockets += [client, server]
            threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(client, server), daemon=True).start()

    def _ask(self, client, server):
        self._pump(client, server, lambda data: self.subscribed.add(client) if b"SUBSCRIBE" in data else None)

    def _answer(self, client, server):
        self._pump(server, client, lambda _: self.passing.wait() if client in self.quiet else None)

    @staticmethod
    def _pump(source, sink, before):
        try:
            while data := source.recv(65536):
                before(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.resume()
        for each in [self.listener, *self.sockets]:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()
