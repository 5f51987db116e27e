"""The aws provider stand-in: the engine's requests, answered with `Resource`s."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from local.paths import Paths
from local.plugins.aws import comparison, naming, schema, tags, validation
from local.plugins.aws.api import Api, Clients, Stop, descend, input_shape
from local.plugins.aws.configuration import failures as configuration_failures
from local.plugins.aws.configuration import settings as configuration_settings
from local.plugins.aws.declaration import Create, ResourceType, Values
from local.plugins.aws.invokes import INVOKES
from local.plugins.aws.journal import FileJournal, confirm
from local.plugins.aws.lifecycle import Resource, foreseen
from local.plugins.aws.models import service_model
from local.plugins.aws.types import TYPES
from local.plugins.provider import (
    UNKNOWN,
    ChangeKind,
    CheckFailure,
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    Log,
    Provider,
    ProviderError,
    ReadRequest,
    ReadResult,
    Secret,
    Severity,
    UpdateRequest,
    contains_unknown,
)


class _Never:
    """The cancellation of requests that cannot be cancelled."""

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(timeout or 0)
        return False


def _silent(message: str, severity: Severity = "info", ephemeral: bool = False) -> None:
    """The log of requests that have none."""


class AwsProvider(Provider):
    """Stands in for the official aws plugin on endpoints of this machine."""

    name = "aws"
    version = schema.SDK_VERSION

    def __init__(self, environment: Mapping[str, str] | None = None, paths: Paths | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._paths = paths or Paths.from_environment(self._environment)
        self._journal = FileJournal(self._paths.state / "aws-intents")
        self._clients: Clients | None = None

    def check_config(self, config: dict[str, Any]) -> list[CheckFailure]:
        return configuration_failures(config, self._environment)

    def configure(self, config: dict[str, Any]) -> None:
        found = configuration_failures(config, self._environment)
        if found:
            raise ProviderError("\n".join(failure.reason for failure in found))
        self._clients = Clients(configuration_settings(config, self._environment))
        if self._clients.settings.validate_credentials:
            self._api("sts", None).call("GetCallerIdentity")

    def check(self, request: CheckRequest) -> CheckResult:
        declared = _declared(request.type)
        known = self._schema(request.type)
        inputs = {
            name: validation.converted(value, known.inputs[name].kind) if name in known.inputs else value
            for name, value in request.inputs.items()
            if value is not None and name != "tagsAll"
        }
        _fill(declared, inputs)
        self._name(declared, request, inputs)
        if declared.taggable:
            own = inputs.get("tags")
            defaults = dict(self._clients.settings.default_tags) if self._clients else {}
            inputs["tagsAll"] = UNKNOWN if contains_unknown(own) else tags.merged(defaults, own)
        found = validation.failures(declared, known, inputs, _judged_by(declared))
        if declared.normalise and not found:
            declared.normalise(inputs)
        return CheckResult(inputs, found)

    def _name(self, declared: ResourceType, request: CheckRequest, inputs: Values) -> None:
        rule = declared.auto_name
        if rule is None or not naming.missing(rule, inputs):
            return
        old = request.old_inputs.get(rule.property)
        if old:
            inputs[rule.property] = old
            return
        intent = self._journal.find(request.urn)
        # A create that was cut short has to be repeated under the same name, to be found again.
        interrupted = intent.name if intent and intent.property == rule.property else ""
        inputs[rule.property] = interrupted or naming.generated(rule, request.name, request.random_seed)

    def diff(self, request: DiffRequest) -> DiffResult:
        declared = _declared(request.type)
        confirm(self._journal, request.urn, _handle(declared, request.id, request.old_inputs))
        found = comparison.compare(declared, request.old_inputs, request.inputs, request.old_outputs)
        old_region = request.old_outputs.get("region")
        if old_region and not declared.global_service:
            own = self._clients.settings.region if self._clients else old_region
            wanted = request.inputs.get("region") or own
            if wanted is UNKNOWN or wanted != old_region:
                found["region"] = ChangeKind.UPDATE_REPLACE
        ignored = {path.partition(".")[0].partition("[")[0] for path in request.ignore_changes}
        found = {path: kind for path, kind in found.items() if path.partition(".")[0] not in ignored}
        fixed_name = declared.natural is not None and not _renamed(declared, request)
        return DiffResult(found, delete_before_replace=declared.delete_before_replace or fixed_name)

    def create(self, request: CreateRequest) -> CreateResult:
        declared = _declared(request.type)
        if request.preview:
            return CreateResult("", foreseen(declared, request.inputs))
        resource = self._resource(
            request.type, request.inputs.get("region"), request.log, request.cancelled,
            request.timeout or declared.timeouts.create,
        )  # fmt: skip
        id, outputs = resource.create(request.urn, request.inputs)
        return CreateResult(id, outputs)

    def read(self, request: ReadRequest) -> ReadResult | None:
        declared = _declared(request.type)
        id, _, suffix = request.id.partition("@") if not request.outputs else (request.id, "", "")
        region = suffix or request.outputs.get("region") or request.inputs.get("region")
        resource = self._resource(request.type, region, _silent, _Never(), 60)
        if declared.import_id and not request.outputs:
            id = declared.import_id(resource.api, id)
        else:
            id = _handle(declared, id, {**request.inputs, **request.outputs})
        confirm(self._journal, request.urn, id)
        state = resource.read(id)
        if state is None:
            return None
        if request.inputs:
            shown = {**state, "tags": resource.own_tags(request.inputs, state)} if declared.taggable else state
            inputs = comparison.project(declared, request.inputs, shown)
            if declared.taggable:
                # Tags of the program's that are gone leave an empty map, as in the official provider's state.
                for name in ("tags", "tagsAll"):
                    if name in request.inputs or shown.get(name):
                        inputs[name] = shown.get(name) or {}
        else:
            inputs = _imported(declared, resource, state)
        known = {**request.outputs, **inputs}
        return ReadResult(resource.public(id), _hidden(declared, inputs), resource.outputs(known, state))

    def update(self, request: UpdateRequest) -> dict[str, Any]:
        declared = _declared(request.type)
        id = _handle(declared, request.id, {**request.old_inputs, **request.old_outputs})
        confirm(self._journal, request.urn, id)
        if request.preview:
            return foreseen(declared, request.inputs, request.old_outputs)
        resource = self._resource(
            request.type, request.old_outputs.get("region"), request.log, request.cancelled,
            request.timeout or declared.timeouts.update,
        )  # fmt: skip
        return resource.update(id, request.old_inputs, request.inputs, request.old_outputs)

    def delete(self, request: DeleteRequest) -> None:
        declared = _declared(request.type)
        resource = self._resource(
            request.type, request.outputs.get("region"), request.log, request.cancelled,
            request.timeout or declared.timeouts.delete,
        )  # fmt: skip
        known = {**request.inputs, **request.outputs}
        id = _handle(declared, request.id, known)
        resource.delete(id, known)
        confirm(self._journal, request.urn, id)

    def discard(self, request: DeleteRequest) -> None:
        """Nothing: the journal has it, and the next update takes it over."""

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        function = INVOKES.get(token)
        if function is None:
            raise ProviderError(
                f"the aws stand-in does not support the function {token}; it knows {', '.join(sorted(INVOKES))}"
            )
        return function(lambda service: self._api(service, args.get("region")), args)

    def _schema(self, token: str) -> schema.ResourceSchema:
        return _load_schema(token, str(self._paths.cache / "plugins" / "aws"))

    def _region(self, region: str | None) -> str:
        return region or self._configured().settings.region

    def _configured(self) -> Clients:
        if self._clients is None:
            raise ProviderError("the aws stand-in has not been configured")
        return self._clients

    def _api(self, service: str, region: str | None) -> Api:
        return Api(self._configured(), service, self._region(region), _silent, _Never(), time.monotonic() + 60)

    def _resource(self, token: str, region: str | None, log: Log, cancelled: Stop, timeout: float) -> Resource:
        clients = self._configured()
        declared = _declared(token)
        return Resource(
            declared=declared,
            schema=self._schema(token),
            api=Api(clients, declared.service, self._region(region), log, cancelled, time.monotonic() + timeout),
            journal=self._journal,
            default_tags=dict(clients.settings.default_tags),
            endpoint=clients.settings.endpoints.get(declared.service, ""),
        )


@cache
def _load_schema(token: str, cache: str) -> schema.ResourceSchema:
    from pathlib import Path

    return schema.load(token, Path(cache))


def _declared(token: str) -> ResourceType:
    declared = TYPES.get(token)
    if declared is None:
        raise ProviderError(
            f"the aws stand-in does not support the resource type {token}: leave it out of the local platform, or "
            f"install the official plugin. Supported: {', '.join(sorted(TYPES))}"
        )
    return declared


def _handle(declared: ResourceType, id: str, known: Values) -> str:
    return declared.handle(id, known) if declared.handle else id


def _fill(declared: ResourceType, inputs: Values) -> None:
    """Put in the official provider's defaults."""
    from local.plugins.aws.declaration import ABSENT

    for name, prop in declared.properties.items():
        if prop.default is not ABSENT and name not in inputs:
            inputs[name] = prop.default
        if prop.lower and isinstance(inputs.get(name), str):
            inputs[name] = inputs[name].lower()
    for path, default in declared.nested_defaults.items():
        _fill_nested(inputs, path.split("."), default)


