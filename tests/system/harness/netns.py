"""A Redis in a network namespace of its own, at the far end of a cable that can be cut without anybody noticing."""
import os
import shutil
import subprocess

from .redis import Redis


def run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=10)


def unavailable():
    """Why there are no network namespaces here; empty where there are."""
    if os.geteuid() != 0:
        return "network namespaces want root"
    if not shutil.which("ip") or not shutil.which("nsenter"):
        return "needs ip (iproute2) and nsenter (util-linux)"
    probe = subprocess.run(["unshare", "--net", "ip", "link", "add", "near", "type", "veth", "peer", "name", "far"],
                           capture_output=True, text=True)
    return "" if probe.returncode == 0 else f"no network namespaces here: {probe.stderr.strip()}"


class DistantRedis(Redis):
    """Its unix socket is as near as ever, so that one can change what is in there meanwhile. The namespace and
    the cable end with the server."""

    wrapper = ("unshare", "--net")
    host = "0.0.0.0"

    def start(self):
        super().start()
        pid = self.process.pid
        self.near, self.far = f"near{pid}", f"far{pid}"
        block = f"198.18.{pid // 64 % 256}.{pid % 64 * 4}".rpartition(".")  # a /30 of its own
        self.addresses = [f"{block[0]}.{int(block[2]) + i}" for i in (1, 2)]
        run("ip", "link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", str(pid))
        for inside, device, address in self._ends():
            run(*inside, "ip", "addr", "add", f"{address}/30", "dev", device)
            run(*inside, "ip", "link", "set", device, "up")

    def _ends(self):
        inside = ("nsenter", "--net", "--target", str(self.process.pid))
        return [((), self.near, self.addresses[0]), (inside, self.far, self.addresses[1])]

    @property
    def url(self):
        return f"redis://{self.addresses[1]}:{self.port}"

    def cut(self):
        """Every packet goes to an address that is nobody's: no error, no reset, no lost carrier."""
        for (inside, device, _), other in zip(self._ends(), reversed(self.addresses)):
            run(*inside, "ip", "neigh", "replace", other, "lladdr", "02:00:00:00:00:01", "dev", device,
                "nud", "permanent")

    def mend(self):
        for (inside, device, _), other in zip(self._ends(), reversed(self.addresses)):
            run(*inside, "ip", "neigh", "del", other, "dev", device)
