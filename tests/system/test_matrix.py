"""Every kind of client before every kind of backend: what they make of each other's HTTP, through vestibule."""
import shutil

import pytest

from harness import matrix

NEEDED = ("curl", "wrk", "h2load", "node", "php")


@pytest.mark.parametrize("backend_name", matrix.BACKENDS)
def test_matrix(start, redis, tmp_path, backend_name):
    for program in NEEDED:
        assert shutil.which(program), f"{program} is not installed (deploy/install-deps.sh test)"
    backend = matrix.BACKENDS[backend_name](tmp_path)
    try:
        program = start({"backends": [{"url": backend.url}], "store": {"url": redis.url},
                         "inject": {"headers": {"X-Session-User": "/user/id"}}})
        _, value = redis.login(user={"id": "u1"})
        wrong = {}
        for name, client in matrix.CLIENTS.items():
            found = client(tmp_path, program.address, f"sid={value}")
            unable = {check for who, check in matrix.UNABLE if who == name}
            assert found.keys() == set(matrix.CHECKS) - unable, name
            wrong.update({(name, check): problem for check, problem in found.items() if problem})
        assert wrong == {}
    finally:
        backend.stop()
