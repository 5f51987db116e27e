"""Files written whole or not at all, so that neither a crash nor a reader in between sees half of one."""

from __future__ import annotations

from pathlib import Path


def write(target: Path, text: str, mode: int = 0o644) -> None:
    """Write the file unless it says just that already; who watches it is not woken for nothing."""
    if target.exists() and target.read_text() == text and target.stat().st_mode & 0o777 == mode:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=mode)
    partial.write_text(text)
    partial.rename(target)
