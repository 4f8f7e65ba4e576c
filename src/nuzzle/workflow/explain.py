"""Explanations: what the decisions of a bundle rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import nuzzle
from nuzzle.errors import InputError, count, listed
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.features.families import families, family_of
from nuzzle.features.frontend import Frontend
from nuzzle.files import several
from nuzzle.inference.attribution import column_of, tree_shap
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import NetworkClassifier
from nuzzle.inference.importance import family_importance
from nuzzle.inference.trees import TreeClassifier
from nuzzle.io.common_values import common_values
from nuzzle.io.load import load_entry
from nuzzle.labels import Pair
from nuzzle.manifest import Manifest, looks_like_manifest
from nuzzle.outputs.charts_explain import column_bars, family_bars
from nuzzle.outputs.explain_page import ExplanationFolder
from nuzzle.prepare.rate import FrameMap
from nuzzle.progress import Say, log
from nuzzle.recording import Recording
from nuzzle.workflow.common_keypoints import where_they_are
from nuzzle.workflow.entries import entries_of, files_named
from nuzzle.workflow.evaluate import other_parts, video_note
from nuzzle.workflow.explain_frames import (
    Example,
    asked,
    choose_frames,
    explain_frames,
    frames_of,
    given_frames,
    looked_for,
    watched,
)
from nuzzle.workflow.scored import score_recording, targets_of

#: SHAP values are taken of about as many frames of all pairs, evenly spaced.
_MOST_FRAMES = 5000
#: Rows of ``shap.csv`` for each behaviour.
_MOST_COLUMNS = 50


def explain(
    bundle: Bundle | str | Path,
    files: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    member: str = "",
    split: str = "",
    behaviours: str | Sequence[str] = (),
    frames: Sequence[int] = (),
    pair: str = "",
    bouts: int = 3,
    repeats: int = 5,
    common: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    say: Say = log,
) -> dict[str, Any]:
    """Say what the decisions of a bundle rest on; write pictures, figures and a page.

    Networks: attributions to keypoints and moments in the middle of bouts that the bundle finds.
    Trees: SHAP values of columns, over all frames or those that are asked for. All, where there are
    labels: the importance of their families.

    Args:
        bundle: a trained model, or its file.
        files, out: pose files, manifests or patterns, or one; folder for the results.
        member: of an ensemble, which of its models; the one that weighs most by default.
        split: which recordings of the manifests; all by default.
        behaviours: which; all but the background by default.
        frames: frames to explain, in place of the middles of bouts; of a single recording.
        pair: of whom, as ``agent->target``; by default whoever shows it, of pairs with labels.
        bouts, repeats: bouts explained of each behaviour; shifts of each family, 0 for none.
        common, overwrite, say: as of `predict`.

    Returns:
        What ``summary.json`` holds.

    Raises:
        InputError: no such behaviour, frame, pair or member.
        OutputError: `out` holds something, or cannot be written.
    """
    common, behaviours = common_values(common), several(behaviours)
    whole = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    bundle, named = _chosen(whole, member, behaviours), files_named(files)
    with ExplanationFolder.open(out, overwrite=overwrite) as folder:
        recordings = _load(named, split, common, say)
        job = _Job(bundle, recordings, behaviours or bundle.space.behaviours, folder, say)
        job.note_parts(named)
        job.note_member_of(whole)
        return folder.finish(job.run(frames, pair, bouts, repeats))


def _chosen(bundle: Bundle, member: str, behaviours: Sequence[str]) -> Bundle:
    """The member that is asked for, or weighs most, as a bundle of its own.

    What cannot be explained is refused before anything is read.
    """
    if bundle.combiner is not None:
        heaviest = bundle.members[int(np.argmax(bundle.combiner.weights))]
        bundle = bundle.alone(member or heaviest.name)
    elif member:
        raise InputError(f"The bundle is not an ensemble, so it has no member {member!r}.")
    for name in behaviours:
        column_of(bundle, name)
    return bundle


def _load(
    files: Sequence[Path], split: str, common: Mapping[str, Any], say: Say
) -> list[Recording]:
    entries = [each for file in files for each in entries_of(file, common, split, say)]
    recordings = []
    for entry in where_they_are(entries, common.get("keypoints", {}), say):
        say(f"reading {entry.recording}")
        recordings.append(load_entry(entry))
    return recordings


@dataclass(frozen=True, eq=False)
class _Job:
    """The parts of an explanation."""

    bundle: Bundle
    recordings: list[Recording]
    behaviours: tuple[str, ...]
    folder: ExplanationFolder
    say: Say

    def run(self, frames: Sequence[int], pair: str, bouts: int, repeats: int) -> dict[str, Any]:
        """All parts, and what was found."""
        self.note_seen()
        of = self.bundle, self.recordings, self.behaviours
        given = given_frames(*of, frames, pair) if frames else None
        pairs = [(each, self._watched(each, pair)) for each in self.recordings if self.trees]
        return {
            "nuzzle": nuzzle.__version__,
            "model": self.bundle.config.model.name,
            "behaviours": list(self.behaviours),
            "recordings": [each.name for each in self.recordings],
            "attribution": self.attribution(given, pair, bouts),
            "importance": self.importance(repeats),
            "shap": self.shap(given, pairs),
        }

    @property
    def trees(self) -> TreeClassifier | None:
        """The classifier, if it is one of trees."""
        classifier = self.bundle.classifier
        return classifier if isinstance(classifier, TreeClassifier) else None

    def note(self, sentence: str) -> None:
        self.say(sentence)
        self.folder.notes.append(sentence)

    def note_member_of(self, whole: Bundle) -> None:
        if whole.combiner is None:
            return
        mine = self.bundle.members[0].name
        others = ", ".join(each.name for each in whole.members if each.name != mine)
        self.note(
            f"The bundle is an ensemble. Explained is what its member {mine} says alone; --member "
            f"chooses another ({others})."
        )

    def note_seen(self) -> None:
        known = self.bundle.learned_from({r.name: r.leak_group for r in self.recordings})
        copies = [r.name for r in self.recordings if self.bundle.learned_as(r) is not None]
        if seen := [*dict.fromkeys([*known, *copies])]:
            self.note(
                f"The model was trained on {listed(seen)}, on copies, or on other recordings of "
                "the same animals or sessions: what its decisions rest on there includes what it "
                "has memorised."
            )
        if any(each.simulated for each in self.recordings):
            self.note("The recordings are simulated: they say nothing about animals.")

    def note_parts(self, files: Sequence[Path]) -> None:
        """Say which rows of manifests are of a video of which the model learned other frames."""
        names = [each.name for each in self.recordings]
        manifests = map(Manifest.load, filter(looks_like_manifest, files))
        parts = [name for each in manifests for name in other_parts(self.bundle, each, names)]
        for sentence in video_note(parts):
            self.note(sentence)

    def attribution(
        self, given: Sequence[Example] | None, pair: str, bouts: int
    ) -> list[dict[str, Any]] | None:
        """Attributions to keypoints and moments; None for what has no gradients."""
        if not isinstance(self.bundle.classifier, NetworkClassifier):
            self.note(
                f"A classifier of the kind {self.bundle.classifier.kind!r} has no gradients: "
                "attributions to keypoints and moments are left out."
            )
            return None
        of = self.bundle, self.recordings, self.behaviours
        examples = choose_frames(*of, bouts, pair) if given is None else given
        missing = sorted(set(self.behaviours) - {each.behaviour for each in examples})
        if missing and given is None:
            which = f"{', '.join(missing)}{f' of {pair}' if pair else ''}"
            labelled = not pair and any(looked_for(self.bundle, r) for r in self.recordings)
            where = ", in pairs in which people looked for it" if labelled else ""
            self.note(
                f"The model finds no bout of {which}{where}: there is none to explain. With "
                "--frames, frames of your choice are."
            )
        return explain_frames(self.bundle, examples, self.folder, self.note)

    def importance(self, repeats: int) -> list[dict[str, Any]] | None:
        """Drops of the scores for each family; None without labels."""
        if not repeats:
            return None
        labelled = [each for each in self.recordings if targets_of(self.bundle, each)]
        if not labelled:
            self.note(
                "There are no labels of what the model learned, so the importance of families of "
                "features cannot be measured. Give a manifest with labels."
            )
            return None
        having = {each.name for each in self.recordings if each.labels is not None}
        if foreign := having - {each.name for each in labelled}:
            self.note(
                f"The labels of {listed(sorted(foreign))} say nothing of what the model learned: "
                "the importance of families of features is measured without them."
            )
        kinds = families(self.bundle.frontend.columns)

        def one_by_one() -> Iterator[Recording]:
            what = f"shifting {len(kinds)} families of features, {count(repeats, 'time')} each"
            for number, recording in enumerate(labelled, 1):
                self.say(f"{what}: {recording.name}, {number} of {len(labelled)}")
                yield recording

        def scorer(frontend: Frontend, recording: Recording) -> Sequence[ScoredPair]:
            changed = replace(self.bundle.members[0], frontend=frontend)
            return score_recording(replace(self.bundle, members=(changed,)), recording).pairs

        found = family_importance(
            self.bundle.frontend, one_by_one(), kinds, scorer, repeats=repeats
        )
        rows = found.rows()
        self.folder.table("importance", rows)
        f1 = {row["behaviour"]: row["f1"] for row in rows}
        shown = self._that_can_fall(f1)
        if f1["macro"] > 0:
            self.folder.picture(
                "Families of features",
                "families",
                family_bars(rows, ["macro", *shown]),
                "How far F1 falls when the columns of a family come from another time of the "
                f"recording (mean, least and largest of {count(repeats, 'shift')}). A family whose "
                "information another one holds as well may show no drop."
                + (" The lab does not change in a recording: it is hidden." * ("lab" in kinds)),
            )
        return rows

    def _that_can_fall(self, f1: Mapping[str, float]) -> list[str]:
        """The behaviours whose F1 is above 0; notes say of the others why nothing is shown."""
        for name in self.behaviours:
            if not np.isfinite(f1.get(name, np.nan)):
                self.note(f"{name} does not occur in the labels: it has no importance to measure.")
        if missed := [name for name in self.behaviours if f1.get(name) == 0]:
            self.note(
                f"Of what people labelled {listed(missed)} the model finds no frame. F1 is 0 there "
                "and cannot fall, so that no importance of families of features is drawn for it. "
                "How far the average precision falls is in importance.csv."
            )
        return [name for name in self.behaviours if f1.get(name, np.nan) > 0]

    def shap(
        self, given: Sequence[Example] | None, pairs: Sequence[tuple[Recording, Sequence[Pair]]]
    ) -> list[dict[str, Any]] | None:
        """The columns that trees rest on; None for other classifiers.

        Args:
            given: the frames that were asked for; None for all.
            pairs: recordings and whose frames are taken where none were asked for.
        """
        if self.trees is None:
            return None
        features = self._features(pairs) if given is None else self._features_of(given)
        self.say(f"SHAP values of {count(len(features), 'frame')}")
        sizes = np.abs(tree_shap(self.trees, features)[:, :, :-1])
        rows: list[dict[str, Any]] = []
        for name in self.behaviours:
            here = [n for n, each in enumerate(given or ()) if each.behaviour == name]
            size = sizes[:, column_of(self.bundle, name)]
            mine = self._columns(name, (size if given is None else size[here]).mean(axis=0))
            rows += mine[:_MOST_COLUMNS]
            where = f"{len(features):,} frames" if given is None else frames_of(given, name)
            self.folder.picture(
                "Columns of the trees",
                f"shap-{self.bundle.space.names.index(name)}",
                column_bars(mine, name),
                f"Mean size of the SHAP values (TreeSHAP) of {name} over {where}: how far a column "
                "moves the score, up or down.",
            )
        self.folder.table("shap", rows)
        return rows

    def _features(self, pairs: Sequence[tuple[Recording, Sequence[Pair]]]) -> Tensor:
        """What trees see of pairs, `(time, feature)`: every so many frames."""
        total = sum(self._n_prepared(each) * len(some) for each, some in pairs)
        every = max(1, -(-total // _MOST_FRAMES))
        parts = []
        for recording, some in pairs:
            prepared = self.bundle.frontend.prepare(recording)
            parts += [self.bundle.frontend(prepared, pair)[::every] for pair in some]
        return torch.cat(parts)

    def _features_of(self, given: Sequence[Example]) -> Tensor:
        """What trees see of these frames, `(frame, feature)`."""
        prepared = {each.pair: each.prepared for each in given}  # all of one recording
        seen = {pair: self.bundle.frontend(whole, pair) for pair, whole in prepared.items()}
        return torch.stack([seen[each.pair][each.at] for each in given])

    def _watched(self, recording: Recording, pair: str = "") -> list[Pair]:
        """The pairs in which people looked for what animals do to each other; all, if in none.

        Where a pair is asked for, that one alone.
        """
        if pair:
            return [*asked(self.bundle, recording, pair)]
        space = self.bundle.space
        social = [space.names.index(name) for name in space.behaviours if name not in space.own]
        looked = looked_for(self.bundle, recording)
        mine = [one for one, mask in looked.items() if mask[social].any()]
        return mine or [*watched(self.bundle, recording)]

    def _n_prepared(self, recording: Recording) -> int:
        """Length of a recording at the model's frame rate."""
        return FrameMap.of(recording, self.bundle.frontend.fps).n_new

    def _columns(self, behaviour: str, size: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
        columns = self.bundle.frontend.columns
        kinds = families(columns)
        total = max(float(size.sum()), 1e-12)  # trees that never split have no size at all
        share = {kind: float(size[inside].sum() / total) for kind, inside in kinds.items()}
        return [
            {
                "behaviour": behaviour,
                "column": columns[index].name,
                "unit": columns[index].unit,
                "family": family_of(columns[index].name),
                "mean_abs_shap": float(size[index]),
                "family_share": share[family_of(columns[index].name)],
            }
            for index in np.argsort(-size)
        ]
