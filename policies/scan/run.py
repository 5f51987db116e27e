"""A scan: files in, findings out, with the rules and the judge that CrossGuard has.

Reading and the rules on one resource need nothing but a piece of a file, so pieces go to several processes; what shows
only between resources is judged at the end, over everything.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import BufferedReader
from itertools import chain, islice
from typing import Any, Final, TypeVar

from policies.configuration import Configuration
from policies.index import Index, index_of
from policies.judge import asks, judge_configured, judge_stack
from policies.model import Enforcement, Finding, Resource, Rule, Status
from policies.packs import all_rules
from policies.scan.chunks import Chunk, Problem
from policies.scan.lines import line_of
from policies.scan.reading import read
from policies.scan.sources import read_all

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

_WORTH_PROCESSES: Final = 4
"""Pieces from which on starting processes costs less than it saves."""

_MANY_RESOURCES: Final = 10_000
"""Resources from which on the rules between them are worth processes of their own."""


@dataclass(frozen=True)
class Result:
    """One finding with what it means for the run.

    Attributes:
        rule: The row of the rule table.
        finding: What was found.
        enforcement: What a violation of the rule does in this run.
        file: The file as it was named, `-` for standard input.
        line: Line of the property, or of the resource; 0 when it is not known.
    """

    rule: Rule
    finding: Finding
    enforcement: Enforcement
    file: str
    line: int

    @property
    def fails(self) -> bool:
        """Whether it makes the run fail."""
        return self.finding.status is Status.VIOLATION and self.enforcement is Enforcement.MANDATORY


@dataclass(frozen=True)
class Report:
    """What a scan found.

    Attributes:
        results: Violations, what could not be determined and what is exempt, by file and line.
        problems: What could not be read, or was passed over.
        rules: The rules that were asked.
        documents: How many documents there were.
        resources: How many resources were judged.
    """

    results: tuple[Result, ...]
    problems: tuple[Problem, ...]
    rules: tuple[Rule, ...]
    documents: int
    resources: int

    def of(self, status: Status) -> list[Result]:
        """The results of one status."""
        return [result for result in self.results if result.finding.status is status]

    @property
    def exit_code(self) -> int:
        """1 when a mandatory rule is violated, else 2 when something could not be read or nothing was there, else 0."""
        if any(result.fails for result in self.results):
            return 1
        return 2 if not self.resources or any(problem.fatal for problem in self.problems) else 0


def scan(
    paths: Sequence[str],
    *,
    rules: Sequence[Rule] | None = None,
    configuration: Configuration | None = None,
    today: date | None = None,
    stdin: BufferedReader | None = None,
    processes: int | None = None,
) -> Report:
    """Judge manifests, state files and previews.

    Args:
        paths: Files, folders, or `-` for standard input.
        rules: Default: the rules of all packs.
        configuration: Levels, settings and exemptions; default: the rules' own.
        today: The date by which exemptions are judged; default: the present day in UTC.
        stdin: What `-` stands for; default: the process's own.
        processes: How many processes read and judge; default: one for each processor, and none but this for little.
    """
    configured = configuration or Configuration()
    asked = tuple(
        rule for rule in (all_rules() if rules is None else rules) if configured.level(rule) is not Enforcement.DISABLED
    )
    judge = _Judge(asked, configured, today or datetime.now(UTC).date())
    with _no_garbage_collection():
        return _collect(judge, read_all(paths, stdin), processes)


class _Judge:
    def __init__(self, rules: Sequence[Rule], configuration: Configuration, today: date) -> None:
        self.configuration = configuration
        self.rules = tuple(rule for rule in rules if configuration.level(rule) is not Enforcement.DISABLED)
        self.today = today
        self._configured = [rule.configured(configuration.of(rule)) for rule in self.rules]
        self._asked: dict[str, list[tuple[int, Rule, dict[str, Any]]]] = {}

    def each(self, resources: Iterable[Resource]) -> list[tuple[int, Finding]]:
        """What the rules on one resource find, with the rule's place in the table."""
        return [
            (place, finding)
            for resource in resources
            for place, rule, configured in self._asks(resource.type)
            for finding in judge_configured(rule, resource, configured, self.today)
        ]

    def _asks(self, token: str) -> list[tuple[int, Rule, dict[str, Any]]]:
        if token not in self._asked:
            found = enumerate(zip(self.rules, self._configured, strict=True))
            self._asked[token] = [(place, rule, given) for place, (rule, given) in found if asks(rule, token)]
        return self._asked[token]

    @property
    def between(self) -> list[int]:
        """The places of the rules between resources."""
        return [place for place, rule in enumerate(self.rules) if rule.stack]

    def over_all(self, place: int, resources: Index) -> list[tuple[int, Finding]]:
        """What one rule finds between resources."""
        rule = self.rules[place]
        given = self.configuration.of(rule)
        return [(place, finding) for finding in judge_stack(rule, resources, given, self.today)]


@dataclass
class _Part:
    """What one piece came to."""

    known: list[Resource] = field(default_factory=list)
    found: list[tuple[int, Finding]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    documents: int = 0
    resources: int = 0


def _part(judge: _Judge, chunk: Chunk | Problem) -> _Part:
    if isinstance(chunk, Problem):
        return _Part(problems=[chunk])
    content = read(chunk)
    known = content.resources if content.known is None else content.known
    found = judge.each(content.resources)
    return _Part(known, found, content.problems, content.documents, len(content.resources))


def _collect(judge: _Judge, given: Iterator[Chunk | Problem], processes: int | None) -> Report:
    first = list(islice(given, _WORTH_PROCESSES))
    count = processes or (os.cpu_count() or 1 if len(first) == _WORTH_PROCESSES else 1)
    known: list[Resource] = []
    found: list[tuple[int, Finding]] = []
    problems: list[Problem] = []
    documents = resources = 0
    for part in _mapped(lambda chunk: _part(judge, chunk), chain(first, given), count):
        known += part.known
        found += part.found
        problems += part.problems
        documents += part.documents
        resources += part.resources
    index = index_of(known)
    many = count if len(index) >= _MANY_RESOURCES else 1
    if many > 1:
        index.objects.prepare()  # once, for all processes that are forked from here
    for more in _mapped(lambda place: judge.over_all(place, index), iter(judge.between), many):
        found += more
    results = [_result(judge, place, finding) for place, finding in found]
    results.sort(key=lambda one: (one.file, one.line, one.rule.policy, one.finding.message))
    problems.sort(key=lambda one: (one.file, one.line))
    return Report(tuple(results), tuple(problems), judge.rules, documents, resources)


def _result(judge: _Judge, place: int, finding: Finding) -> Result:
    rule, verdict = judge.rules[place], finding.verdict
    origin = verdict.resource.origin
    return Result(
        rule,
        finding,
        judge.configuration.level(rule),
        origin.file if origin else "",
        line_of(verdict.resource, verdict.path),
    )


def _mapped(function: Callable[[_Given], _Made], given: Iterator[_Given], count: int) -> Iterator[_Made]:
    """The function of each, in their order, by so many processes."""
    if count == 1:
        yield from (function(one) for one in given)
        return
    # Forked, so that what the function refers to, rules and resources, is there without being sent.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(count, context, _begin, (function,)) as pool:
        waiting: deque[Future[_Made]] = deque()
        for one in given:
            waiting.append(pool.submit(_call, one))
            if len(waiting) > 2 * count:  # so that neither texts nor answers pile up
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_function: Callable[[Any], Any]


def _begin(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    gc.disable()


def _call(given: Any) -> Any:
    return _function(given)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Plain data has no cycles, and looking for them again and again takes longer than reading it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
