"""Architectures: plain torch modules that know nothing of files."""

from nuzzle.models.base import Architecture, build_model, count_parameters
from nuzzle.models.cnn_lstm import CNN_LSTM, TemporalCNNLSTM
from nuzzle.models.conv_lstm import CONV_LSTM
from nuzzle.models.graph import GRAPH
from nuzzle.models.tcn import TCN
from nuzzle.models.transformer import TRANSFORMER

#: Every architecture by its name on the command line.
ARCHITECTURES: dict[str, Architecture] = {
    each.name: each for each in (CNN_LSTM, CONV_LSTM, TCN, TRANSFORMER, GRAPH)
}

__all__ = ["ARCHITECTURES", "Architecture", "TemporalCNNLSTM", "build_model", "count_parameters"]
