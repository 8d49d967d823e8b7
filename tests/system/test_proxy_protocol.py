"""The PROXY protocol on a listener: whose word counts, what it says, and HAProxy itself in front."""
import shutil
import socket
import struct
import subprocess
import time

import pytest

from harness.program import SLOWER
from harness.redis import free_port
from harness.wire import Client, Truncated, request_text

from test_slow_clients import ended, is_refusal, wait_until

OFF = {"routes": [{"match": {"path": "/*"}, "session": "off"}]}
HAPROXY = shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(source="192.0.2.7", port=56324, family="TCP4", to="198.51.100.1"):
    return f"PROXY {family} {source} {to} {port} 443\r\n".encode()


def v2(source="192.0.2.7", command=1, extras=b""):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    to = "::1" if ":" in source else "198.51.100.1"
    body = socket.inet_pton(family, source) + socket.inet_pton(family, to) + struct.pack("!HH", 56324, 443) + extras
    code = 0x21 if ":" in source else 0x11
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, code, len(body)) + body


def behind(address="127.0.0.1:0", sources=("127.0.0.0/8",), **more):
    return {**OFF, "listen": [{"address": address, "proxy_protocol": {"from": list(sources)}}], **more}


def ask(program, header, target="/", headers=(), pieces=None):
    with program.client() as client:
        for piece in pieces or [header]:
            client.send(piece)
            if pieces:
                time.sleep(0.01)
        client.send(request_text("GET", target, headers))
        return client.response()


GOOD = {
    "v1": (v1(), "192.0.2.7"),
    "v1 IPv6": (v1("2001:db8::7", family="TCP6", to="::1"), "2001:db8::7"),
    "v2": (v2(), "192.0.2.7"),
    "v2 IPv6": (v2("2001:db8::7"), "2001:db8::7"),
    "v2 with TLVs": (v2(extras=b"\x04\x00\x03abc\x02\x00\x04host"), "192.0.2.7"),
    "v1 UNKNOWN": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "v1 UNKNOWN with something": (b"PROXY UNKNOWN ::1 ::2 1 2\r\n", "127.0.0.1"),
    "v2 LOCAL": (v2(command=0), "127.0.0.1"),
    "v2 unspecified": (SIGNATURE + b"\x21\0\0\0", "127.0.0.1"),
    "v2 unix": (SIGNATURE + b"\x21\x31\0\xd8" + b"/x".ljust(216, b"\0"), "127.0.0.1"),
    "v2 of nowhere": (v2("0.0.0.0"), "127.0.0.1"),
}


def test_the_client_is_who_the_header_says(vestibule, backend):
    program = vestibule(behind())
    for what, (header, address) in GOOD.items():
        path = "/" + what.replace(" ", "-")
        assert ask(program, header, path).status == 200, what
        assert backend.last().header("X-Forwarded-For") == address, what
        assert program.access(lambda line: line["path"] == path)["client"] == address, what  # pylint: disable=W0640


def test_it_may_come_in_pieces_and_the_request_right_behind(vestibule, backend):
    program = vestibule(behind())
    for header in (v1(), v2(extras=b"\x04\x00\x01x")):
        ask(program, header, pieces=[bytes([b]) for b in header])
        assert backend.last().header("X-Forwarded-For") == "192.0.2.7"
        with program.client() as client:
            client.send(header + request_text("GET", "/1") + request_text("POST", "/2", body=b"body"))
            assert client.response().status == 200 and client.response().status == 200
        assert backend.last().body == b"body" and backend.last().header("X-Forwarded-For") == "192.0.2.7"


