"""The `groundwork` command."""

def main() -> None:
    raise SystemExit("not yet")
