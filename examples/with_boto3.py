"""Restart an instance through a Runwright server, as one would through AWS.

moto_server -p 5000
runwright serve --aws http://127.0.0.1:5000 --data :memory: --skip-time
python examples/with_boto3.py
"""

import time
from pathlib import Path

import boto3

keys = {"region_name": "us-east-1", "aws_access_key_id": "123456789012", "aws_secret_access_key": "any"}
ec2 = boto3.client("ec2", endpoint_url="http://127.0.0.1:5000", **keys)
ssm = boto3.client("ssm", endpoint_url="http://127.0.0.1:4583", **keys)

image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]

ssm.create_document(
    Name="RestartInstances",
    DocumentType="Automation",
    DocumentFormat="YAML",
    Content=Path("examples/restart-instances.yaml").read_text(),
)
started = ssm.start_automation_execution(DocumentName="RestartInstances", Parameters={"InstanceIds": [instance]})
while True:
    answer = ssm.get_automation_execution(AutomationExecutionId=started["AutomationExecutionId"])
    execution = answer["AutomationExecution"]
    if "ExecutionEndTime" in execution:
        break
    time.sleep(0.2)

print(execution["AutomationExecutionStatus"], execution["Outputs"])
for step in execution["StepExecutions"]:
    print(step["StepName"], step["StepStatus"])
