"""Actions that appear in AWS's own runbooks and act on services that nobody else can reach.

A runbook that has them is accepted; the step fails and says why.
"""

from __future__ import annotations

from runwright.actions.phases import EXECUTING, failure_text
from runwright.actions.registry import Context, Doing, StepFailed, action
from runwright.language.declarations import Declaration


def _refuse(context: Context) -> Doing:
    name = context.step.action
    yield from ()
    reason = (
        f"{name} is an internal action of AWS and can be run by AWS alone; replace the step to run this runbook here"
    )
    raise StepFailed(failure_text(EXECUTING, reason), final=True)


for _name, _summary in (
    ("aws:putServerUpgradeMetrics", "Reports metrics of a server upgrade to AWS."),
    ("aws:shareSQLMedia", "Shares SQL Server installation media from AWS."),
    ("aws:installDistributorPackageOnAzure", "Installs a Distributor package on an Azure virtual machine."),
):
    action(Declaration(_name, _summary, is_open=True, only_aws=True), phase=EXECUTING)(_refuse)
