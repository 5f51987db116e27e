"""Is the queue dashboard there for those who have its credentials, and for nobody else?"""

from __future__ import annotations

import secrets
from typing import Final

import httpx

from checks.context import Context
from checks.outputs import Dashboard
from checks.result import Finding, failed, passed

_TIMEOUT: Final = 10.0


async def asks_for_credentials(context: Context, dashboard: Dashboard) -> Finding:
    """401 without credentials and with wrong ones, 200 with the right ones."""
    pods = [
        pod for pod in await context.cluster.pods(dashboard.namespace, dashboard.selector) if pod.phase == "Running"
    ]
    if not pods:
        return failed("no pod of the dashboard is running")
    username, password = await context.aws.secret(dashboard.credentials_secret_arn, "username", "password")
    # Through a forwarded port: the API server's proxy drops authorization headers.
    async with (
        context.cluster.forward(pods[0], dashboard.target_port) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=_TIMEOUT, follow_redirects=False) as client,
    ):
        nobody = await client.get(dashboard.path)
        stranger = await client.get(dashboard.path, auth=(username, secrets.token_hex(16)))
        friend = await client.get(dashboard.path, auth=(username, password))
    return judge_codes(nobody.status_code, stranger.status_code, friend.status_code)


def judge_codes(nobody: int, stranger: int, friend: int) -> Finding:
    """Decide from the codes without credentials, with wrong and with right ones."""
    evidence = {"withoutCredentials": nobody, "withWrongCredentials": stranger, "withCredentials": friend}
    if nobody != 401:
        return failed(f"HTTP {nobody} without credentials instead of 401", **evidence)
    if stranger != 401:
        return failed(f"HTTP {stranger} with a wrong password instead of 401", **evidence)
    if friend != 200:
        return failed(f"HTTP {friend} with the right credentials instead of 200", **evidence)
    return passed("asks for credentials and takes the right ones", **evidence)
