"""Runwright measured against what a user could pick instead; `python -m benchmarks` runs it all."""
