"""Isolated processes for authors' scripts: the zygote, its forks, and what is put on them.

What is here runs in processes of its own, started with an empty environment; the server's side is `runtime/scripts.py`.
Only the standard library and boto3 are imported, and nothing of the rest of this program.
"""
