"""PURE: events in, state and wanted effects out. Knows no clock, no await, no SQL and no boto3."""
