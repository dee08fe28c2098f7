"""Services and operations as runbooks spell them, looked up in botocore's models; nothing is called by a spelled name.

`DescribeInstances`, `describe_instances` and `describe-instances` are one, so are `SQS` and `sqs`. It knows no client.
"""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Iterable
from typing import Any

from runwright.messages import Failure

_BETWEEN_WORDS = re.compile("[-_ ]")


class Models:
    """The service models of one botocore session; for use from many threads."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._services: dict[str, str] = {}
        self._operations: dict[str, tuple[Any, dict[str, str]]] = {}

    def service(self, spelled: str) -> str | Failure:
        """The name by which botocore knows a service, as `ec2`."""
        with self._lock:
            if not self._services:
                self._services = _by_plain_name(self._session.get_available_services())
        found = self._services.get(_plain(spelled))
        if found is None:
            return _unknown(f"There is no AWS service '{spelled}'.", spelled, self._services, "UnknownService")
        return found

    def operation(self, service: str, spelled: str) -> Any | Failure:
        """The operation model of `spelled` in a service named as `service` gives it."""
        with self._lock:
            if service not in self._operations:
                model = self._session.get_service_model(service)
                self._operations[service] = (model, _by_plain_name(model.operation_names))
        model, names = self._operations[service]
        found = names.get(_plain(spelled))
        if found is None:
            return _unknown(f"The service '{service}' has no API '{spelled}'.", spelled, names, "UnknownOperation")
        return model.operation_model(found)


def _plain(name: str) -> str:
    return _BETWEEN_WORDS.sub("", name.lower())


def _by_plain_name(names: Iterable[str]) -> dict[str, str]:
    return {_plain(name): name for name in names}


def _unknown(found: str, spelled: str, names: dict[str, str], code: str) -> Failure:
    close = [names[one] for one in difflib.get_close_matches(_plain(spelled), names, n=3, cutoff=0.6)]
    hint = f" Did you mean {' or '.join(close)}?" if close else " Use the names of boto3's clients and operations."
    return Failure(found + hint, code)
