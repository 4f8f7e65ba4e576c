"""Choosing a decoder on predictions for recordings that the model was not trained on.

A search on predictions flatters its own score. So the gain that is reported is nested: every
group of recordings is decoded by a decoder that was chosen on the other groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.config import CalibrationConfig
from nuzzle.decoding.correct import corrected, fit_correction
from nuzzle.decoding.decoder import Decoder, decode_each
from nuzzle.decoding.fit_whole_bouts import fit_whole_bouts
from nuzzle.decoding.search import search
from nuzzle.decoding.tuned import (
    Objective,
    Reached,
    Tuned,
    TunedLab,
    frame_weights,
    value_of,
)
from nuzzle.errors import InputError
from nuzzle.evaluation.decisions import Truth
from nuzzle.evaluation.scored import ScoredPair, check_comparable, groups_of

_Decided = NDArray[np.bool_]
#: By the number of a pair, what decides on it, and how.
_Found = dict[int, tuple[Decoder, _Decided]]
#: A lab may have a decoder of its own from so many groups on: of fewer it would learn chance.
LAB_GROUPS = 4
#: Probabilities that nothing is done to.
_AS_THEY_ARE = CalibrationConfig(method="none", adapt=False)


def tune_decoder(
    pairs: Sequence[ScoredPair],
    objectives: Mapping[str, Objective],
    *,
    folds: int = 4,
    seed: int = 0,
    calibration: CalibrationConfig = _AS_THEY_ARE,
    configured: Mapping[str, Decoder] | None = None,
) -> Tuned:
    """Choose smoothing, thresholds, costs of switching and rules for bouts of each behaviour.

    Or decide on whole bouts, where every behaviour occurs, and that is surely better on groups that
    had no part in learning them. Where there are several labs, settings are then sought for each.

    Args:
        pairs: **out-of-fold** predictions: of recordings that it learned a model is too sure.
        objectives: behaviour -> what is maximised for it, of `objectives_of`.
        folds: parts that the groups are divided into for the nested figure, drawn by `seed`.
        calibration: of the probabilities, fitted where the decoder is chosen.
        configured: recording -> what decides without tuning; each frame by itself if None.

    Raises:
        InputError: nothing to score, one group, or other classes in some pairs.
    """
    check_comparable(pairs)
    part_of, n_groups = _parts(pairs, folds, seed)
    start = Decoder(pairs[0].behaviours, pairs[0].exclusive, pairs[0].background)
    left = _left_out(pairs, part_of, start, configured or {}, objectives, calibration)
    nested = _nested(pairs, part_of, objectives, left)
    mended = corrected(pairs, fit_correction(pairs, calibration, out_of_fold=True))
    score, searched = Truth(pairs).score, search(mended, start, objectives)
    decoder = searched
    if (common := _better_way(pairs, objectives, left)) is left.whole:
        decoder = replace(start, whole_bouts=fit_whole_bouts(mended, objectives))
    tuned = Tuned(
        decoder,
        objectives,
        before=score(left.raw.decisions),
        configured=score(left.configured.decisions),
        searched=score(left.searched.decisions),
        whole=score(left.whole.decisions) if left.whole else None,
        nested=score(nested.decisions),
        in_sample=score(decoder.decode_pairs(mended)),
        folds=int(part_of.max()) + 1,
        groups=n_groups,
    )
    if not tuned.helps:
        common = nested = left.configured
    labs = _tuned_labs(mended, left, common, searched, objectives)
    return replace(tuned, labs=labs, decoders=_used(pairs, part_of, objectives, left, nested))


class _Way(NamedTuple):
    """A way to decide on each pair without having seen its part.

    Attributes:
        decoders: that of each pair.
        decisions: what it says, `(time, behaviour)`.
    """

    decoders: list[Decoder]
    decisions: list[_Decided]

    @classmethod
    def of(cls, found: _Found) -> _Way:
        """From what was found part by part."""
        return cls(*map(list, zip(*(found[n] for n in range(len(found))), strict=True)))

    @classmethod
    def mixed(cls, ways: Sequence[_Way]) -> _Way:
        """Each pair in a way of its own."""
        each = list(enumerate(ways))
        return cls([way.decoders[n] for n, way in each], [way.decisions[n] for n, way in each])


class _LeftOut(NamedTuple):
    """The ways to decide.

    Attributes:
        raw: each frame by itself.
        configured: as without tuning.
        searched: by the decoder found on the other parts.
        whole: on whole bouts, as learned from the other parts; None where nothing can be.
        own: by that found on the other parts of the pair's lab; as `searched` where it has none.
    """

    raw: _Way
    configured: _Way
    searched: _Way
    whole: _Way | None
    own: _Way


def _surely_better(
    pairs: Sequence[ScoredPair],
    numbers: Sequence[int],
    objectives: Mapping[str, Objective],
    way: _Way,
    *others: _Way,
) -> bool:
    """Whether a way surely reaches more than each of the others on these pairs."""
    truth, weights = Truth([pairs[n] for n in numbers]), frame_weights(objectives, list(objectives))
    mine, *theirs = (
        Reached.of(truth.counts([each.decisions[n] for n in numbers]), weights)
        for each in (way, *others)
    )
    return all(mine.surely_better(each) for each in theirs)


def _better_way(
    pairs: Sequence[ScoredPair], objectives: Mapping[str, Objective], left: _LeftOut
) -> _Way:
    """Whole bouts where they are surely better than settings, else settings."""
    everything = range(len(pairs))
    if left.whole and _surely_better(pairs, everything, objectives, left.whole, left.searched):
        return left.whole
    return left.searched


def _better_elsewhere(
    pairs: Sequence[ScoredPair],
    part_of: NDArray[np.int64],
    numbers: Sequence[int],
    objectives: Mapping[str, Objective],
    way: _Way,
    *others: _Way,
) -> list[bool]:
    """For each part, whether a way is surely better on those of these pairs in other parts."""
    elsewhere = [[n for n in numbers if part_of[n] != p] for p in range(int(part_of.max()) + 1)]
    return [
        bool(mine) and _surely_better(pairs, mine, objectives, way, *others) for mine in elsewhere
    ]


def _nested(
    pairs: Sequence[ScoredPair],
    part_of: NDArray[np.int64],
    objectives: Mapping[str, Objective],
    left: _LeftOut,
) -> _Way:
    """Each part in the way, whole bouts or settings, that is better on the others."""
    if left.whole is None:
        return left.searched
    ways = left.whole, left.searched
    better = _better_elsewhere(pairs, part_of, range(len(pairs)), objectives, *ways)
    return _Way.mixed([left.whole if better[part] else left.searched for part in part_of])


def _used(
    pairs: Sequence[ScoredPair],
    part_of: NDArray[np.int64],
    objectives: Mapping[str, Objective],
    left: _LeftOut,
    common: _Way,
) -> dict[str, Decoder]:
    """Recording -> what decides it in the way that a bundle uses, without having seen its part.

    Args:
        pairs, part_of: of all labs, and the part that each is in.
        objectives: behaviour -> what is maximised for it.
        left: what is decided on them.
        common: what of that the bundle uses for all labs.
    """
    ways = [common for _ in pairs]
    for mine in _large_labs(pairs).values():
        better = _better_elsewhere(pairs, part_of, mine, objectives, left.own, left.raw, common)
        for n in mine:
            ways[n] = left.own if better[part_of[n]] else common
    used = _Way.mixed(ways)
    return {pair.recording: of_it for pair, of_it in zip(pairs, used.decoders, strict=True)}


def _large_labs(pairs: Sequence[ScoredPair]) -> dict[str, list[int]]:
    """Lab -> its pairs, of those with groups enough; none where there is one lab."""
    labs: dict[str, list[int]] = {}
    for index, pair in enumerate(pairs):
        labs.setdefault(pair.lab, []).append(index)
    return {
        lab: mine
        for lab, mine in sorted(labs.items())
        if lab and len(labs) > 1 and len(groups_of(pairs[index] for index in mine)) >= LAB_GROUPS
    }


def _tuned_labs(
    pairs: Sequence[ScoredPair],
    left: _LeftOut,
    common: _Way,
    start: Decoder,
    objectives: Mapping[str, Objective],
) -> dict[str, TunedLab]:
    """Choose a decoder of each lab that is large enough, and compare it with the common one.

    Args:
        pairs: of all labs.
        left: what is decided on them.
        common: what of that the bundle uses for all labs.
        start: what the search begins with.
        objectives: behaviour -> what is maximised for it.
    """
    labs = {}
    for lab, mine in _large_labs(pairs).items():
        truth = Truth([pairs[n] for n in mine])
        raw, shared, own = (
            truth.score([way.decisions[n] for n in mine]) for way in (left.raw, common, left.own)
        )
        best = max(raw, shared, key=lambda score: value_of(score, objectives))
        gain = value_of(own, objectives) - value_of(best, objectives)
        helps = _surely_better(pairs, mine, objectives, left.own, left.raw, common)
        decoder = search([pairs[n] for n in mine], start, objectives)
        labs[lab] = TunedLab(decoder, best, own, gain, helps)
    return labs


def _parts(pairs: Sequence[ScoredPair], folds: int, seed: int) -> tuple[NDArray[np.int64], int]:
    """The part that each pair is in, `(pair,)`, and the number of groups."""
    groups = groups_of(pairs)
    if len(groups) < 2 or folds < 2:
        raise InputError(
            f"A decoder is tuned on some groups of recordings and tried on others: at least 2 "
            f"folds and 2 groups are needed; got {folds} folds and the groups {groups}. Give "
            "recordings of more animals or sessions, or leave the decoder as it is."
        )
    order = np.random.default_rng(seed).permutation(len(groups))
    part = dict(zip(groups, order % min(folds, len(groups)), strict=True))
    return np.array([part[pair.resampling_unit] for pair in pairs]), len(groups)


def _left_out(
    pairs: Sequence[ScoredPair],
    part_of: NDArray[np.int64],
    start: Decoder,
    configured: Mapping[str, Decoder],
    objectives: Mapping[str, Objective],
    calibration: CalibrationConfig,
) -> _LeftOut:
    """Decisions on each pair, by decoders that were found on the other parts.

    All see probabilities that were calibrated on the other parts.
    """
    labs, all_occur = _large_labs(pairs), _all_occur(pairs)
    raw, as_configured, searched, whole, own = (_Found() for _ in range(5))
    for part in range(int(part_of.max()) + 1):
        held_out = [index for index, mine in enumerate(part_of) if mine == part]
        correction = fit_correction(
            [pair for pair, mine in zip(pairs, part_of, strict=True) if mine != part],
            calibration,
            out_of_fold=True,
        )
        mended = corrected(pairs, correction)
        others = [pair for pair, mine in zip(mended, part_of, strict=True) if mine != part]
        raw |= _decided(mended, held_out, start)
        usual = [configured.get(pairs[n].recording, start) for n in held_out]
        said = decode_each(usual, [mended[n] for n in held_out])
        as_configured |= zip(held_out, zip(usual, said, strict=True), strict=True)
        decoder = search(others, start, objectives)
        searched |= _decided(mended, held_out, decoder)
        if all_occur and (bouts := fit_whole_bouts(others, objectives)):
            whole |= _decided(mended, held_out, replace(start, whole_bouts=bouts))
        for lab in labs:
            theirs = [index for index in held_out if pairs[index].lab == lab]
            known = [pair for pair in others if pair.lab == lab]
            if theirs and known:
                own |= _decided(mended, theirs, search(known, decoder, objectives))
    return _LeftOut(
        _Way.of(raw),
        _Way.of(as_configured),
        _Way.of(searched),
        _Way.of(whole) if len(whole) == len(pairs) else None,
        _Way.of(searched | own),
    )


def _all_occur(pairs: Sequence[ScoredPair]) -> bool:
    """Whether every behaviour is true somewhere; of one that is not, no whole bout is ever said.

    A model of all recordings may know it nevertheless: the only group that shows a behaviour is not
    scored for it out of fold.
    """
    true = np.any([(pair.truth & pair.observed).any(axis=0) for pair in pairs], axis=0)
    return bool(true[pairs[0].foreground].all())


def _decided(pairs: Sequence[ScoredPair], numbers: Sequence[int], decoder: Decoder) -> _Found:
    """By the number of each of these pairs, the decoder and what it decides."""
    decisions = decoder.decode_pairs([pairs[n] for n in numbers])
    return {n: (decoder, said) for n, said in zip(numbers, decisions, strict=True)}
