"""`nuzzle simulate`: recordings of simulated mice in a genuine file layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nuzzle.cli.console import JsonTarget, emit_json, out


def simulate(
    directory: Annotated[Path, typer.Argument(help="Folder to write to; new or empty.")],
    format: Annotated[str, typer.Option(help="File layout: calms21 or mabe.")] = "calms21",
    recordings: Annotated[int, typer.Option(help="How many recordings, in all.")] = 8,
    minutes: Annotated[float, typer.Option(help="Length of each, in minutes.")] = 5.0,
    seed: Annotated[int, typer.Option(help="Same seed, same files.")] = 0,
    difficulty: Annotated[str, typer.Option(help="easy, normal or hard.")] = "normal",
    labs: Annotated[
        int, typer.Option(help="How many labs, with other keypoints and behaviours (mabe only).")
    ] = 1,
    task: Annotated[int, typer.Option(help="Task 1, 2 or 3 (calms21 only).")] = 1,
    overwrite: Annotated[bool, typer.Option(help="Replace files that exist.")] = False,
    json: JsonTarget = None,
) -> None:
    """Simulate recordings of two mice with labels, to try everything without any download."""
    from nuzzle.simulate import simulate as run
    from nuzzle.simulate.recordings import planned_frames

    files = run(
        directory,
        format=format,
        recordings=recordings,
        minutes=minutes,
        seed=seed,
        difficulty=difficulty,
        labs=labs,
        task=task,
        overwrite=overwrite,
    )
    frames = planned_frames(recordings, minutes, labs, task)
    out().print(
        f"Wrote {recordings} simulated recordings, {frames:,} frames ({format} layout, "
        f"difficulty {difficulty}, seed {seed}):",
    )
    for path in files:
        out().print(f"  {path}")
    said = {"format": format, "recordings": recordings, "frames": frames, "minutes": minutes}
    said |= {"labs": labs, "task": task, "difficulty": difficulty, "seed": seed}
    emit_json({"simulated": True, **said, "files": files}, json)
