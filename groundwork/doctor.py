"""`groundwork doctor`: what the platform needs and this machine has, what is real, and the cure for the rest."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.aws.authority import Authority
from local.aws.layout import Layout
from local.aws.trust import how_to_trust, is_trusted, system_bundle
from local.paths import Paths
from local.toolchain import Absent, Located, ToolReport, inventory
from local.toolchain.machine import Condition, conditions, measure
from local.toolchain.packages import Package, is_debian, missing_here
from local.toolchain.plugins import FoundPlugin, Plugin, sdk_version, selected_plugins

State = Literal["found", "built", "missing", "short"]
Nature = Literal["real", "stand-in"]

_LOG_WIDTH = 160
_FOUND_STATES: dict[str, State] = {"path": "found", "wheel": "found", "built": "built"}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        area: `tool`, `plugin`, `service`, `trust`, `package` or `machine`.
        state: `found` on this machine, `built` by us, `missing`, or `short`: less than it ought to be, but it will run.
        nature: Whether this is the real thing or stands in for it; None where that is no question.
        needed: Whether the platform cannot run without it.
        problem: What is the matter; empty when nothing is.
        cure: What to do; empty when nothing needs to be done.
    """

    area: str
    name: str
    purpose: str
    state: State
    version: str | None = None
    path: str | None = None
    nature: Nature | None = None
    needed: bool = True
    problem: str = ""
    cure: str = ""

    @property
    def healthy(self) -> bool:
        """False when something that is needed is missing."""
        return self.state != "missing" or not self.needed


def report(paths: Paths) -> list[Finding]:
    """Look at everything; changes nothing."""
    tools = inventory(paths)
    results = {item.tool.name: item.result for item in tools}
    engine = results["pulumi"]
    missing_packages = missing_here() if is_debian() else []
    built = all(isinstance(result, Located) for result in results.values())
    authority = Authority(Layout.of(paths).authority).root
    plugins = selected_plugins(engine.path if isinstance(engine, Located) else None)
    return [
        *map(tool_finding, tools),
        *(plugin_finding(plugin, found) for plugin, found in plugins.items()),
        *service_findings(results, _installed_version("moto")),
        *authority_findings(authority, is_trusted(authority, system_bundle())),
        *map(package_finding, missing_packages),
        *map(machine_finding, conditions(measure(paths.cache), built)),
    ]


def tool_finding(item: ToolReport) -> Finding:
    """What is to be said of a tool."""
    tool, result = item.tool, item.result
    if isinstance(result, Absent):
        return Finding("tool", tool.name, tool.purpose, "missing", problem=result.problem, cure=result.cure)
    version = None if result.version is None else str(result.version)
    return Finding("tool", tool.name, tool.purpose, _FOUND_STATES[result.origin], version, str(result.path), "real")


def plugin_finding(plugin: Plugin, found: FoundPlugin | None) -> Finding:
    """What is to be said of a Pulumi plugin."""
    if found is None:
        cure = f"pulumi plugin install {plugin.kind} {plugin.name} {sdk_version(plugin) or ''}".rstrip()
        return Finding("plugin", plugin.executable, plugin.purpose, "missing", cure=cure)
    return Finding(
        "plugin",
        plugin.executable,
        plugin.purpose if found.official else f"{plugin.purpose}; only on this machine: it refuses any other endpoint",
        "found",
        None if found.version is None else str(found.version),
        str(found.path),
        "real" if found.official else "stand-in",
    )


def service_findings(tools: Mapping[str, Located | Absent], moto: str | None) -> list[Finding]:
    """What answers in the place of AWS's services on the local platform.

    Args:
        tools: Every tool's name and where it is.
        moto: The installed version of moto, None when it is not installed.
    """
    control_plane = Finding(
        "service",
        "AWS API",
        "moto answers on this machine; no AWS account is used",
        "missing" if moto is None else "found",
        moto,
        nature=None if moto is None else "stand-in",
        cure="make venv" if moto is None else "",
    )
    servers = [
        ("ElastiCache", "redis-server", "a real Redis server answers"),
        ("RDS", "postgres", "a real PostgreSQL server answers"),
        ("CloudFront", "nginx", "a real nginx cache answers, in one place and not at an edge"),
        ("Kubernetes", "kube-apiserver", "a real control plane and three real nodes"),
    ]
    return [control_plane, *(_service(name, tool, purpose, tools[tool]) for name, tool, purpose in servers)]


