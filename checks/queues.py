"""Does a job go through a queue, and does its result come back?"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

from checks.cluster import Answer
from checks.context import Context
from checks.outputs import Service
from checks.result import Finding, failed, passed

JOB_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.1


async def job_round_trip(context: Context, queue: str, owner: Service) -> Finding:
    """Hand a canary job to the service that owns the queue, and wait until a worker has completed it."""
    start = time.monotonic()
    canary = secrets.token_hex(8)
    request = {"queue": queue, "payload": {"canary": canary}}
    answer = await context.cluster.ask_service(owner.namespace, owner.service, owner.port, "POST", "/jobs", request)
    if answer.code != 202:
        return failed(f"{owner.service} did not take the job: HTTP {answer.code}{_detail(answer)}")
    job = _fields(answer).get("id")
    if not isinstance(job, str) or not job:
        return failed(f"{owner.service} took the job but named no id")
    state: Any = None
    path = f"/jobs/{queue}/{job}"
    while time.monotonic() - start < JOB_SECONDS:
        answer = await context.cluster.ask_service(owner.namespace, owner.service, owner.port, "GET", path)
        # Reads may be answered by an instance that has not seen the job yet.
        if answer.code not in (200, 404):
            return failed(f"{owner.service} does not say what became of the job: HTTP {answer.code}{_detail(answer)}")
        fields = _fields(answer)
        state = fields.get("state")
        seconds = time.monotonic() - start
        evidence = {"queue": queue, "job": job, "state": state, "seconds": round(seconds, 3)}
        if state == "completed":
            return passed(f"a job came back completed after {seconds:.2f} s", **evidence)
        if state == "failed":
            return failed("the job failed", **evidence)
        await asyncio.sleep(_POLL_SECONDS)
    return failed(
        f"a job was not completed within {JOB_SECONDS:g} s; last state: {state or 'not found'}",
        queue=queue,
        job=job,
        state=state,
    )


def _fields(answer: Answer) -> Mapping[str, Any]:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}


def _detail(answer: Answer) -> str:
    """What a problem document says."""
    fields = _fields(answer)
    text = fields.get("detail") or fields.get("title") or fields.get("message")
    return f" ({text})" if isinstance(text, str) else ""
