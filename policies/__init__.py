"""Rules, and the packs that serve them: what must hold before anything is deployed.

What is exported here, and `policies.scan`, is for use from Python and changes only with a note (docs/policies.md). The
modules below may change with any version.
"""

from policies.configuration import Configuration, ConfigurationError, configuration, read_configuration
from policies.judge import judge
from policies.manifests import NotAManifest, resource_from_manifest
from policies.model import UNKNOWN, Enforcement, Finding, Resource, Rule, Severity, Status, Verdict
from policies.packs import PACKS, Pack, all_rules

__all__ = [
    "PACKS",
    "UNKNOWN",
    "Configuration",
    "ConfigurationError",
    "Enforcement",
    "Finding",
    "NotAManifest",
    "Pack",
    "Resource",
    "Rule",
    "Severity",
    "Status",
    "Verdict",
    "all_rules",
    "configuration",
    "judge",
    "read_configuration",
    "resource_from_manifest",
]
