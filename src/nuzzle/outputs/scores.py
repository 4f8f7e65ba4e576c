"""What the report says of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from nuzzle.evaluation.figures import Estimate, percent
from nuzzle.evaluation.result import BehaviourScore, Evaluation
from nuzzle.outputs.charts import confusion_matrix, recording_scores, reliability
from nuzzle.outputs.charts_time import Bar, time_bars

_MOST_PANELS = 12
_MOST_MISTAKEN = 3


def evaluation_summary(result: Evaluation, own: Collection[str] = ()) -> dict[str, Any]:
    """Headline figures, sentences and calibration errors; `own` are what is done to oneself."""
    scored = [s for s in result.behaviours if s.behaviour != result.background]
    names = [s.behaviour for s in scored if s.true_frames]
    over = (
        f"mean over {', '.join(names)}" if len(names) <= 8 else f"mean over {len(names)} behaviours"
    )
    without = f"; {result.background} (background) left out" if result.background else ""
    cards = [
        _card("Macro F1, per frame", result.macro_f1, f"{over}{without}"),
        _card(
            "Macro bout F1",
            result.macro_bout_f1["0.5"],
            "whole bouts; right if they overlap a true one by half",
        ),
        _card(
            "Mean average precision", result.mean_average_precision, "how well frames are ranked"
        ),
        {
            "label": "Compared",
            "value": f"{result.scored_frames:,}",
            "detail": f"{result.compared}{result.left_out}",
        },
    ]
    if result.exclusive:
        calibration = [("of the chosen behaviour", result.top_label_ece)]
    else:
        calibration = [(s.behaviour, s.ece) for s in scored]
    return {
        "cards": cards,
        "sentences": _sentences(result, scored),
        "calibration": [(name, value) for name, value in calibration if math.isfinite(value)],
        "reliability_left_out": max(0, len(_panels(result)) - _MOST_PANELS),
        "sure": _where_sure(result),
        "looked_apart": bool(result.unobserved_frames) or not _same_frames(result, own),
    }


def _where_sure(result: Evaluation) -> dict[str, Any] | None:
    """What the frames are worth of which nuzzle is sure; None where it cannot tell."""
    known = result.uncertainty
    if known is None or known.sets is None:
        return None
    rows = [
        (score.behaviour, score.f1, known.sets.f1[score.behaviour], covered)
        for score in result.behaviours
        if math.isfinite((covered := known.sets.by_behaviour[score.behaviour]).value)
    ]
    return {"text": known.in_words, "rows": rows}


def evaluation_charts(
    result: Evaluation, colours: Mapping[str, str], own: Collection[str] = ()
) -> dict[str, Any]:
    """The charts that only an evaluation has; None where one makes no sense.

    Args:
        result: its figures.
        colours: of the behaviours.
        own: behaviours that an animal directs at itself, which count once an animal; the others
            once a pair.
    """
    apart = not _same_frames(result, own)
    names = [score.behaviour for score in result.behaviours]
    panels = []
    if result.exclusive:
        panels.append(reliability(result.top_label_reliability, "chosen behaviour", "#5c6675"))
    panels += [
        reliability(score.reliability, score.behaviour, colours[score.behaviour])
        for score in _panels(result)[:_MOST_PANELS]
    ]
    scored = [name for name in names if name != result.background]
    return {
        "confusion": confusion_matrix(result.confusion, names) if result.confusion else None,
        "recordings": recording_scores(result, colours) if len(result.recordings) > 1 else None,
        "reliability": panels,
        "budget_total": time_bars(_total_bars(result, apart), scored, colours),
        "budget_apart": apart,
        "budget_own": not apart and not _same_frames(result),
    }


def _panels(result: Evaluation) -> list[BehaviourScore]:
    return [s for s in result.behaviours if s.true_frames and s.behaviour != result.background]


def _same_frames(result: Evaluation, own: Collection[str] = ()) -> bool:
    """Whether all behaviours were looked for in as many frames, so that shares can be added.

    Those of pairs and those of animals by themselves (`own`) are compared among each other.
    """
    looked: tuple[set[int], set[int]] = set(), set()
    for score in result.behaviours:
        if score.observed_frames and score.behaviour != result.background:
            looked[score.behaviour in own].add(score.observed_frames)
    return max(map(len, looked)) <= 1


def _total_bars(result: Evaluation, apart: bool) -> list[Bar]:
    """One bar for the annotator and one for nuzzle, or apart, two for each behaviour."""
    true, said = _shares(result, "true_frames"), _shares(result, "predicted_frames")
    if not apart:
        return [Bar("", "annotator", true), Bar("", "nuzzle", said)]
    return [
        bar
        for name in true
        for bar in (
            Bar(name, "annotator", {name: true[name]}),
            Bar("", "nuzzle", {name: said[name]}),
        )
    ]


def _shares(result: Evaluation, what: str) -> dict[str, float]:
    """Behaviour -> percent of the frames in which it was looked for."""
    return {
        score.behaviour: 100.0 * getattr(score, what) / score.observed_frames
        for score in result.behaviours
        if score.observed_frames and score.behaviour != result.background
    }


def _card(label: str, figure: Estimate, detail: str) -> dict[str, str]:
    value = "–" if math.isnan(figure.value) else f"{figure.value:.3f}"
    span = ""
    if math.isfinite(figure.low):
        span = f"95 % interval {figure.low:.2f} to {figure.high:.2f}; "
    return {"label": label, "value": value, "detail": span + detail}


def _sentences(result: Evaluation, scored: list[BehaviourScore]) -> list[str]:
    """The figures in words: the best, the worst, and what the worst is taken for."""
    defined = sorted(
        (score for score in scored if math.isfinite(score.f1.value)), key=lambda s: -s.f1.value
    )
    if not defined:
        return ["No behaviour occurs in the truth, so there is nothing to score."]
    if len(defined) == 1:
        said, worst = [_in_words("The only behaviour", defined[0])], defined
    else:
        best, worst = (_as_good_as(defined[place], defined) for place in (0, -1))
        said = [_ranked("Most reliable", best)] if best != worst else []
        said.append(_ranked("Least reliable" if said else "Equally reliable", worst))
    mistaken = [_mistaken_for(result, score.behaviour) for score in worst[:_MOST_MISTAKEN]]
    return [*said, *(sentence for sentence in mistaken if sentence)]


def _as_good_as(score: BehaviourScore, scores: list[BehaviourScore]) -> list[BehaviourScore]:
    return [each for each in scores if each.f1.value == score.f1.value]


def _ranked(rank: str, scores: list[BehaviourScore]) -> str:
    """What is the best or the worst, and all that is just as good."""
    if len(scores) == 1:
        return _in_words(rank, scores[0])
    names = ", ".join(score.behaviour for score in scores)
    if scores[0].f1.value == 0:
        return f"Never right: {names}."
    return f"{rank} are {names} (F1 {scores[0].f1.value:.2f} each)."


def _in_words(rank: str, score: BehaviourScore) -> str:
    right = (
        "it was never predicted"
        if math.isnan(score.precision.value)
        else f"when nuzzle says it, the annotator agrees in {percent(score.precision.value)}"
    )
    found = f"of the frames the annotator gave it, nuzzle finds {percent(score.recall.value)}"
    return f"{rank} is {score.behaviour} (F1 {score.f1.value:.2f}): {right}; {found}."


def _mistaken_for(result: Evaluation, behaviour: str) -> str:
    if not result.confusion:
        return ""
    names = [score.behaviour for score in result.behaviours]
    index = names.index(behaviour)
    row = list(result.confusion[index])
    total = sum(row)
    row[index] = 0
    if not total or not max(row):
        return ""
    other = names[row.index(max(row))]
    return (
        f"What is missed of {behaviour} is mostly called {other} "
        f"({percent(max(row) / total)} of its frames)."
    )
