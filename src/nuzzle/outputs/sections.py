"""What each section of the report says, from a results directory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from markupsafe import Markup

from nuzzle.errors import count, listed
from nuzzle.evaluation.figures import percent
from nuzzle.evaluation.result import Evaluation
from nuzzle.outputs.charts_time import Bar, attention_curves, bout_durations, time_bars
from nuzzle.outputs.ethogram import Lane, lanes
from nuzzle.outputs.frames import DOUBTFUL, PairFrames
from nuzzle.outputs.index import RecordingEntry, Results, Run
from nuzzle.outputs.seen import seen_before
from nuzzle.outputs.svg import clock_to, duration

#: Figures are capped, so that a report of thousands of recordings opens at once.
MOST_ETHOGRAMS = 12
MOST_PAIRS = 4
MOST_BARS = 40
MOST_PANELS = 12
_MOST_DOUBTFUL = 10
_OF_A_PAIR = ["recording", "agent", "target"]


def heading(results: Results) -> str:
    """The title of the report."""
    if results.run.kind == "evaluation":
        return "How well nuzzle agrees with the annotator"
    what = "Who did what to whom" if results.run.directed else "What each pair did"
    return f"{what} in {count(len(results.done), 'recording')}"


def lead(results: Results) -> str:
    """The sentence below the title."""
    total = duration(sum(entry.duration_s for entry in results.done))
    never = _never_looked_for(results)
    looked_for = listed([name for name in results.run.scored if name not in never], 12)
    if results.run.kind == "evaluation":
        were = "was" if len(results.done) == 1 else "were"
        return (
            f"{count(len(results.done), 'recording')} ({total}) {were} labelled by nuzzle, frame "
            f"by frame, and compared with the annotator’s labels: {looked_for}."
        )
    return f"nuzzle labelled {total} of tracked poses, frame by frame: {looked_for}."


def _never_looked_for(results: Results) -> list[str]:
    """The behaviours that no lab of these recordings looked for where the classifier learned."""
    labs = (results.run.bundle.get("training") or {}).get("labs") or {}
    scored = results.run.scored
    known = {name for entry in results.done for name in labs.get(entry.lab, scored)}
    return [name for name in scored if name not in known] if results.done else []


def facts(results: Results) -> list[str]:
    """The small print below the title."""
    try:
        made = datetime.fromisoformat(results.run.created).strftime("%d %B %Y, %H:%M %Z").strip()
    except ValueError:
        made = results.run.created
    pairs = [pair for entry in results.done for pair in entry.pairs]
    parts = [made, count(len(results.done), "recording")]
    parts += [pairs_in_words(pairs, results.run.directed)] if pairs else []
    if results.failed:
        parts.append(f"{count(len(results.failed), 'recording')} without result")
    return [*parts, f"nuzzle {results.run.nuzzle}"]


def pairs_in_words(pairs: Sequence[tuple[str, str]], directed: bool) -> str:
    """How many pairs, which two animals make twice where labels have a direction; and who is alone.

    >>> pairs_in_words([("a", "b"), ("b", "a"), ("a", "a")], directed=True)
    '2 ordered pairs, 1 animal by itself'
    """
    alone = sum(agent == target for agent, target in pairs)
    apart = len(pairs) - alone
    both = count(apart, "ordered pair" if directed else "pair") if apart else ""
    itself = f"{count(alone, 'animal')} by {'itself' if alone == 1 else 'themselves'}"
    return ", ".join(part for part in (both, itself if alone else "") if part)


def warnings(results: Results, evaluation: Evaluation | None) -> list[str]:
    """What the reader must know first."""
    said = []
    if (results.run.bundle.get("training") or {}).get("simulated"):
        said.append(
            "The classifier was trained on simulated recordings. Its figures say nothing about "
            "real animals."
        )
    one_way = (results.run.bundle.get("training") or {}).get("one_way")
    if one_way and results.run.kind == "prediction":
        said.append(
            f"Where the classifier learned, one direction was labelled ({listed(one_way, 3)}): "
            "what it says of the other is a guess."
        )
    if never := _never_looked_for(results):
        said.append(
            f"Not looked for in these recordings, so that their absence says nothing: "
            f"{listed(never, 12)}. The classifier learned them from other laboratories."
        )
    if results.failed:
        said.append(
            f"{count(len(results.failed), 'recording')} could not be worked on; "
            "the reasons are listed at the end."
        )
    if noted := sum(bool(entry.notes) for entry in results.done):
        said.append(
            f"There are notes on {count(noted, 'recording')}: what was left out, or looks wrong. "
            "They are listed at the end."
        )
    said += seen_before(results, evaluation)
    return [*said, *results.run.notes, *(evaluation.notes if evaluation else ())]


def cards(results: Results) -> list[dict[str, str]]:
    """The headline figures of a prediction; without a result, how many there are."""
    total = sum(entry.duration_s for entry in results.done)
    active = {
        (row.recording, row.agent, row.target) for row in results.bouts.itertuples(index=False)
    }
    pairs = [pair for entry in results.done for pair in entry.pairs]
    where = pairs_in_words(pairs, results.run.directed)
    labelled = {
        "label": "Recordings labelled",
        "value": f"{len(results.done):,}",
        "detail": f"{duration(total)} of poses"
        + (f"; {len(results.failed):,} without result" if results.failed else ""),
    }
    if not results.done:
        return [labelled]
    return [
        labelled,
        {
            "label": "Bouts found",
            "value": f"{len(results.bouts):,}",
            "detail": f"of {where}"
            + (f"; {len(active):,} of these have any" if len(pairs) > 1 else ""),
        },
        {
            "label": "Doubtful frames",
            "value": percent(_doubtful(results), 1),
            "detail": f"certainty below {percent(DOUBTFUL)}",
        },
    ]


def found(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was found most and not at all, in words, from `budget_rows`."""
    said = []
    for row in sorted((row for row in rows if row["bouts"]), key=lambda row: -row["seconds"])[:3]:
        said.append(
            f"{row['behaviour']}: {count(row['bouts'], 'bout')}, {duration(row['seconds'])} in "
            f"all, {row['percent']:.1f} % of the time of each {row['whose']} on average, "
            f"{duration(row['mean_bout_s'])} each."
        )
    absent = [row["behaviour"] for row in rows if not row["bouts"]]
    if absent:
        said.append(f"Never found: {', '.join(absent)}.")
    return said


