"""The report: one HTML file that explains itself and needs nothing else.

The page is a jinja2 template beside its style sheet and script in ``templates/``, all put into one
file. Every name that comes from a recording or a label is escaped by the template.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nuzzle.errors import InputError, count
from nuzzle.evaluation.result import Evaluation
from nuzzle.files import head, refuse_foreign, write_text
from nuzzle.inference.judged import judged, judged_on, weaknesses
from nuzzle.outputs import sections
from nuzzle.outputs.bundle_facts import bundle_facts
from nuzzle.outputs.charts import LEAST_FRAMES
from nuzzle.outputs.index import Results, read_results
from nuzzle.outputs.page import page
from nuzzle.outputs.scores import evaluation_charts, evaluation_summary
from nuzzle.outputs.svg import PALETTE, clock, clock_to, duration, palette

#: Rows of the long tables; the files beside the report hold everything.
_MOST_ROWS = 200
_MOST_BOUT_ROWS = 100
#: What the first bytes of a report say, and how many to look at.
_MADE_BY, _HEAD = b'name="generator" content="nuzzle', 2000


def write_report(directory: str | Path, path: str | Path | None = None) -> Path:
    """Write the report of a results directory.

    Args:
        directory: what `nuzzle evaluate` or `nuzzle predict` wrote.
        path: of the report; ``report.html`` in the directory by default. An earlier report of
            that name is replaced.

    Returns:
        The path of the report.

    Raises:
        InputError: the directory holds no results, or those of an interrupted run.
        OutputError: the report cannot be written, or would replace something else.
    """
    results = read_results(directory)
    if not results.finished:
        raise InputError(
            f"The run that writes {directory} has not finished. If it was interrupted, start it "
            "again: `nuzzle predict` with --resume, `nuzzle evaluate` with --overwrite, `nuzzle "
            "crossval` as it was."
        )
    target = results.directory / "report.html" if path is None else Path(path)
    refuse_foreign(target, "report of nuzzle", _is_report)
    return write_text(target, page("report.html.j2", report_context(results)))


#: What `evaluation_summary` says where nothing is evaluated.
_NO_SCORES = {"reliability_left_out": 0, "calibration": [], "sure": None, "looked_apart": False}


def _is_report(path: Path) -> bool:
    return _MADE_BY in head(path, _HEAD)


def report_context(results: Results) -> dict[str, Any]:
    """Everything that the template shows."""
    run = results.run
    evaluation = None if results.metrics is None else Evaluation.from_dict(results.metrics)
    colours = palette(run.behaviours, run.background)
    charts: dict[str, Any] = dict.fromkeys(
        ("confusion", "recordings", "durations", "budget_total", "budget", "reliability")
    )
    charts["durations"] = sections.durations(results, colours)
    charts["budget"], budget_left_out = sections.budget_bars(results, colours)
    charts["attention"], attention_left_out = sections.attention(results, colours)
    budget = sections.budget_rows(results)
    context: dict[str, Any] = {
        **_NO_SCORES,
        "sentences": sections.found(budget),
        "cards": sections.cards(results),
    }
    if evaluation is not None:
        own = [row["behaviour"] for row in budget if row["whose"] == "animal"]
        charts |= evaluation_charts(evaluation, colours, own)
        context |= evaluation_summary(evaluation, own)
    return context | {
        "run": run,
        "evaluation": evaluation,
        "background": run.background,
        "colours": colours,
        "shown": _shown(results),
        "colours_repeat": len(run.scored) > len(PALETTE),
        "charts": charts,
        "heading": sections.heading(results),
        "lead": sections.lead(results),
        "facts": sections.facts(results),
        "warnings": sections.warnings(results, evaluation),
        "sections": _contents(charts, evaluation),
        **sections.ethograms(results, evaluation, colours),
        "bout_rows": list(results.bouts.head(_MOST_BOUT_ROWS).itertuples()),
        "bouts_left_out": len(results.bouts) - _MOST_BOUT_ROWS,
        "budget": budget,
        "budget_left_out": budget_left_out,
        "attention_left_out": attention_left_out,
        **sections.certainty(results),
        "check": (results.directory / "check.csv").exists(),
        "bundle": bundle_facts(run.bundle, run.background),
        **_how_good(results),
        **_recordings(results),
        "least_frames": LEAST_FRAMES,
        "clock": clock,
        "clock_to": clock_to,
        "duration": duration,
    }


def _how_good(results: Results) -> dict[str, Any]:
    """What is known of the model behind a prediction; an evaluation says that all by itself."""
    bundle, looked_for = results.run.bundle, {*results.time_budget["behaviour"]}
    if results.run.kind == "evaluation" or not results.done or not bundle:
        return {"weaknesses": [], "judged": [], "judged_on": ""}
    return {
        "weaknesses": weaknesses(bundle, looked_for),
        "judged": [each for each in judged(bundle) if each.behaviour in looked_for],
        "judged_on": judged_on(bundle),
    }


def _shown(results: Results) -> list[str]:
    """The behaviours that have a bout, by nuzzle or by the annotator."""
    tables = [table for table in (results.bouts, results.truth_bouts) if table is not None]
    seen = {name for table in tables for name in table["behaviour"]}
    return [name for name in results.run.scored if name in seen]


def _recordings(results: Results) -> dict[str, Any]:
    """What the last section shows."""
    return {
        "failed": results.failed[:_MOST_ROWS],
        "failed_left_out": len(results.failed) - _MOST_ROWS,
        "failed_count": count(len(results.failed), "recording"),
        "recordings": results.done[:_MOST_ROWS],
        "recordings_left_out": len(results.done) - _MOST_ROWS,
    }


def _contents(charts: dict[str, Any], evaluation: Evaluation | None) -> list[tuple[str, str]]:
    """Anchors and names of the sections that this report has."""
    wanted = [
        ("summary", "In short", True),
        ("scores", "Scores", evaluation is not None),
        ("confusion", "Confusions", bool(charts["confusion"])),
        ("ethograms", "Ethograms", True),
        ("bouts", "Bouts", True),
        ("budget", "Time budget", True),
        ("certainty", "Certainty", True),
        ("attention", "Attention", bool(charts["attention"])),
        ("training", "Training", True),
        ("recordings", "Recordings", True),
    ]
    return [(anchor, name) for anchor, name, there in wanted if there]
