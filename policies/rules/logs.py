"""SR-LOGS: logs go to the standard streams, where the platform collects them, and into no file on a volume.

Whether a cluster has a collector is not told by a workload, and not judged. An ECS task says so itself.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policies.containers import (
    LAMBDA_FUNCTION,
    TASK_DEFINITION,
    Variable,
    command_lines,
    containers,
    function_variables,
    is_named,
    sources,
    strings,
    task_command_lines,
    task_containers,
    task_variables,
    variables,
    volumes_by_name,
)
from policies.kubernetes import objects, of_kinds, pod_kinds
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, guard
from policies.secret_names import words
from policies.secret_texts import options

APPLIES: Final = of_kinds(pod_kinds(), (TASK_DEFINITION, LAMBDA_FUNCTION))
_TO_STDOUT: Final = "write to standard output and standard error, and drop the file"
_TO_COLLECTOR: Final = "send it to CloudWatch Logs (awslogs) or through FireLens (awsfirelens)"
# Sources that hold configuration, into which nobody writes.
_READ_ONLY_SOURCES: Final = frozenset({"configMap", "secret", "downwardAPI", "projected", "image"})
_STREAMS: Final = frozenset({"/dev/stdout", "/dev/stderr", "/dev/null"})
_STREAM_FOLDERS: Final = ("/proc/1/fd/", "/proc/self/fd/", "/dev/fd/")
_LOG_FILE = re.compile(r"(?:/|\.(?:log|txt|json|out|err)\Z)")
_REDIRECTED = re.compile(r"(?:&?>>?|\btee(?:\s+-\S+)*)\s*[\"']?([^\s\"';|&<>]+)")
_FOLLOW = re.compile(r"(?:^|\s)(?:\S*/)?tail\s(?:[^|;&]*\s)?(-[A-Za-z0-9]*[fF][A-Za-z0-9]*|--follow\S*)(?:\s|\Z)")
_COLLECTING: Final = frozenset({"awslogs", "awsfirelens", "splunk", "fluentd", "gelf", "logentries", "syslog"})

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "logPaths": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["/var/log"],
        "description": "Folders at or under which a mounted volume holds logs.",
    },
    "logVariables": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            "LOG_FILE", "*_LOG_FILE", "LOGFILE", "LOG_PATH", "*_LOG_PATH", "LOG_DIR", "*_LOG_DIR", "LOG_FILENAME",
            "LOG_FILE_*", "LOGGING_FILE*", "LOG_OUTPUT",
        ],
        "description": "Variables that name a file or folder for logs; * stands for anything.",
    },
    "logOptions": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            "log-file", "logfile", "log-path", "log-dir", "log-output", "access-logfile", "error-logfile",
            "access-log", "error-log", "audit-log-path",
        ],
        "description": "Options of command lines that do, without their hyphens; an underscore counts as a hyphen.",
    },
    "shipperImages": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            "*fluent-bit*", "*fluentd*", "*filebeat*", "*promtail*", "*vector:*", "*logstash*", "*alloy*",
            "*otel*collector*", "*opentelemetry-collector*",
        ],
        "description": "Images of programs that read log files.",
    },
}  # fmt: skip


def logs_go_to_standard_output(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one resource: the containers of pods, ECS task definitions, Lambda functions."""
    if resource.type == TASK_DEFINITION:
        yield from guard(resource, _task_definition(resource, settings))
    elif resource.type == LAMBDA_FUNCTION:
        yield from guard(resource, _variables(resource, function_variables(resource), settings))
    for one in objects(resource):
        yield from _distinct(guard(resource, _pod(resource, one.pod_spec, settings)))


