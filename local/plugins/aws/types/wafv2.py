"""WAFv2 IP sets and web ACLs.

Every call names ID, name and scope, so that the locator of both is `ID/NAME/SCOPE`, which is the official import ID.
A change names the lock token of what it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.plugins.aws import requests, tags
from local.plugins.aws.api import Api, ApiError
from local.plugins.aws.declaration import Change, Property, ResourceType, Timeouts, Values
from local.plugins.provider import ProviderError

_GONE = ("WAFNonexistentItemException",)
_PAUSE = 0.5
_TIMEOUTS = Timeouts(300, 300, 300)


def _parts(locator: str) -> dict[str, str]:
    id, _, rest = locator.partition("/")
    name, _, scope = rest.partition("/")
    if not scope:
        raise ProviderError(f"the import ID is ID/NAME/SCOPE, not {locator!r}")
    return {"Id": id, "Name": name, "Scope": scope}


def _waf(token: str, kind: str, plural: str, properties: Mapping[str, Property], **more: Any) -> ResourceType:
    """Declare one of the two.

    Args:
        token: Its type.
        kind: The API's name of it (`IPSet`).
        plural: As in the list operation (`IPSets`).
        properties: Besides name, scope and description.
        more: Further fields of the declaration.
    """

    def make(api: Api, inputs: Values, mark: str) -> str:
        body = requests.members(declared, api.input_shape(f"Create{kind}"), inputs)
        if inputs.get("tagsAll"):
            body["Tags"] = tags.pairs(inputs["tagsAll"])
        made = api.call(f"Create{kind}", **body)["Summary"]
        return f"{made['Id']}/{inputs['name']}/{inputs['scope']}"

    def read(api: Api, id: str) -> Values | None:
        answer = api.maybe(_GONE, f"Get{kind}", **_parts(id))
        if answer is None:
            return None
        return {**answer[kind], "LockToken": answer.get("LockToken"), "Scope": _parts(id)["Scope"]}

    def change(api: Api, id: str, changed: Change) -> None:
        token = api.call(f"Get{kind}", **_parts(id))["LockToken"]
        shape = api.input_shape(f"Update{kind}")
        own = {name: value for name, value in changed.new.items() if name not in _FIXED}
        api.call(f"Update{kind}", **_parts(id), LockToken=token, **requests.members(declared, shape, own))

    def remove(api: Api, id: str, outputs: Values) -> None:
        while True:
            answer = api.maybe(_GONE, f"Get{kind}", **_parts(id))
            if answer is None:
                return
            try:
                api.maybe(_GONE, f"Delete{kind}", **_parts(id), LockToken=answer["LockToken"])
                return
            except ApiError as error:
                # What refers to it is still going away.
                if error.code != "WAFAssociatedItemException" or api.expired:
                    raise
                api.pause(_PAUSE)

    def find(api: Api, inputs: Values, mark: str) -> str | None:
        for item in api.call(f"List{plural}", Scope=inputs["scope"]).get(plural) or []:
            if item["Name"] == inputs["name"]:
                return f"{item['Id']}/{item['Name']}/{inputs['scope']}"
        return None

    declared = ResourceType(
        token=token,
        service="wafv2",
        properties={
            "name": Property(replace="the name identifies it"),
            "scope": Property(replace="it is regional or for distributions"),
            "description": Property(),
            **properties,
        },
        shape=(f"Create{kind}", ""),
        create=make,
        describe=read,
        modify=change,
        delete=remove,
        find=find,
        outputs={"arn": "ARN", "lockToken": "LockToken"},
        volatile=("lockToken",),
        handle=_handle,
        public_id=lambda locator: _parts(locator)["Id"],
        retag=tags.by_operations("TagResource", "UntagResource", "ResourceARN"),
        read_tags=_read_tags,
        timeouts=_TIMEOUTS,
        **more,
    )
    return declared


_FIXED = ("name", "scope", "ipAddressVersion")
"""What an update identifies or cannot change."""


def _handle(id: str, known: Values) -> str:
    return id if "/" in id else f"{id}/{known.get('name', '')}/{known.get('scope', '')}"


def _read_tags(api: Api, id: str, outputs: Values) -> Any:
    return api.call("ListTagsForResource", ResourceARN=outputs["arn"])["TagInfoForResource"]["TagList"]


IP_SET = _waf(
    "aws:wafv2/ipSet:IpSet",
    "IPSet",
    "IPSets",
    {"addresses": Property(), "ipAddressVersion": Property(replace="its addresses have one form")},
)

WEB_ACL = _waf(
    "aws:wafv2/webAcl:WebAcl",
    "WebACL",
    "WebACLs",
    {"defaultAction": Property(), "rules": Property(), "visibilityConfig": Property()},
    nested_defaults={
        "rules[].statement.rateBasedStatement.aggregateKeyType": "IP",
        "rules[].statement.rateBasedStatement.evaluationWindowSec": 300,
    },
    unordered=("rules",),
)

TYPES = (IP_SET, WEB_ACL)
