"""A primary, its replicas and the sentinels that watch them: real servers, watched closely enough for tests."""
import os
import secrets
import subprocess
import time

from .redis import UNREACHABLE, Redis, Sessions, until

NAME = "sessions"


def role(node):
    """master or slave; nothing where it cannot be asked."""
    try:
        return node.command("ROLE")[0].decode()
    except UNREACHABLE:
        return None


class SentinelProcess(Redis):
    """One sentinel. It keeps what it knows in its configuration file."""

    def __init__(self, folder, lines, **more):
        self.file = os.path.join(str(folder), "sentinel.conf")
        self.lines = lines
        super().__init__(folder, **more)

    def arguments(self):
        if not os.path.exists(self.file):
            lines = [f"port {0 if self.tls else self.port}", f"bind {self.host}", f"unixsocket {self.socket}",
                     f"dir {self.folder}", *self.lines]
            if self.tls:
                lines += [f"tls-port {self.tls_port}", "tls-auth-clients no", "tls-replication yes",
                          f"tls-cert-file {self.tls['cert']}", f"tls-key-file {self.tls['key']}",
                          f"tls-ca-cert-file {self.tls['ca']}"]
            with open(self.file, "w") as f:
                f.write("\n".join(lines) + "\n")
        return ["redis-server", self.file, "--sentinel"]


