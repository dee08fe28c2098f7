"""Every choice that the known facts of the real service leave open, a function each, with its source tag.

Tags: [B] botocore's model, [UG] AWS user guide, [OBS] seen in real output, `inferred` our reasoning. To change a
ruling, change its function; nothing else knows it.
"""

from __future__ import annotations

import json
import re

from runwright.language.model import Step
from runwright.messages import Failure, Json

_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

GUIDE = " Please refer to Automation Service Troubleshooting Guide for more diagnosis details."
NO_OUTPUT_YET = "No output available yet because the step is not successfully executed"
NO_TARGETS = "No targets were found: nothing had to be run."
CANCEL_SECONDS = 120.0
CLOSING_SECONDS = 120.0
CONCURRENCY = 10
"""[B] MaxConcurrency when it is not given."""
LOCATION_CONCURRENCY = 1
"""[B] TargetLocationMaxConcurrency when it is not given."""
LOCATION_ROLE = "AWS-SystemsManager-AutomationExecutionRole"
"""[B] ExecutionRoleName when it is not given."""
ENDS_OF_CHILDREN = ("Success", "Failed", "TimedOut", "Cancelled")
MOST_NESTED = 5
"""How deep executions may be started by steps of each other; AWS has such a limit (inferred: its number)."""
RESOLVED_TARGETS_SHOWN = 50
OUTPUT_BYTES = 100 * 1024
LAMBDA_BYTES = 200 * 1024
"""[UG] what a Lambda function may answer."""
EXECUTION_OUTPUT_BYTES = 1024 * 1024


def can_be_started(document_type: str) -> bool:
    """Inferred: a change template runs by a change request [UG] and not by StartAutomationExecution."""
    return document_type == "Automation"


def is_critical(step: Step) -> bool:
    """[UG] isCritical counts only when written; otherwise false for Continue and true for the rest."""
    if step.is_critical is not None:
        return step.is_critical
    return step.on_failure != "Continue"


def failure_text(phase: str, reason: str) -> str:
    """[OBS] `Step fails when it is PHASE. REASON. Please refer to ...`"""
    return sentence(f"Step fails when it is {phase}. {reason}") + GUIDE


def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def timeout_text(phase: str, seconds: float, missing: str | None = None) -> str:
    """[UG] `Step timed out while step is ...`; the seconds and what was missing are ours."""
    text = f"Step timed out while step is {phase}. It had {round(seconds, 3):.15g} seconds."
    return (f"{text} {sentence(missing)}" if missing else text) + GUIDE


def internal_text(log_id: str) -> str:
    """[OBS] `Internal Server Error. Please refer to ...`; the log id is ours."""
    return f"Internal Server Error.{GUIDE} (log id {log_id})"


def upgrade_text() -> str:
    """Ours: the effect in flight is not the one that this version of the program would have asked for."""
    return sentence("The step was in flight while the program was upgraded and cannot be taken up where it was") + GUIDE


def failure_stage(failure: Failure) -> str:
    """Inferred: a failed verdict is a verification, everything else happened while invoking."""
    return "PostVerification" if failure.type == "Verification" else "Invocation"


def failing_status(status: str) -> bool:
    return status in ("Failed", "TimedOut")


def status_of_aborted(step_status: str) -> str:
    """[UG] a timed-out step ends the execution TimedOut, a failed one Failed, whatever isCritical says ([B] Abort)."""
    return step_status


def is_tried_again(status: str, *, final: bool) -> bool:
    """Inferred: everything that fails or times out is tried again, except what no try can mend (`final`)."""
    return failing_status(status) and not final


def output_texts(value: Json) -> list[str] | None:
    """A step output as AWS lists it; None when it is left out.

    [OBS] lists of strings by item, maps as one compact JSON text escaped as Gson does; inferred: one entry a map in a
    MapList, and null is absent.
    """
    if value is None:
        return None
    if isinstance(value, list):
        return [text for item in value for text in (_text(item),) if text is not None]
    text = _text(value)
    return None if text is None else [text]


