"""Auxiliary labels: another kind of labels, learned beside those that a model is for.

A second stream or a second scheme shapes what the layers below both look at. Only the probabilities
of the model's own behaviours are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from nuzzle.config import Config, LabelsConfig
from nuzzle.errors import ManifestError, TrainingError, listed
from nuzzle.labels import Pair
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace, Targets


def match_auxiliary(
    manifest: Manifest, auxiliary: Manifest | str | Path | None
) -> dict[str, Entry]:
    """By name of a recording, the row that describes its auxiliary labels.

    Args:
        manifest: the recordings.
        auxiliary: rows of the same names; None for none.

    Raises:
        ManifestError: no row with labels has the name of a recording; or all say the same as those
            of the recordings.
    """
    if auxiliary is None:
        return {}
    auxiliary = auxiliary if isinstance(auxiliary, Manifest) else Manifest.load(auxiliary)
    names = {entry.recording for entry in manifest}
    rows = {
        entry.recording: entry
        for entry in auxiliary
        if entry.recording in names and entry.labels is not None
    }
    if not rows:
        there = [entry.recording for entry in auxiliary if entry.labels is not None]
        raise ManifestError(
            f"auxiliary manifest {auxiliary.path or ''}".strip(),
            [
                "no row with labels has the name of a recording of the manifest "
                f"{manifest.path or ''}: the rows with labels are {listed(there) or 'none'}, the "
                f"recordings {listed(sorted(names))}. Rows are matched by the column recording"
            ],
        )
    own = {entry.recording: _what(entry) for entry in manifest}
    if all(_what(row) == own[name] for name, row in rows.items()):
        raise ManifestError(
            f"auxiliary manifest {auxiliary.path or ''}".strip(),
            [
                "every row has the same labels as the manifest "
                f"{manifest.path or ''}: the same file, stream and behaviours, from which there is "
                "nothing more to learn. Name another file (column labels), another stream (column "
                "stream) or other behaviours (column behaviours)"
            ],
        )
    return rows


def _what(entry: Entry) -> tuple[object, ...]:
    """Which labels a row names."""
    return entry.labels, entry.item, entry.stream, entry.behaviours


def check_auxiliary(recordings: Iterable[Recording], rows: Mapping[str, Entry]) -> None:
    """Refuse rows of auxiliary labels from which there is nothing to learn.

    Raises:
        TrainingError: none of these training recordings has an auxiliary bout.
    """
    found = [each.auxiliary for each in recordings if each.auxiliary is not None]
    if rows and not any(len(labels.bouts) for labels in found):
        notes = [f" {note}" for labels in found for note in labels.notes]
        raise TrainingError(
            "No training recording has an auxiliary bout. Check the columns labels, stream and "
            "background of the auxiliary manifest." + "".join(notes[:1])
        )


def auxiliary_space(
    recordings: Iterable[Recording], space: LabelSpace, config: Config
) -> LabelSpace | None:
    """The auxiliary behaviours of the training recordings: all that have a bout.

    Args:
        recordings: to train on.
        space: the behaviours that the model is for.
        config: says whether one behaviour holds at a time; that counts for both kinds of labels.

    Returns:
        None where there is no auxiliary bout.

    Raises:
        TrainingError: the auxiliary labels have a direction, and the others have none.
    """
    labelled = [
        replace(each, labels=each.auxiliary)
        for each in recordings
        if each.auxiliary is not None and len(each.auxiliary.bouts)
    ]
    if not labelled:
        return None
    auxiliary = LabelSpace.fit(
        labelled, LabelsConfig(mode=config.labels.mode, background=config.labels.background)
    )
    if auxiliary.directed and not space.directed:
        raise TrainingError(
            "The auxiliary labels are directed (agent -> target), and the others are not. Set the "
            "column directed of the auxiliary manifest to no."
        )
    return auxiliary


def auxiliary_targets(auxiliary: LabelSpace, recording: Recording, pair: Pair) -> Targets:
    """Targets of the auxiliary behaviours; nothing is observed where a recording has no labels.

    Args:
        auxiliary: the behaviours.
        recording: prepared.
        pair: as the other labels have it; labels without direction may have it the other way round.
    """
    labels = recording.auxiliary
    if labels is None:
        return auxiliary.nothing(recording.n_frames)
    turned = pair.reversed in labels.pairs and pair not in labels.pairs
    return auxiliary.targets(labels, pair.reversed if turned and not labels.directed else pair)
