"""How good a model is, as far as anybody has judged it: what its bundle says, for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from nuzzle.errors import count

#: Below this F1 most of what is said of a behaviour is wrong, or most of it is missed.
LOW_F1 = 0.5


class Judged(NamedTuple):
    """What a behaviour was judged by; F1 is None where there was no example to judge by."""

    behaviour: str
    f1: float | None
    bout_f1: float | None
    bouts: int
    recordings: int

    @property
    def is_low(self) -> bool:
        return self.f1 is not None and self.f1 < LOW_F1


def judged(bundle: Mapping[str, Any]) -> list[Judged]:
    """A row a behaviour, the background left out; none where nobody judged the model.

    Args:
        bundle: `Bundle.to_dict()`.
    """
    metrics = bundle.get("metrics") or {"behaviours": [], "background": None}
    return [
        Judged(
            each["behaviour"],
            # Where it never occurs, a false alarm or two would make an F1 of 0.
            each["f1"]["value"] if each["true_frames"] else None,
            each["bout_f1"]["0.5"]["value"] if each["true_frames"] else None,
            each["true_bouts"],
            each["recordings"],
        )
        for each in metrics["behaviours"]
        if each["behaviour"] != metrics["background"]
    ]


def judged_on(bundle: Mapping[str, Any]) -> str:
    """The recordings behind the figures, to be said after *on*; '' where there are no figures."""
    if not (metrics := bundle.get("metrics")):
        return ""
    names = {each["recording"] for each in metrics["recordings"]}
    learned = names & {*(bundle.get("training") or {}).get("recordings", ())}
    where = "out of fold" if learned else "of val"
    return f"{count(len(names), 'recording')} {where}"


def weaknesses(bundle: Mapping[str, Any], looked_for: Collection[str] | None = None) -> list[str]:
    """Sentences on the behaviours that the model finds badly, and on those never judged.

    Args:
        bundle: `Bundle.to_dict()`.
        looked_for: the behaviours that matter; all by default.
    """
    if not (where := judged_on(bundle)):
        return [
            "Nobody has judged this model, so how right its labels are is unknown: `nuzzle "
            "evaluate` says it of recordings that you have labelled."
        ]
    rows = [each for each in judged(bundle) if looked_for is None or each.behaviour in looked_for]
    said = []
    if low := [f"{each.behaviour} (F1 {each.f1:.2f})" for each in rows if each.is_low]:
        said.append(
            f"The model finds badly: {', '.join(low)}, judged on {where}. Check by eye what it "
            f"says of {'it' if len(low) == 1 else 'them'}; where it says nothing, it may have "
            "missed it."
        )
    if never := [each.behaviour for each in rows if each.f1 is None]:
        said.append(
            f"Never judged, for lack of examples in the {where}: {', '.join(never)}. How well "
            "the model finds that is unknown."
        )
    return said