def authority_findings(root: Path, trusted: bool) -> list[Finding]:
    """What is to be said of the local platform's certificate authority; nothing before it was made.

    Args:
        root: Its certificate.
        trusted: Whether every program on this machine trusts it.
    """
    if not root.exists():
        return []
    return [
        Finding(
            "trust",
            "local authority",
            "signs the certificates of Redis, PostgreSQL and the CDN",
            "found" if trusted else "short",
            path=str(root),
            nature="stand-in",
            needed=False,
            cure="" if trusted else how_to_trust(root),
        )
    ]


def package_finding(package: Package) -> Finding:
    """What is to be said of a Debian package that is missing."""
    cure = f"make packages as root, or apt-get install {package.name}"
    return Finding("package", package.name, package.reason, "missing", cure=cure)


def machine_finding(condition: Condition) -> Finding:
    """What is to be said of the machine itself."""
    unmet: State = "missing" if condition.required else "short"
    return Finding(
        "machine",
        condition.name,
        "",
        "found" if condition.met else unmet,
        condition.value,
        needed=condition.required,
        cure=condition.cure,
    )


def json_text(findings: Iterable[Finding]) -> str:
    """The report for programs."""
    return json.dumps([asdict(finding) for finding in findings], indent=2)


def table(findings: Sequence[Finding]) -> Table:
    """The report for people."""
    rows = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "name", "state", "version", "real?", "where", "what for"):
        rows.add_column(heading, overflow="fold")
    area = ""
    for finding in findings:
        shown = finding.area if finding.area != area else ""
        area = finding.area
        rows.add_row(
            shown,
            finding.name,
            Text(finding.state, style=_style(finding)),
            finding.version or "",
            Text(finding.nature or "", style="yellow" if finding.nature == "stand-in" else ""),
            finding.path or finding.problem,
            finding.purpose,
        )
    return rows


def doctor(as_json: bool = False, paths: Paths | None = None) -> int:
    """Print the report; the table's cures follow it.

    Returns:
        The exit code: 1 when something that is needed is missing.
    """
    findings = report(paths or Paths.from_environment())
    healthy = all(finding.healthy for finding in findings)
    if as_json:
        print(json_text(findings))
        return 0 if healthy else 1
    console = Console() if sys.stdout.isatty() else Console(width=_LOG_WIDTH)
    console.print(table(findings))
    for line in summary(findings):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0 if healthy else 1


def summary(findings: Sequence[Finding]) -> list[str]:
    """The closing lines: what stands in, and what to do."""
    stand_ins = [finding.name for finding in findings if finding.nature == "stand-in"]
    concerned: dict[str, list[str]] = {}
    for finding in findings:
        if finding.cure:
            concerned.setdefault(finding.cure, []).append(finding.name)
    cures = [f"  {', '.join(names)}: {cure}" for cure, names in concerned.items()]
    lines = ["", f"Stand-ins: {', '.join(stand_ins) or 'none'}"]
    if cures:
        return [*lines, "What to do:", *cures]
    return [*lines, "Nothing is missing."]


def _service(name: str, tool: str, purpose: str, result: Located | Absent) -> Finding:
    if isinstance(result, Absent):
        return Finding("service", name, purpose, "missing", cure=f"needs {tool}, see there")
    version = None if result.version is None else f"{tool} {result.version}"
    return Finding("service", name, purpose, "found", version, nature="real")


def _installed_version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _style(finding: Finding) -> str:
    if not finding.healthy:
        return "bold red"
    return "yellow" if finding.state in ("missing", "short") else "green"
