from __future__ import annotations

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
