"""Where groundwork keeps things outside the checkout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The two folders that the local platform uses.

    Attributes:
        cache: What is costly to make and outlives every platform: built tools, images.
            `GROUNDWORK_CACHE`, else `$XDG_CACHE_HOME/groundwork`, else `~/.cache/groundwork`.
        state: What belongs to the platform that runs now; `groundwork local down` removes it.
            `GROUNDWORK_STATE`, else `$XDG_STATE_HOME/groundwork`, else `~/.local/state/groundwork`.
    """

    cache: Path
    state: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Paths:
        """Read both folders from the environment (default: this process's)."""
        env = os.environ if environment is None else environment
        return cls(
            cache=_folder(env, "GROUNDWORK_CACHE", "XDG_CACHE_HOME", ".cache"),
            state=_folder(env, "GROUNDWORK_STATE", "XDG_STATE_HOME", ".local/state"),
        )

    @property
    def network(self) -> Path:
        """Records of the network namespaces."""
        return self.state / "network"

    @property
    def aws(self) -> Path:
        """The AWS endpoint, its servers' data and its certificate authority."""
        return self.state / "aws"

    @property
    def cluster(self) -> Path:
        """The Kubernetes control plane and nodes."""
        return self.state / "cluster"

    @property
    def failures(self) -> Path:
        """What failures on purpose need while they last."""
        return self.state / "failures"

    @property
    def pulumi(self) -> Path:
        """Pulumi's file backend for stacks that live on the local platform."""
        return self.state / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """The engine's own folder (`PULUMI_HOME`) for those stacks."""
        return self.state / "pulumi-home"

    @property
    def kubeconfig(self) -> Path:
        """The local cluster's administrator kubeconfig."""
        return self.cluster / "kubeconfig"


def _folder(env: Mapping[str, str], own: str, xdg: str, fallback: str) -> Path:
    if env.get(own):
        return Path(env[own]).expanduser().resolve()
    base = Path(env[xdg]).expanduser() if env.get(xdg) else Path(env.get("HOME", "~")).expanduser() / fallback
    return base.resolve() / "groundwork"
