from __future__ import annotations

import runwright


def test_a_client_in_process_serves_all_of_ssm_as_the_port_does() -> None:
    with runwright.client(aws="simulated") as ssm:
        ssm.put_parameter(Name="/demo/host", Value="example.org", Type="String")
        assert ssm.get_parameter(Name="/demo/host")["Parameter"]["Value"] == "example.org"
        assert {each["Owner"] for each in ssm.list_documents()["DocumentIdentifiers"]} == {"Amazon"}