def durations(results: Results, colours: Mapping[str, str]) -> Markup | None:
    """The chart of bout durations; None where there is no bout."""
    truth = results.truth_bouts
    if not len(results.bouts) and (truth is None or not len(truth)):
        return None
    return bout_durations(results.bouts, truth, results.run.scored, colours)


def budget_rows(results: Results) -> list[dict[str, Any]]:
    """One row a behaviour, over all recordings and pairs in which it was looked for.

    ``percent`` is of the time of these pairs together; ``whose`` says whether they are pairs, or
    single animals.
    """
    rows = []
    length_s = {entry.name: entry.duration_s for entry in results.done}
    for name in results.run.scored:
        mine = results.time_budget[results.time_budget["behaviour"] == name]
        if mine.empty:  # nobody looked for it
            continue
        bouts, seconds = int(mine["bouts"].sum()), float(mine["seconds"].sum())
        occurring = mine[mine["bouts"] > 0]
        total_s = sum(length_s[name] for name in mine["recording"])
        alone = bool((mine["agent"] == mine["target"]).all())
        rows.append(
            {
                "behaviour": name,
                "bouts": bouts,
                "seconds": seconds,
                "percent": 100.0 * seconds / total_s if total_s else 0.0,
                "whose": "animal" if alone else "pair",
                "mean_bout_s": seconds / bouts if bouts else math.nan,
                "latency_s": float(occurring["latency_s"].median()) if bouts else math.nan,
                "recordings": int(occurring["recording"].nunique()),
            }
        )
    return rows


