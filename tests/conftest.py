from __future__ import annotations

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("NUZZLE_DATA", REPO.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings and labels; tests that need it are skipped without it."""
    if not DATA.is_dir():
        pytest.skip(f"no real data at {DATA}; set NUZZLE_DATA to the folder that holds it")
    return DATA
