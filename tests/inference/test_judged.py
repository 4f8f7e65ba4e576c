import pytest

from nuzzle.inference.judged import judged, judged_on, weaknesses


def score(name, f1, *, bouts=4):
    return {
        "behaviour": name,
        "f1": {"value": f1},
        "bout_f1": {"0.5": {"value": f1}},
        "true_frames": 10 * bouts,
        "true_bouts": bouts,
        "recordings": min(bouts, 2),
    }


def bundle(*scores, trained=("a", "b"), scored=("c", "d")):
    return {
        "training": {"recordings": list(trained)},
        "metrics": {
            "background": "other",
            "behaviours": [*scores, score("other", 0.1)],
            "recordings": [{"recording": name} for name in scored],
        },
    }


def test_what_is_found_badly_is_named_with_where_it_was_judged():
    known = bundle(score("attack", 0.49), score("mount", 0.5))
    (said,) = weaknesses(known)
    assert said.startswith("The model finds badly: attack (F1 0.49), judged on 2 recordings of val")
    assert [each.is_low for each in judged(known)] == [True, False]


@pytest.mark.parametrize("f1", [None, 0.0])
def test_what_never_occurred_was_not_judged_whatever_its_false_alarms(f1):
    known = bundle(score("attack", 0.9), score("mount", f1, bouts=0))
    (said,) = weaknesses(known)
    assert said.startswith("Never judged, for lack of examples in the 2 recordings of val: mount")
    assert judged(known)[1].f1 is None


def test_what_is_not_looked_for_does_not_matter():
    assert weaknesses(bundle(score("attack", 0.1), score("mount", 0.9)), ["mount"]) == []


def test_figures_of_recordings_that_it_has_learned_from_are_out_of_fold():
    assert judged_on(bundle(scored=("a", "b"))) == "2 recordings out of fold"
    assert judged_on(bundle(scored=("c",))) == "1 recording of val"


def test_a_model_without_figures_was_judged_by_nobody():
    (said,) = weaknesses({"training": {}, "metrics": None})
    assert said.startswith("Nobody has judged this model")
    assert judged({"metrics": None}) == []
