"""What can go wrong in a call to AWS, as data: the text a runbook's author sees, and whether to try again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from botocore.parsers import ResponseParserError

from runwright.messages import Failure
from runwright.runtime.lanes import LaneBlocked, OutOfTime
from runwright.runtime.replies import StreamRefused

OUTCOME_UNKNOWN = "OutcomeUnknown"

THROTTLING_CODES = frozenset(
    {  # botocore.retries.standard.ThrottledRetryableChecker
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestThrottled",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
    }
)

_PERMISSION_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "NotAuthorized",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that gave no reply. `is_transient`: throttling, a 5xx or the connection; asking again may help.

    `status` and `request_id` are those of the answer of a service, 0 and empty when there was none.
    """

    failure: Failure
    is_transient: bool = False
    status: int = 0
    request_id: str = ""

    def because_of(self, what: str) -> Refused:
        """The same, its text led in by what was being done."""
        failure = Failure(f"{what}: {self.failure.message}", self.failure.code, self.failure.type)
        return replace(self, failure=failure)


class BackendLacks(Exception):
    """The backend has no such operation; the text says how it answered."""


def refused_by(error: Exception) -> Refused | None:
    """The failure that `error` stands for; None when it is a fault of ours."""
    match error:
        case ClientError():
            return _refused_by_service(error)
        case OutOfTime():
            return Refused(
                Failure(f"{error} Whether the call took effect is not known.", OUTCOME_UNKNOWN), is_transient=True
            )
        case LaneBlocked():
            return Refused(Failure(str(error), "ServiceUnavailable"), is_transient=True)
        case BackendLacks():
            return Refused(Failure(str(error), "UnknownOperationException"))
        case StreamRefused():
            return Refused(
                Failure("The operation answers with a stream, which a runbook cannot take.", "StreamRefused")
            )
        case NoCredentialsError() | PartialCredentialsError() | CredentialRetrievalError():
            hint = "The server's own AWS credentials are used where a runbook has no assumeRole."
            return Refused(Failure(f"{error}. {hint}", type(error).__name__, "Permission"))
        case ParamValidationError():
            return Refused(Failure(str(error), "ParamValidationError"))
        case HTTPClientError() | BotocoreConnectionError():
            return Refused(Failure(str(error), type(error).__name__), is_transient=True)
        case BotoCoreError():
            return Refused(Failure(str(error), type(error).__name__))
        case ResponseParserError():
            return Refused(Failure(f"The backend's answer cannot be read: {error}", type(error).__name__))
        case _:
            return None


def _refused_by_service(error: ClientError) -> Refused:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    metadata = error.response.get("ResponseMetadata", {})
    status, request_id = metadata.get("HTTPStatusCode", 0), str(metadata.get("RequestId", ""))
    if code in THROTTLING_CODES or status == 429:
        return Refused(Failure(str(error), code, "Throttling"), is_transient=True, status=status, request_id=request_id)
    if code in _PERMISSION_CODES or (status == 403 and code == "403"):
        return Refused(Failure(str(error), code, "Permission"), status=status, request_id=request_id)
    return Refused(Failure(str(error), code), status >= 500 and status != 501, status, request_id)
