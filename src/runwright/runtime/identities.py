"""Who a caller is, as the backend sees it: account and ARN of an access key id."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from runwright.messages import Json
from runwright.runtime.clients import Keys
from runwright.runtime.failures import Refused

MOST_IDENTITIES = 10_000

_ACCOUNT = re.compile(r"[0-9]{12}\Z")

AskIdentity = Callable[[Keys | None, str], Awaitable[dict[str, Json] | Refused]]
"""Calls sts:GetCallerIdentity with these keys (None: the server's own) in a region."""

Identity = tuple[str, str]
"""(account, ARN)"""


class Identities:
    """Belongs to one event loop. An answer of STS is kept; an error counts as none and is asked again next time."""

    def __init__(
        self, ask: AskIdentity, account: str, region: str, own_keys: Callable[[], Awaitable[Keys | None]]
    ) -> None:
        self._ask = ask
        self._account = account
        self._region = region
        self._own_keys = own_keys
        self._known: OrderedDict[str, Identity] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Identity | None]] = {}

    async def shown_to_a_simulation(self, key_id: str | None) -> Identity:
        """With a URL or the simulated AWS: a 12-digit key id is an account, any other one the backend's STS knows."""
        if key_id is None:
            return self._account, f"arn:aws:iam::{self._account}:root"
        if _ACCOUNT.match(key_id):
            return key_id, _user(key_id, key_id)
        return await self._told(key_id, placeholder(key_id)) or (self._account, _user(self._account, key_id))

    async def shown_to_aws(self, key_id: str | None) -> Identity:
        """With real AWS: the account is that of the server's own credentials, whatever key a caller shows.

        Its ARN is that of those credentials only for who shows their key id: the signature is not verified here.
        """
        own = await self._told("", None)
        account, arn = own or (self._account, f"arn:aws:iam::{self._account}:root")
        keys = await self._own_keys()
        if key_id is None or (keys is not None and keys.access_key == key_id):
            return account, arn
        return account, _user(account, key_id, arn.split(":")[1])

    async def _told(self, name: str, keys: Keys | None) -> Identity | None:
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
            return known
        task = self._asking.get(name)
        if task is None:
            task = asyncio.create_task(self._asked(keys))
            self._asking[name] = task
            task.add_done_callback(lambda _: self._asking.pop(name, None))
        told = await asyncio.shield(task)
        if told is not None:
            self._known[name] = told
            if len(self._known) > MOST_IDENTITIES:
                self._known.popitem(last=False)
        return told

    async def _asked(self, keys: Keys | None) -> Identity | None:
        reply = await self._ask(keys, self._region)
        if isinstance(reply, Refused) or not {"Account", "Arn"} <= reply.keys():
            return None
        return str(reply["Account"]), str(reply["Arn"])


def placeholder(key_id: str) -> Keys:
    """What requests to a backend that verifies no signature are signed with."""
    return Keys(key_id, "runwright")


def _user(account: str, key_id: str, partition: str = "aws") -> str:
    return f"arn:{partition}:iam::{account}:user/{key_id}"
