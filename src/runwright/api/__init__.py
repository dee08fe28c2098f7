"""The SSM API as AWS speaks it: JSON 1.1 in and out over the engine; nothing here knows how a runbook runs."""
