"""Redis Cluster: three primaries, a replica for each, and the means to move slots and end nodes under load."""
import binascii
import os
import socket
import subprocess
import time

from .redis import UNREACHABLE, Redis, Sessions, free_port, until

SLOTS = 16384


def slot_of(key):
    """As the Redis Cluster specification has it, hash tags included."""
    data = key.encode() if isinstance(key, str) else key
    opened = data.find(b"{")
    closed = data.find(b"}", opened + 1) if opened >= 0 else -1
    if closed > opened + 1:
        data = data[opened + 1:closed]
    return binascii.crc_hqx(data, 0) % SLOTS


def free_port_with_bus():
    """A port whose bus port, 10000 above, is free, too."""
    while True:
        port = free_port()
        if port + 10000 > 65535:
            port -= 20000
        with socket.socket() as a, socket.socket() as b:
            try:
                a.bind(("127.0.0.1", port))
                b.bind(("127.0.0.1", port + 10000))
                return port
            except OSError:
                continue


class Node(Redis):
    """One server of a cluster. It keeps its place in nodes.conf."""

    def __init__(self, folder, *options, tls=None, auth=()):
        self.place = {}
        super().__init__(folder, *options, tls=tls, auth=auth)

    def arguments(self):
        if not self.place:
            self.place["port" if not self.tls else "tls_port"] = free_port_with_bus()
            self.__dict__.update(self.place)
        return super().arguments()

    @property
    def reach(self):
        """Where clients and the others reach it."""
        return self.tls_port if self.tls else self.port

    @property
    def id(self):
        return self.command("CLUSTER", "MYID").decode()


