"""Evaluation: a bundle against labelled recordings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from nuzzle.decoding.decoder import Decoder
from nuzzle.errors import InputError, LeakageError, NuzzleError
from nuzzle.evaluation.evaluate import evaluate as score
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import WindowClassifier
from nuzzle.inference.predict import predict_prepared, source_frames
from nuzzle.io.load import load_entry
from nuzzle.labels import mask_to_intervals
from nuzzle.manifest import Entry, Manifest
from nuzzle.outputs.results import PairFrames, ResultsWriter, Run
from nuzzle.recording import Recording
from nuzzle.workflow.frames import separate_own

#: How many bouts of each behaviour the report shows the attention of.
_ATTENTION_BOUTS = 3


class Scored(NamedTuple):
    """The predictions of one recording beside its labels."""

    recording: Recording
    prepared: Recording
    pairs: list[ScoredPair]


def evaluate(
    bundle: Bundle | str | Path,
    manifest: Manifest | str | Path,
    split: str = "val",
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    allow_seen: bool = False,
    command: str = "",
    say: Callable[[str], None] = lambda sentence: None,
) -> Evaluation:
    """Score a bundle on a split of a manifest.

    Args:
        bundle: a trained model, or its file.
        manifest: recordings with labels and splits.
        split: which recordings.
        out: folder for frames, bouts and figures, from which `nuzzle report` makes a report.
        overwrite: whether results in `out` may be replaced.
        allow_seen: score recordings that the model was trained on, too.
        command: what was typed, for the report.
        say: is told what is going on.

    Raises:
        LeakageError, InputError: the model was trained on a recording; none could be scored.
    """
    bundle = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    chosen = (manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)).select(split)
    if not allow_seen:
        _refuse_seen(bundle, chosen)
    run = results_of(bundle, "evaluation", command)
    writer = None if out is None else ResultsWriter(out, run, overwrite=overwrite)
    pairs, attention, reasons = list[ScoredPair](), list[dict[str, Any]](), list[str]()
    for entry in chosen:
        try:
            one = _score_entry(bundle, entry, writer, say)
        except NuzzleError as error:
            say(f"{entry.recording}: not scored: {error}")
            reasons.append(str(error))
            if writer is not None:
                writer.fail(entry.recording, str(error), poses=str(entry.poses), lab=entry.lab)
        else:
            pairs += one.pairs
            attention += [] if writer is None else _attention(bundle, one)
    if not pairs:
        raise InputError(f"No recording of {split!r} could be scored: {'; '.join(reasons[:3])}")
    result = score(pairs)
    if writer is not None:
        writer.finish(result.to_dict(), _choose(attention))
    return result


def _score_entry(
    bundle: Bundle, entry: Entry, writer: ResultsWriter | None, say: Callable[[str], None]
) -> Scored:
    began = time.perf_counter()
    one = score_recording(bundle, load_entry(entry))
    seconds = time.perf_counter() - began
    say(f"{entry.recording}: {one.recording.n_frames:,} frames in {seconds:.1f} s")
    if writer is not None:
        writer.add(
            one.recording,
            separate_own(bundle.space, [_as_frames(each) for each in one.pairs]),
            notes=one.recording.labels.notes if one.recording.labels else (),
            history=one.prepared.history,
            seconds=seconds,
        )
    return one


def evaluate_recordings(bundle: Bundle, recordings: Iterable[Recording]) -> Evaluation:
    """Score a bundle on recordings in memory."""
    return score([pair for each in recordings for pair in score_recording(bundle, each).pairs])


def score_recording(bundle: Bundle, recording: Recording) -> Scored:
    """Predictions of one recording's labelled pairs, beside the labels.

    Raises:
        InputError: the recording has no labels that the model could be scored on.
    """
    if recording.labels is None:
        raise InputError(
            f"recording {recording.name!r} has no labels. Fill the manifest's column labels."
        )
    space = bundle.space
    decoder = Decoder.from_dict(bundle.decoding)
    pairs = recording.labels.pairs
    out = []
    prepared = bundle.frontend.prepare(recording)
    for pair, probability in predict_prepared(bundle, recording, prepared, pairs):
        targets = space.targets(recording.labels, pair)
        if not targets.observed.any():
            continue
        out.append(
            ScoredPair(
                recording=recording.name,
                group=recording.group,
                pair=pair,
                fps=recording.require_fps(),
                behaviours=space.names,
                background=space.background,
                exclusive=space.exclusive,
                truth=targets.active,
                observed=targets.observed,
                predicted=decoder(probability, recording.require_fps(), targets.observed),
                probability=probability,
            )
        )
    if not out:
        raise InputError(
            f"recording {recording.name!r}: nobody looked for any of {list(space.behaviours)}; its "
            f"labels are of {list(recording.labels.behaviours)}. The column behaviours of the "
            "manifest can rename them (old=new)."
        )
    return Scored(recording, prepared, out)


def _as_frames(pair: ScoredPair) -> PairFrames:
    return PairFrames(pair.pair, pair.probability, pair.predicted, pair.truth, pair.observed)


def results_of(bundle: Bundle, kind: Any, command: str) -> Run:
    """What a results directory says of the model and the command."""
    return Run(
        kind=kind,
        behaviours=bundle.space.names,
        background=bundle.space.background,
        exclusive=bundle.space.exclusive,
        command=command,
        bundle=bundle.to_dict(),
    )


def _refuse_seen(bundle: Bundle, manifest: Manifest) -> None:
    known = {*bundle.training.get("recordings", ()), *bundle.training.get("groups", ())}
    seen = [e.recording for e in manifest if e.recording in known or e.leak_group in known]
    if seen:
        raise LeakageError(
            f"The model was trained on {', '.join(seen[:5])}: a score on them says nothing about "
            "new recordings. Choose another split, or pass --allow-seen."
        )


def _attention(bundle: Bundle, scored: Scored) -> list[dict[str, Any]]:
    """Attention weights at the middle of the longest correctly found bouts."""
    classifier = bundle.classifier
    if not isinstance(classifier, WindowClassifier):
        return []
    to_prepared = source_frames(scored.recording, scored.prepared)
    fps = scored.prepared.require_fps()
    out = []
    for pair in scored.pairs:
        features = bundle.frontend(scored.prepared, pair.pair)
        for column, behaviour in enumerate(pair.behaviours):
            if behaviour == pair.background:
                continue
            both = pair.truth[:, column] & pair.predicted[:, column]
            bouts = mask_to_intervals(both)
            longest = bouts[np.argsort(bouts[:, 0] - bouts[:, 1])][:_ATTENTION_BOUTS]
            for start, stop in longest:
                frame = int(start + stop) // 2
                at = torch.tensor([int(to_prepared[frame])])
                weights = classifier.attention(features, at)
                if weights is None:
                    return []
                step = classifier.window / weights.shape[1]
                middle = (np.arange(weights.shape[1]) + 0.5) * step - classifier.window // 2
                out.append(
                    {
                        "recording": pair.recording,
                        "agent": pair.pair.agent,
                        "target": pair.pair.target,
                        "behaviour": behaviour,
                        "frame": frame,
                        "frames": int(stop - start),
                        "offset_s": [round(float(each) / fps, 4) for each in middle],
                        "weight": [round(float(each), 6) for each in weights[0]],
                    }
                )
    return out


def _choose(attention: Sequence[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The longest bouts of each behaviour over all recordings."""
    chosen: list[dict[str, Any]] = []
    for behaviour in sorted({each["behaviour"] for each in attention}):
        mine = [each for each in attention if each["behaviour"] == behaviour]
        chosen += sorted(mine, key=lambda each: -int(each["frames"]))[:_ATTENTION_BOUTS]
    return chosen or None
