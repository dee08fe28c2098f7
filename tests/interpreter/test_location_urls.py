"""Addresses that TargetLocationsURL may and may not be."""

from __future__ import annotations

import pytest

from runwright.interpreter.location_urls import location_url_problem


@pytest.mark.parametrize(
    "url",
    [
        "https://places.s3.amazonaws.com/list.json",
        "https://places.s3.eu-west-1.amazonaws.com/a/b/list.json?X-Amz-Signature=x&X-Amz-Expires=60",
        "https://my.dotted-bucket.s3.us-gov-west-1.amazonaws.com/list.json",
    ],
)
def test_an_object_of_a_bucket_is_taken(url: str) -> None:
    assert location_url_problem(url) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://places.s3.amazonaws.com/a", "begins with 'http': https is accepted."),
        ("file:///etc/passwd", "begins with 'file'"),
        ("https://169.254.169.254#x.s3.amazonaws.com/a", "has a fragment"),
        ("https://places.s3.amazonaws.com/a#", "has a fragment"),
        ("https://169.254.169.254/x.s3.amazonaws.com/a", "is at '169.254.169.254'"),
        ("https://169.254.169.254?x.s3.amazonaws.com/a", "is at '169.254.169.254'"),
        ("https://user@places.s3.amazonaws.com/a", "names a user or a port"),
        ("https://places.s3.amazonaws.com@evil.example/a", "names a user or a port"),
        ("https://evil.example\\@places.s3.amazonaws.com/a", "holds a blank, a backslash"),
        ("https://places.s3.amazonaws.com:8443/a", "names a user or a port"),
        ("https://places.s3.amazonaws.com:/a", "names a user or a port"),
        ("https://places.s3.amazonaws.com.evil.example/a", "is at 'places.s3.amazonaws.com.evil.example'"),
        ("https://places.s3.amazonaws.com\n/a", "holds a blank, a backslash"),
        ("https://places.s3.amazonaws.com\\.evil.example/a", "holds a blank, a backslash"),
        (" https://places.s3.amazonaws.com/a", "holds a blank, a backslash"),
        ("https://s3.amazonaws.com/places/a", "is at 's3.amazonaws.com'"),
        ("https://places.s3.evil.amazonaws.com/a", "is at 'places.s3.evil.amazonaws.com'"),
        ("https://.s3.amazonaws.com/a", "is at '.s3.amazonaws.com'"),
        ("https://places.s3.amazonaws.com/", "names no object"),
        ("https://places.s3.amazonaws.com", "names no object"),
        ("https://[::1/a", "cannot be read as an address"),
        ("https://places.s3.amazonaws.com:x/a", "cannot be read as an address"),
    ],
)
def test_whatever_only_looks_like_a_bucket_is_refused(url: str, problem: str) -> None:
    found = location_url_problem(url)
    assert found is not None
    assert found.startswith(problem)
