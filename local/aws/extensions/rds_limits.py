"""What no local database server can honour, and AWS's own rules for parameters."""

from __future__ import annotations

import re
from typing import Any

from local.aws.errors import Invalid, Refused
from local.aws.extensions.rds_parameters import MAJOR, is_installed, server_version, settings

_REFUSED_MEMBERS = {
    "character_set_name": "CharacterSetName",
    "db_security_groups": "DBSecurityGroups",
    "domain": "Domain",
    "manage_master_user_password": "a managed master user password",
    "replica_mode": "ReplicaMode",
}


def check_declared(declared: dict[str, Any]) -> None:
    """Refuse what no local server can honour.

    Raises:
        Refused: with the API's name of the member and what to write instead.
    """
    engine = declared.get("engine")
    if engine != "postgres":
        raise Refused(f"RDS engine {engine!r}", f"It runs PostgreSQL {MAJOR}; write engine: postgres.")
    version = declared.get("engine_version")
    if version and not re.fullmatch(rf"{MAJOR}(\.\d+)?", str(version)):
        raise Refused(f"PostgreSQL {version}", f"It runs PostgreSQL {server_version()}; write engineVersion: {MAJOR}.")
    for member, words in _REFUSED_MEMBERS.items():
        if declared.get(member):
            raise Refused(words)
    if declared.get("multi_az") and declared.get("availability_zone"):
        raise Invalid(
            "InvalidParameterCombination", "AvailabilityZone cannot be specified together with MultiAZ: it has two."
        )
    if declared.get("db_cluster_identifier"):
        raise Refused("instances of a database cluster")


def check_parameters(parameters: list[dict[str, Any]]) -> None:
    """AWS's own rules for a change of parameters."""
    for parameter in parameters:
        name, value = parameter["ParameterName"], str(parameter.get("ParameterValue", ""))
        setting = settings().get(name)
        if setting is None:
            raise Invalid("InvalidParameterValue", f"Could not find parameter with name: {name}")
        if not setting.modifiable:
            raise Invalid("InvalidParameterValue", f"The parameter {name} cannot be modified.")
        if setting.static and parameter.get("ApplyMethod") == "immediate":
            raise Invalid(
                "InvalidParameterCombination",
                f"cannot use immediate apply method for static parameter {name}; use pending-reboot.",
            )
        if name == "shared_preload_libraries":
            missing = [each for each in map(str.strip, value.split(",")) if not is_installed(each)]
            if missing:
                raise Refused(f"the library {', '.join(missing)} in shared_preload_libraries")
        if not setting.accepts(value):
            raise Invalid("InvalidParameterValue", f"Value {value!r} is not allowed for parameter {name}.")
