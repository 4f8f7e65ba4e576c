import pandas as pd

from nuzzle.outputs.search import draw_search


def test_a_picture_with_and_without_importances(tmp_path):
    trials = pd.DataFrame(
        {
            "trial": range(5),
            "state": ["complete", "failed", "pruned", "complete", "complete"],
            "score": [0.5, None, None, 0.4, 0.7],
        }
    )
    one = draw_search(trials, {}, tmp_path / "one.png").read_bytes()
    other = draw_search(trials, {"training.epochs": 0.6}, tmp_path / "other.png").read_bytes()
    assert one.startswith(b"\x89PNG") and other.startswith(b"\x89PNG")
    width = [int.from_bytes(each[16:20], "big") for each in (one, other)]
    assert width[1] > width[0], "the second panel has its room"
