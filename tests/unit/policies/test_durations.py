"""Durations as texts, and how long commands sleep: under SR-SHUTDOWN the arithmetic, under SR-PROBES the equality."""

from __future__ import annotations

import pytest

from policies.durations import seconds, shown, sleep_seconds, words

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("90", 90),
        (" 90s ", 90),
        ("1.5m", 90),
        ("250ms", 0.25),
        ("2h", 7200),
        ("1d", 86400),
        ("999999999", 999999999),
        ("7.", 7),
    ],
)
def test_durations(text: str, value: float) -> None:
    """SR-SHUTDOWN: with and without a unit."""
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "-1", "1 s", "1w", "s", ".5", "1e3", "1000000000", "5s5", "infinity"])
def test_what_is_no_duration(text: str) -> None:
    """SR-SHUTDOWN."""
    assert seconds(text) is None


@pytest.mark.parametrize(("value", "text"), [(5.0, "5"), (0.25, "0.25"), (1e6, "1000000"), (31536000.5, "31536001")])
def test_seconds_are_shown_as_they_are_written(value: float, text: str) -> None:
    """SR-SHUTDOWN: no exponents in a message."""
    assert shown(value) == text


@pytest.mark.parametrize(
    ("command", "value"),
    [
        (["sleep", "10"], 10),
        (["/usr/bin/sleep", "1m", "30s"], 90),
        (["sh", "-c", "sleep 10"], 10),
        (["/bin/bash", "-ec", "exec sleep 10"], 10),
        (["ash", "-c", "sleep 5 && nginx -s quit; /bin/sleep 20\nsleep 1"], 26),
        (["sh", "-c", "echo 'one; two'; sleep 3"], 3),
        (["dash", "-c", "sh -c 'sleep 4'"], 4),
        (["zsh", "-c", "sleep 6"], 6),
        (["ksh", "-lc", "sleep 6"], 6),
        (["sh", "-c", "sleep 10", "ignored"], 10),
    ],
)
def test_what_a_command_sleeps(command: list[str], value: float) -> None:
    """SR-SHUTDOWN: as the sleep action of a hook."""
    assert sleep_seconds(command) == value


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["sleep"],
        ["sleep", "infinity"],
        ["sleep", "5", "long"],
        ["echo", "10"],
        ["sh", "sleep", "10"],
        ["sh", "-c"],
        ["sh", "c", "sleep 10"],
        ["sh", "-x", "sleep 10"],
        ["python", "-c", "sleep 10"],
        ["sh", "-c", "nginx -s quit"],
        ["sh", "-c", "sleep $WAIT"],
        ["sh", "-c", "sleep 10 &"],
        ["sh", "-c", "sleep 10 & wait"],
        ["sh", "-c", "true || sleep 10"],
        ["sh", "-c", "while true; do sleep 1; done"],
        ["sh", "-c", "exit 0; sleep 10"],
        *(["sh", "-c", f"{word} x; sleep 10"] for word in ("until", "for", "if", "case", "do", "then", "else")),
        *(["sh", "-c", f"{word} x; sleep 10"] for word in ("while", "trap", "eval")),
        *(["sh", "-c", f"sleep 10 {sign} x"] for sign in ("|", "<", ">", "(", ")", "$", "`", "{", "}", "\\", "*", "?")),
        *(["sh", "-c", f"sleep 10 {sign} x"] for sign in ("!", "#", "&")),
        ["sh", "-c", "sleep 10 > /dev/null"],
        ["sh", "-c", "# sleep 10"],
        ["sh", "-c", "sleep '10"],
        ["sh", "-c", ""],
    ],
)
def test_what_cannot_be_read_from_a_command(command: list[str]) -> None:
    """SR-SHUTDOWN: no guess about variables, loops, conditions and what runs beside the hook."""
    assert sleep_seconds(command) is None


@pytest.mark.parametrize(
    ("command", "same"),
    [
        (["/bin/cat", "/tmp/ok"], ("cat", "/tmp/ok")),
        (["sh", "-c", "cat /tmp/ok"], ("cat", "/tmp/ok")),
        (["/bin/sh", "-c", " exec /bin/cat '/tmp/ok' "], ("cat", "/tmp/ok")),
        (["bash", "-c", "a && b"], ("sh", "-c", "a && b")),
        (["bash", "-c", "a; b "], ("sh", "-c", "a; b")),
        (["bash", "-c", "a | b"], ("sh", "-c", "a | b")),
        (["sh", "-c", "exit 0"], ("sh", "-c", "exit 0")),
        (["sh", "-c", "exec"], ("sh", "-c", "exec")),
        (["sh", "-c", "cat 'open"], ("sh", "-c", "cat 'open")),
        (["exec", "cat"], ("exec", "cat")),
        ([], ()),
    ],
)
def test_words_of_a_command(command: list[str], same: tuple[str, ...]) -> None:
    """SR-PROBES: a shell around one plain command changes nothing."""
    assert words(command) == same
