"""A rehearsal's steps against an engine that only writes down what it is asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import checks
from groundwork.errors import UserError
from groundwork.project import StackFile, read_stack
from groundwork.rehearsal import Platform, Rehearsal, adapted, command, run
from groundwork.rehearsal import project as projects
from groundwork.rehearsal.inventory import World
from groundwork.rehearsal.judging import judged
from groundwork.rehearsal.run import Run, reason, verdict
from groundwork.rehearsal.sequence import Broken, Outcome, perform
from local.paths import Paths

pytestmark = pytest.mark.unit

ENGINE = '''
    #!{python}
    """Writes down what it is asked; `FAIL` among the state's files names a command that fails."""
    import json, os, signal, sys, time
    from pathlib import Path

    folder = Path.cwd()
    stack = sys.argv[sys.argv.index("--stack") + 1]
    command = " ".join(word for word in sys.argv[1:] if word not in ("--stack", stack, "--non-interactive"))
    notes = Path(os.environ["NOTES"])
    text = sys.stdin.read() if command.startswith("config set") else ""
    with notes.open("a") as file:
        file.write(json.dumps([command, text]) + "\\n")
    states = folder / "state" / ".pulumi" / "stacks" / "groundwork"
    if command.startswith("stack init"):
        states.mkdir(parents=True)
        (states / f"{stack}.json").write_text(json.dumps({"checkpoint": {"latest": None}}))
    if command == "stack export":
        print(json.dumps({"deployment": {"resources": [1, 2, 3]}}))
    if command.startswith("waits"):
        def leave(*_):
            with notes.open("a") as file:
                file.write(json.dumps(["interrupted", ""]) + "\\n")
            sys.exit(1)
        signal.signal(signal.SIGINT, leave)
        print("waiting", flush=True)
        time.sleep(60)
    failing = Path(os.environ["FAILING"])
    if failing.exists() and command.startswith(failing.read_text()):
        print("warning: using pulumi-resource-aws from $PATH")
        print("error: no such thing")
        sys.exit(1)
