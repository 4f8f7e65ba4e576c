"""Evaluation: a bundle against labelled recordings."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from nuzzle.errors import InputError, LeakageError, NuzzleError, listed
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.io import looked_for
from nuzzle.io.load import load_entry
from nuzzle.manifest import Entry, Manifest
from nuzzle.outputs.index import Kind, RecordingEntry, Run
from nuzzle.outputs.results import ResultsWriter, writing
from nuzzle.progress import Say, log
from nuzzle.recording import Recording
from nuzzle.workflow.attention import attention_of, longest_bouts
from nuzzle.workflow.calibration import judge
from nuzzle.workflow.frames import run_of, write_judged
from nuzzle.workflow.scored import Scored, score_recording
from nuzzle.workflow.unused import overlapping


def evaluate(
    bundle: Bundle | str | Path,
    manifest: Manifest | str | Path,
    split: str = "val",
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    allow_seen: bool = False,
    command: str = "",
    say: Say = log,
) -> Evaluation:
    """Score a bundle on a split of a manifest.

    Args:
        bundle: a trained model, or its file.
        manifest, split: recordings with labels, and which of them.
        out: folder for frames, bouts and figures, of which `nuzzle report` makes a page.
        overwrite: whether results in `out` may be replaced.
        allow_seen: score recordings that the model was trained on, too.
        command, say: what was typed, for the report; is told what is going on.

    Raises:
        LeakageError, InputError, OutputError: trained on; nothing could be scored; `out` is taken.
    """
    bundle = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
    chosen = manifest.select(split)
    parts = other_parts(bundle, manifest, [entry.recording for entry in chosen])
    accepted = {entry.recording for entry in chosen} if allow_seen else {*parts}
    _refuse_seen(bundle, {e.recording: e.leak_group for e in chosen}, accepted)
    raw, attention, told = list[ScoredPair](), list[dict[str, Any]](), list[RecordingEntry]()
    unknown, hidden = Counter[str](), list[dict[str, tuple[int, int]]]()
    with _writer(bundle, out, command, overwrite) as writer:
        for one, done in _score_each(bundle, chosen.with_groups(), say, accepted):
            told.append(done)
            if one is not None:
                raw += one.raw
                unknown += _unknown(bundle, one.recording)
                hidden.append(bundle.space.hidden(one.recording))
                attention += [] if writer is None else attention_of(bundle, one)
        notes = (*_unknown_note(bundle, unknown), *overlapping(hidden), *video_note(parts))
        judged = judge(bundle, raw) if raw else None
        result = _noting(judged.evaluation, notes) if judged else None
        if writer is not None:
            write_judged(writer, bundle.space, told, judged)
            writer.finish(result.to_dict() if result else None, longest_bouts(attention))
    if result is None:
        reasons = [each.reason for each in told[:3]]
        raise InputError(f"No recording of {split!r} could be scored: {'; '.join(reasons)}")
    return result


def _writer(
    bundle: Bundle, out: str | Path | None, command: str, overwrite: bool
) -> AbstractContextManager[ResultsWriter | None]:
    if out is None:
        return nullcontext()
    return writing(out, results_of(bundle, "evaluation", command), overwrite=overwrite)


def _noting(result: Evaluation, notes: Sequence[str]) -> Evaluation:
    return replace(result, notes=(*result.notes, *notes))


def _score_each(
    bundle: Bundle, entries: Iterable[Entry], say: Say, accepted: Set[str]
) -> Iterator[tuple[Scored | None, RecordingEntry]]:
    """What there is to score of each recording, and what is known of it; None where nothing is."""
    for entry in entries:
        try:
            scored = _score_entry(bundle, entry, say, accepted)
        except NuzzleError as error:
            say(f"{entry.recording}: not scored: {error}")
            yield (
                None,
                RecordingEntry(
                    entry.recording,
                    lab=entry.lab,
                    poses=str(entry.poses),
                    status="failed",
                    reason=str(error),
                ),
            )
        else:
            yield scored


def _score_entry(
    bundle: Bundle, entry: Entry, say: Say, accepted: Set[str]
) -> tuple[Scored, RecordingEntry]:
    began = time.perf_counter()
    recording = load_entry(entry)
    # Only the pose file may know the animal.
    _refuse_seen(bundle, {recording.name: recording.leak_group}, accepted)
    _refuse_copy(bundle, recording, accepted)
    one = score_recording(bundle, recording)
    seconds = time.perf_counter() - began
    say(f"{entry.recording}: {one.recording.n_frames:,} frames in {seconds:.1f} s")
    for note in (notes := (*one.recording.all_notes, *bundle.unlike(one.prepared))):
        say(f"{entry.recording}: {note}")
    if missing := _not_said(bundle, one.recording):
        say(looked_for.warning(entry.recording, missing))
    return one, RecordingEntry.of(one.recording, history=one.history, notes=notes, seconds=seconds)


def _not_said(bundle: Bundle, recording: Recording) -> list[str]:
    """What the model knows and a label file that names only what was seen does not."""
    labels, space = recording.labels, bundle.space
    if labels is None or not labels.only_seen:
        return []
    known = bundle.training.get("labs", {}).get(recording.lab, space.behaviours)
    return [looked_for.named(n, own=n in space.own) for n in known if n not in labels.behaviours]


def _unknown(bundle: Bundle, recording: Recording) -> Counter[str]:
    """Frames of labelled behaviours that the model does not know."""
    if recording.labels is None:
        return Counter()
    bouts = recording.labels.bouts
    frames = (bouts["stop_frame"] - bouts["start_frame"]).groupby(bouts["behaviour"]).sum()
    known = bundle.space.names
    return Counter({str(name): int(n) for name, n in frames.items() if name not in known})


def _unknown_note(bundle: Bundle, unknown: Counter[str]) -> Iterator[str]:
    """A note of labels that the model does not know, which may only have another name."""
    if unknown:
        what = listed([f"{name} ({frames:,} frames)" for name, frames in unknown.most_common()])
        background = bundle.space.background
        yield (
            f"The model does not know {what} of the labels: these frames "
            f"{'are not scored' if background is None else f'count as {background!r}'}. If it has "
            "another name for it, rename it in the manifest's column behaviours (old=new)."
        )


def other_parts(bundle: Bundle, manifest: Manifest, names: Iterable[str]) -> list[str]:
    """Those of the recordings that are parts of a video of which the model has learned others."""
    parts = {*manifest.other_parts(bundle.training.get("recordings", ()))}
    return [name for name in names if name in parts]


def video_note(parts: Sequence[str]) -> Iterator[str]:
    """A note on the `other_parts`."""
    if parts:
        yield (
            f"The model was trained on other frames of the same video as {listed(parts)}: these "
            "figures do not say how well it does on new animals."
        )


def results_of(bundle: Bundle, kind: Kind, command: str) -> Run:
    """What a results directory says of the model and the command."""
    return replace(run_of(bundle.space, kind, command), bundle=bundle.to_dict())


def _refuse_seen(bundle: Bundle, groups: Mapping[str, str], accepted: Set[str]) -> None:
    """Raise where the model was trained on a recording, or on others of its group.

    But for those that are `accepted`.
    """
    seen = [name for name in bundle.learned_from(groups) if name not in accepted]
    if seen:
        raise LeakageError(
            f"The model was trained on {listed(seen)}, or on other recordings of the same animals "
            "or sessions: a score on them says nothing about new ones. Choose another split, or "
            "pass --allow-seen."
        )


def _refuse_copy(bundle: Bundle, recording: Recording, accepted: Set[str]) -> None:
    """Raise where the model was trained on the very poses of a recording, under another name."""
    learned = bundle.learned_as(recording)
    if learned is not None and recording.name not in accepted:
        raise LeakageError(
            f"The model was trained on these very poses, as {learned!r}: a score on them says "
            "nothing about new animals. Choose other recordings, or pass --allow-seen."
        )
