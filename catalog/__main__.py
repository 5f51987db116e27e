"""`python -m catalog` writes docs/reference/, docs/policies/ and the package's schema.

With `--check` it writes nothing and says what is out of date.
"""

from __future__ import annotations

import argparse
import sys

from catalog.files import ROOT, generated, stale


def main() -> int:
    """Write or check; 1 when something that is checked is out of date."""
    parser = argparse.ArgumentParser(prog="python -m catalog", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        late = stale()
        for name in late:
            print(f"{name} does not say what the code says: make docs", file=sys.stderr)
        return 1 if late else 0
    for name in stale():
        content = generated().get(name)
        if content is None:
            (ROOT / name).unlink()
        else:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(content, encoding="utf-8")
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
