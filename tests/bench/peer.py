"""What stands between clients and backend."""
import time

from harness.redis import free_port
from harness.wire import Client

from processes import until

MANY = 1_000_000_000  # requests of one connection: no peer closes any


def wait_listening(processes, process, port):
    def listening():
        if process.poll() is not None:
            raise RuntimeError(f"{process.name} ended: {processes.output(process)}")
        try:
            Client(port).close()
        except ConnectionRefusedError:
            return False
        return True

    until(listening)


class Peer:
    """One proxy, not yet running. `start` can be called again after `stop`. `backend` is a port, or the path
    of a unix socket."""

    name = ""
    detail = ""
    requires_session = False
    warm_requests = 1000  # from which on its cost no longer changes
    forgets = False       # some of that while it has nothing to do

    def __init__(self, stage, name=None, detail=None, backend=None, sessions=None, workers=1, cpus=None):
        self.processes = stage.processes
        self.name, self.detail = name or self.name, detail or self.detail
        self.label = "".join(c if c.isalnum() else "-" for c in self.name)  # of its files
        self.backend = backend or stage.backend.address
        self.sessions = sessions or stage.sessions  # of its clients
        self.workers = workers
        self.cpus = cpus or stage.processes.cpus.proxy
        self.port = free_port()
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def launch(self):
        raise NotImplementedError

    def start(self):
        """Seconds from the start of the process until a connection is accepted."""
        begin = time.monotonic()
        self.process = self.launch()
        wait_listening(self.processes, self.process, self.port)
        return time.monotonic() - begin

    def stop(self):
        self.processes.end(self.process)
        self.process = None
