"""What an operator reads and does while it runs: admin endpoints, metrics, logs, reload."""
import json
import signal
import time

from harness import cookies
from harness.redis import free_port
from harness.scenes import MODES
from harness.wire import request, request_text

# Admin endpoints and metrics


def test_admin_endpoints(vestibule):
    program = vestibule(MODES)
    assert program.admin("/healthz").status == 200
    assert program.admin("/readyz").status == 200
    metrics = program.admin("/metrics")
    assert metrics.header("Content-Type").startswith("text/plain")
    assert program.admin("/").status == 404
    assert request(program.admin_port, "POST", "/metrics", body=b"x").status == 405
    assert request(program.admin_port, "HEAD", "/healthz").status == 200
    # They are not served to the public.
    assert b"vestibule_" not in program.get("/metrics").body


def test_readiness_tells_what_is_missing(start, redis, backend):
    nowhere = f"127.0.0.1:{free_port()}"
    program = start({"backends": [{"url": f"http://{nowhere}"}], "store": {"url": redis.url}}, ready=False)
    reasons = program.admin("/readyz")
    assert reasons.status == 503
    text = json.dumps(json.loads(reasons.body))
    assert "backend" in text and "store" not in text
    program.stop()
    program = start({"backends": [{"url": backend.url}], "store": {"url": f"redis://{nowhere}"}}, ready=False)
    text = json.dumps(json.loads(program.admin("/readyz").body))
    assert "store" in text and "backend" not in text


def test_metrics(vestibule, backend, redis):
    program = vestibule(MODES)
    _, cookie = redis.login(user={"id": "u1"})
    for path, value in [("/user", cookie), ("/user", cookie), ("/user", None), ("/issue", None), ("/off", None)]:
        program.get(path, cookie=value)
    text = program.admin("/metrics").body.decode()
    families = [line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert all(name.startswith("vestibule_") for name, _ in families)
    kinds = dict(families)
    for name, kind in [("vestibule_requests_total", "counter"), ("vestibule_request_duration_seconds", "histogram"),
                       ("vestibule_backend_duration_seconds", "histogram"), ("vestibule_connections", "gauge"),
                       ("vestibule_cookies_total", "counter"), ("vestibule_sessions_created_total", "counter"),
                       ("vestibule_event_streams", "gauge"), ("vestibule_streams_ended_total", "counter"),
                       ("vestibule_store_operation_duration_seconds", "histogram"),
                       ("vestibule_store_errors_total", "counter")]:
        assert kinds.get(name) == kind, (name, kinds)
    count = program.metric
    program.wait_metric(5, "vestibule_requests_total")
    assert count("vestibule_requests_total", route="/user", code="200", session="active") == 2
    assert count("vestibule_requests_total", route="/user", code="401") == 1
    assert count("vestibule_requests_total", route="/issue", session="new") == 1
    assert count("vestibule_requests_total", route="/off", session="off") == 1
    assert count("vestibule_cookies_total", outcome="valid") == 2
    assert count("vestibule_sessions_created_total") == 1
    assert count("vestibule_request_duration_seconds_count") == 5
    assert count("vestibule_store_errors_total") == 0
    assert cookie not in text


def test_metrics_have_no_unbounded_label(vestibule):
    program = vestibule(MODES)
    for n in range(50):
        program.get(f"/random/path/{n}?q={n}", {"Host": f"host{n}.test", "User-Agent": f"agent{n}"}, cookie=f"bad{n}")
        program.request(f"METHOD{n}", "/")
    assert len([name for name in program.metrics() if "requests_total" in name]) < 10


def test_connections_are_counted_and_limited(vestibule):
    program = vestibule({"workers": 1, "proxy": {"limits": {"connections": 5}}})
    clients = [program.client() for _ in range(4)]
    for client in clients:
        client.send(request_text("GET", "/"))
        assert client.response().status == 200
    assert program.metric("vestibule_connections") == 4
    for client in clients:
        client.close()
    program.wait_metric(0, "vestibule_connections")


# Logs


def test_access_log(vestibule, backend, redis):
    program = vestibule(MODES)
    sid, cookie = redis.login(user={"id": "u1"}, note="a private note nobody logs")
    cookies.CONFIDENTIAL.add("a private note nobody logs")
    cookies.CONFIDENTIAL.add("query-parameter-with-token")
    program.request("POST", "/user?token=query-parameter-with-token",
                    {"Cookie": f"sid={cookie}", "X-Request-Id": "id-1", "Authorization": "Bearer hidden"}, b"body")
    line = program.access(lambda line: line["request_id"] == "id-1")
    assert line["method"] == "POST" and line["path"] == "/user" and line["status"] == 200
    assert line["client"] == "127.0.0.1" and line["route"] == "/user" and line["session"] == "active"
    assert line["handle"] == backend.last().header("X-Session-Id")
    assert line["bytes"] > 0 and 0 <= line["upstream_ms"] <= line["duration_ms"] < 60_000
    assert "T" in line["time"]
    assert "hidden" not in json.dumps(program.lines)


def test_log_lines_cannot_be_forged(vestibule):
    program = vestibule()
    program.get("/a%22%7D%0A", {"X-Request-Id": 'x","forged":"y'})
    program.get("/%c3%a9\xff", {"User-Agent": "\xff\xfe"})
    program.get('/"quoted"\xe2\x28')
    assert program.get("/last").status == 200
    program.access(lambda line: line["path"] == "/last")
    assert not any("forged" in line for line in program.lines)


def test_access_log_can_be_switched_off(vestibule):
    program = vestibule({"log": {"access": False}})
    program.get("/")
    program.stop()
    assert not [line for line in program.lines if line.get("type") == "access"]


# Reload


def test_reload_changes_routes_and_drops_no_connection(vestibule, backend):
    before = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}
    after = {"routes": [{"match": {"path": "/*"}, "session": "required"}]}
    program = vestibule(before)
    common = {"backends": [{"url": backend.url}]}
    with program.client() as client:
        def status():
            client.send(request_text("GET", "/"))
            return client.response().status

        assert status() == 200
        program.configure({**common, **after})
        program.signal(signal.SIGHUP)
        program.wait_log(lambda line: line.get("message") == "reloaded")
        end = time.monotonic() + 5
        while status() != 401:
            assert time.monotonic() < end
        known = len(program.lines)
        program.configure("routes: [{match: {path: nonsense}}]\n")
        program.signal(signal.SIGHUP)
        program.wait_log(lambda line: line.get("level") == "error", since=known)
        assert status() == 401, "an invalid configuration changes nothing"
        program.configure({**common, **before})
        program.signal(signal.SIGHUP)
        end = time.monotonic() + 5
        while status() != 200:
            assert time.monotonic() < end


def test_reload_takes_a_new_secret(vestibule, backend, redis):
    program = vestibule(MODES)
    sid, cookie = redis.login(user={"id": "u1"})
    new = "a new secret for tests, also long enough"
    common = {**MODES, "backends": [{"url": backend.url}], "store": {"url": redis.url}}
    program.configure({**common, "session": {"secrets": [new, cookies.SECRET]}})
    program.signal(signal.SIGHUP)
    program.wait_log(lambda line: line.get("message") == "reloaded")
    end = time.monotonic() + 5
    while not (renewed := cookies.set_cookies(program.get("/user", cookie=cookie), "sid")):
        assert time.monotonic() < end
    assert cookies.unsign(renewed[0].value, new) == sid