def _distinct(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Each verdict once: an unknown value may be met on several ways."""
    seen: set[tuple[str, str, str]] = set()
    for verdict in verdicts:
        key = verdict.path, verdict.problem, str(verdict.value)
        if key not in seen:
            seen.add(key)
            yield verdict


def _pod(resource: Resource, spec: Node | None, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    if spec is None:
        return
    given = list(containers(spec))
    for container in given:
        yield from guard(resource, _mounts(resource, spec, container, settings))
        yield from guard(resource, _variables(resource, variables(container), settings))
        for line in command_lines(container):
            yield from guard(resource, _command(resource, line, settings))
        yield from guard(resource, _follower(resource, spec, container, given, settings))


def _mounts(resource: Resource, spec: Node, container: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    mounts = list(container["volumeMounts"].elements())
    writable = _writable_volumes(spec) if mounts else ()
    for mount in mounts:
        name, path = mount["name"].text, mount["mountPath"]
        if name in writable and not mount["readOnly"].truthy and _holds_logs(name, path.text, settings):
            yield Verdict(
                resource,
                path.path,
                path.text,
                f'keeps log files on the volume "{name}", where nobody collects them and they end with it',
                _TO_STDOUT,
            )


def _writable_volumes(spec: Node) -> set[str]:
    return {name for name, volume in volumes_by_name(spec).items() if not _READ_ONLY_SOURCES & set(sources(volume))}


def _holds_logs(name: str, path: str, settings: Mapping[str, Any]) -> bool:
    real = posixpath.normpath("/" + path.lstrip("/"))
    folders = [posixpath.normpath(folder) for folder in strings(settings["logPaths"])]
    if any(real == folder or real.startswith(folder + "/") for folder in folders):
        return True
    return bool({"log", "logs"} & {*words(name), *words(real)})


def _variables(resource: Resource, given: Iterator[Variable], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    for variable in given:
        if _named(variable.name.upper(), settings["logVariables"]):
            yield from guard(resource, _variable(resource, variable))


def _variable(resource: Resource, variable: Variable) -> Iterator[Verdict]:
    if variable.source.present:
        raise Undetermined(variable.source.path, f"{variable.name} comes from elsewhere; write it where it is used")
    if _is_file(variable.value.text):
        yield _to_file(resource, variable.value, variable.value.text, variable.name)


def _command(resource: Resource, line: Sequence[Node], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    texts: list[str] = []
    for node in line:
        yield from guard(resource, _script(resource, node, settings))
        texts.append("" if node.unknown else node.text)
    for index, name, value in options(texts):
        option = _named(name.replace("_", "-").lower(), settings["logOptions"])
        if (option or _named(name, settings["logVariables"])) and _is_file(value):
            yield _to_file(resource, line[index], value, name)


def _script(resource: Resource, node: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    for found in _REDIRECTED.finditer(node.text):
        if _holds_logs("", found[1], settings):
            yield _to_file(resource, node, found[1], "a redirection")


def _to_file(resource: Resource, node: Node, file: str, by: str) -> Verdict:
    return Verdict(resource, node.path, file, f"sends logs to a file ({by}), where nobody collects them", _TO_STDOUT)


def _is_file(value: str) -> bool:
    text = value.strip()
    if text in _STREAMS or text.startswith(_STREAM_FOLDERS) or "://" in text:
        return False
    return _LOG_FILE.search(text) is not None


def _named(name: str, patterns: Any) -> bool:
    return is_named(name, strings(patterns))


def _follower(
    resource: Resource, spec: Node, container: Node, given: Sequence[Node], settings: Mapping[str, Any]
) -> Iterator[Verdict]:
    """A sidecar that reads what another container writes on a volume that both mount."""
    if len(given) == 1:
        return
    shared = _writable_volumes(spec) & _mounted(container)
    writers = [other for other in given if other.path != container.path and shared & _mounted(other, writing=True)]
    how = _reads_logs(container, settings) if writers else None
    if how is not None:
        yield Verdict(
            resource,
            how.node.path,
            how.shown,
            f'reads log files that container "{writers[0]["name"].text}" writes on a volume',
            _TO_STDOUT,
        )


@dataclass(frozen=True)
class _Reading:
    """Where a container says that it follows files, and what of it may be shown: a command may hold secrets."""

    node: Node
    shown: str


def _reads_logs(container: Node, settings: Mapping[str, Any]) -> _Reading | None:
    for line in command_lines(container):
        found = _FOLLOW.search(" ".join(node.text for node in line))
        if found is not None:
            return _Reading(line[0], f"tail {found[1]}")
    image = container["image"]
    return _Reading(image, image.text) if _named(image.text, settings["shipperImages"]) else None


def _mounted(container: Node, *, writing: bool = False) -> set[str]:
    return {
        mount["name"].text
        for mount in container["volumeMounts"].elements()
        if not (writing and mount["readOnly"].truthy)
    }


def _task_definition(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    given = list(task_containers(resource))
    router = any(container["firelensConfiguration"].present for container in given)
    for container in given:
        yield from guard(resource, _collected(resource, container, router))
        yield from guard(resource, _task_mounts(resource, container, settings))
        yield from guard(resource, _variables(resource, task_variables(container), settings))
        for line in task_command_lines(container):
            yield from guard(resource, _command(resource, line, settings))


def _collected(resource: Resource, container: Node, router: bool) -> Iterator[Verdict]:
    if container["firelensConfiguration"].present:
        return  # what it writes about itself is no log of the service
    log, driver = container["logConfiguration"], container["logConfiguration"]["logDriver"]
    if not log.present:
        yield Verdict(resource, log.path, None, "is not set, so the logs stay on the instance", _TO_COLLECTOR)
    elif driver.text not in _COLLECTING:
        yield Verdict(resource, driver.path, driver.value, "leaves the logs on the instance", _TO_COLLECTOR)
    elif driver.text == "awsfirelens" and not router:
        yield Verdict(
            resource,
            driver.path,
            driver.value,
            "needs a container with firelensConfiguration, which this task does not have",
            "add the log router, or use awslogs",
        )
    elif driver.text == "awslogs" and not log["options"]["awslogs-group"].present:
        group = log["options"]["awslogs-group"]
        yield Verdict(resource, group.path, None, "is not set, so awslogs has nowhere to write", "name a log group")


def _task_mounts(resource: Resource, container: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    for mount in container["mountPoints"].elements():
        name, path = mount["sourceVolume"].text, mount["containerPath"]
        if not mount["readOnly"].truthy and _holds_logs(name, path.text, settings):
            yield Verdict(
                resource,
                path.path,
                path.text,
                f'keeps log files on the volume "{name}", where nobody collects them and they end with it',
                _TO_STDOUT,
            )
