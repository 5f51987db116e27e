"""The package constructs what Python constructs, and promises what it keeps."""

from __future__ import annotations

import runpy
from typing import Any

import pulumi
import pytest
from pulumi import InputPropertiesError
from pulumi.runtime import set_all_config

from catalog import model, schema
from catalog.provider import Components
from components.lean import to_camel
from tests.unit.components.conftest import Recording, record
from tests.unit.components.test_examples import CONFIGURATION, EXAMPLES, MADE

pytestmark = pytest.mark.unit

ACCESS = {"vpcId": "vpc-1", "subnetIds": ["subnet-a", "subnet-b"], "clientCidrs": ["10.0.0.0/16"]}
REDIS = {"identifier": "jobs", "secretIdentifier": "example/jobs", "profile": "queue", "access": ACCESS}


def construct(kind: str, inputs: dict[str, Any]) -> tuple[Recording, dict[str, Any]]:
    """What the provider registers and answers; the state's values are resolved, secrets are `[secret]`."""
    state: dict[str, Any] = {}
    told: list[InputPropertiesError] = []

    async def build() -> None:
        result = Components().construct("made", f"groundwork:index:{kind}", inputs)
        try:
            await pulumi.Output.from_input(result.urn).future()
        except InputPropertiesError as error:
            told.append(error)
        for name, value in result.state.items():
            output = pulumi.Output.from_input(value)
            state[name] = "[secret]" if await output.is_secret() else await output.future()

    recording = record(build)
    if told:
        raise told[0]
    return recording, state


def test_what_is_constructed_is_what_python_constructs() -> None:
    recording, state = construct("RedisCluster", REDIS)
    group = recording.one("ReplicationGroup")
    assert group.name == "made-cluster"
    assert "groundwork:index:RedisCluster::made" in group.parent
    assert state["nodeIds"] == [["jobs-001", "jobs-002"]]
    assert state["url"] == "[secret]"
    assert set(state) == set(schema.schema()["resources"]["groundwork:index:RedisCluster"]["properties"])


def test_one_of_several_classes_of_arguments_is_chosen_by_its_name() -> None:
    created = {"created": {"identifier": "example", "region": "eu-west-1", "cidr": "10.60.0.0/16"}}
    recording, state = construct("Network", created)
    assert recording.of("ec2/vpc:Vpc")
    assert state["zones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    for wrong in ({}, {**created, "existing": {}}, {"made": {}}):
        with pytest.raises(InputPropertiesError, match="has to be one of created, existing"):
            construct("Network", wrong)


def test_refusals_name_the_inputs_as_the_program_does() -> None:
    with pytest.raises(InputPropertiesError) as told:
        construct("RedisCluster", {**REDIS, "snapshotWindow": "now", "ownKmsKey": True, "kmsKeyArn": "arn"})
    assert "snapshotWindow is 'now': " in told.value.message
    assert "ownKmsKey is True: " in told.value.message


def test_a_component_that_there_is_not_is_told() -> None:
    with pytest.raises(InputPropertiesError, match="is no component of this package"):
        construct("RedisClutser", {})


@pytest.mark.parametrize("name", sorted(MADE))
def test_outputs_are_secret_where_the_schema_says_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-SECRET: in every example, for every component in it."""
    known = {each.cls: each for each in model.find()}
    made: list[pulumi.ComponentResource] = []
    registered = pulumi.ComponentResource.register_outputs

    def register_outputs(self: pulumi.ComponentResource, outputs: Any) -> None:
        made.append(self)
        registered(self, outputs)

    monkeypatch.setattr(pulumi.ComponentResource, "register_outputs", register_outputs)
    found: dict[str, bool] = {}
    promised: dict[str, bool] = {}

    async def build() -> None:
        set_all_config(CONFIGURATION)
        runpy.run_path(str(EXAMPLES / name / "__main__.py"), run_name="__main__")
        for component in made:
            for output in schema.given(known[type(component)]) if type(component) in known else ():
                value = getattr(component, output.name)
                # Of nothing there is nothing to hide: a Redis with a token has no addresses by user.
                if value is not None and value != {}:
                    path = f"{type(component).__name__}.{output.name}"
                    found[path] = await pulumi.Output.from_input(value).is_secret()
                    promised[path] = output.secret

    record(build)
    assert found
    assert found == promised


def test_every_component_is_in_the_schema_with_all_its_inputs() -> None:
    resources = schema.schema()["resources"]
    for component in model.find():
        promised = resources[component.token]["inputProperties"]
        if len(component.arguments) == 1:
            names = {to_camel(each.name) for each in model.fields(component.arguments[0])}
            assert names == promised.keys() - {schema.WITHOUT}
        else:
            assert promised.keys() == schema.alternatives(component).keys()
        assert all(each["description"] for each in promised.values()), component.name


def test_required_inputs_are_those_that_python_requires() -> None:
    redis = schema.schema()["resources"]["groundwork:index:RedisCluster"]
    assert redis["requiredInputs"] == ["access", "identifier", "profile", "secretIdentifier"]
    assert redis["properties"]["url"]["secret"] is True
    access = schema.schema()["types"]["groundwork:index:StoreAccess"]["properties"]
    later = [name for name, each in access.items() if "may come from another resource" in each["description"].lower()]
    assert later == ["vpcId", "subnetIds"]