class Cluster(Sessions):
    """`nodes`: the primaries, then the replicas of each in turn. `user`, `password`, `rights` and `tls` as Sentinels
    has them. `timeout` is cluster-node-timeout in milliseconds."""

    def __init__(self, folder, primaries=3, replicas=1, user="", password="", rights=("~*", "&*", "+@all"), tls=None,
                 timeout=1000):
        self.user, self.password, self.tls = user, password, tls
        options = ["--cluster-enabled", "yes", "--cluster-node-timeout", str(timeout),
                   "--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-timeout", "5",
                   "--cluster-replica-validity-factor", "0"]
        auth = ()
        if password:
            options += ["--requirepass", password, "--masterauth", password]
            auth = (password,)
        if user:
            options += ["--user", user, "on", f">{password}", *rights]
        if tls:
            options += ["--tls-replication", "yes", "--tls-cluster", "yes", "--port", "0"]
        self.nodes = []
        self.looks = 0  # our own questions for the map, which do not count
        try:
            for i in range(primaries * (1 + replicas)):
                path = os.path.join(str(folder), f"c{i}")
                os.mkdir(path)
                self.nodes.append(Node(path, *options, tls=tls, auth=auth))
            self._join(primaries)
        except BaseException:
            self.stop()
            raise

    def _join(self, primaries):
        for i, node in enumerate(self.nodes):
            node.command("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
        for i, node in enumerate(self.nodes):
            for other in self.nodes[i + 1:]:
                node.command("CLUSTER", "MEET", other.host, other.reach)
        for i, node in enumerate(self.nodes[:primaries]):
            first, last = SLOTS * i // primaries, SLOTS * (i + 1) // primaries
            node.command("CLUSTER", "ADDSLOTS", *range(first, last))
        ids = {node.id for node in self.nodes}
        until(lambda: all({row[0] for row in self.known_to(node)} == ids for node in self.nodes),
                    "everybody knows everybody")
        for i, node in enumerate(self.nodes[primaries:]):
            node.command("CLUSTER", "REPLICATE", self.nodes[i % primaries].id)
        self.wait_well()

    def known_to(self, node):
        """The rows of CLUSTER NODES of those who are no strangers."""
        self.looks += 1
        rows = [line.split() for line in node.command("CLUSTER", "NODES").decode().splitlines()]
        return [row for row in rows if "handshake" not in row[2] and "noaddr" not in row[2]]

    def wait_well(self, seconds=15):
        """Until each node that runs has all slots served, agrees with the others on where, and has its replication
        in step."""
        def well():
            alive = self.alive()
            assert alive, "none is left"
            if len({tuple(sorted(self._owners(node).items())) for node in alive}) != 1:
                return False
            if any(b"cluster_state:ok" not in node.command("CLUSTER", "INFO") for node in alive):
                return False
            roles = [node.command("ROLE") for node in alive]
            return all(said[0] == b"master" or said[3] == b"connected" for said in roles)
        until(well, "the cluster is well", seconds)

    @property
    def url(self):
        who = f"{self.user}:{self.password}@" if self.password else ""
        return f"redis{'s' if self.tls else ''}+cluster://{who}" + \
               ",".join(f"{node.host}:{node.reach}" for node in self.nodes[:3])

    # Who has what.

    def alive(self):
        return [node for node in self.nodes if node.process.poll() is None]

    def primaries(self):
        """Those that have slots."""
        return [node for node in self.alive() if self.slots_of(node)]

    def replica_of(self, node):
        """One of its replicas that runs."""
        own = node.id
        for row in self.known_to(node):
            if row[3] == own:
                found = [other for other in self.alive() if other.id == row[0]]
                if found:
                    return found[0]
        raise AssertionError("it has no replica")

    def _owners(self, asked):
        """{(first, last): id of the primary}, as one node has it. (Its port as Valkey tells it is one that the asking
        connection could have used.)"""
        self.looks += 1
        return {(first, last): primary[2].decode() for first, last, primary, *_ in asked.command("CLUSTER", "SLOTS")}

    def slots_of(self, node):
        """Its slots, as it has them itself."""
        own = node.id
        return [slot for (first, last), owner in self._owners(node).items() if owner == own
                for slot in range(first, last + 1)]

    def owner_of(self, key):
        """The node that has the key, by its own word."""
        slot = key if isinstance(key, int) else slot_of(key)
        for node in self.alive():
            own = node.id
            for (first, last), owner in self._owners(node).items():
                if first <= slot <= last and owner == own:
                    return node
        raise AssertionError(f"slot {slot} is nobody's")

    def on(self, key, *args):
        return self.owner_of(key).command(*args)

    def wait_replicated(self, count=1):
        """Until what was written so far is on so many replicas of each primary; when that was."""
        now = time.monotonic()
        for node in self.primaries():
            with node.connect() as connection:
                connection.command("SET", key_in(self.slots_of(node)), "yes", "EX", 60)
                assert connection.command("WAIT", count, 5000) >= count
        return now

    # What happens to them.

    def kill(self, node):
        node.kill()

    def failover(self, node):
        """By command: a replica takes over from this primary, which becomes its replica. Returns the new one."""
        replica = self.replica_of(node)
        replica.command("CLUSTER", "FAILOVER")
        return replica

    def wait_promoted(self, replica, seconds=15):
        """Until it has slots, by its own word; when that was."""
        end = time.monotonic() + seconds
        while not self._has_slots(replica):
            assert time.monotonic() < end, "no failover"
            time.sleep(0.003)
        return time.monotonic()

    def _has_slots(self, node):
        try:
            return bool(self.slots_of(node))
        except UNREACHABLE:
            return False

    def begin_move(self, slot, source, target):
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)

    def move_key(self, key, source, target):
        auth = ["AUTH", self.password] if self.password else []
        source.command("MIGRATE", target.host, target.reach, "", 0, 5000, "REPLACE", *auth, "KEYS", key)

    def end_move(self, slot, target):
        for node in [target, *self.primaries()]:
            node.command("CLUSTER", "SETSLOT", slot, "NODE", target.id)

    def reshard(self, slots, source, target, pause=0.0, batch=32):
        """Moves the slots as redis-cli does, that many at a time, each with its keys, while all are being served;
        `pause` seconds between the steps of a batch, so that it is seen half moved. The source has to keep some.
        Returns the number of keys."""
        moved = 0
        others = [node for node in self.primaries() if node not in (source, target)]
        links = {node: node.connect() for node in (source, target, *others)}
        auth = ["AUTH", self.password] if self.password else []
        ids = {node: node.id for node in (source, target)}
        try:
            for i in range(0, len(slots), batch):
                part = slots[i:i + batch]
                links[target].all([("CLUSTER", "SETSLOT", s, "IMPORTING", ids[source]) for s in part])
                links[source].all([("CLUSTER", "SETSLOT", s, "MIGRATING", ids[target]) for s in part])
                time.sleep(pause)
                while keys := sum(links[source].all([("CLUSTER", "GETKEYSINSLOT", s, 10) for s in part]), []):
                    for key in keys:
                        links[source].command("MIGRATE", target.host, target.reach, "", 0, 5000, "REPLACE", *auth,
                                              "KEYS", key)
                    moved += len(keys)
                time.sleep(pause)
                for node in (target, source, *others):
                    links[node].all([("CLUSTER", "SETSLOT", s, "NODE", ids[target]) for s in part])
        finally:
            for link in links.values():
                link.close()
        return moved

    def reshard_all(self, pause=0.0, batch=32, parts=16):
        """Every slot goes from its primary to the next one, in turns, so that none is ever without slots."""
        nodes = self.primaries()
        own = [self.slots_of(node) for node in nodes]
        moved = 0
        for part in range(parts):
            for i, node in enumerate(nodes):
                size = len(own[i])
                slots = own[i][size * part // parts:size * (part + 1) // parts]
                moved += self.reshard(slots, node, nodes[(i + 1) % len(nodes)], pause, batch)
        return moved

    def stop(self):
        for node in self.nodes:
            try:
                node.stop()
            except subprocess.TimeoutExpired:
                node.kill()


def key_in(slots):
    """A short text in one of these slots."""
    wanted = set(slots)
    return next(text for n in range(1 << 20) if slot_of(text := f"k{n}") in wanted)
