"""Runtime options, interpreters and installation of the language host."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.plugins import install, interpreter
from local.plugins.interpreter import RuntimeOptions
from local.plugins.provider import ProviderError

pytestmark = pytest.mark.unit


def _environment(project: Path, name: str = ".venv") -> Path:
    python = project / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (project / name / "pyvenv.cfg").touch()
    return python


def test_options() -> None:
    assert RuntimeOptions.parse({}) == RuntimeOptions("pip", None)
    assert RuntimeOptions.parse({"toolchain": "uv"}).virtualenv == ".venv"
    assert RuntimeOptions.parse({"virtualenv": "env"}).virtualenv == "env"


@pytest.mark.parametrize("options", [{"toolchain": "conda"}, {"venv": "x"}, {"typechecker": "mypy"}])
def test_wrong_options_are_named(options: dict[str, str]) -> None:
    with pytest.raises(ProviderError, match=rf"runtime\.options\.{next(iter(options))}"):
        RuntimeOptions.parse(options)


def test_the_projects_own_interpreter_is_taken(tmp_path: Path) -> None:
    python = _environment(tmp_path)
    assert interpreter.find(RuntimeOptions(virtualenv=".venv"), tmp_path, {}) == python
    environment = interpreter.child_environment(python, {"PATH": "/usr/bin", "PYTHONHOME": "/x"})
    assert environment == {"PATH": f"{python.parent}:/usr/bin", "VIRTUAL_ENV": str(python.parents[1])}


def test_without_a_virtual_environment_path_decides(tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.touch(0o755)
    assert interpreter.find(RuntimeOptions(), tmp_path, {"PATH": str(tmp_path)}) == python
    with pytest.raises(ProviderError, match="no Python interpreter on PATH"):
        interpreter.find(RuntimeOptions(), tmp_path, {"PATH": "/nonexistent"})


def test_plugins_are_read_from_installed_sdks(tmp_path: Path) -> None:
    for name, text in {
        "pulumi_a": '{"resource": true, "name": "a", "version": "v1.2.3"}',
        "pulumi_policy": '{"resource": false}',
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "pulumi-plugin.json").write_text(text)
    assert interpreter.plugins_of((tmp_path,)) == [interpreter.WantedPlugin("a", "1.2.3", "")]


def test_pip_makes_the_environment_first(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").touch()
    made, installed = install.commands(RuntimeOptions(virtualenv="env"), tmp_path)
    assert made[1:] == ["-m", "venv", str(tmp_path / "env")]
    assert installed == [str(tmp_path / "env/bin/python"), "-m", "pip", "install", "-r", "requirements.txt"]
    _environment(tmp_path, "env")
    assert len(install.commands(RuntimeOptions(virtualenv="env"), tmp_path)) == 1


def test_pip_needs_an_environment_and_something_to_install(tmp_path: Path) -> None:
    assert install.commands(RuntimeOptions(), tmp_path) == []
    (tmp_path / "pyproject.toml").touch()
    with pytest.raises(ProviderError, match="virtualenv"):
        install.commands(RuntimeOptions(), tmp_path)


def test_uv_and_poetry(tmp_path: Path) -> None:
    assert install.commands(RuntimeOptions("poetry"), tmp_path) == [["poetry", "install", "--no-ansi"]]
    (tmp_path / "requirements.txt").touch()
    assert [command[:2] for command in install.commands(RuntimeOptions("uv"), tmp_path)] == [
        ["uv", "venv"],
        ["uv", "pip"],
    ]
    (tmp_path / "pyproject.toml").touch()
    assert install.commands(RuntimeOptions("uv"), tmp_path) == [["uv", "sync", "--inexact"]]
