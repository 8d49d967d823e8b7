"""Load that Python cannot make: wrk, with one session or many."""
import json
import shutil
import subprocess

from .wire import request_text

SCRIPT = """
local file = io.open("REQUESTS", "r")
local requests, rest = {}, file:read("*a")
file:close()
for text in rest:gmatch("(.-)%z") do requests[#requests + 1] = text end
local n = 0
request = function()
  n = n % #requests + 1
  return requests[n]
end
DELAY
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nFIGURES {"requests": %d, "refused": %d, "broken": %d, "seconds": %f, "p50": %f, ' ..
    '"p99": %f, "max": %f}\\n', summary.requests, e.status, e.connect + e.read + e.write + e.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency.max / 1e6))
end
"""


def unavailable():
    return "" if shutil.which("wrk") else "needs wrk"


def load(folder, program, cookies, connections, seconds, rate=None, path="/user"):
    """What became of requests with these session cookies in turn: requests, refused (not 2xx or 3xx), broken, and
    p50, p99 and max in seconds. `rate`: so many in a second are offered, in all, as far as there are connections
    that do not wait for an answer; None: as many as there are answers."""
    texts = [request_text("GET", path, {"Cookie": f"sid={cookie}"}).decode() for cookie in cookies]
    requests = folder / "requests"
    requests.write_text("\0".join(texts) + "\0")
    delay = f"function delay() return {connections / rate * 1000:.3f} end" if rate else ""
    script = folder / "load.lua"
    script.write_text(SCRIPT.replace("REQUESTS", str(requests)).replace("DELAY", delay))
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script),
                           f"http://127.0.0.1:{program.address}"], capture_output=True, text=True,
                          timeout=seconds + 30)
    found = [line for line in done.stdout.splitlines() if line.startswith("FIGURES ")]
    assert found, f"wrk: {done.stdout} {done.stderr}"
    return json.loads(found[0].removeprefix("FIGURES "))
