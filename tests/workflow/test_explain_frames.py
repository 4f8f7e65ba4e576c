"""Whose frames are explained, of three animals."""

from dataclasses import replace

import numpy as np
import pytest

from nuzzle.decoding.decoder import Decoder
from nuzzle.errors import InputError
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import PairProbability
from nuzzle.io.load import load_entry
from nuzzle.labels import Labels, Pair, bout_table, span_table
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow import explain_frames as module
from nuzzle.workflow.explain import _Job
from nuzzle.workflow.explain_frames import choose_frames, given_frames, watched

NAMES = ("attack", "groom", "other")
M12, M13, M11 = Pair("m1", "m2"), Pair("m1", "m3"), Pair("m1", "m1")
FRAMES = 60


@pytest.fixture
def recording(manifest):
    """Two animals, and a third that moves as the first does."""
    two = load_entry(manifest.entries[3]).slice(0, FRAMES)
    return type(two).from_arrays(
        "three",
        two.position[..., [0, 1, 0]] + np.array([0.0, 0.0, 50.0]),
        keypoints=list(two.keypoints),
        individuals=["m1", "m2", "m3"],
        fps=30.0,
        px_per_cm=two.px_per_cm,
    )


def looked_for(recording, *rows, directed=True):
    """Labels of someone who looked for these (pair, behaviour) all the time and saw nothing."""
    spans = span_table(
        {
            "agent": pair.agent,
            "target": pair.target,
            "behaviour": behaviour,
            "start_frame": 0,
            "stop_frame": FRAMES,
        }
        for pair, behaviour in rows
    )
    labels = Labels(bout_table([]), spans, FRAMES, directed=directed)
    return replace(recording, labels=labels)


@pytest.fixture
def bundle(bundle_file, monkeypatch):
    """A model that says attack in every frame of every pair that it is asked of."""
    asked = []

    def said(bundle, recording, copies, pairs):
        asked.append([*pairs])
        probability = np.tile(np.float32([0.8, 0.1, 0.1]), (FRAMES, 1))
        return [PairProbability(pair, probability) for pair in pairs]

    monkeypatch.setattr(module, "predict_prepared", said)
    space = LabelSpace(NAMES, "other", True, NAMES[:2], own=("groom",))
    decoder = Decoder(NAMES, True, "other")
    made = replace(Bundle.load(bundle_file), space=space, decoder=decoder, training={})
    made.__dict__["asked"] = asked
    return made


def test_what_was_looked_for_in_which_pair(bundle, recording):
    """Grooming of the first animal is seen beside both others, attacks on one of them."""
    labelled = looked_for(recording, (M12, "attack"), (M11, "groom"))
    found = {pair: mask.tolist() for pair, mask in watched(bundle, labelled).items()}
    assert found == {M12: [True, True, True], M13: [False, True, True]}
    assert len(watched(bundle, recording)) == 6, "without labels every pair"
    only = watched(bundle, looked_for(recording, (M13, "attack")))
    assert {pair: mask.tolist() for pair, mask in only.items()} == {M13: [True] * 3}


def test_a_pair_without_direction_is_found_in_either_order(bundle, recording):
    undirected = replace(bundle, space=replace(bundle.space, own=(), directed=False))
    labelled = looked_for(recording, (Pair("m3", "m1"), "attack"), directed=False)
    assert [*watched(undirected, labelled)] == [M13]


def test_trees_are_explained_in_pairs_that_were_watched_for_what_is_social(bundle, recording):
    """Also where the model knows a behaviour that nobody looked for here."""
    names = ("attack", "groom", "mount", "other")
    space = replace(bundle.space, names=names, priority=names[:3])
    knows_more = replace(bundle, space=space)
    labelled = looked_for(recording, (M12, "attack"), (M11, "groom"))
    job = _Job(knows_more, [labelled], names[:3], None, print)
    assert job._watched(labelled) == [M12]
    assert len(job._watched(recording)) == 6


def test_bouts_and_frames_are_of_what_was_looked_for(bundle, recording):
    labelled = looked_for(recording, (M12, "attack"), (M11, "groom"))
    (bout,) = choose_frames(bundle, [labelled], ["attack", "groom"], 3)
    assert (bout.pair, bout.frames) == (M12, FRAMES)
    (frame,) = given_frames(bundle, [labelled], ["attack"], [10])
    assert frame.pair == M12
    (other,) = given_frames(bundle, [labelled], ["attack"], [10], "m1->m3")
    assert other.pair == M13
    # What an animal does to itself is the mean over all of its pairs.
    assert all(pairs == [M12, M13] for pairs in bundle.__dict__["asked"])


def test_a_pair_of_which_nothing_is_said_is_not_explained(bundle, recording, monkeypatch):
    """m2 is lost in frame 10, and all others in frame 20."""

    def said(bundle, recording, copies, pairs):
        p = {pair: np.tile(np.float32([0.8, 0.1, 0.1]), (FRAMES, 1)) for pair in pairs}
        for pair in pairs:
            p[pair][20] = np.nan
            if "m2" in pair:
                p[pair][10] = np.nan
        return [PairProbability(*each) for each in p.items()]

    monkeypatch.setattr(module, "predict_prepared", said)
    (frame,) = given_frames(bundle, [recording], ["attack"], [10])
    assert frame.pair == M13
    assert [each.frame for each in given_frames(bundle, [recording], ["attack"], [10, 20])] == [10]
    with pytest.raises(InputError, match="nothing is said of attack in these frames"):
        given_frames(bundle, [recording], ["attack"], [20])
