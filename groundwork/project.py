"""Facts about the checkout and its stack files, read without starting the engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components import yaml_file
from groundwork.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
STACKS = ROOT / "stacks"
POLICY_PACKS = (ROOT / "policies" / "stateless", ROOT / "policies" / "resilience")


@dataclass(frozen=True)
class StackFile:
    """One stack's settings file.

    Attributes:
        config: The file's `config` map on top of the base that it names, secrets still encrypted: what the program
            goes by.
    """

    stack: str
    path: Path
    config: dict[str, Any]

    @property
    def region(self) -> str | None:
        """The stack's AWS region, or None when the environment decides."""
        region = self.config.get("aws:region")
        return str(region) if region is not None else None

    @property
    def endpoint(self) -> str | None:
        """The AWS endpoint that the stack names, or None for AWS itself."""
        entries = self.config.get("aws:endpoints")
        for entry in entries if isinstance(entries, list) else []:
            for url in entry.values() if isinstance(entry, dict) else []:
                return str(url)
        return None

    @property
    def is_local(self) -> bool:
        """Whether the stack lives on the local platform: it names AWS endpoints of its own."""
        return self.endpoint is not None


def read_stack(stack: str, folder: Path = STACKS) -> StackFile:
    """Read `Pulumi.<stack>.yaml`.

    Raises:
        UserError: there is no such file, it is not a YAML map with a `config` map, or its base will not do.
    """
    path = folder / f"Pulumi.{stack}.yaml"
    try:
        document = yaml_file.load(path.read_text())
    except FileNotFoundError:
        known = sorted(item.name.removeprefix("Pulumi.").removesuffix(".yaml") for item in folder.glob("Pulumi.*.yaml"))
        raise UserError(
            f"there is no stack {stack!r}: {path} does not exist. Known stacks: {', '.join(known)}."
        ) from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise UserError(f"{path}: `config` should be a map of settings, such as `config: {{aws:region: eu-west-1}}`.")
    return StackFile(stack, path, _on_base(config, path))


def _on_base(config: dict[str, Any], path: Path) -> dict[str, Any]:
    if "groundwork:base" not in config:
        return config
    # The settings' types come with the engine's SDK, which takes long to import: only where they are needed.
    from components.settings import Settings
    from components.settings.overlay import BaseProblems, merged, read_base, without_nulls
    from components.settings.problems import NAMESPACE

    own = {key.partition(":")[2]: value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")}
    others = {key: value for key, value in config.items() if not key.startswith(f"{NAMESPACE}:")}
    try:
        base = read_base(own.pop("base"), path.parent, f"{path.parent.name}/{path.name}")
    except BaseProblems as error:
        raise UserError(str(error)) from None
    values = without_nulls(merged(base.values, own), Settings)
    return others | {f"{NAMESPACE}:{key}": value for key, value in values.items()}
