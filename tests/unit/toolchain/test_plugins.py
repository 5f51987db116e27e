"""Official plugins are used when all of them are installed; otherwise every plugin is our stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.toolchain.plugins import PLUGINS, official_plugins, sdk_version, selected_plugins
from local.toolchain.versions import Version

pytestmark = pytest.mark.unit

BY_EXECUTABLE = {plugin.executable: plugin for plugin in PLUGINS}
PROVIDERS = [plugin for plugin in PLUGINS if plugin.kind == "resource"]


def _executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    for plugin in PLUGINS:
        _executable(tmp_path / "stand-ins" / plugin.executable)
    return tmp_path / "stand-ins"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "bin")}


def _install_all(environment: dict[str, str]) -> Path:
    """Install as Pulumi's own installer and `pulumi plugin install` do."""
    home = Path(environment["HOME"]) / ".pulumi"
    for plugin in PROVIDERS:
        _executable(home / "plugins" / f"resource-{plugin.name}-v{sdk_version(plugin)}" / plugin.executable)
    _executable(home / "bin" / "pulumi-language-python")
    return home


def test_without_official_plugins_all_are_stand_ins(stand_ins: Path, environment: dict[str, str]) -> None:
    selected = selected_plugins(None, environment, stand_ins)
    assert [found and (found.path.parent, found.official) for found in selected.values()] == [(stand_ins, False)] * 4


def test_stand_in_has_the_sdks_version(stand_ins: Path, environment: dict[str, str]) -> None:
    aws = selected_plugins(None, environment, stand_ins)[BY_EXECUTABLE["pulumi-resource-aws"]]
    assert aws is not None
    assert aws.version is not None
    assert aws.version.major == 7


def test_with_all_official_plugins_none_is_a_stand_in(stand_ins: Path, environment: dict[str, str]) -> None:
    home = _install_all(environment)
    selected = selected_plugins(None, environment, stand_ins)
    assert all(found is not None and found.official for found in selected.values())
    assert all(found is not None and found.path.is_relative_to(home) for found in selected.values())


@pytest.mark.parametrize("lacking", PLUGINS, ids=lambda plugin: plugin.executable)
def test_one_lacking_official_plugin_brings_in_every_stand_in(
    stand_ins: Path, environment: dict[str, str], lacking: object
) -> None:
    """The stand-ins share one folder on PATH, which the engine prefers to its own plugin folder."""
    home = _install_all(environment)
    executable = next(plugin.executable for plugin in PLUGINS if plugin == lacking)
    next(home.rglob(executable)).unlink()
    selected = selected_plugins(None, environment, stand_ins)
    assert all(found is not None and not found.official for found in selected.values())


def test_language_host_beside_the_engine_is_official(
    stand_ins: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    beside = _executable(tmp_path / "pulumi" / "pulumi-language-python")
    found = official_plugins(tmp_path / "pulumi" / "pulumi", environment, stand_ins)
    language = found[BY_EXECUTABLE["pulumi-language-python"]]
    assert language is not None
    assert language.path == beside


def test_our_own_folder_on_path_does_not_pass_for_official(stand_ins: Path, environment: dict[str, str]) -> None:
    environment["PATH"] = str(stand_ins)
    assert set(official_plugins(None, environment, stand_ins).values()) == {None}


def test_newest_plugin_of_the_sdks_major_is_taken(stand_ins: Path, environment: dict[str, str]) -> None:
    """The engine would refuse a provider of another major version."""
    folder = Path(environment["HOME"]) / ".pulumi" / "plugins"
    for version in ("6.83.0", "7.9.0", "7.51.1", "8.0.0"):
        _executable(folder / f"resource-aws-v{version}" / "pulumi-resource-aws")
    aws = official_plugins(None, environment, stand_ins)[BY_EXECUTABLE["pulumi-resource-aws"]]
    assert aws is not None
    assert aws.version == Version(7, 51, 1)


def test_pulumi_home_is_honoured(stand_ins: Path, environment: dict[str, str], tmp_path: Path) -> None:
    environment["PULUMI_HOME"] = str(tmp_path / "elsewhere")
    installed = _executable(tmp_path / "elsewhere" / "plugins" / "resource-random-v4.18.0" / "pulumi-resource-random")
    random = official_plugins(None, environment, stand_ins)[BY_EXECUTABLE["pulumi-resource-random"]]
    assert random is not None
    assert random.path == installed
