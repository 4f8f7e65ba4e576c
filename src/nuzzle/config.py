"""The configuration of a training: typed, unknown keys refused, never changed, saved in the bundle.

Read from YAML; every key has a default, so a file holds only what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, PositiveFloat, model_validator

from nuzzle.errors import ConfigError
from nuzzle.files import existing_file, several
from nuzzle.presets import PRESETS, complete_members, merged, model_name
from nuzzle.section import (
    Count,
    Factors,
    Fps,
    Names,
    Seconds,
    Section,
    Seed,
    Weight,
    assign,
    checked,
)
from nuzzle.yaml_text import read_change, read_sections

#: In a batch; with a few hundred features they take some GB.
_MOST_FRAMES = 4_000_000


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
        centre: keypoints whose mean is the centre; by default all but those on the tail behind
            its base.
    """

    fps: Fps | None = None
    unit: Literal["auto", "cm", "bl", "px"] = "auto"
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    repair_identity: bool = False
    max_gap_s: Seconds = 0.5
    smooth_s: Annotated[float, Field(ge=0, le=60)] = 0.0
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

    behaviours: Names = ()
    background: str = "other"
    mode: Literal["exclusive", "multilabel"] = "exclusive"
    priority: Names = ()


class LabsConfig(Section):
    """What a model is told of who recorded, where it is trained on several labs.

    Attributes:
        embedding: whether it is told the lab.
        dropout: share of the training stretches whose lab is hidden, so that it learns to label
            recordings of an unknown lab, too.
    """

    embedding: bool = True
    dropout: Annotated[float, Field(ge=0, le=1)] = 0.2


class ModelConfig(Section):
    """Which architecture, with which arguments."""

    name: str = "cnn_lstm"
    options: dict[str, Any] = Field(default_factory=dict)


class LossConfig(Section):
    """How errors count.

    Attributes:
        gamma: focal loss; 0 is the cross-entropy.
        alpha: class weights: inversely proportional to class frequency, to its square root, or
            none.
        smoothness: weight of a price for labels that jump from frame to frame; sequence models.
        logit_adjustment: strength of a margin of rare classes, instead of `alpha`; exclusive mode.
        auxiliary: weight of the loss of auxiliary labels, where a training has some.
        kinds: weight of a second loss, over the frames with a behaviour and among the behaviours
            alone: which one it is, where the background is most of the time; exclusive mode. Trees
            learn in two steps, with any weight: whether there is a behaviour, and which.
    """

    gamma: Weight = 2.0
    alpha: Literal["inverse_frequency", "sqrt_inverse_frequency", "none"] = "inverse_frequency"
    smoothness: Weight = 0.0
    logit_adjustment: Weight = 0.0
    auxiliary: Weight = 1.0
    kinds: Weight = 0.0

    @property
    def alpha_power(self) -> float:
        """Which power of the inverse frequency a class weighs."""
        return {"none": 0.0, "sqrt_inverse_frequency": 0.5, "inverse_frequency": 1.0}[self.alpha]


class AugmentationConfig(Section):
    """Changes to what is trained on, drawn anew each epoch.

    The first four change windows of normalised features, after they were cut; the others change
    poses, before features are computed from them.

    Attributes:
        noise_std: Gaussian noise on normalised features, in standard deviations.
        jitter_frames: windows shift by up to this many frames; the label stays.
        scale: range of the factor that a window is multiplied with; None for no scaling.
        mixup_alpha: windows are blended, the share drawn from Beta(alpha, alpha); 0 for none.
        rotation: whether the recording is turned by any angle.
        reflection: whether half of the recordings are mirrored, left and right keypoints with them.
        pose_scale: range of the factor by which animals and arena grow; None for none.
        time_stretch: range of the factor by which everything happens faster; None for none.
        keypoint_dropout: share of the time, in spans of 1 to 10 s, in which a keypoint is missing.
        pose_jitter_bl: Gaussian noise on positions, standard deviation in body lengths.
        swap: whether the animals of half of the recordings change places; for labels without
            direction.
    """

    noise_std: Weight = 0.02
    jitter_frames: Annotated[int, Field(ge=0, le=100_000)] = 2
    scale: Factors | None = (0.95, 1.05)
    mixup_alpha: Weight = 0.2
    rotation: bool = False
    reflection: bool = False
    pose_scale: Factors | None = None
    time_stretch: Factors | None = None
    keypoint_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    pose_jitter_bl: Weight = 0.0
    swap: bool = False

    @property
    def of_poses(self) -> tuple[str, ...]:
        """The keys that change poses, of those that are on."""
        names = ("rotation", "reflection", "pose_scale", "time_stretch", "keypoint_dropout")
        return tuple(n for n in (*names, "pose_jitter_bl", "swap") if getattr(self, n))


