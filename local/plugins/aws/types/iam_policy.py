"""IAM policies that stand by themselves."""

from __future__ import annotations

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Create, Property, ResourceType, Timeouts, Values
from local.plugins.aws.types.iam import text_of

_GONE = ("NoSuchEntity", "NoSuchEntityException")
_IMMUTABLE = "IAM cannot change it"
_MOST_VERSIONS = 5


def _read(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "GetPolicy", PolicyArn=id)
    if answer is None:
        return None
    policy: Values = dict(answer["Policy"])
    version = api.call("GetPolicyVersion", PolicyArn=id, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {**policy, "PolicyDocument": text_of(version["Document"])}


def _others(api: Api, id: str) -> list[str]:
    """Versions other than the default one, the oldest first."""
    versions = [
        each for each in api.pages("ListPolicyVersions", "Versions", PolicyArn=id) if not each["IsDefaultVersion"]
    ]
    return [str(each["VersionId"]) for each in sorted(versions, key=lambda each: int(str(each["VersionId"])[1:]))]


def _change(api: Api, id: str, change: Change) -> None:
    """A change is another version; IAM keeps five."""
    if "policy" not in change.names:
        return
    others = _others(api, id)
    if len(others) + 1 >= _MOST_VERSIONS:
        api.call("DeletePolicyVersion", PolicyArn=id, VersionId=others[0])
    api.call("CreatePolicyVersion", PolicyArn=id, PolicyDocument=change.new["policy"], SetAsDefault=True)


def _remove(api: Api, id: str, outputs: Values) -> None:
    if api.maybe(_GONE, "GetPolicy", PolicyArn=id) is None:
        return
    for version in _others(api, id):
        api.maybe(_GONE, "DeletePolicyVersion", PolicyArn=id, VersionId=version)
    api.maybe(_GONE, "DeletePolicy", PolicyArn=id)


def _find(api: Api, inputs: Values, mark: str) -> str | None:
    for item in api.pages("ListPolicies", "Policies", Scope="Local"):
        if item["PolicyName"] == inputs["name"]:
            return str(item["Arn"])
    return None


POLICY = ResourceType(
    token="aws:iam/policy:Policy",
    service="iam",
    global_service=True,
    properties={
        "name": Property(member="PolicyName", replace="the name identifies it"),
        "path": Property(default="/", replace="IAM cannot move a policy"),
        "description": Property(replace=_IMMUTABLE),
        "policy": Property(member="PolicyDocument", document=True),
    },
    create=Create("CreatePolicy"),
    describe=_read,
    modify=_change,
    delete=_remove,
    id="Arn",
    find=_find,
    outputs={"arn": "Arn", "policyId": "PolicyId"},
    auto_name=AutoName("name", maximum=128),
    retag=tags.by_operations("TagPolicy", "UntagPolicy", "PolicyArn", of="id"),
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (POLICY,)
