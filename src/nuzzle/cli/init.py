"""`nuzzle init`: a first manifest, from file names or from a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nuzzle.cli import console
from nuzzle.cli.console import JsonTarget, check_positive, emit_json
from nuzzle.cli.label_options import BEHAVIOURS, INDIVIDUALS, NOT_OBSERVED, UNDIRECTED
from nuzzle.cli.pose_options import renaming
from nuzzle.errors import InputError, count

if TYPE_CHECKING:
    from nuzzle.manifest import Entry, Manifest

#: How many matched files are shown.
_SHOWN = 5

#: Options that go into the manifest's columns of the same names as they are.
_PLAIN_COLUMNS = ("fps", "px_per_cm", "lab", "stream", "background", "agent", "target")


def _option(text: str, panel: str, *names: str) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=panel)


_FILES, _UNSAID, _SPLIT = "Which recordings", "What the files do not say", "Who is trained on"
_Out = Annotated[Path, typer.Argument(help="The manifest to write, a csv.")]
_More = Annotated[
    list[Path] | None, typer.Argument(help="More files for --calms21.", show_default=False)
]
_Poses = Annotated[list[str] | None, _option("Pose files, a quoted pattern. Repeatable.", _FILES)]
_Labels = Annotated[list[str] | None, _option("Label files, likewise.", _FILES)]
_Mabe = Annotated[Path | None, _option("Folder of MABe 2025, with train.csv.", _FILES)]
_Labs = Annotated[list[str] | None, _option("Only this lab of MABe. Repeatable.", _FILES)]
_Calms21 = Annotated[list[str] | None, _option("CalMS21 JSON files.", _FILES)]
_Unlabelled = Annotated[
    bool, _option("Keep poses that have no labels.", _FILES, "--allow-unlabelled")
]
_Fps = Annotated[float | None, _option("Frames per second.", _UNSAID)]
_Scale = Annotated[float | None, _option("Pixels in a centimetre.", _UNSAID)]
_Lab = Annotated[str, _option("Who recorded it.", _UNSAID)]
_Stream = Annotated[str, _option("Which of several label streams.", _UNSAID)]
_Background = Annotated[str, _option("The label for none of the others.", _UNSAID)]
_NotObserved = Annotated[list[str] | None, _option(NOT_OBSERVED, _UNSAID)]
_Undirected = Annotated[bool, _option(UNDIRECTED, _UNSAID, "--undirected")]
_Agent = Annotated[str, _option("Who acts, where the labels do not say.", _UNSAID)]
_Target = Annotated[str, _option("Who is acted upon, likewise.", _UNSAID)]
_Names = list[str] | None
_Individuals = Annotated[_Names, _option(INDIVIDUALS, _UNSAID)]
_Keypoints = Annotated[
    _Names, _option("Names of the keypoints: old=new;old=new. Repeatable.", _UNSAID)
]
_Behaviours = Annotated[_Names, _option(BEHAVIOURS, _UNSAID)]
_Splits = Annotated[
    Path | None, _option("csv with a column split, and recording or pose files.", _SPLIT)
]
_Val = Annotated[float | None, _option("Share of the groups to validate on.", _SPLIT)]
_Test = Annotated[float, _option("Share of the groups to test on.", _SPLIT)]
_TrainFrames = Annotated[
    float | None, _option("Train on this first share of each recording's frames.", _SPLIT)
]
_Seed = Annotated[int, _option("Of the draw of groups.", _SPLIT)]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing manifest.")]


def init(
    ctx: typer.Context,
    out: _Out,
    more: _More = None,
    poses: _Poses = None,
    labels: _Labels = None,
    mabe: _Mabe = None,
    labs: _Labs = None,
    calms21: _Calms21 = None,
    allow_unlabelled: _Unlabelled = False,
    fps: _Fps = None,
    px_per_cm: _Scale = None,
    lab: _Lab = "",
    stream: _Stream = "",
    background: _Background = "",
    not_observed: _NotObserved = None,
    undirected: _Undirected = False,
    agent: _Agent = "",
    target: _Target = "",
    individuals: _Individuals = None,
    keypoints: _Keypoints = None,
    behaviours: _Behaviours = None,
    splits: _Splits = None,
    val_fraction: _Val = None,
    test_fraction: _Test = 0.0,
    train_frames: _TrainFrames = None,
    seed: _Seed = 0,
    overwrite: _Overwrite = False,
    json: JsonTarget = None,
) -> None:
    """Write a manifest: which poses, which labels, how to read them, who is trained on."""
    from nuzzle.io.init_manifest import init_manifest
    from nuzzle.io.splits import Splitting

    _check_arguments(out, more or [], calms21 or [])
    manifest, notes = init_manifest(
        poses=poses or (),
        labels=labels or (),
        mabe=mabe,
        labs=labs or (),
        calms21=[*(calms21 or ()), *(more or ())],
        common=_common(ctx.params),
        allow_unlabelled=allow_unlabelled,
        splitting=Splitting(splits, val_fraction, test_fraction, train_frames, seed),
    )
    manifest.save(out, overwrite=overwrite)
    _show(out, manifest, notes)
    emit_json({"manifest": out, "recordings": _rows(manifest), "notes": notes}, json)


def _check_arguments(out: Path, more: Sequence[Path], calms21: Sequence[str]) -> None:
    if more and not calms21:
        raise InputError(
            f"{more[0]} belongs to no option. Quote patterns, so that they reach nuzzle whole: "
            "--poses 'poses/*.csv'."
        )
    if out.suffix.lower() != ".csv":
        raise InputError(f"The manifest is a csv: nuzzle init NAME.csv; got {out}.")


def _common(params: Mapping[str, Any]) -> dict[str, Any]:
    """What holds for every recording: the options that are columns of the manifest."""
    common = {name: params[name] for name in _PLAIN_COLUMNS if params[name] not in (None, "")}
    for name in ("fps", "px_per_cm"):
        check_positive(f"--{name.replace('_', '-')}", common.get(name))
    for name in ("individuals", "keypoints", "behaviours"):
        common |= {name: renaming(f"--{name}", params[name])} if params[name] else {}
    if params["not_observed"]:
        common["not_observed"] = tuple(params["not_observed"])
    if params["undirected"]:
        common["directed"] = False
    return common


def _rows(manifest: Manifest) -> list[dict[str, Any]]:
    names = ("recording", "poses", "item", "labels", "split")
    return [{name: getattr(entry, name) for name in names} for entry in manifest]


def _files(entry: Entry) -> tuple[str, str]:
    """The poses and the labels of a row, as they are shown."""
    item = entry.item.rsplit("/", 1)[-1]
    if entry.labels is None or entry.labels == entry.poses:  # a data set
        return item or entry.poses.name, entry.labels.name if entry.labels else "none"
    return entry.poses.name, ", ".join(filter(None, (entry.labels.name, entry.item)))


def _show(out: Path, manifest: Manifest, notes: Sequence[str]) -> None:
    splits = ", ".join(f"{n} {name or 'unsplit'}" for name, n in manifest.splits.items())
    console.out().print(f"{out}: {count(len(manifest), 'recording')} ({splits})")
    rows = [
        (entry.recording, *_files(entry), entry.split or "-") for entry in manifest.entries[:_SHOWN]
    ]
    console.print_table(("recording", "poses", "labels", "split"), rows)
    if len(manifest) > _SHOWN:
        console.out().print(f"... and {len(manifest) - _SHOWN} more")
    for note in notes:
        console.out().print(f"Note: {note}")
