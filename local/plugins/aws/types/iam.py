"""IAM roles, their inline policies, and OpenID Connect providers."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    AutoName,
    Change,
    Create,
    Property,
    ResourceType,
    Timeouts,
    Values,
)
from local.plugins.provider import CheckFailure, ProviderError

_GONE = ("NoSuchEntity", "NoSuchEntityException")
_NAMED = "the name identifies it"


def text_of(document: Any) -> str:
    """A policy document as JSON text, from whichever form botocore gives it."""
    import json

    return unquote(document) if isinstance(document, str) else json.dumps(document, separators=(",", ":"))


def _read_role(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "GetRole", RoleName=id)
    if answer is None:
        return None
    role: Values = dict(answer["Role"])
    attached = api.pages("ListAttachedRolePolicies", "AttachedPolicies", RoleName=id)
    return {
        **role,
        "AssumeRolePolicyDocument": text_of(role["AssumeRolePolicyDocument"]),
        "PermissionsBoundary": (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
        "ManagedPolicyArns": sorted(item["PolicyArn"] for item in attached),
    }


def _change_role(api: Api, id: str, change: Change) -> None:
    if "assumeRolePolicy" in change.names:
        api.call("UpdateAssumeRolePolicy", RoleName=id, PolicyDocument=change.new["assumeRolePolicy"])
    if change.touches("description", "maxSessionDuration"):
        api.call(
            "UpdateRole",
            RoleName=id,
            Description=change.new.get("description") or "",
            MaxSessionDuration=change.new.get("maxSessionDuration"),
        )
    if "permissionsBoundary" in change.names:
        boundary = change.new.get("permissionsBoundary")
        if boundary:
            api.call("PutRolePermissionsBoundary", RoleName=id, PermissionsBoundary=boundary)
        else:
            api.call("DeleteRolePermissionsBoundary", RoleName=id)


def _remove_role(api: Api, id: str, outputs: Values) -> None:
    """IAM keeps a role that has policies: those attached from outside go first only if the program said so."""
    if outputs.get("forceDetachPolicies"):
        for policy in (api.maybe(_GONE, "ListAttachedRolePolicies", RoleName=id) or {}).get("AttachedPolicies", []):
            api.maybe(_GONE, "DetachRolePolicy", RoleName=id, PolicyArn=policy["PolicyArn"])
        for name in (api.maybe(_GONE, "ListRolePolicies", RoleName=id) or {}).get("PolicyNames", []):
            api.maybe(_GONE, "DeleteRolePolicy", RoleName=id, PolicyName=name)
    api.maybe(_GONE, "DeleteRole", RoleName=id)


ROLE = ResourceType(
    token="aws:iam/role:Role",
    service="iam",
    global_service=True,
    properties={
        "name": Property(member="RoleName", replace=_NAMED),
        "path": Property(default="/", replace="IAM cannot move a role"),
        "assumeRolePolicy": Property(member="AssumeRolePolicyDocument", document=True),
        "description": Property(),
        "maxSessionDuration": Property(default=3600, minimum=3600, maximum=43200),
        "permissionsBoundary": Property(),
        "forceDetachPolicies": Property(local=True, default=False),
    },
    create=Create("CreateRole"),
    natural=lambda inputs: str(inputs["name"]),
    describe=_read_role,
    modify=_change_role,
    delete=_remove_role,
    outputs={
        "arn": "Arn",
        "createDate": "CreateDate",
        "uniqueId": "RoleId",
        "managedPolicyArns": "ManagedPolicyArns",
    },
    auto_name=AutoName("name", maximum=64),
    retag=tags.by_operations("TagRole", "UntagRole", "RoleName", of="id"),
    timeouts=Timeouts(120, 120, 120),
)


def _split(id: str) -> tuple[str, str]:
    role, separator, name = id.partition(":")
    if not separator:
        raise ProviderError(f"the import ID of a role policy is ROLE:POLICY, not {id!r}")
    return role, name


def _put_policy(api: Api, inputs: Values, mark: str) -> str:
    api.call("PutRolePolicy", RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])
    return f"{inputs['role']}:{inputs['name']}"


def _read_policy(api: Api, id: str) -> Values | None:
    role, name = _split(id)
    answer = api.maybe(_GONE, "GetRolePolicy", RoleName=role, PolicyName=name)
    if answer is None:
        return None
    return {"Role": role, "Name": name, "Policy": text_of(answer["PolicyDocument"])}


def _change_policy(api: Api, id: str, change: Change) -> None:
    _put_policy(api, change.new, "")


def _remove_policy(api: Api, id: str, outputs: Values) -> None:
    role, name = _split(id)
    api.maybe(_GONE, "DeleteRolePolicy", RoleName=role, PolicyName=name)


ROLE_POLICY = ResourceType(
    token="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    global_service=True,
    properties={
        "role": Property(replace="a policy belongs to one role"),
        "name": Property(replace=_NAMED, pattern=(r"[\w+=,.@-]{1,128}", "1 to 128 letters, digits and _+=,.@-")),
        "policy": Property(document=True),
    },
    create=_put_policy,
    overwrites=True,
    describe=_read_policy,
    modify=_change_policy,
    delete=_remove_policy,
    natural=lambda inputs: f"{inputs['role']}:{inputs['name']}",
    auto_name=AutoName("name", maximum=128),
    timeouts=Timeouts(120, 120, 120),
)


def _host(url: str) -> str:
    """IAM names a provider by its URL without the scheme."""
    parts = urlsplit(url if "//" in url else f"https://{url}")
    return f"{parts.netloc}{parts.path}".rstrip("/")


def _find_provider(api: Api, inputs: Values, mark: str) -> str | None:
    ending = f":oidc-provider/{_host(inputs['url'])}"
    for item in api.call("ListOpenIDConnectProviders")["OpenIDConnectProviderList"]:
        if str(item["Arn"]).endswith(ending):
            return str(item["Arn"])
    return None


def _make_provider(api: Api, inputs: Values, mark: str) -> str:
    request: dict[str, Any] = {
        "Url": inputs["url"],
        "ClientIDList": inputs["clientIdLists"],
        "ThumbprintList": inputs.get("thumbprintLists") or [],
    }
    if inputs.get("tagsAll"):
        request["Tags"] = tags.pairs(inputs["tagsAll"])
    return str(api.call("CreateOpenIDConnectProvider", **request)["OpenIDConnectProviderArn"])


def _read_provider(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "GetOpenIDConnectProvider", OpenIDConnectProviderArn=id)
    return None if answer is None else {**answer, "Arn": id}


def _change_provider(api: Api, id: str, change: Change) -> None:
    if "thumbprintLists" in change.names and change.new.get("thumbprintLists"):
        api.call(
            "UpdateOpenIDConnectProviderThumbprint",
            OpenIDConnectProviderArn=id,
            ThumbprintList=change.new["thumbprintLists"],
        )
    if "clientIdLists" in change.names:
        old, new = set(change.outputs.get("clientIdLists") or []), set(change.new["clientIdLists"])
        for client in sorted(new - old):
            api.call("AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=id, ClientID=client)
        for client in sorted(old - new):
            api.call("RemoveClientIDFromOpenIDConnectProvider", OpenIDConnectProviderArn=id, ClientID=client)


def _remove_provider(api: Api, id: str, outputs: Values) -> None:
    api.maybe(_GONE, "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=id)


def _secure(inputs: Values) -> list[CheckFailure]:
    url = inputs.get("url")
    if isinstance(url, str) and not url.startswith("https://"):
        return [CheckFailure("url", f"url is {url!r}; it has to begin with https://")]
    return []


def _same_url(inputs: Values) -> None:
    """A description gives the URL without the scheme, and so does the official provider's state."""
    if isinstance(inputs.get("url"), str):
        inputs["url"] = f"https://{_host(inputs['url'])}"


OPENID_CONNECT_PROVIDER = ResourceType(
    token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    service="iam",
    global_service=True,
    properties={
        "url": Property(replace="the URL identifies it"),
        "clientIdLists": Property(member="ClientIDList"),
        "thumbprintLists": Property(member="ThumbprintList", computed=True, ordered=True),
    },
    create=_make_provider,
    describe=_read_provider,
    present=lambda found: {**found, "Url": f"https://{_host(str(found.get('Url', '')))}"},
    modify=_change_provider,
    delete=_remove_provider,
    find=_find_provider,
    outputs={"arn": "Arn"},
    normalise=_same_url,
    rules=(_secure,),
    delete_before_replace=True,
    retag=tags.by_operations(
        "TagOpenIDConnectProvider", "UntagOpenIDConnectProvider", "OpenIDConnectProviderArn", of="id"
    ),
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (ROLE, ROLE_POLICY, OPENID_CONNECT_PROVIDER)
