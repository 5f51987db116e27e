"""The plugin that the engine starts for programs in other languages; `schema.json` beside it says what it has."""

import sys
from pathlib import Path

# The checkout that this file is in, whatever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from catalog.provider import serve

if __name__ == "__main__":
    serve()
