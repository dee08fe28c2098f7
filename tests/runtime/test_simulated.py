from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from runwright.runtime import simulated
from runwright.runtime.simulated import SimulatedUnavailable, start_simulated_aws


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/moto-api/data.json", timeout=10) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False


def test_the_simulated_aws_answers_until_it_is_closed() -> None:
    server = start_simulated_aws()
    assert answers(server.url)
    server.close()
    assert not answers(server.url)


def test_the_simulated_aws_ends_with_a_process_that_is_killed() -> None:
    program = (
        "from runwright.runtime.simulated import start_simulated_aws as start\n"
        "server = start(); print(server._process.pid, server.url, flush=True); input()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pid, _url = starter.stdout.readline().split()
    watch = os.pidfd_open(int(pid))
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    assert select.select([watch], [], [], 10)[0], "the moto server outlived its starter by ten seconds"
    os.close(watch)


def test_without_moto_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "find_spec", lambda name: None)
    with pytest.raises(SimulatedUnavailable, match=r"runwright\[simulated\]"):
        start_simulated_aws()


def test_a_server_that_does_not_start_leaves_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    broken = os.path.join(tmp_path, "child.py")
    with open(broken, "w") as file:
        file.write("raise SystemExit('no port for you')")
    monkeypatch.setattr(simulated, "_CHILD", broken)
    with pytest.raises(SimulatedUnavailable, match="no port for you"):
        start_simulated_aws()
