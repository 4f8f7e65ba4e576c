"""Compute the 48 engineered features of CalMS21 task 1 from the MABe 2025 tree.

Reads ``data/raw/`` (train.csv, train_tracking/, train_annotation/), takes the lab CalMS21_task1,
merges its four sniffs to `sniff_any`, and writes ``data/processed/train_calms21_engineered.pkl``:
a pickled dict of plain numpy arrays and lists.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from pathlib import Path

from nuzzle.config import Config
from nuzzle.errors import NuzzleError
from nuzzle.files import atomic_path
from nuzzle.io.load import load_entry
from nuzzle.io.mabe import manifest_from_mabe
from nuzzle.io.splits import with_group_splits
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.samples import label_pairs, measure

LAB = "CalMS21_task1"
MISSING = """\
There is no MABe 2025 tree at {root}: train.csv was not found.

The recordings are those of the Kaggle competition "MABe Challenge - Social Action Recognition in
Mice" (2025). Download it there (its rules must be accepted first) and unpack train.csv,
train_tracking/ and train_annotation/ into {root}.

To try everything without it, simulate recordings in the same layout:

    nuzzle simulate {root} --format mabe --recordings 20 --minutes 5 --seed 0
"""
#: Actions that are one behaviour, seen by different annotators.
SNIFFS = ("sniffgenital", "sniffbody", "sniffface", "sniff")
CLASSES = ("intromit", "mount", "other", "attack", "sniff_any", "genitalgroom", "approach")
#: Which behaviour wins where several overlap: the shorter and rarer one.
PRIORITY = ("intromit", "genitalgroom", "approach", "attack", "mount", "sniff_any")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument(
        "--out", type=Path, default=Path("data/processed/train_calms21_engineered.pkl")
    )
    parser.add_argument("--val-fraction", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if not (arguments.raw / "train.csv").is_file():
        print(MISSING.format(root=arguments.raw), file=sys.stderr)
        return 2

    manifest = with_group_splits(
        manifest_from_mabe(arguments.raw, labs=[LAB]),
        {"train": 1 - arguments.val_fraction, "val": arguments.val_fraction},
        arguments.seed,
    )
    recordings = {"train": [], "val": []}
    for entry in manifest:
        recording = load_entry(entry)
        recordings[entry.split].append(_merged(recording))
    space = LabelSpace(CLASSES, "other", exclusive=True, priority=PRIORITY)
    frontend, samples = measure(*label_pairs(recordings, space, Config()))
    content = {
        "classes": list(CLASSES),
        "vocabulary": {name: number for number, name in enumerate(CLASSES)},
        "columns": [column.name for column in frontend.feature_set.columns],
        "fps": frontend.fps,
        "mean": frontend.normaliser.mean.numpy(),
        "std": frontend.normaliser.std.numpy(),
        **{split: [_plain(sample) for sample in part] for split, part in samples.items()},
    }
    with atomic_path(arguments.out) as temporary, temporary.open("wb") as file:
        pickle.dump(content, file)
    frames = sum(len(each["labels"]) for split in recordings for each in content[split])
    print(
        f"{arguments.out}: {len(content['columns'])} features of {frames:,} frames, "
        f"{len(recordings['train'])} recordings to train on and {len(recordings['val'])} to "
        "validate on"
    )
    return 0


def _merged(recording):
    """The recording with one behaviour for the four sniffs."""
    from dataclasses import replace

    labels = recording.labels.rename_behaviours(dict.fromkeys(SNIFFS, "sniff_any"))
    return replace(recording, labels=labels)


def _plain(sample):
    """One pair as plain arrays; a label of -1 is a frame that was not observed."""
    active, observed = sample.targets
    labels = active.argmax(axis=1)
    labels[~active.any(axis=1)] = -1
    return {
        "video": sample.recording,
        "agent": sample.pair.agent,
        "target": sample.pair.target,
        "features": sample.features.numpy(),
        "labels": labels,
        "observed": observed,
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NuzzleError as error:
        sys.exit(f"error: {error}")
