"""What a page says of a model, from its own description."""

from nuzzle.outputs.bundle_facts import bundle_facts


def member(name, fps, *keypoints):
    frontend = {"features": "relational", "fps": fps, "skeleton": {"keypoints": list(keypoints)}}
    return {"name": name, "frontend": frontend}


def test_members_of_an_ensemble_are_told_where_they_differ():
    bundle = {
        "members": [
            member("tcn", 10.0, "nose", "tail_base"),
            member("tcn-2", 10.0, "nose", "tail_base"),
            member("graph", 30.0, "nose", "neck", "tail_base"),
        ],
        "combiner": {"kind": "weighted", "weights": [0.5, 0.25, 0.25]},
    }
    facts = dict(bundle_facts(bundle, None)["facts"])
    assert facts["Model"] == "Ensemble, weighted: tcn (0.50), tcn-2 (0.25), graph (0.25)"
    assert facts["Keypoints"] == "nose, tail_base; nose, neck, tail_base"
    assert facts["Frames per second"] == "10, 30"
    assert facts["Features"] == "relational"


def test_what_is_not_known_of_a_bundle_is_left_out():
    assert bundle_facts({}, None) == {"facts": [], "behaviours": [], "details": []}


def test_frames_of_poses_are_not_taken_for_what_was_learned_from():
    training = {"recordings": ["one", "two"], "frames": 86023}
    facts = dict(bundle_facts({"training": training}, None)["facts"])
    assert facts["Trained on"] == "2 recordings, 86,023 frames of poses"
