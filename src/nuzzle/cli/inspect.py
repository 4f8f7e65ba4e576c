"""`nuzzle inspect`: what a pose file, a label file, a manifest or a bundle holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nuzzle.cli.console import JsonTarget, check_positive, emit_json, out, print_table, say
from nuzzle.cli.label_options import NotObserved
from nuzzle.errors import count, listed, sentence

_SHOWN_ITEMS = 5


def inspect(
    file: Annotated[
        Path, typer.Argument(help="A pose file, a label file, a manifest or a bundle.")
    ],
    format: Annotated[str, typer.Option(help="Name of the reader, if nuzzle guesses wrong.")] = "",
    item: Annotated[str, typer.Option(help="Which sequence of a file that holds many.")] = "",
    fps: Annotated[float | None, typer.Option(help="Frames per second.")] = None,
    stream: Annotated[str, typer.Option(help="Which of several label streams.")] = "",
    background: Annotated[str, typer.Option(help="The label for none of the others.")] = "",
    not_observed: NotObserved = None,
    allow_pickle: Annotated[
        bool,
        typer.Option("--allow-pickle", help="Open a .npy that runs code when it is read."),
    ] = False,
    json: JsonTarget = None,
) -> None:
    """Say what a file holds: animals, keypoints, missing points, behaviours, problems; a model."""
    from nuzzle.io.registry import LabelOptions, PoseOptions
    from nuzzle.workflow.inspect import inspect as look

    check_positive("--fps", fps)
    about = look(
        file,
        poses=PoseOptions(item=item, fps=fps, allow_pickle=allow_pickle),
        labels=LabelOptions(
            fps=fps,
            item=item,
            stream=stream,
            background=background,
            not_observed=tuple(not_observed or ()),
        ),
        format=format,
        progress=lambda name: say(f"reading {name}"),
    )
    _SHOW[about["kind"]](about)
    emit_json(about, json)


def _line(text: str) -> None:
    out().print(text)


def _show_poses(about: dict[str, Any]) -> None:
    from nuzzle.evaluation.figures import percent

    _line(f"{about['path']}: poses, {about['format']}")
    items = about.get("items", [])
    if len(items) > 1:
        _line(f"It holds {len(items)} sequences: {listed(items, _SHOWN_ITEMS)}.")
    if "shown_item" in about:
        _line(f"Below is the first, {about['shown_item']}; --item shows another.")
    fps, seconds = about["fps"], about["duration_s"]
    rate = f"{fps:g} frames/s, {seconds:,.1f} s" if fps else "frame rate unknown: --fps"
    scale = f"{about['px_per_cm']:g} px/cm" if about["px_per_cm"] else "scale unknown"
    _line(f"{about['n_frames']:,} frames ({rate}), positions in {about['unit']}, {scale}")
    _line(f"{count(len(about['individuals']), 'individual')}: {', '.join(about['individuals'])}")
    rows = [
        (keypoint, *(percent(about["missing"][name][keypoint], 1) for name in about["individuals"]))
        for keypoint in about["keypoints"]
    ]
    print_table(("missing points", *about["individuals"]), rows)
    _line(f"All points of all individuals are there in {percent(about['complete'], 1)} of frames.")
    if about["confidence"]:
        low, middle, high = about["confidence"]
        _line(f"Confidence: median {middle:.3f}, quartiles {low:.3f} and {high:.3f}.")
    if about["identity"] is not None:
        _show_identity(about["identity"])
    roles = about["skeleton"]
    _line(roles.get("problem") or f"Heading: from {roles['tail_base']} to {roles['nose']}.")
    if roles.get("renamed"):
        pairs = ", ".join(f"{old} as {new}" for old, new in roles["renamed"].items())
        _line(f"Keypoints known by another name: {pairs}.")
    _show_notes(about["notes"])
    if about["labels"] is not None:
        _show_behaviours(about["labels"])


def _show_identity(swaps: dict[str, Any]) -> None:
    if not swaps["swaps"]:
        _line("No exchange of identities found.")
        return
    listed = ", ".join(f"{start}-{stop - 1}" for start, stop in swaps["swaps"][:_SHOWN_ITEMS])
    more = ", ..." if len(swaps["swaps"]) > _SHOWN_ITEMS else ""
    times = "once" if len(swaps["swaps"]) == 1 else f"{len(swaps['swaps'])} times"
    _line(
        f"Identities seem exchanged {times}, in {swaps['frames']:,} frames "
        f"({listed}{more}). Look at them; prepare.repair_identity=true mends them."
    )


def _show_notes(notes: list[str]) -> None:
    for note in notes:
        _line(f"Note: {sentence(note)}")


def _show_labels(about: dict[str, Any]) -> None:
    _line(f"{about['path']}: labels, {about['format']}")
    _show_behaviours(about)


def _show_behaviours(about: dict[str, Any]) -> None:
    one = "one behaviour at a time" if about["exclusive"] else "behaviours may overlap"
    rest = f", background {about['background']!r}" if about["background"] else ""
    pairs = ", ".join(about["pairs"]) or "no pair"
    way = "" if about["directed"] else ", without direction"
    _line(f"Labels for {about['n_frames']:,} frames of {pairs}{way}; {one}{rest}")
    columns = ["stream", "behaviour", "bouts", "frames", "observed_frames", "point_events"]
    shown = [
        name
        for name in columns
        if name not in ("stream", "point_events") or any(row[name] for row in about["behaviours"])
    ]
    rows = [[row[name] for name in shown] for row in about["behaviours"]]
    print_table([name.replace("_", " ") for name in shown], rows)
    _show_notes(about["notes"])


def _show_manifest(about: dict[str, Any]) -> None:
    _line(f"{about['path']}: manifest of {count(about['recordings'], 'recording')}")
    names = ("recordings", "groups", "labelled", "frames")
    print_table(
        ("split", *names),
        [
            (split or "-", *(part[name] for name in names))
            for split, part in about["splits"].items()
        ],
    )
    for what in ("fps", "individuals", "keypoints"):
        if about[what]:
            _line(f"{what}: " + "; ".join(f"{key} ({n})" for key, n in about[what].items()))
    names = ("recordings", "bouts", "frames", "observed_frames")
    rows = [
        (behaviour, split or "-", *(part.get(name, 0) for name in names))
        for behaviour, by_split in about["behaviours"].items()
        for split, part in by_split.items()
    ]
    if rows:
        print_table(("behaviour", "split", *(name.replace("_", " ") for name in names)), rows)
    for problem in about["problems"]:
        _line(f"Problem: {problem}")
    for note in about["notes"]:
        _line(f"Note: {note}")


def _show_bundle(about: dict[str, Any]) -> None:
    _line(f"{about['path']}: bundle, a trained model\n\n{about['card'].rstrip()}")


_SHOW = {
    "poses": _show_poses,
    "labels": _show_labels,
    "manifest": _show_manifest,
    "bundle": _show_bundle,
}
