from __future__ import annotations

import os
from collections.abc import Callable, Iterable
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


@pytest.fixture
def write_project() -> Callable[..., None]:
    """Write small recordings into a folder: DeepLabCut poses and a table of bouts each.

    Mice ``one`` and ``two``, keypoints ``nose`` and ``tailbase``; ``one`` sniffs ``two`` in
    frames 2 and 3, and 8 to 11. The nose of ``two`` is missing in frame 0.
    """

    def write(folder: Path, names: Iterable[str], n_frames: int = 20) -> None:
        levels = [(a, k, c) for a in ("one", "two") for k in ("nose", "tailbase") for c in "xy"]
        heads = zip(*levels, strict=True)
        header = ["scorer" + ",net" * len(levels)]
        for level, cells in zip(("individuals", "bodyparts", "coords"), heads, strict=True):
            header.append(",".join((level, *cells)))
        rows = [
            f"{frame}," + ",".join(f"{10 * column + frame}" for column in range(len(levels)))
            for frame in range(n_frames)
        ]
        rows[0] = "0,0,10,20,30,,,60,70"
        (folder / "poses").mkdir(parents=True)
        (folder / "labels").mkdir()
        for name in names:
            poses = folder / "poses" / f"{name}DLC_net.csv"
            poses.write_text("\n".join([*header, *rows]) + "\n")
            (folder / "labels" / f"{name}_bouts.csv").write_text(
                "agent,target,behaviour,start_frame,stop_frame\n"
                "one,two,sniff,2,4\none,two,sniff,8,12\n"
            )

    return write
