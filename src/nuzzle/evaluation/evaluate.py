"""Score predictions against labels: every figure of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation import bouts as by_bout
from nuzzle.evaluation import frames as by_frame
from nuzzle.evaluation.bootstrap import (
    Floats,
    draw_weights,
    estimate,
    estimate_mean,
    mean_defined,
    mean_of_defined,
    ratio,
    sums_over_groups,
    with_interval,
)
from nuzzle.evaluation.calibration import (
    expected_calibration_error,
    overall_curve,
    reliability_curve,
)
from nuzzle.evaluation.draws import drawn_average_precision
from nuzzle.evaluation.figures import Estimate
from nuzzle.evaluation.label_delay import label_delay_s
from nuzzle.evaluation.own import OwnApart
from nuzzle.evaluation.result import (
    BehaviourScore,
    Evaluation,
    LabScore,
    RecordingScore,
)
from nuzzle.evaluation.scored import (
    ScoredPair,
    check_comparable,
    group_numbers,
    groups_of,
    pooled,
)

#: Below so many groups an interval is itself a rough guess.
FEW_GROUPS = 5


def evaluate(pairs: Sequence[ScoredPair], *, bootstrap: int = 1000, seed: int = 0) -> Evaluation:
    """Score predictions per frame and per bout, with intervals over groups of recordings.

    A behaviour counts only on the frames in which it was looked for, and what an animal does to
    itself counts once, not with each of the others (but for `top_label_ece`: there a frame counts
    with each pair). A behaviour that does not occur in the truth has no F1 and no part in the macro
    averages; the notes say so. Intervals are 95 % percentile intervals of a bootstrap over groups,
    or over recordings without a group. A draw of groups in which a behaviour does not occur has no
    part in the intervals of that behaviour, nor in those of the macro averages.

    Args:
        pairs: truth and prediction of every pair, all with the same classes.
        bootstrap: number of draws; 0 for no intervals.
        seed: of the draws.

    Raises:
        InputError: there is nothing to score, or the pairs differ in their classes.
    """
    check_comparable(pairs)
    first = pairs[0]
    curve = overall_curve(pairs) if first.exclusive else ()
    pairs = _counted(pairs)
    units = groups_of(pairs)
    unit_of = group_numbers(pairs, units)
    weights = draw_weights(len(units), bootstrap, np.random.default_rng(seed))
    tally = _Tally(pairs, unit_of, len(units), weights)
    scored = sum(int(pair.observed.any(axis=1).sum()) for pair in pairs)
    recordings = _per_recording(pairs, tally)
    return Evaluation(
        behaviours=tuple(tally.behaviour(column) for column in range(len(first.behaviours))),
        background=first.background,
        exclusive=first.exclusive,
        macro_f1=tally.macro_f1(tally.foreground),
        macro_f1_with_background=_with_background(tally, first),
        mean_average_precision=tally.mean_average_precision(),
        macro_bout_f1=tally.macro_bout_f1(),
        edit_score=tally.edit_score(),
        confusion=_confusion(pairs),
        top_label_ece=expected_calibration_error(curve),
        top_label_reliability=curve,
        recordings=recordings,
        pairs=len(pairs),
        labs=_per_lab(pairs, tally),
        scored_frames=scored,
        unobserved_frames=sum(pair.n_frames for pair in pairs) - scored,
        groups=len(units),
        bootstrap=bootstrap if weights is not None else 0,
        seed=seed,
        notes=(*_notes(tally, len(units), bootstrap), *_delays(recordings)),
    )


class Headline(NamedTuple):
    """The figures that a model is known by, over all recordings, without the background.

    Attributes:
        f1: macro F1 per frame.
        ap: mean average precision.
        bouts: macro F1 per bout at an intersection over union of 0.5.
    """

    f1: float
    ap: float
    bouts: float


def headline(pairs: Sequence[ScoredPair]) -> Headline:
    """Those figures of `evaluate` alone, without what else it takes time for.

    Raises:
        InputError: there is nothing to score, or the pairs differ in their classes.
    """
    check_comparable(pairs)
    pairs = _counted(pairs)
    tally = _Tally(pairs, np.zeros(len(pairs), dtype=np.int64), 1, None)
    f1, ap = tally.macro_f1(tally.foreground), tally.mean_average_precision()
    bouts = tally.macro_bout_f1()[f"{by_bout.SAME_BOUT_IOU:g}"]
    return Headline(f1.value, ap.value, bouts.value)


def _with_background(tally: _Tally, first: ScoredPair) -> Estimate:
    if first.background is None:
        return Estimate(float("nan"))
    return tally.macro_f1(list(range(len(first.behaviours))))


def _counted(pairs: Sequence[ScoredPair]) -> list[ScoredPair]:
    """Each behaviour once; without pairs in which nothing is left to count."""
    once = OwnApart(pairs).pairs
    both = zip(pairs, once, strict=False)
    kept = [each for pair, each in both if each.observed.any() or not pair.observed.any()]
    return kept + [each for each in once[len(pairs) :] if each.observed.any()]


class _Tally:
    """Counts of every pair, and the figures that follow from them."""

    def __init__(
        self,
        pairs: Sequence[ScoredPair],
        unit_of: NDArray[np.int64],
        n_units: int,
        weights: Floats | None,
    ) -> None:
        self.pairs = pairs
        self.unit_of = unit_of
        self.n_units = n_units
        self.weights = weights
        self.names = pairs[0].behaviours
        self.foreground = pairs[0].foreground
        counted = [by_frame.count_frames(pair) for pair in pairs]
        self.frames = by_frame.FrameCounts(*(np.stack(each) for each in zip(*counted, strict=True)))
        self.bouts = [by_bout.count_bouts(pair) for pair in pairs]
        self.bout_counts = tuple(
            np.stack([getattr(each, name) for each in self.bouts])
            for name in ("matched", "predicted", "true")
        )
        hits = self.by_unit(self.frames[:3])
        self.figures = {
            "precision": self.estimate(by_frame.precision, hits),
            "recall": self.estimate(by_frame.recall, hits),
            "f1": self.estimate(by_frame.f1, hits),
        }
        self.bout_f1 = self.estimate(by_bout.bout_f1, self.by_unit(self.bout_counts))
        self.count_ratio = self.estimate(ratio, self.by_unit(self.bout_counts[1:]))
        self.average_precisions = [self._average_precision(c) for c in range(len(self.names))]

    def by_unit(self, counts: Sequence[NDArray[Any]]) -> list[Floats]:
        """Counts `(pair, ...)` summed over the pairs of each unit, `(unit, ...)`."""
        floats = [count.astype(np.float64) for count in counts]
        return [sums_over_groups(each, self.unit_of, self.n_units) for each in floats]

    def estimate(
        self, statistic: Callable[..., Floats], counts: Sequence[NDArray[Any]]
    ) -> NDArray[Any]:
        return estimate(statistic, counts, self.weights)

    def _average_precision(self, column: int) -> tuple[float, Floats | None]:
        """The figure and its draws, `(draw,)`."""
        if self.weights is None:
            probability, truth = pooled(self.pairs, column)
            return by_frame.average_precision(truth, probability), None
        return drawn_average_precision(self.pairs, self.unit_of, column, self.weights)

    def behaviour(self, column: int) -> BehaviourScore:
        curve = reliability_curve(*pooled(self.pairs, column))
        value, draws = self.average_precisions[column]
        tp, fp, fn, observed = (count[:, column] for count in self.frames)
        occurs = tp + fn > 0
        return BehaviourScore(
            behaviour=self.names[column],
            precision=self.figures["precision"][column],
            recall=self.figures["recall"][column],
            f1=self.figures["f1"][column],
            average_precision=_single(with_interval(np.asarray(value), draws)),
            bout_f1=_by_iou(self.bout_f1[column]),
            bout_count_ratio=self.count_ratio[column],
            onset_error_s=_median([each.onset_error_s[column] for each in self.bouts]),
            offset_error_s=_median([each.offset_error_s[column] for each in self.bouts]),
            ece=expected_calibration_error(curve),
            reliability=curve,
            true_frames=int((tp + fn).sum()),
            predicted_frames=int((tp + fp).sum()),
            observed_frames=int(observed.sum()),
            true_bouts=int(self.bout_counts[2][:, column].sum()),
            predicted_bouts=int(self.bout_counts[1][:, column].sum()),
            recordings=len(
                {pair.recording for pair, has in zip(self.pairs, occurs, strict=True) if has}
            ),
        )

    def macro_f1(self, columns: list[int]) -> Estimate:
        def chosen(tp: Floats, fp: Floats, fn: Floats) -> Floats:
            return by_frame.f1(tp, fp, fn)[..., columns]

        return _single(estimate_mean(chosen, self.by_unit(self.frames[:3]), self.weights))

    def macro_bout_f1(self) -> dict[str, Estimate]:
        def chosen(matched: Floats, predicted: Floats, true: Floats) -> Floats:
            score = by_bout.bout_f1(matched, predicted, true)[..., self.foreground, :]
            return np.moveaxis(score, -1, -2)

        return _by_iou(estimate_mean(chosen, self.by_unit(self.bout_counts), self.weights))

    def mean_average_precision(self) -> Estimate:
        chosen = [self.average_precisions[column] for column in self.foreground]
        value = np.array([figure for figure, _ in chosen])
        drawn = [draws for _, draws in chosen if draws is not None]
        return _single(
            with_interval(*mean_of_defined(value, np.stack(drawn, -1) if drawn else None))
        )

    def edit_score(self) -> Estimate:
        scores = np.array([each.edit_score for each in self.bouts])
        defined = np.isfinite(scores)
        sums = self.by_unit([np.where(defined, scores, 0.0), defined.astype(np.float64)])
        return _single(self.estimate(ratio, sums))


def _single(estimates: NDArray[Any]) -> Estimate:
    only: Estimate = estimates.item()
    return only


def _by_iou(estimates: NDArray[Any]) -> dict[str, Estimate]:
    return {
        f"{iou:g}": figure for iou, figure in zip(by_bout.IOU_THRESHOLDS, estimates, strict=True)
    }


def _median(errors: list[Floats]) -> float:
    together = np.concatenate(errors)
    return float(np.median(together)) if len(together) else float("nan")


def _confusion(pairs: Sequence[ScoredPair]) -> tuple[tuple[int, ...], ...] | None:
    if not pairs[0].exclusive:
        return None
    counts = np.sum([by_frame.confusion_counts(pair) for pair in pairs], axis=0)
    return tuple(tuple(int(cell) for cell in row) for row in counts)


def _per_recording(pairs: Sequence[ScoredPair], tally: _Tally) -> tuple[RecordingScore, ...]:
    recordings: dict[str, list[int]] = {}
    for index, pair in enumerate(pairs):
        recordings.setdefault(pair.recording, []).append(index)
    scores = []
    for name, mine in recordings.items():
        delay = label_delay_s([pairs[index] for index in mine])
        scores.append(RecordingScore(name, pairs[mine[0]].group, *_part_of(tally, mine), delay))
    return tuple(scores)


def _per_lab(pairs: Sequence[ScoredPair], tally: _Tally) -> tuple[LabScore, ...]:
    """Nothing where there is one lab: its scores are those of all."""
    labs = sorted({pair.lab for pair in pairs})
    scores = []
    for lab in labs if len(labs) > 1 else ():
        mine = [index for index, pair in enumerate(pairs) if pair.lab == lab]
        recordings = len({pairs[index].recording for index in mine})
        scores.append(LabScore(lab, recordings, *_part_of(tally, mine)))
    return tuple(scores)


def _part_of(tally: _Tally, mine: list[int]) -> tuple[int, float, dict[str, float]]:
    """Scored frames, macro F1 and F1 of each behaviour of some of the pairs."""
    f1 = by_frame.f1(*(count[mine].sum(axis=0) for count in tally.frames[:3]))
    return (
        sum(int(tally.pairs[index].observed.any(axis=1).sum()) for index in mine),
        float(mean_defined(f1[tally.foreground])),
        dict(zip(tally.names, f1.tolist(), strict=True)),
    )


def _delays(recordings: Sequence[RecordingScore]) -> list[str]:
    """A sentence on labels that seem to come too late or too early."""
    found = sorted((r for r in recordings if r.label_delay_s), key=lambda r: -abs(r.label_delay_s))
    if not found:
        return []
    each = ", ".join(
        f"{r.recording!r} {abs(r.label_delay_s):.1f} s {'late' if r.label_delay_s > 0 else 'early'}"
        for r in found
    )
    return [
        f"Labels seem to come late or early in {len(found)} of {len(recordings)} recordings: "
        f"{each}. If whoever scored them reacted late, or labels and poses start at different "
        "moments, fill the column label_delay_s of the manifest, and the labels are moved."
    ]


def _notes(tally: _Tally, n_units: int, bootstrap: int) -> tuple[str, ...]:
    true, observed = tally.by_unit([tally.frames[0] + tally.frames[2], tally.frames[3]])
    seen, groups = observed.sum(axis=0) > 0, np.count_nonzero(true, axis=0)
    once = seen & (groups == 1) & (tally.weights is not None)

    def named(which: NDArray[Any]) -> str:
        return ", ".join(name for name, so in zip(tally.names, which, strict=True) if so)

    notes, left_out = [], "without F1, and left out of the macro averages"
    if unseen := named(~seen):
        notes.append(
            f"Not looked for in any of these recordings, or unknown to the model, so {left_out}: "
            f"{unseen}."
        )
    if absent := named(seen & (groups == 0)):
        notes.append(f"Without a frame in what is scored, so {left_out}: {absent}.")
    if single := named(once):
        notes.append(
            f"Shown by one group of recordings only: {single}. Its intervals, and those of the "
            "macro averages, cannot tell how much it differs between groups."
        )
    if bootstrap and n_units == 1:
        notes.append(
            "There is one group of recordings, so no interval can be given: "
            "intervals resample groups (animals or sessions)."
        )
    elif bootstrap and n_units < FEW_GROUPS:
        notes.append(f"The intervals resample only {n_units} groups: they are rough.")
    return tuple(notes)
