"""Results as JUnit XML: a suite for each policy, so that a policy without findings is seen to have been asked."""

from __future__ import annotations

from xml.etree import ElementTree

from policies.model import Rule, Status
from policies.scan.reports.words import level, place, printable
from policies.scan.run import Report, Result


def as_junit(report: Report) -> str:
    """The document: mandatory violations are failures, what was not enforced is skipped, unread input is an error."""
    root = ElementTree.Element("testsuites", name="groundwork policy scan")
    for rule in report.rules:
        _suite(root, rule, [result for result in report.results if result.rule.policy == rule.policy])
    _input(root, report)
    for count in ("tests", "failures", "skipped", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ElementTree.Element, rule: Rule, results: list[Result]) -> None:
    failures = sum(result.fails for result in results)
    skipped = sum(result.finding.status is not Status.VIOLATION for result in results)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=rule.policy,
        tests=str(max(1, len(results))),
        failures=str(failures),
        skipped=str(skipped),
        errors="0",
    )
    if not results:
        ElementTree.SubElement(suite, "testcase", classname=rule.id, name=rule.title)
    for result in results:
        verdict = result.finding.verdict
        name = printable(f"{verdict.resource.type} {verdict.resource.name}: {verdict.path}")
        case = ElementTree.SubElement(
            suite, "testcase", classname=rule.id, name=name, file=printable(result.file), line=str(result.line)
        )
        text = printable(f"{place(result)}\n{result.finding.message}")
        if result.fails:
            made = ElementTree.SubElement(case, "failure", type=level(result), message=printable(verdict.problem))
            made.text = text
        elif result.finding.status is Status.VIOLATION:
            ElementTree.SubElement(case, "system-out").text = text
        else:
            ElementTree.SubElement(case, "skipped", message=f"{level(result)}: {text}")


def _input(root: ElementTree.Element, report: Report) -> None:
    unread = [problem for problem in report.problems if problem.fatal]
    if not unread:
        return
    suite = ElementTree.SubElement(
        root, "testsuite", name="input", tests=str(len(unread)), failures="0", skipped="0", errors=str(len(unread))
    )
    for problem in unread:
        case = ElementTree.SubElement(
            suite, "testcase", classname="input", name=printable(problem.file), line=str(problem.line)
        )
        ElementTree.SubElement(case, "error", message=printable(str(problem)))
