"""What a scan reads: whatever is wrong with one document, it is named, and the others are judged."""

from __future__ import annotations

import io
import itertools
import json
import time
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies import all_rules
from policies.scan import Report, scan
from policies.scan.chunks import CHUNK_BYTES
from policies.scan.documents import documents, scalar
from policies.scan.limits import DEPTH, DOCUMENT_BYTES, EXPANDED_NODES

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 22)
RULES = tuple(rule for rule in all_rules() if rule.id in {"SR-VOLUME", "SR-AFFINITY", "SR-PDB"})
STICKY = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {sessionAffinity: ClientIP}\n"


def _scan(text: str | bytes, processes: int = 1) -> Report:
    content = text.encode() if isinstance(text, str) else text
    return scan(["-"], stdin=io.BufferedReader(io.BytesIO(content)), rules=RULES, today=TODAY, processes=processes)


def _problems(report: Report) -> list[str]:
    return [str(problem) for problem in report.problems]


def _names(report: Report) -> list[str]:
    return [result.finding.verdict.resource.name for result in report.results]


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ("a: [b\n", "-:8: is not YAML: while parsing a flow sequence, did not find expected ',' or ']'."),
        ("a: \x01\n", "-:6: is not YAML: control characters are not allowed."),
        ("a: *none\n", "-:6: has an alias *none for what is not, or not yet, named so."),
        ("a: &a [*a]\n", "-:6: has an alias *a for what is not, or not yet, named so."),
        ("? [a, b]\n: c\n", "-:6: has a mapping or a list for a key."),
        ("<<: 7\n", "-:8: merges (<<) something that is no mapping."),
        ("[" * 50_000, f"-:6: is nested deeper than {DEPTH} levels."),
        ("- " * 50_000, f"-:6: is nested deeper than {DEPTH} levels."),
        (LAUGHS, f"-:11: stands for more than {EXPANDED_NODES:,} values once its aliases are replaced."),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Values.name }}}\n",
            "-:8: has a mapping or a list for a key. It is a Helm template: render it first,"
            " `helm template CHART | groundwork policy scan -`.",
        ),
        (
            'apiVersion: v1\nkind: Service\nmetadata: {name: "{{ .Release.Name }}-x"}\n',
            "-:8: holds a template that was not rendered. It is a Helm template: render it first,"
            " `helm template CHART | groundwork policy scan -`.",
        ),
        ("foo: bar\n", "-:6: is no Kubernetes object: it has no apiVersion and kind."),
        ("just text\n", "-:6: is no Kubernetes object: it is no mapping."),
        (
            "apiVersion: v1\nkind: Secret\nkind: ConfigMap\n",
            '-:8: has the key "kind" twice in one mapping, and the later one was judged. Keep one of them:'
            " the API server refuses both.",
        ),
    ],
)
def test_a_broken_document_is_named_and_its_neighbours_are_judged(broken: str, problem: str) -> None:
    """SR-AFFINITY over hostile input: one message for the document, in bounded time."""
    began = time.process_time()
    report = _scan(f"{STICKY % 'one'}---\n{broken}\n---\n{STICKY % 'two'}")
    assert _problems(report) == [problem]
    assert _names(report) == ["one", "two"]
    assert report.exit_code == 1
    assert time.process_time() - began < 5


def test_what_is_no_utf_8_is_named_and_its_neighbours_are_judged() -> None:
    report = _scan((STICKY % "one").encode() + b"---\na: \xff\n---\n" + (STICKY % "two").encode())
    assert _problems(report) == ["-:5: is no text in UTF-8 (invalid start byte)."]
    assert _names(report) == ["one", "two"]


def test_a_document_that_is_too_long_is_passed_over_without_being_held() -> None:
    class Endless(io.RawIOBase):
        """A good document, one of 40 times the limit, and a good one again."""

        def __init__(self) -> None:
            filler = b"x: " + b"y" * 65_533 + b"\n"
            count = 40 * DOCUMENT_BYTES // len(filler)
            first, last = (STICKY % "one").encode() + b"---\n", b"---\n" + (STICKY % "two").encode()
            self.parts = itertools.chain([first], itertools.repeat(filler, count), [last])
            self.left = b""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            part = self.left or next(self.parts, b"")
            taken = min(len(part), len(buffer))
            buffer[:taken], self.left = part[:taken], part[taken:]
            return taken

    tracemalloc.start()
    report = scan(["-"], stdin=io.BufferedReader(Endless(), 1 << 17), rules=RULES, today=TODAY, processes=1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert _problems(report) == ["-:5: is a document of more than 4 MiB, which is not read."]
    assert _names(report) == ["one", "two"]
    assert report.results[1].line == 10 + 40 * DOCUMENT_BYTES // len(b"x: " + b"y" * 65_533 + b"\n")
    assert most < 8 * DOCUMENT_BYTES


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": ', "-:1: is not JSON: Expecting value at column 7."),
        ('{"a":' * 100_000, f"-:1: is nested deeper than {DEPTH} levels."),
        ('{"a":' * (DEPTH + 2) + "1" + "}" * (DEPTH + 2), f"-:1: is nested deeper than {DEPTH} levels."),
    ],
)
def test_broken_json_is_named(text: str, problem: str) -> None:
    report = _scan(text)
    assert _problems(report) == [problem]
    assert report.exit_code == 2


