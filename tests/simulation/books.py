"""Runbooks whose flow has something to get wrong."""

STRAIGHT = """
schemaVersion: "0.3"
mainSteps:
  - {name: one, action: aws:executeAwsApi, inputs: {Service: ec2, Api: DescribeVpcs}, outputs: [{Name: V, Selector: $.V, Type: String}]}
  - {name: two, action: aws:sleep, inputs: {Duration: PT30S}}
  - {name: three, action: aws:executeScript, maxAttempts: 2, inputs: {Runtime: python3.11, Handler: f, Script: "def f(e, c): return 1", InputPayload: {v: "{{one.V}}"}}}
  - {name: four, action: aws:waitForAwsResourceProperty, inputs: {Service: ec2, Api: DescribeVpcs, PropertySelector: $.V, DesiredValues: [x]}}
outputs: [one.V]
"""

LOOP = """
schemaVersion: "0.3"
variables: {count: {type: Integer, default: 0}}
mainSteps:
  - name: each
    action: aws:loop
    onFailure: step:after
    isCritical: false
    timeoutSeconds: 200
    maxAttempts: 2
    inputs:
      Iterators: [a, b, c]
      Steps:
        - {name: call, action: aws:executeAwsApi, maxAttempts: 3, onCancel: step:after, inputs: {Service: ec2, Api: DescribeVpcs, VpcIds: ["{{each.CurrentIteratorValue}}"]}}
        - {name: wait, action: aws:sleep, timeoutSeconds: 40, onFailure: Continue, inputs: {Duration: PT45S}}
        - {name: note, action: aws:updateVariable, inputs: {Name: "variable:count", Value: "{{each.CurrentIteration}}"}}
  - {name: after, action: aws:executeAwsApi, isEnd: true, inputs: {Service: ec2, Api: DescribeVpcs}}
"""

PEOPLE = """
schemaVersion: "0.3"
mainSteps:
  - {name: ask, action: aws:approve, timeoutSeconds: 7200, onFailure: step:tidy, inputs: {Approvers: [a, b], MinRequiredApprovals: 2}}
  - {name: rest, action: aws:pause, timeoutSeconds: 3600, onCancel: step:tidy, inputs: {}}
  - {name: work, action: aws:executeAwsApi, onCancel: step:tidy, inputs: {Service: ec2, Api: DescribeVpcs}}
  - {name: tidy, action: aws:executeAwsApi, isEnd: true, inputs: {Service: ec2, Api: DescribeVpcs}}
"""

PARENT = """
schemaVersion: "0.3"
mainSteps:
  - {name: first, action: aws:executeAutomation, inputs: {DocumentName: straight}}
  - {name: second, action: aws:executeAutomation, timeoutSeconds: 100, onFailure: Continue, inputs: {DocumentName: people}}
  - {name: third, action: aws:executeAutomation, onFailure: step:last, inputs: {DocumentName: loop}}
  - {name: last, action: aws:sleep, inputs: {Duration: PT1S}}
"""

BOOKS = {"straight": STRAIGHT, "loop": LOOP, "people": PEOPLE, "parent": PARENT}