def _text(value: Json) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return gson(value)


def gson(value: Json) -> str:
    """Compact JSON with the characters that Gson escapes for HTML. [OBS]"""
    text = _compact(value)
    for character in "<>&='":
        if character in text:
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def input_texts(inputs: dict[str, Json]) -> dict[str, str]:
    """[OBS] step inputs: each value JSON-encoded and compact, keys in alphabetical order."""
    return {name: _compact(inputs[name]) for name in sorted(inputs) if inputs[name] is not None}


def most_bytes_of_output(action: str) -> int:
    """How much one output of a step may hold."""
    return LAMBDA_BYTES if action == "aws:invokeLambdaFunction" else OUTPUT_BYTES


def parameter_echo(sent: Json) -> dict[str, list[str]]:
    """[B] `Parameters` holds what was sent; defaults are not filled in."""
    return sent or {}


def concurrency_of(written: str | None, count: int, default: int) -> int:
    """How many of `count` may run at a time. Inferred rounding: max(1, floor(n * p / 100))."""
    if written is None:
        return default
    if written.endswith("%"):
        return max(1, count * int(written[:-1]) // 100)
    return int(written)


def errors_of(written: str | None, count: int) -> int:
    """How many errors are allowed. [B] 10 % of 50 are five, the sixth stops; default 0 (inferred)."""
    if written is None:
        return 0
    if written.endswith("%"):
        return count * int(written[:-1]) // 100
    return int(written)


def status_of_child(status: str) -> str:
    """What a child's end counts as for its parent: one of ENDS_OF_CHILDREN."""
    return status if status in ENDS_OF_CHILDREN else "Failed"


def is_error_of_child(status: str) -> bool:
    """Ours: Failed and TimedOut are errors, Cancelled is not."""
    return status in ("Failed", "TimedOut")


def status_of_rate_control(counts: dict[str, int]) -> str:
    """[OBS] one failed child makes the parent Failed, even with MaxErrors 100 %; the rest is inferred."""
    for status in ("Failed", "TimedOut", "Cancelled"):
        if counts[status]:
            return status
    return "Success"


def status_of_locations(gives_up: bool) -> str:
    """[OBS] a parent of locations succeeds while no more of them fail than TargetLocationMaxErrors allows."""
    return "Failed" if gives_up else "Success"


def location_name(account: str, region: str) -> str:
    """How the step of a location is called (inferred)."""
    return f"{account}_{region}"


def target_id(arn: str) -> str:
    """What a child is given of a resource: its id for things of EC2 [UG], its ARN for others (inferred)."""
    parts = arn.split(":", 5)
    return parts[5].rpartition("/")[2] if len(parts) == 6 and parts[2] == "ec2" else arn


_TAGGED_TYPES = {
    "AWS::AutoScaling::AutoScalingGroup": "autoscaling:autoScalingGroup",
    "AWS::EC2::EIP": "ec2:elastic-ip",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "elasticloadbalancing:loadbalancer",
    "AWS::RDS::DBCluster": "rds:cluster",
    "AWS::RDS::DBClusterSnapshot": "rds:cluster-snapshot",
    "AWS::RDS::DBInstance": "rds:db",
    "AWS::RDS::DBSnapshot": "rds:snapshot",
    "AWS::S3::Bucket": "s3",
    "AWS::SNS::Topic": "sns",
    "AWS::SQS::Queue": "sqs",
}


def tagged_type(resource_type: str) -> str:
    """`ec2:security-group` for `AWS::EC2::SecurityGroup`: the type as the tagging API names it (inferred but a few)."""
    if resource_type in _TAGGED_TYPES:
        return _TAGGED_TYPES[resource_type]
    _, _, rest = resource_type.partition("::")
    service, _, name = rest.partition("::")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    return f"{service.lower()}:{words}" if words else service.lower()
