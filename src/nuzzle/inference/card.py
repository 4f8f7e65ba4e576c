"""The model card: what a bundle is, for people (Mitchell et al. 2019, "Model cards")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nuzzle.decoding.decoder import Decoder
from nuzzle.errors import count
from nuzzle.inference.judged import judged, judged_on, weaknesses
from nuzzle.prepare.bodies import Bodies
from nuzzle.recording import UNITS


def model_card(values: Mapping[str, Any]) -> str:
    """The card of a bundle as Markdown.

    Args:
        values: `Bundle.to_dict()`.
    """
    training = values["training"]
    sections = [
        _title(values),
        _what(values),
        *_inputs(values),
        "## Trained on\n" + _trained_on(training),
        _members(values),
        _listed("Probabilities", probability_steps(values["calibration"] or {})),
        _figures(values),
        "## Limits\n"
        "It knows what its training recordings showed: other arenas, cameras, trackers, strains "
        "and annotators may differ. Score a few recordings of your own by hand and evaluate on "
        "them before you rely on it.",
        "## Made with\n" + "\n".join(f"- {k}: {v}" for k, v in values["provenance"].items()),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _title(values: Mapping[str, Any]) -> str:
    names = ", ".join(each["name"] for each in values["members"])
    return f"# Ensemble of {names}" if values["combiner"] else f"# {names}"


def _inputs(values: Mapping[str, Any]) -> list[str]:
    """What a recording must have; for an ensemble, with the members that look at it so."""
    members: dict[str, list[str]] = {}
    for each in values["members"]:
        members.setdefault(_input(each["frontend"]), []).append(each["name"])
    several = bool(values["combiner"])
    return [
        "## Input it was made for" + (f" ({', '.join(names)})" if several else "") + f"\n{text}"
        for text, names in members.items()
    ]


def _input(front: Mapping[str, Any]) -> str:
    return (
        f"- {front['fps']:g} frames per second, positions in {UNITS[front['unit']]}\n"
        f"- keypoints {', '.join(front['skeleton']['keypoints'])}; heading from "
        f"{front['skeleton']['tail_base']} to {front['skeleton']['nose']}\n"
        f"- features: {front['features']}" + _told(front.get("labs")) + _bodies(front)
    )


def _bodies(front: Mapping[str, Any]) -> str:
    """How long its animals were, and how fast; a recording far from that is told."""
    if not (bodies := front.get("bodies")):
        return ""
    known, said = Bodies.from_dict(bodies), []
    if known.length and front["unit"] != "bl":
        said.append(f"measure {known.length} {front['unit']} from nose to tail base")
    if known.speed:
        said.append(f"reach {known.speed} body lengths per second")
    return f"\n- animals that {' and '.join(said)}, as in training" if said else ""


def _members(values: Mapping[str, Any]) -> str:
    if not values["combiner"]:
        return ""
    names = [each["name"] for each in values["members"]]
    weights = {
        name: f"{weight:.3f}"
        for name, weight in zip(names, values["combiner"]["weights"], strict=True)
    }
    rows = "\n".join(
        f"| {row['name']} | {weights.get(row['name'], '')} | {_number(row['f1'])} | "
        f"{_number(row['ap'])} | {_number(row['log_loss'])} |"
        for row in values["training"]["comparison"]
    )
    return (
        "## Members\n"
        f"Combined by the method {values['combiner']['kind']!r}. Figures are out of fold, each "
        "frame by itself; each group of recordings is combined as learned from the others.\n\n"
        f"| | weight | macro F1 | mean AP | log loss |\n|---|---|---|---|---|\n{rows}"
    )


def _told(labs: Sequence[str] | None) -> str:
    """What it makes of a recording's lab."""
    if not labs:
        return ""
    return f"\n- the lab, if it is one of {', '.join(labs)} (optional)"


def _what(values: Mapping[str, Any]) -> str:
    space = values["behaviours"]
    kind = "one behaviour at a time" if space["exclusive"] else "any number of behaviours at once"
    who = "directed, agent to target" if space["directed"] else "of the pair, without direction"
    background = f", background {space['background']!r}" if space["background"] else ""
    never = Decoder.from_dict(values["decoding"]).never_said
    but = (
        f" It never says {', '.join(never)}: out of fold nothing of it was right." if never else ""
    )
    return f"Says, frame by frame, {', '.join(space['names'])} ({kind}{background}; {who}).{but}"


def _trained_on(training: Mapping[str, Any]) -> str:
    names = training["recordings"]
    lines = [f"- {count(len(names), 'recording')}: {', '.join(names)}"]
    lines += [
        f"- {name}: {count(counts['frames'], 'frame')} in {count(counts['bouts'], 'bout')}"
        for name, counts in training["behaviours"].items()
    ]
    lines += [
        f"- lab {lab}, which looked for {', '.join(behaviours)}"
        for lab, behaviours in training.get("labs", {}).items()
    ]
    if training.get("auxiliary"):
        lines.append(
            f"- auxiliary behaviours (learned, not predicted): {', '.join(training['auxiliary'])}"
        )
    if training.get("stopped"):
        lines.append(f"- **The training went wrong after this model: {training['stopped']}**")
    if training.get("simulated"):
        lines.append("- **The recordings are simulated.**")
    return "\n".join(lines)


def probability_steps(calibration: Mapping[str, Any]) -> list[str]:
    """What is done to a model's probabilities, in words.

    Args:
        calibration: `Calibration.to_dict()`; empty where there is none.
    """
    steps = []
    if calibrator := calibration.get("calibrator"):
        steps.append(f"calibrated ({calibrator['kind']}) on {calibration['fitted_on']}")
    if adaptation := calibration.get("adaptation"):
        steps.append(
            "adapted to how common each behaviour is in a recording, which must be whole "
            f"({adaptation['look_s']:g} s of it count as one independent look)"
        )
    return steps


def _listed(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _figures(values: Mapping[str, Any]) -> str:
    """What each behaviour was judged by, and where that is little."""
    weak = "\n\n".join(weaknesses(values))
    if not (metrics := values.get("metrics")):
        return f"## Figures\n{weak}"
    rows = "\n".join(
        f"| {each.behaviour} | {_number(each.f1)} | {_number(each.bout_f1)} | {each.bouts:,} |"
        for each in judged(values)
    )
    table = (
        "## Figures\n"
        f"On {judged_on(values)}: macro F1 {_number(metrics['macro_f1']['value'])}, background "
        f"left out.\n\n| behaviour | F1 | bout F1 | annotated bouts |\n|---|---|---|---|\n{rows}"
    )
    return f"{table}\n\n{weak}" if weak else table


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"
