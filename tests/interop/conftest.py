# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures: one HTTP server and one echo server a kind of link, shared by the tests of a run."""

import hashlib
import os
import random
import signal

import pytest

from support import SANITIZED, running

SIZES = [1, 1459, 1460, 1461, 4096, 65536, 1000000] + ([] if SANITIZED else [100 << 20])


@pytest.fixture(scope="session", autouse=True)
def root_user():
    assert os.geteuid() == 0, "namespaces and DPDK want root"


@pytest.fixture(autouse=True)
def limit(request):
    """No test takes longer than this, whatever hangs."""
    mark = request.node.get_closest_marker("limit")
    seconds = (mark.args[0] if mark else 60) * (3 if SANITIZED else 1)

    def expired(_signum, _frame):
        raise TimeoutError(f"test took longer than {seconds} s")
    old = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.fixture(scope="session", params=["tap", "veth"])
def kind(request):
    return request.param


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Directory of random files named by their size, and each one's SHA-256."""
    directory = tmp_path_factory.mktemp("root")
    sums = {}
    rng = random.Random(1)
    for size in SIZES:
        data = rng.randbytes(size)
        (directory / str(size)).write_bytes(data)
        sums[size] = hashlib.sha256(data).hexdigest()
    return directory, sums


@pytest.fixture(scope="session")
def httpd(kind, files, tmp_path_factory):
    with running(kind, tmp_path_factory.mktemp("httpd"), "gannet-httpd", "--root", files[0],
                 "--send-timeout", "3") as stack:
        yield stack.wait_port(80)


@pytest.fixture(scope="session")
def echo(kind, tmp_path_factory):
    with running(kind, tmp_path_factory.mktemp("echo"), "gannet-echo") as stack:
        yield stack.wait_port(7)


@pytest.fixture(params=[4, 6], ids=["ipv4", "ipv6"])
def family(request):
    return request.param
