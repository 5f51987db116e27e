"""A pretend machine: programs that are shell scripts, and a Go that "builds" by copying such programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from local.paths import Paths
from local.toolchain import search
from local.toolchain.go_build import GoToolchain

PRINTS = {
    "server": "etcd Version: 3.7.3",
    "etcd": "etcd Version: 3.7.3",
    "containerd": "containerd github.com/containerd/containerd/v2 v2.2.1",
    "containerd-shim-runc-v2": "containerd-shim-runc-v2:\n  Version:  2.2.1+unknown",
    "ctr": "ctr github.com/containerd/containerd/v2 2.2.1+unknown",
}
"""What the programs of the etcd and the containerd group say, under the names that Go gives them."""

_GO = """\
#!/bin/sh
PATH=/usr/bin:/bin
case $1 in
version) echo "go version go{version} linux/amd64"; exit ;;
env) echo '{{"GOVERSION": "go{version}", "GOOS": "linux", "GOARCH": "amd64"}}'; exit ;;
esac
echo "$@" >>{workshop}/builds
pwd >{workshop}/folder
env >{workshop}/environment
while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
[ -e {workshop}/script ] && . {workshop}/script
cp {workshop}/made/* "$out"
"""


@dataclass(frozen=True)
class Machine:
    """One test's machine.

    Attributes:
        bin: The only folder on PATH.
        workshop: Where the Go command keeps its records and finds what it "builds".
    """

    bin: Path
    workshop: Path
    paths: Paths

    def program(self, name: str, output: str) -> Path:
        """Put a program on PATH that prints the output."""
        return _write_program(self.bin / name, output)

    def go(self, version: str = "1.26.6") -> GoToolchain:
        """Put a Go command on PATH."""
        path = self.bin / "go"
        path.write_text(_GO.format(version=version, workshop=self.workshop))
        path.chmod(0o755)
        return GoToolchain(path, f"go{version}", "linux/amd64")

    def go_makes(self, programs: dict[str, str]) -> None:
        """Have the Go command produce these programs, each printing the given text."""
        for old in (self.workshop / "made").iterdir():
            old.unlink()
        for name, output in programs.items():
            _write_program(self.workshop / "made" / name, output)

    def go_runs(self, script: str) -> None:
        """Have the Go command run this within each build."""
        (self.workshop / "script").write_text(script)

    def builds(self) -> list[str]:
        """The arguments of every build so far."""
        record = self.workshop / "builds"
        return record.read_text().splitlines() if record.exists() else []

    def build_environment(self) -> dict[str, str]:
        """The environment of the last build."""
        lines = (self.workshop / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    @property
    def tools(self) -> Path:
        """Where builds end up."""
        return self.paths.cache / "tools"

    def builds_kept(self) -> list[str]:
        """What lies in the cache beside locks and logs."""
        return sorted(path.name for path in self.tools.iterdir() if path.suffix not in (".lock", ".log"))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with nothing on PATH; its Go, once there, produces the programs of `PRINTS`."""
    made = Machine(
        bin=tmp_path / "bin",
        workshop=tmp_path / "workshop",
        paths=Paths(cache=tmp_path / "cache", state=tmp_path / "run"),
    )
    made.bin.mkdir()
    (made.workshop / "made").mkdir(parents=True)
    made.go_makes(PRINTS)
    monkeypatch.setenv("PATH", str(made.bin))
    monkeypatch.setattr(search, "ADMINISTRATOR_FOLDERS", ())
    return made


def _write_program(path: Path, output: str) -> Path:
    path.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{output}\nEND\n")
    path.chmod(0o755)
    return path
