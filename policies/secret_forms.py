"""Which texts are secrets by their form, whatever they are called."""

from __future__ import annotations

import re
from typing import Final

from policies.secret_names import is_literal

# The last group of each pattern, if it has one, is the part that must not be a placeholder.
_FORMS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (label, re.compile(pattern))
    for label, pattern in (
        ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY"),
        ("a URL with a password", r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s/:@\"']*:([^\s/@\"']+)@"),
        (
            "a connection string with a password",
            r"(?i)[;?&,](?:password|pwd|accountkey|sharedaccesskey|sig|access_token|token|api_?key)=([^\s;&\"']+)",
        ),
        ("a credential of an HTTP header", r"(?i)\b(?:bearer|basic) ([A-Za-z0-9._~+/-]{16,}=*)(?![A-Za-z0-9._~+/-])"),
        ("a JSON web token", r"\beyJ[\w-]{8,500}\.eyJ[\w-]{8,}\.[\w-]*"),
        ("an AWS access key", r"\b(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}\b"),
        ("a GitHub token", r"\b(?:gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_\w{22,})"),
        ("a GitLab token", r"\bgl(?:pat|dt|rt|ptt)-[\w-]{20,}"),
        ("a Slack token", r"\bxox[abeoprs]-[\w-]{10,}"),
        ("a Slack webhook", r"hooks\.slack\.com/(?:services|workflows)/[\w/]{16,}"),
        ("a Stripe key", r"\b(?:sk|rk|whsec)_(?:(?:live|test)_)?[A-Za-z0-9]{16,}"),
        ("a key of an AI service", r"\bsk-(?=[\w-]{0,200}[0-9])(?=[\w-]{0,200}[A-Z])[\w-]{20,}"),
        ("a Google API key", r"\bAIza[\w-]{35}"),
        ("a SendGrid key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
        ("an npm token", r"\bnpm_[A-Za-z0-9]{36}"),
        ("a PyPI token", r"\bpypi-[\w-]{50,}"),
        ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}"),
        ("a DigitalOcean token", r"\bdo[opr]_v1_[a-f0-9]{64}"),
        ("a Vault token", r"\bhv[bs]\.[\w-]{20,}"),
        ("a Pulumi token", r"\bpul-[a-f0-9]{40}"),
        ("a Twilio key", r"\bSK[a-f0-9]{32}\b"),
        ("a Telegram bot token", r"\b[0-9]{8,10}:AA[\w-]{33}"),
    )
)


# What every form has a part of: one search spares most texts all the others.
_ANY_FORM = re.compile(
    r"-----BEGIN |://|[;?&,][A-Za-z]|(?i:bearer |basic )|eyJ|AKIA|ASIA|gh[a-z]|gl[a-z]+-|xox|slack|[a-z]_|sk-|AIza|SG\."
    r"|pypi-|hv[bs]\.|pul-|SK|:AA"
)


def secret_form(text: str) -> str | None:
    """What kind of secret a text is or contains; `None` if none is recognised."""
    if _ANY_FORM.search(text) is None:
        return None
    for label, pattern in _FORMS:
        for found in pattern.finditer(text):
            if pattern.groups == 0 or is_literal(found[1]):
                return label
    return None