'''


class Engine:
    """The engine's notes, and which command of it fails."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.failing = folder / "failing"
        self.paths = Paths(cache=folder / "cache", state=folder / "state")
        self.worlds: list[World] = []

    def commands(self) -> list[str]:
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [json.loads(line)[0].split(" --policy-pack")[0] for line in lines]

    def run(self) -> Run:
        return Run("prod", self.paths, lambda _: None)


def _world(*names: str) -> World:
    return World(frozenset(names), frozenset())


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    made = Engine(tmp_path)
    executable = tmp_path / "pulumi"
    executable.write_text(dedent(ENGINE).strip().replace("{python}", sys.executable))
    executable.chmod(0o755)
    monkeypatch.setenv("NOTES", str(made.notes))
    monkeypatch.setenv("FAILING", str(made.failing))
    monkeypatch.setattr(projects, "find", lambda *_: executable)
    monkeypatch.setattr(projects, "local_environment", lambda *_: {})
    monkeypatch.setattr(run, "world", lambda _: made.worlds.pop(0) if made.worlds else _world("vpc/default"))
    passed = checks.Result("redis/cache", "P0-REDIS", checks.Outcome.PASS, "answers", {}, 0.1)
    monkeypatch.setattr(run.checking, "collect", lambda *_, **__: [passed])
    (tmp_path / "state" / "rehearsals").mkdir(parents=True)
    yield made


def _plan(**services: Any) -> Any:
    own = read_stack("prod")
    for name, secrets in services.items():
        own.config["groundwork:services"][name.replace("_", "-")]["secrets"] = secrets
    return adapted(own, Platform.of(read_stack("local")))


LIFE = [
    "stack init --no-select",
    "up --yes --skip-preview",
    "stack export",
    "up --yes --skip-preview --expect-no-changes",
    "refresh --yes --skip-preview --expect-no-changes",
    "destroy --yes --skip-preview",
]


def test_a_rehearsal_lives_from_nothing_to_nothing(engine: Engine) -> None:
    rehearsal = engine.run()
    done = perform(rehearsal.steps(_plan()), rehearsal.begin)
    assert [(each.name, each.outcome) for each in done if each.outcome is not Outcome.KEPT] == []
    assert engine.commands() == LIFE
    assert not rehearsal.project.folder.exists()
    assert "== up again" in rehearsal.log.read_text()


def test_a_rehearsal_can_be_repeated(engine: Engine) -> None:
    for _ in range(2):
        rehearsal = engine.run()
        assert {each.outcome for each in perform(rehearsal.steps(_plan()), rehearsal.begin)} == {Outcome.KEPT}
    assert engine.commands() == LIFE * 2


def test_a_second_up_that_changes_something_ends_it_and_is_cleaned_up(engine: Engine) -> None:
    engine.failing.write_text("up --yes --skip-preview --expect-no-changes")
    rehearsal = engine.run()
    done = {each.name: each for each in perform(rehearsal.steps(_plan()), rehearsal.begin)}
    assert done["up again"].detail == "pulumi up failed: error: no such thing"
    assert done["refresh"].outcome is Outcome.NOT_REACHED
    assert done["nothing left"].outcome is Outcome.KEPT
    assert engine.commands()[-1].startswith("destroy")
    assert not rehearsal.project.folder.exists()


def test_what_cannot_be_destroyed_stays_for_the_next_try(engine: Engine) -> None:
    engine.failing.write_text("destroy")
    rehearsal = engine.run()
    done = {each.name: each.outcome for each in perform(rehearsal.steps(_plan()), rehearsal.begin)}
    assert (done["destroy"], done["nothing left"]) == (Outcome.BROKEN, Outcome.NOT_REACHED)
    assert rehearsal.project.folder.exists()
    engine.failing.unlink()
    again = {each.name: each for each in perform(engine.run().steps(_plan()), engine.run().begin)}
    assert again["prepare"].detail == "what an earlier one left was removed"
    assert {each.outcome for each in again.values()} == {Outcome.KEPT}


def test_what_is_left_breaks_the_last_promise(engine: Engine) -> None:
    engine.worlds = [_world("vpc/default"), _world("vpc/default", "bucket/mine")]
    rehearsal = engine.run()
    done = perform(rehearsal.steps(_plan()), rehearsal.begin)[-1]
    assert (done.outcome, done.detail) == (Outcome.BROKEN, "1 left: bucket/mine")


def test_after_a_kill_the_next_try_finds_what_the_state_does_not_know(engine: Engine) -> None:
    rehearsal = engine.run()
    rehearsal.prepare(_plan())
    [state] = rehearsal.project.state.glob("**/stacks/**/prod.json")
    state.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": [{"type": "creating"}]}}}))
    rehearsal.clear_leftovers()
    assert engine.commands() == ["stack init --no-select", "up --yes --skip-preview", "destroy --yes --skip-preview"]


def test_a_kill_before_the_stack_existed_leaves_nothing_to_destroy(engine: Engine) -> None:
    rehearsal = engine.run()
    (rehearsal.project.folder / "state").mkdir(parents=True)
    assert rehearsal.clear_leftovers() == "what an earlier one left was removed"
    assert engine.commands() == []


def test_secrets_are_made_up_and_handed_over_on_standard_input(engine: Engine) -> None:
    """SR-SECRET: arguments can be read by every process of the machine."""
    plan = _plan(user_service={"STRIPE_KEY": {"secure": "v1:abc"}})
    engine.run().prepare(plan)
    told = [json.loads(line) for line in engine.notes.read_text().splitlines()]
    [(asked, text)] = [(asked, text) for asked, text in told if asked.startswith("config")]
    assert asked == "config set --secret --path groundwork:services.user-service.secrets.STRIPE_KEY"
    assert len(text) == 48
    assert text not in asked


def test_an_interrupted_engine_ends_by_itself(engine: Engine) -> None:
    """Ctrl-C reaches us alone: the engine is asked to end what is under way and to write its state."""
    engine.run().prepare(_plan())

    def interrupt(line: str) -> None:
        assert line == "waiting"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.run().project.run("waits", on_line=interrupt)
    assert engine.commands()[-2:] == ["waits", "interrupted"]


def test_an_engine_whose_time_is_up_is_interrupted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run().prepare(_plan())
    alarms: list[_Alarm] = []

    def alarm(seconds: float, function: Callable[..., None], arguments: list[Any]) -> _Alarm:
        alarms.append(_Alarm(seconds, lambda: function(*arguments)))
        return alarms[-1]

    monkeypatch.setattr(projects.threading, "Timer", alarm)
    code, _ = engine.run().project.run("waits", timeout=7.0, on_line=lambda _: alarms[0].ring())
    assert code == 1
    assert engine.commands()[-1] == "interrupted"
    assert [(each.seconds, each.stopped) for each in alarms] == [(7.0, True)]


@dataclass
class _Alarm:
    """A timer that goes off when the test says so."""

    seconds: float
    ring: Callable[[], None]
    stopped: bool = False

    def start(self) -> None:
        pass

    def cancel(self) -> None:
        self.stopped = True


def test_two_rehearsals_of_a_stack_do_not_meet(engine: Engine) -> None:
    with (
        command._alone("prod", engine.paths),
        pytest.raises(UserError, match="another rehearsal of prod is under way"),
        command._alone("prod", engine.paths),
    ):
        raise AssertionError("both went ahead")
    with command._alone("prod", engine.paths):
        pass


def test_a_rehearsal_needs_the_platform(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the local platform does not run: bring it up with `groundwork local up`"):
        command.rehearse("pv-api", Paths(tmp_path / "cache", tmp_path / "state"))
    assert list(tmp_path.iterdir()) == [], "nothing is begun"


def test_failed_checks_are_named() -> None:
    results = [
        checks.Result("a", "X", checks.Outcome.PASS, "fine", {}, 0.1),
        checks.Result("b", "X", checks.Outcome.SKIPPED, "none here", {}, 0.1),
        checks.Result("c", "X", checks.Outcome.FAIL, "no answer", {}, 0.1),
    ]
    assert verdict(results[:2]) == "1 checks passed, 1 skipped"
    with pytest.raises(Broken, match="1 of 3 checks failed: c: no answer"):
        verdict(results)


def test_the_engines_errors_are_what_is_told() -> None:
    assert reason("warning: using pulumi-resource-aws\n  error: a\nmore\n  error: b\n") == "error: a | error: b"
    assert reason("one\n\ntwo\n") == "one | two"


def test_a_stack_with_bad_settings_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    config = {**read_stack("prod").config, "groundwork:database": {"finalSnapshot": False}}
    [line] = judged("prod", config, tmp_path)
    assert line.startswith("stacks/Pulumi.prod.yaml: groundwork:database.finalSnapshot is false: in production, ")


def test_encrypted_values_count_as_right() -> None:
    config = read_stack("prod").config
    config["groundwork:services"]["user-service"]["secrets"] = {"KEY": {"secure": "v1:abc"}}
    assert judged("prod", config, Path()) == []
    with pytest.raises(UserError, match="groundwork:alarms is encrypted as a whole"):
        judged("prod", {**config, "groundwork:alarms": {"secure": "v1:abc"}}, Path())


def test_a_rehearsals_engine_works_in_its_folder(engine: Engine) -> None:
    engine.run().prepare(_plan())
    made = engine.run().project.engine()
    assert isinstance(made.stack, StackFile)
    assert made.stack.is_local
    assert made.project == engine.run().project.folder
    assert made.environment["PULUMI_BACKEND_URL"].startswith(f"file://{made.project}/state")
    assert (made.project / "components").samefile(projects.ROOT / "components")
    assert isinstance(engine.run().project, Rehearsal)
