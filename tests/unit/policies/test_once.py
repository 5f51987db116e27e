"""What is made once for each request is made anew for the next, and never taken for something else's."""

from __future__ import annotations

import threading

import pytest

from policies import once
from policies.once import Once

pytestmark = pytest.mark.unit


def test_the_same_source_is_looked_at_once_until_the_request_is_over() -> None:
    made: list[str] = []
    source, remembers = {"a": 1}, Once()

    def make() -> int:
        made.append("made")
        return len(made)

    assert [remembers.of("x", make, source) for _ in range(3)] == [1, 1, 1]
    assert remembers.of("y", make, source) == 2
    assert remembers.of("x", make, {"a": 1}) == 3
    remembers.forget()
    assert remembers.of("x", make, source) == 4


def test_sources_are_kept_so_that_no_other_gets_their_identity() -> None:
    remembers = Once()
    found = [remembers.of("x", lambda number=number: number, {"number": number}) for number in range(1000)]
    assert found == list(range(1000))


def test_each_thread_has_requests_of_its_own() -> None:
    remembers, source = Once(), object()
    remembers.of("x", lambda: "here", source)
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(remembers.of("x", lambda: "there", source)))
    thread.start()
    thread.join()
    assert found == ["there"]


def test_what_nobody_forgets_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MOST_KEPT", 3)
    remembers, sources = Once(), [object() for _ in range(4)]
    for place, source in enumerate(sources):
        remembers.of("x", lambda place=place: place, source)
    assert remembers.of("x", lambda: "anew", sources[0]) == "anew"
    assert remembers.of("x", lambda: "anew", sources[3]) == 3