class TrainingConfig(Section):
    """How the weights are found.

    Attributes:
        window: frames in a window, or in a stretch that a sequence model labels at once; 4 at
            least.
        batch_size: windows or stretches in a batch.
        learning_rate: of Adam; the highest one of a cycle.
        weight_decay: of AdamW; 0 makes it Adam.
        gradient_clip: longest gradient, longer ones are shortened to it; 0 for any length. So a
            batch with a tracker's errors in it does not throw the weights about.
        schedule: ``constant``, or a ``cycle`` that rises for 30 % of all steps and then falls.
        epochs: at most; of trees, how many of each class.
        early_stopping: whether the weights of the best epoch on validation recordings are kept, and
            training ends after `patience` epochs that are no better. Otherwise all epochs are
            trained and the last one is kept: for a cycle, which ends at a rate of zero.
        patience: epochs without a better validation macro F1 before training stops.
        epoch_windows: windows or stretches drawn at random for one epoch, or frames that trees
            learn from; all by default, and those of short recordings several times, to fill 4
            batches.
        val_stride: every how many frames a validation window is labelled after each epoch;
            sequence models label them all.
        weight_averaging: decay of an exponential moving average of the weights over steps, which is
            validated and saved in their place; 0 for none. It spans about 1 / (1 - decay) steps.
        seed: of everything random.
    """

    window: Annotated[int, Field(ge=4, le=100_000)] = 60
    batch_size: Annotated[int, Field(ge=1, le=100_000)] = 64
    learning_rate: PositiveFloat = 0.0005
    weight_decay: Weight = 0.0
    gradient_clip: Weight = 0.0
    schedule: Literal["constant", "cycle"] = "constant"
    epochs: Count = 100
    early_stopping: bool = True
    patience: Count = 20
    epoch_windows: Count | None = None
    val_stride: Count = 1
    weight_averaging: Annotated[float, Field(ge=0, lt=1)] = 0.0
    seed: Seed = 0

    @model_validator(mode="after")
    def _a_batch_fits_in_memory(self) -> Self:
        if self.window * self.batch_size > _MOST_FRAMES:
            raise ValueError(
                f"batch_size {self.batch_size:,} times window {self.window:,} is more frames than "
                f"a batch can hold: {_MOST_FRAMES:,} at most. Make one of them smaller."
            )
        return self


class DecodingConfig(Section):
    """From probabilities to bouts; what the bundle does when it predicts.

    Attributes:
        smooth_s: standard deviation of a Gaussian average of the probabilities, s; 0 for none;
            ``bouts`` for a tenth of each behaviour's median bout in training, at most 1 s.
        max_gap_s: gaps in a behaviour up to this long are closed, s.
        min_bout_s: bouts shorter than this are dropped, s.
    """

    smooth_s: Annotated[float, Field(ge=0, le=3600)] | Literal["bouts"] = "bouts"
    max_gap_s: Seconds = 0.0
    min_bout_s: Seconds = 0.0


class CalibrationConfig(Section):
    """How far the model's word can be trusted; fitted on recordings that it was not trained on.

    Attributes:
        method: ``temperature`` divides log probabilities by one number; ``isotonic`` bends a curve
            for each behaviour, and needs more recordings; ``none`` does neither.
        adapt: whether probabilities are then adapted to how common each behaviour is in a
            recording, where that makes them truer. It takes the whole recording.
        coverage: share of frames whose true behaviour shall be among those held possible; a frame
            in which others are than what is said is marked as unsure. Few groups are promised less.
    """

    method: Literal["temperature", "isotonic", "none"] = "temperature"
    adapt: bool = True
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.9


class MemberConfig(Section):
    """What a network or trees are made with; every member of an ensemble has its own."""

    prepare: PrepareConfig = PrepareConfig()
    features: str = "engineered48"
    labs: LabsConfig = LabsConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    training: TrainingConfig = TrainingConfig()


class EnsembleConfig(Section):
    """Several models that are asked together.

    Attributes:
        members: by name, what each is made with; `complete_members` fills in what a file leaves
            out. Its `training.seed` is added to that of the file.
        method: ``weighted`` averages log probabilities with weights; ``stacked`` is a logistic
            regression on them; ``equal`` averages them as they are.
        folds: of the cross-validation inside of ``train``, from which weights are learned.
    """

    members: dict[str, MemberConfig] = Field(default_factory=dict)
    method: Literal["weighted", "stacked", "equal"] = "weighted"
    folds: Annotated[int, Field(ge=2, le=1000)] = 4