class Sentinels(Sessions):
    """One primary and `replicas` replicas as `nodes`, and `count` sentinels.

    `user` and `password` are those of the data (without a user: requirepass); `rights` what the user may, besides
    which there is always one who may all, for the servers themselves. `sentinel_password` is that of the sentinels,
    `sentinel_user` who else may come there with it, and do `sentinel_rights`. `tls` as Redis has it: then there is
    nothing else."""

    def __init__(self, folder, replicas=2, count=3, user="", password="", rights=("~*", "&*", "+@all"),
                 sentinel_password="", sentinel_user="", sentinel_rights=(), tls=None, down_after=700):
        self.user, self.password, self.tls = user, password, tls
        self.sentinel_user, self.sentinel_password = sentinel_user, sentinel_password
        self.sentinel_rights = sentinel_rights
        self.down_after = down_after
        self.nodes, self.sentinels = [], []
        self.folder = str(folder)
        options = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-timeout", "5"]
        auth, lines = (), []
        if password:
            options += ["--requirepass", password, "--masterauth", password]
            auth, lines = (password,), [f"sentinel auth-pass {NAME} {password}"]
        if user:
            options += ["--user", user, "on", f">{password}", *rights]
        if tls:
            options += ["--tls-replication", "yes", "--port", "0"]
        try:
            for i in range(1 + replicas):
                self._add(options if i == 0 else [*options, *self._replica_of(self.nodes[0])], auth)
            until(lambda: len(self.replicas()) == replicas, "the replicas are in step")
            self._watch(count, lines)
        except BaseException:
            self.stop()
            raise

    def _folder(self, name):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        return path

    def _add(self, options, auth):
        self.nodes.append(Redis(self._folder(f"n{len(self.nodes)}"), *options, tls=self.tls, auth=auth))

    def port_of(self, server):
        return server.tls_port if self.tls else server.port

    def _replica_of(self, node):
        return ["--replicaof", node.host, str(self.port_of(node))]

    def _watch(self, count, lines):
        first = self.nodes[0]
        ids = [secrets.token_hex(20) for _ in range(count)]
        monitor = [f"sentinel monitor {NAME} {first.host} {self.port_of(first)} {count // 2 + 1}",
                   f"sentinel down-after-milliseconds {NAME} {self.down_after}",
                   f"sentinel failover-timeout {NAME} 3000", f"sentinel parallel-syncs {NAME} 2", *lines,
                   *(f"sentinel known-replica {NAME} {n.host} {self.port_of(n)}" for n in self.nodes[1:])]
        auth = ()
        if self.sentinel_password:
            monitor += [f"requirepass {self.sentinel_password}", f"sentinel sentinel-pass {self.sentinel_password}"]
            auth = (self.sentinel_password,)
        if self.sentinel_user:
            monitor += [f"user {self.sentinel_user} on >{self.sentinel_password} " + " ".join(self.sentinel_rights)]
        for i in range(count):  # they learn of each other here, which else takes seconds
            known = [f"sentinel known-sentinel {NAME} {s.host} {self.port_of(s)} {ids[j]}"
                     for j, s in enumerate(self.sentinels)]
            self.sentinels.append(SentinelProcess(self._folder(f"s{i}"), [f"sentinel myid {ids[i]}", *monitor, *known],
                                                  tls=self.tls, auth=auth))
        self.wait_watched()

    def wait_watched(self, seconds=10):
        """Until each sentinel knows all the others and the replicas, and thinks well of all of them."""
        def well(sentinel):
            known = fields(sentinel.command("SENTINEL", "MASTER", NAME))
            replicas = [fields(r) for r in sentinel.command("SENTINEL", "REPLICAS", NAME)]
            return (known["flags"] == "master" and known["num-other-sentinels"] == str(len(self.sentinels) - 1)
                    and len(replicas) == len(self.nodes) - 1
                    and all(r["flags"] == "slave" and r["master-link-status"] == "ok" for r in replicas)
                    and "OK" in sentinel.command("SENTINEL", "CKQUORUM", NAME))
        until(lambda: all(well(s) for s in self.sentinels), "the sentinels are content", seconds)

    @property
    def url(self):
        who = f"{self.user}:{self.password}@" if self.password else ""
        hosts = ",".join(f"{s.host}:{self.port_of(s)}" for s in self.sentinels)
        return f"redis{'s' if self.tls else ''}+sentinel://{who}{hosts}/{NAME}"

    # The data nodes.

    def primary(self):
        """The one that is in charge: where two think so, the one that was not there from the beginning."""
        found = [node for node in self.nodes if role(node) == "master"]
        assert found, "there is no primary"
        return self.believed() if len(found) > 1 else found[0]

    def believed(self):
        """The primary as the sentinels have it."""
        for sentinel in self.sentinels:
            try:
                port = int(sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1])
            except UNREACHABLE:
                continue
            return next(node for node in self.nodes if self.port_of(node) == port)
        raise AssertionError("no sentinel answers")

    def replicas(self):
        """Those in step with their primary."""
        def in_step(node):
            try:
                said = node.command("ROLE")
            except UNREACHABLE:
                return False
            return said[0] == b"slave" and said[3] == b"connected"
        return [node for node in self.nodes if in_step(node)]

    def on(self, _key, *args):
        return self.primary().command(*args)

    def wait_replicated(self, count=2):
        """Until what was written so far is on so many replicas; when that was."""
        now = time.monotonic()
        with self.primary().connect() as connection:
            connection.command("SET", "replicated", "yes", "EX", 60)
            assert connection.command("WAIT", count, 5000) >= count
        return now

    # What happens to them.

    def failover(self):
        """By command; returns the primary that was."""
        before = self.primary()
        self.sentinels[0].command("SENTINEL", "FAILOVER", NAME)
        return before

    def kill_primary(self):
        before = self.primary()
        before.kill()
        return before

    def wait_promoted(self, before, seconds=15):
        """Until another one has become primary; when that was."""
        others = [node for node in self.nodes if node is not before]
        end = time.monotonic() + seconds
        while not any(role(node) == "master" for node in others):
            assert time.monotonic() < end, "no failover"
            time.sleep(0.003)
        return time.monotonic()

    def point_to(self, node):
        """The sentinels believe this one to be the primary, whatever it is; they find out in some 20 s."""
        for sentinel in self.sentinels:
            sentinel.command("SENTINEL", "REMOVE", NAME)
            sentinel.command("SENTINEL", "MONITOR", NAME, node.host, self.port_of(node), len(self.sentinels) // 2 + 1)
            if self.password:
                sentinel.command("SENTINEL", "SET", NAME, "auth-pass", self.password)

    def stop(self):
        for server in [*self.sentinels, *self.nodes]:
            try:
                server.stop()
            except subprocess.TimeoutExpired:
                server.kill()


def fields(flat):
    """{name: value} of a reply that lists them in turn."""
    words = [w.decode() for w in flat]
    return dict(zip(words[::2], words[1::2]))
