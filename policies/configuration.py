"""What a user says about the rules: enforcement levels, settings and exemptions, in the form that the engine takes.

The same file serves `pulumi preview --policy-pack-config` and `groundwork policy scan --config`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from policies import exemptions
from policies.model import Enforcement, Rule

_LEVEL: Final = "enforcementLevel"
_ALL: Final = "all"
_LEVELS: Final = tuple(level.value for level in Enforcement)


class ConfigurationError(ValueError):
    """Raised for a configuration that does not fit the rules: key, value and what would be right."""


@dataclass(frozen=True)
class Configuration:
    """What was configured, by policy name.

    Attributes:
        levels: Enforcement levels that differ from the rule's own; `all` for every rule.
        settings: Settings and exemptions.
    """

    levels: Mapping[str, Enforcement] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def level(self, rule: Rule) -> Enforcement:
        """What a violation of the rule does."""
        return self.levels.get(rule.policy, self.levels.get(_ALL, rule.enforcement))

    def of(self, rule: Rule) -> Mapping[str, Any]:
        """The rule's settings, without defaults."""
        return self.settings.get(rule.policy, {})


def read_configuration(file: Path, rules: Sequence[Rule]) -> Configuration:
    """Read a file in JSON or YAML.

    Raises:
        ConfigurationError: it cannot be read, or does not fit the rules.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: is neither JSON nor YAML: {' '.join(str(error).split())}") from None
    try:
        return configuration(content, rules)
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {error}") from None


def configuration(content: Any, rules: Sequence[Rule]) -> Configuration:
    """Hold what was written against the rules.

    Args:
        content: By policy name an enforcement level, or a mapping of settings with `enforcementLevel` among them.
        rules: The rules that can be configured.

    Raises:
        ConfigurationError: a rule, key, level or value is not one that there is.
    """
    by_name = {rule.policy: rule for rule in rules}
    if not isinstance(content, Mapping):
        raise ConfigurationError(f"has to be a mapping of policy names, not {_shown(content)}")
    levels: dict[str, Enforcement] = {}
    settings: dict[str, Mapping[str, Any]] = {}
    for name, given in content.items():
        if name != _ALL and name not in by_name:
            raise ConfigurationError(f"{name}: there is no such policy.{_nearest(str(name), [*by_name, _ALL])}")
        row = {_LEVEL: given} if isinstance(given, str) else given
        if not isinstance(row, Mapping):
            raise ConfigurationError(f"{name}: has to be a level or a mapping of settings, not {_shown(given)}")
        if _LEVEL in row:
            levels[name] = _level(f"{name}.{_LEVEL}", row[_LEVEL])
        rest = {key: value for key, value in row.items() if key != _LEVEL}
        if name in by_name:
            _check(by_name[name], rest)
            settings[name] = rest
        elif rest:
            raise ConfigurationError(f"{_ALL}: takes {_LEVEL} only, not {', '.join(map(str, rest))}")
    return Configuration(levels, settings)


def _level(path: str, given: Any) -> Enforcement:
    if given not in _LEVELS:
        raise ConfigurationError(f"{path} = {_shown(given)}: has to be one of {', '.join(_LEVELS)}")
    return Enforcement(given)


def _check(rule: Rule, given: Mapping[str, Any]) -> None:
    # Here, because the engine imports this package with every preview, and reads the configuration itself.
    import jsonschema  # type: ignore[import-untyped]

    schema = {**rule.schema, **exemptions.SCHEMA}
    for key, value in given.items():
        if key not in schema:
            raise ConfigurationError(f"{rule.policy}.{key}: there is no such setting.{_nearest(str(key), schema)}")
        errors = jsonschema.Draft202012Validator(schema[key]).iter_errors(value)
        worst = jsonschema.exceptions.best_match(errors)
        if worst is not None:
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in worst.absolute_path)
            raise ConfigurationError(f"{rule.policy}.{key}{path} = {_shown(worst.instance)}: {_wrong(worst)}")


def _wrong(error: Any) -> str:
    wanted = error.validator_value
    match error.validator:
        case "type":
            return f"has to be of type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
        case "enum":
            return f"has to be one of {', '.join(map(str, wanted))}"
        case "required":
            return f"needs {', '.join(key for key in wanted if key not in error.instance)}"
        case "minimum":
            return f"has to be {wanted} or more"
        case "maximum":
            return f"has to be {wanted} or less"
    return str(error.message)


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    found = difflib.get_close_matches(name, known, 1)
    return f" Did you mean {found[0]}?" if found else f" There are: {', '.join(known)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
