"""Does a file in the bucket come out of the CDN, over HTTPS, and from its cache the second time?"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Final

import httpx

from checks.context import Context
from checks.outputs import Cdn
from checks.result import Finding, failed, passed, skipped, warned
from checks.storage import delete_canary, put_canary

# Under the path that is cached for long, with a name that has the content's hash, as real assets have.
CANARY_PATH: Final = "assets/groundwork-check"
_TIMEOUT: Final = 10.0


async def file_comes_through(context: Context, cdn: Cdn, bucket: str, region: str) -> Finding:
    """Put a file of its own into the bucket, fetch it twice, compare, and delete it."""
    body = f"groundwork check {secrets.token_hex(16)}\n".encode()
    key = f"{CANARY_PATH}.{hashlib.sha256(body).hexdigest()[:20]}.txt"
    version = await context.aws.s3(
        region, lambda client: put_canary(client, bucket, key, body, ContentType="text/plain")
    )
    try:
        async with httpx.AsyncClient(verify=context.tls, timeout=_TIMEOUT) as client:
            answers = [await client.get(f"https://{cdn.domain}/{key}") for _ in range(2)]
    finally:
        await context.aws.s3(region, lambda client: delete_canary(client, bucket, key, version))
    return judge_answers([(a.status_code, a.content, _cache_state(a.headers.get("x-cache"))) for a in answers], body)


def judge_answers(answers: list[tuple[int, bytes, str]], body: bytes) -> Finding:
    """Decide from status, body and cache state of the first and the second answer."""
    evidence: dict[str, Any] = {"codes": [code for code, _, _ in answers], "cache": [state for _, _, state in answers]}
    for order, (code, content, _) in zip(("first", "second"), answers, strict=True):
        if code != 200:
            return failed(f"the {order} request for a file in the bucket got HTTP {code}", **evidence)
        if content != body:
            return failed(f"the {order} answer is not the file in the bucket", **evidence)
    if answers[1][2] != "hit":
        # Two requests may meet two edge locations, so this alone is no failure.
        return warned(f"the file comes through, but the second answer was a {answers[1][2]}", **evidence)
    return passed("the file comes through, the second time from the cache", **evidence)


async def redirects_to_https(context: Context, cdn: Cdn) -> Finding:
    """Plain HTTP must be sent to HTTPS."""
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client:
        answer = await client.get(f"http://{cdn.domain}/{CANARY_PATH}")
    target = answer.headers.get("location", "")
    evidence = {"code": answer.status_code, "location": target}
    if answer.status_code in (301, 302, 307, 308) and target.startswith("https://"):
        return passed(f"HTTP {answer.status_code} to HTTPS", **evidence)
    if answer.status_code == 403:
        return passed("HTTP is refused", **evidence)
    return failed(f"plain HTTP got HTTP {answer.status_code} instead of a redirect to HTTPS", **evidence)


async def no_cdn(_context: Context) -> Finding:
    """Says that there is nothing to check."""
    return skipped("the stack has no CDN")


def _cache_state(header: str | None) -> str:
    words = (header or "").lower().split()
    return words[0] if words else "no x-cache header"
