"""`python -m local.aws serve [PLAN]`: the endpoint in the foreground. Run it inside the hub's network namespace.

`python -m local.aws watch [PLAN]`: start the endpoint again whenever it ends.

PLAN is the address plan as JSON, for a platform with other addresses than the usual ones.
"""

from __future__ import annotations

import os
import sys

from local.aws.lifecycle import plan_from_json, watch
from local.aws.memory.store import StateUnreadable
from local.network.plan import PLAN
from local.paths import Paths

# moto reads these when it is imported. Its permissive CORS answers would hide what a bucket's own rules say, and a
# request to an address must never be taken for a bucket's own host.
MOTO_SETTINGS = {"MOTO_DISABLE_GLOBAL_CORS": "true", "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true"}


def main(arguments: list[str]) -> int:
    """Entry point; returns the exit code."""
    if arguments[:1] not in (["serve"], ["watch"]) or len(arguments) > 2:
        print("usage: python -m local.aws serve|watch [PLAN]", file=sys.stderr)
        return 2
    plan = plan_from_json(arguments[1]) if arguments[1:] else PLAN
    if arguments[0] == "watch":
        watch(Paths.from_environment(), plan)
        return 0
    os.environ.update(MOTO_SETTINGS)
    from local.aws.serve import serve

    try:
        serve(Paths.from_environment(), plan)
    except StateUnreadable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