def _fill_nested(value: Any, path: list[str], default: Any) -> None:
    """Set a default deep down, in every item of the lists on the way; never makes a parent."""
    head, rest = path[0], path[1:]
    if not isinstance(value, dict):
        return
    name = head.removesuffix("[]")
    if not rest:
        value.setdefault(name, default)
    elif head.endswith("[]"):
        for item in value.get(name) or [] if isinstance(value.get(name), list) else []:
            _fill_nested(item, rest, default)
    elif name in value:
        _fill_nested(value[name], rest, default)


def _judged_by(declared: ResourceType) -> Any:
    if isinstance(declared.create, Create):
        operation, path = declared.create.operation, declared.create.wrap
    elif declared.shape:
        operation, path = declared.shape
    else:
        return None
    return descend(input_shape(service_model(declared.service), operation), path)


def _renamed(declared: ResourceType, request: DiffRequest) -> bool:
    """Whether a replacement has another ID than what it replaces, so that both can exist for a while."""
    assert declared.natural is not None
    rule = declared.auto_name
    if contains_unknown(request.inputs):
        return False
    if declared.natural(request.inputs) != request.id:
        return True
    # The engine asks for a new generated name before it creates; a name of the program's own stays.
    return bool(rule and _generated(str(request.inputs.get(rule.property, "")), request.urn.rpartition("::")[2]))


def _generated(name: str, resource_name: str) -> bool:
    stem, _, digits = name.rpartition("-")
    return bool(
        stem
        and len(digits) == naming.DIGITS
        and set(digits) <= set("0123456789abcdef")
        and resource_name.lower().startswith(stem.rpartition("/")[2].lower())
    )


def _hidden(declared: ResourceType, inputs: Values) -> Values:
    """Inputs as the engine may keep them: what is secret, encrypted."""
    secret = {name for name, prop in declared.properties.items() if prop.secret}
    return {name: Secret(value) if name in secret else value for name, value in inputs.items()}


def _imported(declared: ResourceType, resource: Resource, state: Values) -> Values:
    """The inputs of a program that would describe an existing resource."""
    from local.plugins.aws.declaration import ABSENT

    found: Values = {}
    for name, prop in declared.properties.items():
        if prop.local and prop.default is not ABSENT:
            found[name] = prop.default
        elif name in state and state[name] not in (None, "", [], {}):
            found[name] = state[name]
        elif prop.default is not ABSENT and name not in found and not prop.unread:
            found[name] = prop.default
    if declared.taggable:
        found["tags"] = resource.own_tags({}, state)
        found["tagsAll"] = state.get("tagsAll") or {}
    return found
