"""Which AWS runbooks act on: botocore's own chain, a simulated AWS of ours, or a URL. Nothing else knows which.

It makes calls on behalf of executions, assumes their roles, says who a caller is and what a script needs to reach the
same AWS. It knows neither effects nor steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from botocore.exceptions import BotoCoreError

from runwright.config import SETTINGS, InvalidSetting
from runwright.logs import get_logger
from runwright.messages import Json
from runwright.runtime.clients import AwsCall, Clients, Keys
from runwright.runtime.failures import OUTCOME_UNKNOWN, Refused, refused_by
from runwright.runtime.finishing import finish
from runwright.runtime.identities import Identities, Identity, placeholder
from runwright.runtime.lanes import Lanes
from runwright.runtime.passthrough import Answered, Passthrough, Unanswered
from runwright.runtime.roles import Roles
from runwright.runtime.scope import Scope
from runwright.runtime.simulated import SimulatedAws

log = get_logger()

DEFAULT = "default"
SIMULATED = "simulated"
IDENTITY_SECONDS = 10.0


class BackendUnavailable(RuntimeError):
    """The backend cannot be opened; the text says what to do."""


@dataclass(frozen=True, slots=True)
class OwnSsm:
    """How runbooks reach this engine as SSM.

    `serves` says whether a call of service ssm (operation in PascalCase, parameters) is this engine's; `url` is the
    endpoint that stands for the account, region and role of a scope, None when there is none.
    """

    serves: Callable[[str, Mapping[str, Json]], bool]
    url: Callable[[Scope], str | None]


class Backend:
    """Belongs to one event loop. `url` is the endpoint of every service, None for real AWS."""

    def __init__(
        self,
        kind: str,
        url: str | None,
        region: str,
        account: str,
        *,
        lanes: Lanes | None = None,
        simulated: SimulatedAws | None = None,
    ) -> None:
        self.kind = kind
        self.url = url
        self.region = region
        self.lanes = lanes or Lanes()
        self.own_ssm: OwnSsm | None = None
        self.called: Callable[[str, str], None] = lambda service, error: None
        self._simulated = simulated
        self._clients = Clients(url)
        self._passthrough = Passthrough(url, self.lanes) if url is not None else None
        self._roles = Roles(self._assume_role)
        self._identities = Identities(self._ask_identity, account, region, self._own_keys)

    @classmethod
    async def open(cls, aws: str, region: str, account: str, *, lanes: Lanes | None = None) -> Backend:
        """Open what `--aws` names: `default`, `simulated` or a URL. Raises BackendUnavailable, SimulatedUnavailable."""
        try:
            SETTINGS["aws"].read(aws)
        except InvalidSetting as error:
            raise BackendUnavailable(f"aws: {error}.") from None
        if aws == SIMULATED:
            simulated = SimulatedAws()
            try:
                await asyncio.to_thread(simulated.wait_until_ready)
                return cls(SIMULATED, simulated.url, region, account, lanes=lanes, simulated=simulated)
            except BaseException:
                await finish(asyncio.to_thread(simulated.close))
                raise
        if aws == DEFAULT:
            try:
                return cls(DEFAULT, None, region, account, lanes=lanes)
            except BotoCoreError as error:
                raise BackendUnavailable(f"The AWS configuration of this machine cannot be used: {error}") from error
        return cls("url", aws.rstrip("/"), region, account, lanes=lanes)

    async def close(self) -> None:
        """End the simulated AWS, if it is ours, and begin no further call."""
        try:
            self.lanes.close()
            self._clients.close()
            if self._passthrough is not None:
                self._passthrough.close()
        finally:
            if self._simulated is not None:
                await asyncio.to_thread(self._simulated.close)

    async def describe(self) -> str:
        """Where runbooks act, and with whose credentials, as a line for a person."""
        match self.kind:
            case "default":
                keys = await self._own_keys()
                if keys is None:
                    return "real AWS, but botocore finds no credentials: runbooks without a role will fail"
                _, arn = await self.identify(keys.access_key)
                return f"real AWS, with the credentials of {arn} (access key id {keys.access_key})"
            case "simulated":
                return f"a simulated AWS (moto) at {self.url}"
            case _:
                return f"the AWS at {self.url}, with placeholder credentials"

    async def call(
        self,
        scope: Scope,
        service: str,
        operation: str,
        parameters: dict[str, Json],
        *,
        seconds: float,
        token: str | None = None,
    ) -> dict[str, Json] | Refused:
        """Call one operation as the execution; the whole reply as JSON, or why there is none.

        `seconds` bounds the call once it has left its lane; a call that exceeds it is refused as OutcomeUnknown.
        `token` fills unwritten idempotency tokens.
        """
        ours = self._url_of_own_ssm(scope, service, operation, parameters)
        if ours is not None:
            keys: Callable[[], Keys | None] = partial(placeholder, scope.account)
        else:
            acting = await self._keys_source(scope)
            if isinstance(acting, Refused):
                return acting
            keys = acting
        endpoint = ours or self.url
        call = AwsCall(service, operation, parameters, scope.region, endpoint, keys, seconds, token)
        return await self._make(call, scope)

    async def object_in_s3(
        self, scope: Scope, bucket: str, key: str, region: str, *, most: int, seconds: float
    ) -> bytes | Refused:
        """What an object of S3 holds, at most `most` bytes of it, read as the execution."""
        keys = await self._keys_source(scope)
        if isinstance(keys, Refused):
            return keys
        where: dict[str, Json] = {"Bucket": bucket, "Key": key}
        call = AwsCall("s3", "GetObject", where, region, self.url, keys, seconds, stream_bytes=most)
        reply = await self._make(call, scope)
        if isinstance(reply, Refused):
            return reply
        content: bytes = reply["Body"]
        return content

    async def forward(self, headers: Iterable[tuple[str, str]], body: bytes) -> Answered | Unanswered | None:
        """Hand on a POST to SSM that is not ours as it came; None where nothing is handed on (real AWS)."""
        if self._passthrough is None:
            return None
        answer = await self._passthrough.forward("POST", "/", headers, body)
        self.called("ssm", answer.error if isinstance(answer, Answered) else answer.code)
        return answer

    async def assume(self, scope: Scope) -> Keys | Refused:
        """The credentials of the scope's role. The preflight of a start: what it gets here, the first call uses."""
        return await self._roles.keys(scope)

    async def identify(self, key_id: str | None) -> Identity:
        """(account, ARN) of who shows this access key id; None: a request without a signature."""
        if self.url is None:
            return await self._identities.shown_to_aws(key_id)
        return await self._identities.shown_to_a_simulation(key_id)

    async def script_environment(self, scope: Scope) -> dict[str, str] | Refused:
        """The variables with which a script reaches the same AWS as the execution, with the role's credentials or none.

        Without a role there are none on real AWS: never the server's own.
        """
        environment = {
            "AWS_REGION": scope.region,
            "AWS_DEFAULT_REGION": scope.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if self.url is not None:
            environment["AWS_ENDPOINT_URL"] = self.url
        own = self.own_ssm.url(scope) if self.own_ssm is not None else None
        if own is not None:
            environment["AWS_ENDPOINT_URL_SSM"] = own
        keys: Keys | Refused | None = None
        if scope.role is not None:
            keys = await self._roles.keys(scope)
        elif self.url is not None:
            keys = placeholder(scope.account)
        if isinstance(keys, Refused):
            return keys
        if keys is not None:
            environment["AWS_ACCESS_KEY_ID"] = keys.access_key
            environment["AWS_SECRET_ACCESS_KEY"] = keys.secret_key
            if keys.token:
                environment["AWS_SESSION_TOKEN"] = keys.token
        return environment

    # ----------------------------------------------------------------------------------------------- inside

    def _url_of_own_ssm(self, scope: Scope, service: str, operation: str, parameters: Mapping[str, Json]) -> str | None:
        if self.own_ssm is None or service.lower() != "ssm":
            return None
        name = "".join(part[:1].upper() + part[1:] for part in operation.replace("-", "_").split("_"))
        return self.own_ssm.url(scope) if self.own_ssm.serves(name, parameters) else None

    async def _keys_source(self, scope: Scope) -> Callable[[], Keys | None] | Refused:
        if scope.role is None:
            return self._backend_keys(scope)
        keys = await self._roles.keys(scope)
        return keys if isinstance(keys, Refused) else lambda: keys

    def _backend_keys(self, scope: Scope) -> Callable[[], Keys | None]:
        """Those of an execution without a role."""
        return self._clients.own_keys if self.url is None else partial(placeholder, scope.account)

    async def _assume_role(
        self, scope: Scope, parameters: dict[str, Json], acting: Keys | None
    ) -> dict[str, Json] | Refused:
        keys = self._backend_keys(scope) if acting is None else lambda: acting
        call = AwsCall("sts", "AssumeRole", parameters, scope.region, self.url, keys, IDENTITY_SECONDS)
        return await self._make(call, scope)

    async def _ask_identity(self, keys: Keys | None, region: str) -> dict[str, Json] | Refused:
        source = self._clients.own_keys if keys is None else lambda: keys
        call = AwsCall("sts", "GetCallerIdentity", {}, region, self.url, source, IDENTITY_SECONDS)
        return await self._make(call, None)

    async def _own_keys(self) -> Keys | None:
        """The server's own, or None: those that cannot be had count as none."""
        try:
            return await self.lanes.call("credentials", IDENTITY_SECONDS, self._clients.own_keys)
        except Exception as error:
            if refused_by(error) is None:
                raise
            return None

    async def _make(self, call: AwsCall, scope: Scope | None) -> dict[str, Json] | Refused:
        """Make the call, count it, and tell of each further try and of a reply that is missing. `scope` is for that."""
        service = call.service.lower()

        def told() -> dict[str, str]:
            return {"service": service, "operation": call.operation} | (scope.ids() if scope is not None else {})

        def tried_again(number: int, code: str) -> None:
            log.info("call tried again", **told(), code=code, number=number)

        lane = call.endpoint or f"{service}.{call.region}"
        work = partial(self._clients.call, replace(call, tried_again=tried_again))
        try:
            reply = await self.lanes.call(lane, call.seconds, work)
        except Exception as error:
            refused = refused_by(error)
            if refused is None:
                raise
            is_unanswered = refused.is_transient and not refused.status
            reply = refused.because_of(f"{service}:{call.operation}") if is_unanswered else refused
        known = self._clients.service_name(call.service) or "unknown"  # else each misspelling would be a series
        if not isinstance(reply, Refused):
            self.called(known, "")
            return reply
        code = reply.failure.code or reply.failure.type
        self.called(known, code)
        if reply.is_transient:
            (log.warning if code == OUTCOME_UNKNOWN else log.info)("call without a reply", **told(), code=code)
        return reply