def test_what_the_client_says_of_itself_is_not_believed(vestibule, backend):
    """The proxy is trusted, whose connection it is; who the header names is a client like any."""
    program = vestibule(behind())
    ask(program, v1(), headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"})
    assert backend.last().header("X-Forwarded-For") == "192.0.2.7"
    assert backend.last().header("X-Forwarded-Proto") == "http"
    # Unless it is itself one of trusted_proxies.
    program = vestibule(behind(proxy={"trusted_proxies": ["192.0.2.0/24"]}))
    ask(program, v1(), headers={"X-Forwarded-For": "203.0.113.9"})
    assert backend.last().header("X-Forwarded-For") == "203.0.113.9, 192.0.2.7"


BAD = {
    "no header": request_text("GET", "/"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "v1 with LF": v1()[:-2] + b"\n",
    "v1 with a bad address": v1("192.0.2.777"),
    "v1 endless": b"PROXY UNKNOWN " + b"x" * 200,
    "v2 with another version": SIGNATURE + b"\x31\x11\0\x0c" + b"x" * 12,
    "v2 too short": SIGNATURE + b"\x21\x11\0\x0b" + b"x" * 11,
    "v2 huge": SIGNATURE + b"\x21\x11\xff\xff" + b"x" * 65535,
    "v2 with a broken TLV": v2(extras=b"\x04\x00\x09x"),
    "v2 with a wrong checksum": v2(extras=b"\x03\x00\x04abcd"),
    "two headers": v1() + v1(),
}


def test_without_a_good_header_there_is_nothing(vestibule, backend):
    program = vestibule(behind())
    for what, data in BAD.items():
        with program.client() as client:
            try:
                client.send(data)
                client.send(request_text("GET", "/hidden"))
                got = client.rest()
            except ConnectionError:
                got = b""
        assert got == b"" or (what == "two headers" and got.startswith(b"HTTP/1.1 400 ")), (what, got)
    assert backend.requests == []
    assert program.metric("vestibule_proxy_headers_refused_total") == len(BAD) - 1
    wait_until(lambda: program.metric("vestibule_connections") == 0)
    program.wait_log(is_refusal)
    assert len(list(filter(is_refusal, program.lines))) <= 2, "each worker says it once in ten seconds"


def test_only_named_peers_may_say_it(vestibule, backend):
    program = vestibule(behind(sources=["10.0.0.0/8"]))
    with program.client() as client:
        try:
            client.send(v1() + request_text("GET", "/"))
            assert client.rest() == b""
        except ConnectionError:
            pass
    assert backend.requests == []
    assert program.metric("vestibule_proxy_headers_refused_total") == 1


def test_a_listener_without_it_takes_no_header(vestibule, backend):
    program = vestibule(OFF)
    with program.client() as client:
        client.send(v1() + request_text("GET", "/"))
        assert client.response().status == 400
    assert backend.requests == []


def test_it_has_to_come_in_time(vestibule, backend):
    program = vestibule(behind(proxy={"timeouts": {"head": "500ms"}}))
    for sent in (b"", b"PROXY TCP4 192", v2()[:20]):
        with program.client() as client:
            client.send(sent)
            assert ended(client), sent
    with program.client() as client:  # drip by drip, too
        try:
            for byte in v1("192.0.2.7") * 20:
                client.send(bytes([byte]))
                time.sleep(0.05)
        except ConnectionError:
            pass
        assert ended(client)
    assert backend.requests == []
    # Looking whether the port is open is no error.
    refused = program.metric("vestibule_proxy_headers_refused_total")
    for _ in range(5):
        program.client().close()
    wait_until(lambda: program.metric("vestibule_connections") == 0)
    assert program.metric("vestibule_proxy_headers_refused_total") == refused


def test_limits_count_by_the_address_told(vestibule, backend):
    program = vestibule(behind(proxy={"limits": {"connections_per_address": 2}}, workers=1))

    def arrive(address):
        client = program.client()
        client.send(v2(address) + request_text("GET", "/"))
        status = client.response().status
        if status == 429:
            client.close()
        return status, client

    held = []
    for address, status in [("192.0.2.1", 200), ("192.0.2.1", 200), ("192.0.2.1", 429), ("192.0.2.2", 200),
                            ("2001:db8:0:1::1", 200), ("2001:db8:0:1::2", 200), ("2001:db8:0:1::3", 429),
                            ("2001:db8:0:2::1", 200), ("192.0.2.1", 429)]:
        got, client = arrive(address)
        assert got == status, address
        held.append(client)
    for client in held:
        client.close()
    wait_until(lambda: program.metric("vestibule_connections") == 0)
    assert arrive("192.0.2.1")[0] == 200


def test_floods_count_by_the_address_told(vestibule, backend):
    program = vestibule({**behind(), "routes": [], "flood": {"new_sessions": 1}})
    states = []
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        ask(program, v1(address))
        states.append(backend.last().header("X-Session-State"))
    assert states == ["new", "none", "new"]


def test_over_a_unix_socket(start, backend, tmp_path):
    program = start({**behind(f"unix:{tmp_path}/front.sock", ["unix:"]), "backends": [{"url": backend.url}]})
    assert ask(program, v1()).status == 200
    assert backend.last().header("X-Forwarded-For") == "192.0.2.7"
    with program.client() as client:
        try:
            client.send(request_text("GET", "/"))
            assert client.rest() == b""
        except ConnectionError:
            pass


@pytest.mark.skipif(not HAPROXY, reason="needs haproxy")
@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"])
def test_haproxy_in_front(vestibule, backend, tmp_path, option):
    program = vestibule(behind())
    front = free_port()
    (tmp_path / "haproxy.cfg").write_text(f"""
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  unique-id-format %[uuid]
frontend f
  bind 127.0.0.1:{front}
  default_backend b
backend b
  server s 127.0.0.1:{program.address} {option} check inter 200ms
""")
    process = subprocess.Popen([HAPROXY, "-db", "-f", str(tmp_path / "haproxy.cfg")], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10 * SLOWER
        while True:
            assert time.monotonic() < end
            try:
                with socket.create_connection(("127.0.0.1", front), source_address=("127.0.0.9", 0)) as sock:
                    client = Client.__new__(Client)
                    client.sock, client.buffer = sock, b""
                    for _ in range(3):
                        client.send(request_text("GET", "/through"))
                        assert client.response().status == 200
                break
            except (ConnectionError, Truncated):
                time.sleep(0.1)
        assert backend.last().header("X-Forwarded-For") == "127.0.0.9"
        time.sleep(0.7)  # some of its own health checks: LOCAL, or UNKNOWN
        assert program.metric("vestibule_proxy_headers_refused_total") == 0
    finally:
        process.terminate()
        process.wait(10)
