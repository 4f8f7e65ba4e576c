import numpy as np
import pytest

from nuzzle.errors import InputError, ValidationError
from nuzzle.evaluation import evaluate
from nuzzle.evaluation.scored import group_numbers, groups_of


def test_a_wrong_shape_is_named(scored):
    with pytest.raises(ValidationError, match=r"probability has the shape .* \(3, 3\); got \(2, 3"):
        scored("aa.", "aa.", probability=np.zeros((2, 3)))


def test_nan_probability_of_an_observed_frame_is_refused(scored):
    probability = np.full((3, 3), 0.3)
    probability[1, 0] = np.nan
    with pytest.raises(ValidationError, match="1 probabilities of observed frames"):
        scored("aa.", "aa.", probability=probability)
    scored("aa.", "aa.", probability=probability, unobserved=[1])


def test_two_classes_in_a_frame_contradict_exclusive(scored):
    both = np.array([[True, True, False], [False, False, True]])
    with pytest.raises(ValidationError, match="several classes in 1 frames, the first is frame 0"):
        scored("a.", "a.", truth_mask=both)
    assert scored("a.", "a.", truth_mask=both, exclusive=False).n_frames == 2


def test_unknown_background_is_refused(scored):
    with pytest.raises(ValidationError, match="'rest' is not among"):
        scored("a.", "a.", background="rest")


def test_foreground_is_all_but_the_background(scored):
    assert scored("a.", "a.").foreground == [0, 1]
    assert scored("a.", "a.", background="attack").foreground == [1, 2]
    assert scored("a.", "a.", background=None).foreground == [0, 1, 2]


def test_a_recording_without_a_group_is_one(scored):
    pairs = [scored("a", "a", recording=name) for name in ("two", "one", "two")]
    pairs.append(scored("a", "a", group="cage"))
    groups = groups_of(pairs)
    assert groups == ["cage", "one", "two"]
    assert group_numbers(pairs, groups).tolist() == [2, 1, 2, 0]


def test_nothing_to_score():
    with pytest.raises(InputError, match="nothing to score"):
        evaluate([])


def test_pairs_of_different_kinds_are_refused(scored):
    with pytest.raises(InputError, match="same classes"):
        evaluate([scored("a.", "a."), scored("a.", "a.", exclusive=False)])
