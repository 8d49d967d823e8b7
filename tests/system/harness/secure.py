"""Fixtures of a program that speaks TLS with clients; a test file imports those that it names."""
import pytest

from harness.authority import Authority
from harness.tls import Tls


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("DNS:localhost,IP:127.0.0.1")


@pytest.fixture
def secure(vestibule, authority, certificate):
    """secure(tls, changes, keys of the listener) -> a program that speaks TLS, with clients that believe it."""
    def factory(tls=None, changes=None, listener=None, **more):
        files = {"certificate": certificate["cert"], "key": certificate["key"], **(tls or {})}
        made = vestibule({**(changes or {}), "listen": [{"address": "127.0.0.1:0", "tls": files, **(listener or {})}]},
                         **more)
        made.tls = Tls(authority.ca)
        return made

    return factory


def failed(made, reason, count=1):
    made.wait_metric(count, "vestibule_tls_handshakes_failed_total", reason=reason)