class Config(MemberConfig):
    """Everything that a training depends on besides its recordings.

    A model's preset comes only with `load`, as ``Config.load(None, ["model.name=tcn"])``; what is
    left out is the CNN-LSTM's otherwise. Of an ensemble, what members are made with stands in
    `ensemble.members`, complete; of those sections here only `training.seed` counts.
    """

    labels: LabelsConfig = LabelsConfig()
    decoding: DecodingConfig = DecodingConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    ensemble: EnsembleConfig = EnsembleConfig()

    @classmethod
    def parse(cls, values: Mapping[str, Any], source: str = "config") -> Config:
        """Check plain values. Only `load` adds the preset of their model, say by
        ``Config.load(None, ["model.name=tcn"])``; members of an ensemble get theirs here, too.

        Raises:
            ConfigError: lists every unknown key (with the nearest known one) and impossible value.
        """
        if model_name(values) == "ensemble":
            return _ensemble(values, source)
        if values.get("ensemble"):
            raise ConfigError(f"{source}: the section ensemble needs model.name: ensemble.")
        return checked(cls, values, source)

    @classmethod
    def load(cls, path: str | Path | None, changes: Iterable[str] = ()) -> Config:
        """Read a YAML file and apply changes, on top of the model's own preset.

        Args:
            path: the file; None for all defaults.
            changes: ``section.key=value``, the value in YAML; several or one.

        Raises:
            ConfigError: the file is not YAML, or has keys or values that do not exist, or a key
                twice.
        """
        values = {} if path is None else read_sections(existing_file(path, "config"))
        source = "config" if path is None else str(path)
        for change in several(changes):
            assign(values, *read_change(change))
        return cls.parse(merged(PRESETS.get(model_name(values), {}), values), source)

    def with_values(self, values: Mapping[str, Any], source: str = "config") -> Config:
        """The same with other values of some keys, named ``section.key``.

        Raises:
            ConfigError: there is no such key, or it cannot have such a value.
        """
        plain = self.to_dict()
        for key, value in values.items():
            assign(plain, key.split("."), value)
        return Config.parse(plain, source)

    @property
    def is_ensemble(self) -> bool:
        """Whether several models are combined."""
        return self.model.name == "ensemble"

    def members(self) -> dict[str, Config]:
        """Configurations of the members of an ensemble, by their names; of a model, its own."""
        if not self.is_ensemble:
            return {self.model.name: self}
        return {name: self._member(each) for name, each in self.ensemble.members.items()}

    def _member(self, member: MemberConfig) -> Config:
        sections = {name: getattr(member, name) for name in MemberConfig.model_fields}
        seed = self.training.seed + member.training.seed
        training = member.training.model_copy(update={"seed": seed})
        changes = {**sections, "training": training, "ensemble": EnsembleConfig()}
        return self.model_copy(update=changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values without what says nothing: sections of members, or of no ensemble."""
        if not self.is_ensemble:
            return self.model_dump(mode="json", exclude={"ensemble"})
        sections = {name: True for name in MemberConfig.model_fields if name != "model"}
        unused = {name for name in TrainingConfig.model_fields if name != "seed"}
        return self.model_dump(mode="json", exclude={**sections, "training": unused})

    def to_yaml(self) -> str:
        """The whole configuration as YAML."""
        text: str = yaml.safe_dump(self.to_dict(), sort_keys=False)
        return text


def _ensemble(values: Mapping[str, Any], source: str) -> Config:
    """The configuration of an ensemble, in which every member says all that it is made with."""
    said = values.get("ensemble") or {}
    if not isinstance(said, dict):
        raise ConfigError(f"{source}: ensemble is a section; got {said!r}.")
    rest = {key: value for key, value in said.items() if key != "members"}
    whole = checked(Config, {**values, "ensemble": rest}, source)
    if whole.model.options:
        raise ConfigError(f"{source}: an ensemble has no model.options; its members have.")
    chosen = said.get("members")
    if chosen is not None and not chosen:
        raise ConfigError(
            f"{source}: ensemble.members is empty. Name some, as [tcn, trees], or leave it out."
        )
    sections = set(MemberConfig.model_fields) - {"model"}
    common = {name: values[name] for name in sections & set(values)}
    members = {
        name: checked(MemberConfig, each, f"{source}, member {name!r}", Config)
        for name, each in complete_members(chosen or (), common).items()
    }
    unused = {name: Config.model_fields[name].default for name in sections}
    changes = {
        "training": TrainingConfig(seed=whole.training.seed),
        "ensemble": whole.ensemble.model_copy(update={"members": members}),
    }
    return whole.model_copy(update={**unused, **changes})
