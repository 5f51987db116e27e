"""Where the other linters are; builds and installs them on first use."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local.paths import Paths
from local.toolchain import find

_HERE = Path(__file__).parent
CHECKOV = "3.3.30"


def go_linters(paths: Paths) -> Path:
    """The folder with conftest and kube-score, built from the pinned modules."""
    module = _HERE / "go"
    pins = (module / "go.mod").read_bytes() + (module / "go.sum").read_bytes()
    folder = paths.cache / "benchmarks" / f"linters-{hashlib.sha256(pins).hexdigest()[:16]}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
            environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local", "GOGC": "400"}
            command = [str(find("go", paths)), "build", "-mod=readonly", "-trimpath", "-o", f"{partial}/", "tool"]
            subprocess.run(command, cwd=module, env=environment, check=True)
            shutil.copytree(partial, folder)
    return folder


def checkov(paths: Paths) -> Path:
    """The checkov command, in a virtual environment of its own: its dependencies are not ours."""
    folder = paths.cache / "benchmarks" / f"checkov-{CHECKOV}"
    command = folder / "bin" / "checkov"
    if not command.is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"checkov=={CHECKOV}"], check=True)
    return command
