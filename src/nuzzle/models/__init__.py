"""Models: what can be trained by name. Networks are plain torch modules that know no files."""

from nuzzle.models.base import Architecture, Model, build_model, count_parameters
from nuzzle.models.cnn_lstm import CNN_LSTM, TemporalCNNLSTM
from nuzzle.models.conv_lstm import CONV_LSTM
from nuzzle.models.graph import GRAPH
from nuzzle.models.tcn import TCN
from nuzzle.models.transformer import TRANSFORMER
from nuzzle.models.trees import TREES

#: Every network by its name on the command line.
ARCHITECTURES: dict[str, Architecture] = {
    each.name: each for each in (CNN_LSTM, CONV_LSTM, TCN, TRANSFORMER, GRAPH)
}

#: Every model by its name on the command line, but for ensembles of them.
MODELS: dict[str, Model] = {**ARCHITECTURES, TREES.name: TREES}

__all__ = [
    "ARCHITECTURES",
    "MODELS",
    "Architecture",
    "Model",
    "TemporalCNNLSTM",
    "build_model",
    "count_parameters",
]
