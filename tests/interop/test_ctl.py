# SPDX-License-Identifier: BSD-3-Clause
"""gannetctl against running stacks, and what the common command line answers."""

import json
import os

import pytest

from support import BUILD, PEER4, ROOT, STACK4, STACK6, run, wait_for

GANNETCTL = ROOT / "tools" / "gannetctl" / "gannetctl"
ECHO = BUILD / "apps" / "echo" / "gannet-echo"


def ctl(stack, *args, **kw):
    return run(GANNETCTL, *args, "--file-prefix", stack.prefix, **kw).stdout


def ctl_json(stack, *args):
    return json.loads(ctl(stack, *args, "--json"))


def test_list_names_the_process(echo):
    found = [p for p in json.loads(run(GANNETCTL, "list", "--json").stdout)
             if p["file_prefix"] == echo.prefix]
    assert len(found) == 1
    assert found[0]["application"] == "gannet-echo"
    assert found[0]["cores"] == 2


def test_tables_agree_with_traffic(echo):
    before = ctl_json(echo, "tcp")
    with echo.peer.connect(STACK4, 7) as s:
        s.sendall(b"x" * 1000)
        got = 0
        while got < 1000:
            got += len(s.recv(1000))
        rows = [c for c in ctl_json(echo, "connections")
                if c["remote"] == f"{PEER4}:{s.getsockname()[1]}"]
        assert len(rows) == 1
        assert rows[0]["state"] == "ESTABLISHED"
        assert rows[0]["local"] == f"{STACK4}:7"
        assert rows[0]["bytes_received"] == rows[0]["bytes_sent"] == 1000
        assert f"{PEER4}:{s.getsockname()[1]}" in ctl(echo, "connections")
    after = ctl_json(echo, "tcp")
    for name, least in (("passive_opens", 1), ("rx_bytes", 1000), ("tx_bytes", 1000)):
        grown = sum(after[c][name] - before[c][name] for c in after)
        assert grown >= least, name
    assert [n["state"] for n in ctl_json(echo, "neigh") if n["address"] == PEER4]
    assert "preferred" in {a["state"] for a in ctl_json(echo, "addresses")
                           if a["address"] in (STACK4, STACK6)}


def test_connections_come_in_parts(echo):
    """More of them than fit into one answer: each is shown once."""
    held = [echo.peer.connect(STACK4, 7) for _ in range(150)]
    try:
        ports = {f"{PEER4}:{s.getsockname()[1]}" for s in held}

        def shown():
            rows = [r["remote"] for r in ctl_json(echo, "connections")]
            assert len(rows) == len(set(rows))
            return ports <= set(rows)
        wait_for("all connections are shown", shown)
    finally:
        for s in held:
            s.close()


def test_drops_have_names_and_texts(echo):
    with echo.peer.socket() as s:
        with pytest.raises(ConnectionRefusedError):
            s.connect((STACK4, 4))
    text = ctl(echo, "drops")
    assert "tcp_port" in text
    assert "no TCP listener or connection on the port" in text


def test_config_can_be_used_again(echo, tmp_path):
    (tmp_path / "again.yaml").write_text(ctl(echo, "config"))
    first = run(ECHO, "-c", tmp_path / "again.yaml", "--show-config").stdout
    assert first == ctl(echo, "config")


def test_every_table_prints(echo, httpd):
    text = ctl(echo, "all", "-z")
    for part in ("== cores", "== ports", "== drops", "== tcp", "== udp", "== resolve"):
        assert part in text
    assert ctl(echo, "ports", "-x").count("rx_good_packets") == 1
    assert "per second" in ctl(echo, "watch", "-n", 1, "-i", 0.1)
    assert "requests" in ctl(httpd, "httpd")


def test_gannetctl_says_what_to_do():
    p = run(GANNETCTL, "cores", "--file-prefix", "gn-there-is-none", check=False)
    assert p.returncode == 1
    assert "gannetctl list" in p.stdout
    assert run(GANNETCTL, "cores", "tcp", check=False).returncode == 2
    env = dict(os.environ, RUNTIME_DIRECTORY="/nonexistent")
    p = run(GANNETCTL, "cores", check=False, env=env)
    assert p.returncode == 1
    assert "no Gannet process found" in p.stdout


@pytest.mark.parametrize("args, message", [
    ([], "no port; expected -c FILE"),
    (["--nonsense"], "unrecognized option '--nonsense'"),
    (["word"], "unexpected argument 'word'"),
    (["-c", "/nonexistent"], "/nonexistent: cannot be opened"),
    (["--port", "net_null0", "--address", "10.0.0.1"],
     "option --address 10.0.0.1: ports.port0.addresses[0]"),
    (["--address", "10.0.0.1/24"], "which port?"),
    (["--port", "net_null0", "--set", "tcp.ttl"], "expected KEY=VALUE"),
    (["--port", "net_null0", "--gateway", "x"], "expected an IPv4 or IPv6 address"),
    (["--port", "net_null0", "--set", "core=1"], "did you mean 'cores'?"),
])
def test_wrong_command_lines(args, message):
    p = run(ECHO, *args, check=False)
    assert p.returncode == 2
    assert message in p.stdout


def test_right_command_lines():
    port = ["--port", "net_null0", "--address", "10.0.0.1/24", "--gateway", "10.0.0.2"]
    assert "configuration is right" in run(ECHO, *port, "--check").stdout
    assert "via: \"10.0.0.2\"" in run(ECHO, *port, "--show-config").stdout
    assert "tcp.rto-min" in run(ECHO, "--help").stdout
    assert run(ECHO, "--version").stdout.startswith("gannet-echo ")


def test_a_device_that_is_not_there():
    p = run(ECHO, "--port", "net_af_packet0,iface=gn-there-is-none", "--no-huge", check=False)
    assert p.returncode == 1
    assert "gn-there-is-none" in p.stdout
