"""Architectures: plain torch modules that know nothing of files."""

from nuzzle.models.base import Architecture, build_model, count_parameters
from nuzzle.models.cnn_lstm import CNN_LSTM, TemporalCNNLSTM

#: Every architecture by its name on the command line.
ARCHITECTURES: dict[str, Architecture] = {each.name: each for each in (CNN_LSTM,)}

__all__ = ["ARCHITECTURES", "Architecture", "TemporalCNNLSTM", "build_model", "count_parameters"]
