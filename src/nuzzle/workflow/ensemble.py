"""Ensembles: members trained on the same folds, and combined as is best for what they say there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import numpy as np

from nuzzle.config import Config
from nuzzle.decoding.combine import Combining, combined, combined_left_out, fit_combiner
from nuzzle.decoding.decoder import decode_each
from nuzzle.errors import InputError
from nuzzle.evaluation.evaluate import headline
from nuzzle.evaluation.log_loss import log_loss
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.plain import plain
from nuzzle.presets import default_members
from nuzzle.probabilities.combiners import WeightedAverage
from nuzzle.progress import Progress, Say
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.folds import By, Folds, ModelFolds
from nuzzle.workflow.trainings import train_ahead

#: What of a bundle's `training` is of one member.
_OF_A_MEMBER = ("best_epoch", "history", "seconds", "auxiliary")


class EnsembleFolds(Folds):
    """Those of every member of an ensemble."""

    @cached_property
    def members(self) -> dict[str, ModelFolds]:
        """Every member by its name."""
        return {
            name: ModelFolds(
                self.parts,
                self.space,
                config,
                self.work / name,
                self.say,
                self.progress,
                self.by,
                self.jobs,
                name,
            )
            for name, config in self.config.members().items()
        }

    def settle(self) -> None:
        """Plan the preparation of every member.

        Raises:
            InputError: the recordings do not fit together.
        """
        for name, member in self.members.items():
            try:
                member.settle()
            except InputError as error:
                raise InputError(f"Member {name!r} of the ensemble: {error}") from None

    def learned_from(self, number: int) -> list[Recording]:
        """What every member learns from to predict part `number`."""
        everyone = [
            {each.name for each in member.learned_from(number)} for member in self.members.values()
        ]
        return [each for each in self.recordings if all(each.name in some for some in everyone)]

    @cached_property
    def said(self) -> list[list[ScoredPair]]:
        """What each member says of the same pairs, out of fold."""
        if not find_spec("lightgbm") and list(self.members) == default_members():
            self.say(
                "LightGBM is not installed, so there can be no trees among the members; "
                "pip install lightgbm brings them"
            )
        members = self.members.values()
        train_ahead(chain.from_iterable(each.trainings for each in members), self.jobs, self.say)
        tables = [
            {(pair.recording, pair.pair): pair for pair in member.out_of_fold()}
            for member in members
        ]
        common = [key for key in tables[0] if all(key in table for table in tables)]
        # Where one member of a fold had no example of a behaviour, it is left out of all of them.
        known = {key: np.all([table[key].observed for table in tables], axis=0) for key in common}
        return [
            [
                replace(table[key], observed=known[key], truth=table[key].truth & known[key])
                for key in common
            ]
            for table in tables
        ]

    @cached_property
    def together(self) -> list[ScoredPair]:
        """What all say together, each group of recordings combined as learned from the others."""
        return self._combined_by(self.config.ensemble.method)

    def _combined_by(self, method: Combining) -> list[ScoredPair]:
        return combined_left_out(self.said, method, seed=self.config.training.seed)

    def predictions(self) -> Iterator[list[ScoredPair]]:
        """What all say together, decided as the config says, of all recordings at once."""
        decoders = [self.decoders[pair.recording] for pair in self.together]
        decided = decode_each(decoders, self.together)
        both = zip(self.together, decided, strict=True)
        yield [replace(pair, predicted=said) for pair, said in both]

    def comparison(self) -> list[dict[str, Any]]:
        """Figures of each member and of each way to combine them, every frame decided by itself."""
        alone = WeightedAverage(self.space.exclusive, (1.0,))
        rows = [
            _figures(name, combined([pairs], alone))
            for name, pairs in zip(self.members, self.said, strict=True)
        ]
        for method in get_args(Combining):
            used = method == self.config.ensemble.method
            rows.append(_figures(method, self.together if used else self._combined_by(method)))
        return rows

    def refit(self) -> Bundle:
        """All members trained on all recordings, with what combines them."""
        method, seed = self.config.ensemble.method, self.config.training.seed
        combiner = fit_combiner(self.said, method, seed=seed)
        weights = zip(self.members, combiner.weights, strict=True)
        self.say("weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights))
        train_ahead((each.last_training for each in self.members.values()), self.jobs, self.say)
        bundles = {name: member.refit() for name, member in self.members.items()}
        beside = [each.training["auxiliary"] for each in bundles.values()]
        first = next(iter(bundles.values()))
        members = [replace(each.members[0], name=name) for name, each in bundles.items()]
        training = {key: v for key, v in first.training.items() if key not in _OF_A_MEMBER}
        training |= {
            "seconds": round(sum(each.training["seconds"] for each in bundles.values()), 1),
            "members": {
                name: {key: each.training[key] for key in _OF_A_MEMBER}
                for name, each in bundles.items()
            },
            "auxiliary": list(dict.fromkeys(chain.from_iterable(beside))),
            "comparison": self.comparison(),
        }
        return replace(
            first,
            members=tuple(members),
            config=self.config,
            combiner=combiner,
            training=training,
        )


def folds_of(
    parts: list[list[Recording]],
    space: LabelSpace,
    config: Config,
    work: Path,
    say: Say,
    progress: Progress | None,
    by: By = "group",
    jobs: int = 1,
) -> Folds:
    """The models of all folds, of an ensemble or of one model."""
    kind = EnsembleFolds if config.is_ensemble else ModelFolds
    return kind(parts, space, config, work, say, progress, by, jobs)


def _figures(name: str, pairs: Sequence[ScoredPair]) -> dict[str, Any]:
    f1, ap, bouts = headline(pairs)
    figures = {"f1": f1, "ap": ap, "log_loss": log_loss(pairs), "bout_f1": bouts}
    return {"name": name, **plain(figures)}
