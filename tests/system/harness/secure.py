"""A program that speaks TLS with clients, and what is asked of it."""
import pytest

from harness.tls import Tls


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
