"""Where the real data are: in `$NUZZLE_DATA`, or in ``../shared/data`` beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

_REPO = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("NUZZLE_DATA", _REPO.parent / "shared" / "data"))
