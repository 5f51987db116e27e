"""How much one document may be: input from anywhere must not take more time or memory than its size explains."""

from __future__ import annotations

from typing import Final

DOCUMENT_BYTES: Final = 4 * 1024 * 1024
"""Longest YAML document, in characters. etcd takes objects of 1.5 MiB, and `kubectl apply` less."""

JSON_BYTES: Final = 64 * 1024 * 1024
"""Longest JSON file, in bytes: a state file of a large stack is one document."""

DEPTH: Final = 100
"""Deepest nesting, in levels; the schemas of the largest custom resource definitions have about 60."""

EXPANDED_NODES: Final = 200_000
"""Most values that a document with aliases may stand for once every alias is replaced by what it names."""
