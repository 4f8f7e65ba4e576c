"""Models: what can be trained by name. Networks are plain torch modules that know no files."""

from typing import Any

from torch import nn

from nuzzle.errors import ConfigError
from nuzzle.models.base import Architecture, Model, count_parameters
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


def build_model(name: str, **arguments: Any) -> nn.Module:
    """Build the network called `name`.

    Raises:
        ConfigError: no such network, or it does not know an argument, or cannot take its value.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"There is no model {name!r}; there are {sorted(ARCHITECTURES)}.")
    try:
        ARCHITECTURES[name].check_options(arguments)
        return ARCHITECTURES[name].build(**arguments)
    except ConfigError:
        raise
    except (TypeError, ValueError, ZeroDivisionError, RuntimeError) as error:
        raise ConfigError(f"The model {name!r} cannot be built: {error}") from error


__all__ = [
    "ARCHITECTURES",
    "MODELS",
    "Architecture",
    "Model",
    "TemporalCNNLSTM",
    "build_model",
    "count_parameters",
]
