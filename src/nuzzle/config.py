"""The configuration of a training: typed, unknown keys refused, never changed, saved in the bundle.

Read from YAML; every key has a default, so a file holds only what differs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from nuzzle.errors import ConfigError
from nuzzle.files import existing_file


class Section(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PrepareConfig(Section):
    """What happens to poses before features.

    Attributes:
        fps: frame rate that all recordings are brought to; the most common one by default.
        unit: ``auto`` is cm where every training recording has a scale; where one has none, body
            lengths (``bl``) for relational features and px for others.
        min_confidence: points that the tracker is less sure of become missing.
        repair_identity: whether tracks are exchanged back where the tracker seems to have exchanged
            two animals.
        max_gap_s: missing points are interpolated over gaps up to this long, s.
        smooth_s: width of the median filter of each coordinate, s; 0 for none.
        keypoints: which keypoints are used; those that all training recordings share by default.
        missing_keypoints: ``refuse`` recordings that lack one of them, or ``allow`` them: the
            keypoint is then missing in every frame. Allowed and not named, keypoints are those that
            at least half of the labs have.
        nose: the keypoint at the front; found by name by default.
        tail_base: the keypoint at the rear; found by name by default.
        centre: keypoints whose mean is the centre; all by default.
    """

    fps: PositiveFloat | None = None
    unit: Literal["auto", "cm", "bl", "px"] = "auto"
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    repair_identity: bool = False
    max_gap_s: NonNegativeFloat = 0.5
    smooth_s: NonNegativeFloat = 0.0
    keypoints: tuple[str, ...] = ()
    missing_keypoints: Literal["refuse", "allow"] = "refuse"
    nose: str | None = None
    tail_base: str | None = None
    centre: tuple[str, ...] = ()


class LabelsConfig(Section):
    """What is to be learned.

    Attributes:
        behaviours: which; all that have a bout in the training recordings by default.
        background: name of the class "none of the others" where the labels have no name for it.
        mode: ``exclusive`` has one behaviour a frame; ``multilabel`` any number at once.
        priority: which behaviour wins where several overlap in exclusive mode, most important
            first; the rarest first by default.
    """

    behaviours: tuple[str, ...] = ()
    background: str = "other"
    mode: Literal["exclusive", "multilabel"] = "exclusive"
    priority: tuple[str, ...] = ()


class LabsConfig(Section):
    """What a model is told of who recorded, where it is trained on several labs.

    Attributes:
        embedding: whether it is told the lab.
        dropout: share of the training stretches whose lab is hidden, so that a lab that the model
            does not know is nothing new.
    """

    embedding: bool = True
    dropout: Annotated[float, Field(ge=0, le=1)] = 0.2


class ModelConfig(Section):
    """Which architecture, with which arguments."""

    name: str = "cnn_lstm"
    options: dict[str, Any] = {}


class LossConfig(Section):
    """How errors count.

    Attributes:
        gamma: focal loss; 0 is the cross-entropy.
        alpha: class weights: inversely proportional to class frequency, or none.
        smoothness: weight of a price for labels that jump from frame to frame; sequence models.
        logit_adjustment: strength of the margin that rare classes get; exclusive mode.
    """

    gamma: NonNegativeFloat = 2.0
    alpha: Literal["inverse_frequency", "none"] = "inverse_frequency"
    smoothness: NonNegativeFloat = 0.0
    logit_adjustment: NonNegativeFloat = 0.0


class AugmentationConfig(Section):
    """Changes to training windows.

    Attributes:
        noise_std: Gaussian noise on normalised features, in standard deviations.
        jitter_frames: windows shift by up to this many frames; the label stays.
        scale: range of the factor that a window is multiplied with; None for no scaling.
        mixup_alpha: windows are blended, the share drawn from Beta(alpha, alpha); 0 for none.
    """

    noise_std: NonNegativeFloat = 0.02
    jitter_frames: NonNegativeInt = 2
    scale: tuple[PositiveFloat, PositiveFloat] | None = (0.95, 1.05)
    mixup_alpha: NonNegativeFloat = 0.2


class TrainingConfig(Section):
    """How the weights are found.

    Attributes:
        window: frames in a window, or in a stretch that a sequence model labels at once.
        batch_size: windows or stretches in a batch.
        learning_rate: of Adam; the highest one of a cycle.
        weight_decay: of AdamW; 0 makes it Adam.
        schedule: ``constant``, or a ``cycle`` that rises for a tenth of all steps and then falls.
        epochs: at most; of trees, how many of each class.
        patience: epochs without a better validation macro F1 before training stops.
        epoch_windows: windows or stretches drawn at random for one epoch, or frames that trees
            learn from; all by default.
        val_stride: every how many frames a validation window is labelled after each epoch;
            sequence models label them all.
        seed: of everything random.
    """

    window: PositiveInt = 60
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 0.0005
    weight_decay: NonNegativeFloat = 0.0
    schedule: Literal["constant", "cycle"] = "constant"
    epochs: PositiveInt = 100
    patience: PositiveInt = 20
    epoch_windows: PositiveInt | None = None
    val_stride: PositiveInt = 1
    seed: int = 0


class DecodingConfig(Section):
    """From probabilities to bouts; what the bundle does when it predicts.

    Attributes:
        smooth_s: standard deviation of a Gaussian average of the probabilities, s; 0 for none.
        max_gap_s: gaps in a behaviour up to this long are closed, s.
        min_bout_s: bouts shorter than this are dropped, s.
    """

    smooth_s: NonNegativeFloat = 0.0
    max_gap_s: NonNegativeFloat = 0.0
    min_bout_s: NonNegativeFloat = 0.0


class CalibrationConfig(Section):
    """How far the model's word can be trusted; fitted on recordings that it was not trained on.

    Attributes:
        method: ``temperature`` divides log probabilities by one number; ``isotonic`` bends a curve
            for each behaviour, and needs more recordings; ``none`` leaves probabilities alone.
        coverage: share of frames whose true behaviour shall be in the set of possible ones; a frame
            whose set is not one behaviour is marked as unsure.
    """

    method: Literal["temperature", "isotonic", "none"] = "temperature"
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.9


#: What a model is trained with where nobody says otherwise. The CNN-LSTM's are the defaults: those
#: of its source document. Relational features forget the animals' order for undirected labels.
_SEQUENCE: dict[str, Any] = {
    "features": "relational",
    "prepare": {"max_gap_s": 1.0},
    "loss": {"gamma": 0.0, "alpha": "none"},
    "augmentation": {"noise_std": 0.0, "jitter_frames": 0, "scale": None, "mixup_alpha": 0.0},
    "training": {
        "window": 512,
        "batch_size": 16,
        "learning_rate": 0.002,
        "weight_decay": 0.01,
        "schedule": "cycle",
        "epochs": 20,
        "patience": 20,
    },
}
PRESETS: dict[str, dict[str, Any]] = {
    "tcn": {**_SEQUENCE, "loss": {**_SEQUENCE["loss"], "smoothness": 0.15}},
    "conv_lstm": _SEQUENCE,
    "transformer": _SEQUENCE,
    "graph": {**_SEQUENCE, "features": "nodes"},
    "trees": {
        "features": "windowed",
        "prepare": {"max_gap_s": 1.0},
        "training": {"epochs": 300, "epoch_windows": 100_000},
    },
}


class Config(Section):
    """Everything that a training depends on besides its recordings."""

    prepare: PrepareConfig = PrepareConfig()
    features: str = "engineered48"
    labels: LabelsConfig = LabelsConfig()
    labs: LabsConfig = LabsConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    training: TrainingConfig = TrainingConfig()
    decoding: DecodingConfig = DecodingConfig()
    calibration: CalibrationConfig = CalibrationConfig()

    @classmethod
    def parse(cls, values: Mapping[str, Any], source: str = "config") -> Config:
        """Check plain values.

        Raises:
            ConfigError: lists every unknown key (with the nearest known one) and impossible value.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = [_problem(each["loc"], each["msg"], each["type"]) for each in error.errors()]
            raise ConfigError(f"{source}: " + "; ".join(problems)) from None

    @classmethod
    def load(cls, path: str | Path | None, changes: Iterable[str] = ()) -> Config:
        """Read a YAML file and apply changes, on top of the model's own preset.

        Args:
            path: the file; None for all defaults.
            changes: ``section.key=value``, the value in YAML.

        Raises:
            ConfigError: the file is not YAML, or has keys or values that do not exist.
        """
        values: Any = {}
        source = "config"
        if path is not None:
            source = str(path)
            try:
                values = yaml.safe_load(existing_file(path, "config").read_text("utf-8")) or {}
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path} is not YAML: {error}") from None
            if not isinstance(values, dict):
                raise ConfigError(f"{path}: a config is a list of `key: value` lines.")
        for change in changes:
            key, separator, text = change.partition("=")
            if not separator:
                raise ConfigError(f"--set {change}: expected section.key=value.")
            _assign(values, key.strip().split("."), yaml.safe_load(text))
        model = values.get("model")
        preset = PRESETS.get(str(model.get("name")) if isinstance(model, dict) else "", {})
        return cls.parse(_merged(preset, values), source)

    def with_values(self, values: Mapping[str, Any], source: str = "config") -> Config:
        """The same with other values of some keys, named ``section.key``.

        Raises:
            ConfigError: there is no such key, or it cannot have such a value.
        """
        plain = self.model_dump(mode="json")
        for key, value in values.items():
            _assign(plain, key.split("."), value)
        return Config.parse(plain, source)

    def to_yaml(self) -> str:
        """The whole configuration as YAML."""
        text: str = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)
        return text


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, section by section."""
    both = {
        key: _merged(base[key], value)
        if isinstance(base.get(key), dict) and isinstance(value, dict)
        else value
        for key, value in over.items()
    }
    return {**base, **both}


def _assign(values: dict[str, Any], keys: list[str], value: object) -> None:
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {'.'.join(keys)}: {key!r} is not a section.")
        values = inner
    values[keys[-1]] = value


def _problem(where: tuple[int | str, ...], message: str, kind: str) -> str:
    key = ".".join(map(str, where))
    if kind != "extra_forbidden":
        return f"{key}: {message}"
    fields: Mapping[str, Any] = Config.model_fields
    for part in where[:-1]:
        annotation = fields[str(part)].annotation
        fields = annotation.model_fields if hasattr(annotation, "model_fields") else {}
    near = difflib.get_close_matches(str(where[-1]), fields, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {sorted(fields)}"
    return f"unknown key {key!r}; {hint}"