def budget_bars(results: Results, colours: Mapping[str, str]) -> tuple[Markup | None, int]:
    """A bar each pair of each recording, with the annotator's above it; how many were left out.

    Pairs without a bout give way to those that have one.
    """
    labelled = results.truth_bouts is not None
    pairs = [
        (entry, pair, seen)
        for entry in results.done
        for pair, seen in zip(entry.pairs, entry.observed_frames, strict=True)
    ]
    most = MOST_BARS // 3 if labelled else MOST_BARS
    said = {
        key: dict(zip(rows["behaviour"], rows["percent"], strict=True))
        for key, rows in results.time_budget.groupby(_OF_A_PAIR)
    }
    real: dict[Any, Any] = {}
    if results.truth_bouts is not None:
        real = dict(list(results.truth_bouts.groupby(_OF_A_PAIR)))
    busy = {*real, *results.bouts.groupby(_OF_A_PAIR).groups}
    order = sorted(range(len(pairs)), key=lambda n: (pairs[n][0].name, *pairs[n][1]) not in busy)
    bars = []
    several = len({pair for _, pair, _ in pairs}) > 1
    for entry, pair, seen in (pairs[n] for n in sorted(order[:most])):
        key = (entry.name, *pair)
        rows = [("nuzzle" if labelled else "", said.get(key, {}))]
        if labelled and seen:
            rows.insert(0, ("annotator", _true_shares(real.get(key), entry)))
        name, of = entry.name, f" · {results.run.who(*pair)}" if several else ""
        for who, shares in rows:
            bars.append(Bar(name, who, shares, of))
            name = of = ""  # the second row stands below the first
    if not any(bar.shares for bar in bars):
        return None, 0
    return time_bars(bars, results.run.scored, colours), max(0, len(pairs) - most)


def _true_shares(bouts: Any, entry: RecordingEntry) -> dict[str, float]:
    if bouts is None:
        return {}
    frames = (bouts["stop_frame"] - bouts["start_frame"]).groupby(bouts["behaviour"]).sum()
    return {str(name): 100.0 * value / entry.n_frames for name, value in frames.items()}


def certainty(results: Results) -> dict[str, Any]:
    """How many frames are doubtful, and in which recordings most."""
    known = [entry for entry in results.done if entry.doubtful is not None]
    ranked = sorted(known, key=lambda entry: -(entry.doubtful or 0.0))
    what = (
        "its highest probability"
        if results.run.exclusive
        else "the probability of its least certain decision"
    )
    text = (
        f"A frame is doubtful if {what} is below {DOUBTFUL:g}: {percent(_doubtful(results), 1)} of "
        "all frames are. Doubtful frames gather at the edges of bouts; a recording with many of "
        "them may differ from what the classifier has seen, and deserves a look. Few doubtful "
        "frames do not mean that it is right."
        if known
        else "No frame was labelled, so there is none to doubt."
    )
    return {"doubtful": ranked[:_MOST_DOUBTFUL], "doubtful_text": text}


def _doubtful(results: Results) -> float:
    known = [entry for entry in results.done if entry.doubtful is not None]
    frames = [entry.n_frames * len(entry.pairs) for entry in known]
    if not sum(frames):
        return math.nan
    return float(np.average([entry.doubtful or 0.0 for entry in known], weights=frames))


def attention(results: Results, colours: Mapping[str, str]) -> tuple[list[Markup], int]:
    """A panel a behaviour with the curves of its chosen bouts; how many were left out."""
    names = list(dict.fromkeys(str(each["behaviour"]) for each in results.attention))
    panels = []
    for name in names[:MOST_PANELS]:
        curves = [
            (each["offset_s"], each["weight"])
            for each in results.attention
            if each["behaviour"] == name
        ]
        panels.append(attention_curves(curves, name, colours.get(name, "#777777")))
    return panels, len(names) - len(panels)


