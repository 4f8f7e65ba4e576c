"""How good predictions are: per frame, per bout, and how far their probabilities can be trusted."""

from nuzzle.evaluation.evaluate import evaluate
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair

__all__ = ["Evaluation", "ScoredPair", "evaluate"]
