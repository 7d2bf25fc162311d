# SPDX-License-Identifier: BSD-3-Clause
"""The device under test, started once a profile, and what each test did with it."""

import json
import os
import pathlib
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "interop")]

from tester import Tester  # noqa: E402 pylint: disable=wrong-import-position
from wire import write_pcapng  # noqa: E402 pylint: disable=wrong-import-position

LIMIT_S = 60


def pytest_addoption(parser):
    parser.addoption("--dut", default="gannet", help="gannet, linux or lwip")
    parser.addoption("--results", default=None, help="directory for results and frames")
    parser.addoption("--list-cases", action="store_true", help="print the requirements")


def pytest_configure(config):
    config.addinivalue_line("markers", "case(id, level, source, text, profile): a requirement")
    config.results = []


def pytest_collection_modifyitems(items):
    """Tests of one profile together: the device is started once for them."""
    order = {}
    for item in items:
        key = (item.module.__name__, item.get_closest_marker("case").args[4])
        order.setdefault(key, len(order))
    items.sort(key=lambda i: order[(i.module.__name__, i.get_closest_marker("case").args[4])])


class Devices:
    """At most one device runs; another profile ends it."""

    def __init__(self, name, tmp):
        self.name, self.tmp, self.now = name, tmp, None

    def get(self, profile):
        """A running device of that profile; "acd" is about starting, so that one is always new."""
        if self.now and self.now.profile == profile != "acd" and not self.now.broken():
            return self.now
        self.close()
        if self.name == "gannet":
            from dut_gannet import Gannet as Device
        elif self.name == "linux":
            from dut_linux import Linux as Device
        else:
            from dut_lwip import Lwip as Device
        self.now = Device(self.tmp, profile)
        return self.now

    def close(self):
        now, self.now = self.now, None
        if now:
            now.close()


@pytest.fixture(scope="session")
def devices(request, tmp_path_factory):
    assert os.geteuid() == 0, "namespaces and raw frames want root"
    d = Devices(request.config.getoption("--dut"), tmp_path_factory.mktemp("dut"))
    yield d
    d.close()


@pytest.fixture(autouse=True)
def limit():
    def expired(_signum, _frame):
        raise TimeoutError(f"the test took longer than {LIMIT_S} s")
    old = signal.signal(signal.SIGALRM, expired)
    signal.alarm(LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.fixture
def t(request, devices):
    """The tester, in front of a device of the test's profile."""
    request.node.tester = None
    dut = devices.get(request.node.get_closest_marker("case").args[4])
    tester = Tester(dut, devices)
    for link in dut.links:
        link.start()
    request.node.tester = tester
    yield tester
    tester.finish()


def reason_of(call):
    """One line of why it failed."""
    text = str(call.excinfo.value).strip() or call.excinfo.typename
    return f"{call.excinfo.typename}: {text}" if call.excinfo.typename != "AssertionError" else text


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    mark = item.get_closest_marker("case")
    if call.when == "teardown" and report.passed or call.when == "setup" and report.passed:
        return
    ident, level, source, text, profile = mark.args
    results = item.config.results
    if results and results[-1]["id"] == ident and call.when == "teardown":
        results.pop()  # it passed, but did not end well
    result = {"id": ident, "level": level, "source": source, "text": " ".join(text.split()),
              "profile": profile, "passed": report.passed, "seconds": round(call.duration, 3)}
    if not report.passed:
        result["reason"] = reason_of(call)
        tester = getattr(item, "tester", None)
        directory = item.config.getoption("--results")
        if tester and directory:
            frames = tester.frames()[:400]
            write_pcapng(pathlib.Path(directory) / f"{ident}.pcapng", frames)
            result["frames"] = [f"{'>' if f.out else '<'} {f.link.name[-1]} {f.summary()}"
                                for f in frames[:60]]
    results.append(result)


def pytest_sessionfinish(session):
    directory = session.config.getoption("--results")
    if directory:
        path = pathlib.Path(directory) / "results.json"
        path.write_text(json.dumps(session.config.results, indent=1))


def pytest_collection_finish(session):
    if session.config.getoption("--list-cases"):
        for item in session.items:
            ident, level, source, text, _profile = item.get_closest_marker("case").args
            print(f"{ident} | {level} | {source} | {' '.join(text.split())}")