def ethograms(
    results: Results, evaluation: Evaluation | None, colours: Mapping[str, str]
) -> dict[str, Any]:
    """Ethograms of chosen recordings, from best to worst where they have scores."""
    scores = {} if evaluation is None else {e.recording: e.macro_f1 for e in evaluation.recordings}
    entries = list(results.done)
    if scores:
        entries.sort(key=lambda entry: -np.nan_to_num(scores.get(entry.name, np.nan), nan=-1.0))
    if len(entries) > MOST_ETHOGRAMS:
        places = np.linspace(0, len(entries) - 1, MOST_ETHOGRAMS).round().astype(int)
        chosen = [entries[place] for place in places]
    else:
        chosen = entries
    drawn, pairs_left_out = [], 0
    for entry in chosen:
        pairs = sorted(results.frames(entry), key=lambda one: -_active(one, results.run))
        pairs_left_out += max(0, len(pairs) - MOST_PAIRS)
        score = scores.get(entry.name, math.nan)
        for one in pairs[:MOST_PAIRS]:
            drawn.append(_ethogram(results, entry, one, colours, score))
            score = math.nan  # it is of all pairs together: once is enough
    left = []
    if len(chosen) < len(entries):
        left.append(
            f"{len(entries) - len(chosen):,} of {len(entries):,} recordings are not drawn here; "
            "those shown are evenly spaced "
            + ("from the best to the worst." if scores else "from the first to the last.")
        )
    if pairs_left_out:
        are = "is" if pairs_left_out == 1 else "are"
        less = f"{count(pairs_left_out, 'pair')} in which less happened {are}"
        left.append(f"{less} not drawn here.")
    rows = [lane for one in drawn for lane in one["lanes"]]
    blank = {lane.name: lane.blank for lane in rows if lane.blank}
    return {
        "ethograms": drawn,
        "ethogram_text": _how_to_read(rows, len(entries), evaluated=evaluation is not None),
        "ethograms_left_out": " ".join(left),
        "blank": "; ".join(
            f"{name}: {means}" if len(blank) > 1 else means for name, means in blank.items()
        ),
        "macro_f1": {name: f"{v:.2f}" for name, v in scores.items() if math.isfinite(v)},
    }


def _how_to_read(rows: Sequence[Lane], recordings: int, *, evaluated: bool) -> str:
    """What the lanes of ethograms show."""
    text = "Time runs from left to right; a colour is a behaviour. "
    if evaluated:
        text += "The annotator stands above, nuzzle below: where the lanes look alike, they agree. "
        text += "Recordings go from the best score to the worst. " if recordings > 1 else ""
    elif any(lane.blank for lane in rows):
        text += "Where a lane is blank, nuzzle gives no answer: an animal is long out of sight. "
    if any(lane.kind == "unsure" for lane in rows):
        text += (
            'In frames marked "not sure", nuzzle considers another answer possible too, or none. '
        )
    return text + "The grey curve is how certain nuzzle was: chance at the bottom, 1 at the top."


def _active(one: PairFrames, run: Run) -> int:
    """Frames in which anything but the background was said or seen."""
    masks = one.predicted if one.truth is None else one.predicted | one.truth
    if run.background is not None:
        masks = np.delete(masks, run.behaviours.index(run.background), axis=1)
    return int(masks.any(axis=1).sum())


def _ethogram(
    results: Results,
    entry: RecordingEntry,
    one: PairFrames,
    colours: Mapping[str, str],
    score: float,
) -> dict[str, Any]:
    run = results.run
    return {
        "recording": entry.name,
        "who": run.who(*one.pair),
        "n_frames": entry.n_frames,
        "fps": entry.fps,
        "start_frame": entry.start_frame,
        "score": f"macro F1 of the recording {score:.2f}" if math.isfinite(score) else "",
        "lanes": lanes(
            one, run.behaviours, colours, background=run.background, exclusive=run.exclusive
        ),
        "ticks": _time_ticks(entry.start_s, entry.duration_s),
    }


def _time_ticks(start_s: float, total_s: float) -> list[dict[str, Any]]:
    """Marks of a time axis as the video's clock has them; report.js does as much for its width."""
    steps = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
    step = next(
        (step for step in steps if total_s / step <= 8), math.ceil(total_s / 8 / 3600) * 3600
    )
    digits = 2 if step < 0.1 else 1 if step < 1 else 0
    first = math.ceil(start_s / step - 1e-9)
    last = math.floor((start_s + total_s) / step + 1e-9)
    return [
        {"percent": 100 * (n * step - start_s) / total_s, "text": clock_to(n * step, digits)}
        for n in range(first, last + 1)
    ]
