from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import runwright
from runwright.runtime.migrations import DataRefused


def test_a_client_in_process_serves_all_of_ssm_as_the_port_does() -> None:
    with runwright.client(aws="simulated") as ssm:
        ssm.put_parameter(Name="/demo/host", Value="example.org", Type="String")
        assert ssm.get_parameter(Name="/demo/host")["Parameter"]["Value"] == "example.org"
        assert {each["Owner"] for each in ssm.list_documents()["DocumentIdentifiers"]} == {"Amazon"}


def test_a_data_folder_that_is_none_is_refused_with_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(DataRefused, match=f"cannot use the data directory {file}: {file} is no directory"):
        runwright.client(aws="http://127.0.0.1:9", data=file)


def test_an_empty_data_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataRefused, match="data: it is empty: a directory or :memory: is expected"):
        runwright.client(aws="http://127.0.0.1:9", data="")


FORKING = """if True:
    import os, signal, sys, runwright

    content = "{schemaVersion: '0.3', mainSteps: [{name: wait, action: 'aws:pause', inputs: {}}]}"
    document = {"Content": content, "DocumentType": "Automation", "DocumentFormat": "YAML"}
    with runwright.client(aws="http://127.0.0.1:9", data=sys.argv[1]) as ssm:
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # ends it where it hangs
            try:
                ssm.list_documents()
            except RuntimeError as refused:
                print("child:", refused)
            with runwright.client(aws="http://127.0.0.1:9") as own:
                own.create_document(Name="Child", **document)
                print("child:", own.get_document(Name="Child")["Name"])
            sys.exit(5)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
        ssm.create_document(Name="Parent", **document)
    with runwright.client(aws="http://127.0.0.1:9", data=sys.argv[1]) as ssm:
        print("parent:", os.getpid(), ssm.get_document(Name="Parent")["Name"])
"""


def test_a_client_is_refused_in_a_forked_child_which_can_make_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING, str(tmp_path / "data")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    refusal, of_the_child, of_the_parent = ran.stdout.splitlines()
    parent = of_the_parent.split()[1]
    assert refusal == (
        f"child: This client of runwright was made in process {parent}, before it forked, and its engine runs there "
        "alone: make a client in this process."
    )
    assert of_the_child == "child: Child"
    assert of_the_parent == f"parent: {parent} Parent"
    assert ran.stderr == ""