def test_empty_input_and_input_without_objects_do_not_pass_for_good() -> None:
    assert _scan("").exit_code == 2
    assert _scan("# nothing\n---\n---\n").exit_code == 2
    assert _scan("foo: bar\n").exit_code == 2


def test_lists_are_judged_item_by_item() -> None:
    """SR-AFFINITY: what `kubectl get -o json` prints; each item has its own name and exemptions."""
    item = yaml.safe_load(STICKY % "web")
    report = _scan(json.dumps({"apiVersion": "v1", "kind": "List", "items": [item, {"kind": "x"}]}))
    assert _names(report) == ["web"]
    assert _problems(report) == ["-:1: is no Kubernetes object: it has no apiVersion and kind."]


def test_results_name_file_line_and_template(tmp_path: Path) -> None:
    """SR-AFFINITY: the line of the property, in each chunk of a file of several."""
    filler = "".join(f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\n" for n in range(12_000))
    assert len(filler) > 2 * CHUNK_BYTES
    text = f"# a comment\n---\n# Source: shop/templates/web.yaml\n{STICKY % 'web'}{filler}---\n{STICKY % 'last'}"
    file = tmp_path / "all.yaml"
    file.write_text(text)
    report = scan([str(tmp_path)], rules=RULES, today=TODAY)
    web, last = report.results
    lines = text.splitlines()
    assert "sessionAffinity" in lines[web.line - 1]
    assert "sessionAffinity" in lines[last.line - 1]
    assert web.line < last.line
    assert (web.file, web.finding.verdict.resource.origin and web.finding.verdict.resource.origin.source) == (
        str(file),
        "shop/templates/web.yaml",
    )


def test_a_line_is_that_of_the_deepest_part_of_the_path_that_is_there() -> None:
    """SR-VOLUME: what offends may be something missing."""
    text = """
apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
    - name: a
    - {name: b}
  volumes:
    - name: first
      configMap: {name: x}
    - name: second
      emptyDir: {}
"""
    report = _scan(text)
    assert [(one.finding.verdict.path, one.line) for one in report.results if one.rule.policy == "SR-VOLUME"] == [
        ("spec.volumes[1].emptyDir.sizeLimit", 14)
    ]


def test_folders_are_read_in_order_each_file_once_and_hidden_ones_never(tmp_path: Path) -> None:
    for name in ("b/2.yaml", "a/1.yml", "a/notes.txt", ".git/3.yaml", "node_modules/4.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(STICKY % name.replace("/", "-"))
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    report = scan([str(tmp_path), str(tmp_path / "b" / "2.yaml")], rules=RULES, today=TODAY)
    assert _names(report) == ["a-1.yml", "b-2.yaml"]


def test_processes_find_what_one_process_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-AFFINITY, SR-PDB: rules on one resource and between resources, over several pieces."""
    monkeypatch.setattr("policies.scan.run._MANY_RESOURCES", 1_000)
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"annotations": {"note": "x" * 900}},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "a"}}}},
    }
    made = [{**deployment, "metadata": {**deployment["metadata"], "name": f"d{n}"}} for n in range(1_500)]
    text = "---\n".join([*(yaml.dump(one, Dumper=yaml.CSafeDumper) for one in made), STICKY % "web", "a: [b\n"])
    assert len(text) > 5 * CHUNK_BYTES
    one, two = _scan(text, 1), _scan(text, 2)
    assert len(one.results) > 1_500
    assert [(x.line, x.finding.message) for x in one.results] == [(x.line, x.finding.message) for x in two.results]
    assert one.problems == two.problems
    assert (one.documents, one.resources) == (two.documents, two.resources) == (1_502, 1_501)


_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def _state(inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    token = "kubernetes:core/v1:Service"
    return {"urn": f"urn:pulumi:s::p::{token}::web", "type": token, "custom": True, "inputs": inputs, **more}


def test_a_secret_in_a_state_is_unknown_and_never_shown() -> None:
    """SR-AFFINITY: encrypted, and in the clear as `--show-secrets` exports it."""
    for form in ({"ciphertext": "v1:abc"}, {"plaintext": '"hunter2"'}):
        state = _state({"spec": {"sessionAffinity": {**_SECRET, **form}}})
        report = _scan(json.dumps({"version": 3, "deployment": {"resources": [state]}}))
        assert [one.finding.message for one in report.results] == [
            '[SR-AFFINITY] kubernetes:core/v1:Service "web": spec.sessionAffinity: cannot be judged:'
            " its value is not known until the update runs."
        ]
        assert report.exit_code == 0


def test_resources_that_are_on_their_way_out_are_not_judged() -> None:
    state = _state({"spec": {"sessionAffinity": "ClientIP"}}, delete=True)
    good = _state({"spec": {}})
    report = _scan(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [state, good]}}}))
    assert (report.results, report.resources) == ((), 1)


def test_a_preview_is_judged_by_what_it_would_make() -> None:
    """SR-AFFINITY: creations and replacements count, deletions do not, and what is left out is said."""
    sticky = _state({"spec": {"sessionAffinity": "ClientIP"}})
    steps = [
        {"op": "create-replacement", "urn": sticky["urn"], "newState": sticky},
        {"op": "replace", "urn": sticky["urn"], "newState": sticky},
        {"op": "delete", "urn": "urn:x", "oldState": sticky},
    ]
    report = _scan(json.dumps({"config": {}, "steps": steps, "changeSummary": {"same": 2}}))
    assert _names(report) == ["web"]
    assert _problems(report) == [
        "-: is a preview that leaves out 2 unchanged resources. Rules between resources judge only what is there:"
        " make the preview with --show-sames, or scan the state."
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("off", False), ("~", None), ("0777", 511), ("0o17", 15), ("0x1F", 31), ("-12", -12),
        ("1_000", 1000), ("1.5", 1.5), ("1e3", 1000.0), ("2026-11-22", "2026-11-22"), ("12:30", "12:30"),
        ("1.2.3", "1.2.3"), ("-", "-"), ("089", 89.0), ("9" * 5000, "9" * 5000), ("+1", 1),
    ],
)  # fmt: skip
def test_scalars_mean_what_they_mean_to_kubernetes(text: str, value: Any) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_merge_keys_aliases_and_tags() -> None:
    text = """
base: &base {a: 1, b: [2]}
own: {<<: *base, a: 3}
several: {<<: [{x: 1, y: 1}, {x: 2, z: 2}]}
alias: *base
text: !!str 12
quoted: "12"
number: !!int "12"
other: !Ref thing
3: three
true: yes
"""
    (document,) = documents(text)
    assert document.value == {
        "base": {"a": 1, "b": [2]},
        "own": {"a": 3, "b": [2]},
        "several": {"x": 1, "y": 1, "z": 2},
        "alias": {"a": 1, "b": [2]},
        "text": "12",
        "quoted": "12",
        "number": 12,
        "other": "thing",
        "3": "three",
        "true": True,
    }
    assert document.lines is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(_JSON, max_size=4))
def test_data_written_as_yaml_is_read_as_it_was(values: list[Any]) -> None:
    text = yaml.dump_all(values, Dumper=yaml.CSafeDumper, explicit_start=True, allow_unicode=True)
    assert [one.value for one in documents(text)] == [_without_merge_key(value) for value in values]


def _without_merge_key(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_merge_key(child) for key, child in value.items()}
    return [_without_merge_key(child) for child in value] if isinstance(value, list) else value


@given(st.binary(max_size=300) | st.text(alphabet="{}[]&*!|>-?:,#'\"% \n\tab<1", max_size=200).map(str.encode))
def test_no_bytes_make_a_scan_stumble_or_hide_the_next_document(content: bytes) -> None:
    """SR-AFFINITY: whatever stands before it in the file, a good document is judged."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n\x0b\x0c")[:1] in (b"{", b"[") or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = b"#" + content
    report = _scan(content + b"\n---\n" + (STICKY % "web").encode())
    assert "web" in _names(report)


def test_unknown_is_no_word_of_manifests() -> None:
    assert [one.value for one in documents("a: UNKNOWN\nb: !unknown x\n")] == [{"a": "UNKNOWN", "b": "x"}]


@pytest.mark.parametrize("shift", range(8))
def test_a_marker_that_lies_across_two_pieces_is_seen(shift: int) -> None:
    """SR-AFFINITY: after a document that is passed over, and after one that is read."""
    for size in (CHUNK_BYTES, DOCUMENT_BYTES + 5 * CHUNK_BYTES):
        filler = b"#" + b"x" * (size - 6 + shift) + b"\n"
        report = _scan(filler + b"---\n" + (STICKY % "web").encode())
        assert _names(report) == ["web"]
        assert report.results[0].line == 6
