from textwrap import dedent

import pytest
import yaml

from nuzzle import presets
from nuzzle.config import Config
from nuzzle.errors import ConfigError


def ensemble(tmp_path, text):
    path = tmp_path / "ensemble.yaml"
    named = text if text.startswith("model:") else "model: {name: ensemble}\n" + dedent(text)
    path.write_text(named)
    return Config.load(path)


def test_members_by_default():
    config = Config.load(None, ["model.name=ensemble"])
    members = config.members()
    assert list(members) == ["conv_lstm", "tcn", "transformer", "trees"]
    for name, member in members.items():
        assert member == Config.load(None, [f"model.name={name}"]), "as if trained alone"
    assert config.ensemble.method == "weighted"
    assert config.ensemble.folds == 4


def test_a_preset_comes_only_with_load():
    assert Config.load(None, ["model.name=tcn"]).features == "relational"
    values = {"model": {"name": "tcn"}}
    assert Config(**values).features == Config.parse(values).features == Config().features
    values = {"model": {"name": "ensemble"}, "ensemble": {"members": ["tcn"]}}
    assert Config.parse(values).members()["tcn"].features == "relational"


def test_no_trees_without_lightgbm(monkeypatch):
    monkeypatch.setattr(presets, "find_spec", lambda name: None)
    members = Config.load(None, ["model.name=ensemble"]).members()
    assert list(members) == ["conv_lstm", "tcn", "transformer"]


def test_what_the_file_says_holds_for_all_members_unless_one_says_otherwise(tmp_path):
    config = ensemble(
        tmp_path,
        """
        prepare: {fps: 10, smooth_s: 0.2}
        training: {epochs: 7, window: 64, seed: 5}
        labels: {behaviours: [mount]}
        calibration: {method: none}
        ensemble:
          members:
            - {model: {name: tcn, options: {channels: 8}}, prepare: {fps: 15}}
            - {model: {name: tcn}, training: {epochs: 9}}
            - trees
            - {model: {name: tcn}, training: {seed: 40}}
        """,
    )
    members = config.members()
    assert list(members) == ["tcn", "tcn-2", "trees", "tcn-3"]
    first, second, trees, last = members.values()
    assert (first.prepare.fps, first.prepare.smooth_s, first.prepare.max_gap_s) == (15, 0.2, 1.0)
    assert first.model.options == {"channels": 8}
    assert [each.training.epochs for each in (first, second, last)] == [7, 9, 7]
    assert first.loss.smoothness == 0.15, "of the preset"
    assert (trees.prepare.fps, trees.features) == (10, "windowed")
    assert trees.training.epochs == 300, "trees are not epochs"
    assert [each.training.seed for each in members.values()] == [5, 6, 5, 45]
    for each in members.values():
        assert each.labels.behaviours == ("mount",)
        assert each.calibration.method == "none"
        assert each.members() == {each.model.name: each}, "a plain model"


def test_members_may_have_names(tmp_path):
    text = "ensemble: {members: {quick: conv_lstm, slow: {model: {name: tcn}}}}"
    members = ensemble(tmp_path, text).members()
    assert {name: each.model.name for name, each in members.items()} == {
        "quick": "conv_lstm",
        "slow": "tcn",
    }


def test_what_is_written_reads_the_same(tmp_path):
    config = ensemble(tmp_path, "training: {seed: 3, epochs: 2}\nensemble: {members: [tcn, tcn]}")
    written = config.to_yaml()
    assert Config.parse(yaml.safe_load(written)) == config
    assert set(yaml.safe_load(written)) == {
        "model", "training", "labels", "decoding", "calibration", "ensemble",
    }  # fmt: skip
    assert yaml.safe_load(written)["training"] == {"seed": 3}
    other = config.with_values({"training.seed": 10, "labels.behaviours": ["mount"]})
    assert [each.training.seed for each in other.members().values()] == [10, 11]
    assert all(each.labels.behaviours == ("mount",) for each in other.members().values())
    plain = Config.load(None, ["model.name=tcn"])
    assert "ensemble" not in plain.to_dict()
    assert Config.parse(plain.to_dict()) == plain


def test_a_bracket_that_is_not_closed_is_shown():
    with pytest.raises(
        ConfigError, match=r"--set ensemble.members=\[tcn: '\[tcn' is not a YAML value"
    ):
        Config.load(None, ["model.name=ensemble", "ensemble.members=[tcn"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "ensemble: {member: [tcn]}",
            "'ensemble.member'; did you mean 'ensemble.members'",
        ),
        ("ensemble: {folds: 1}", "ensemble.folds"),
        ("ensemble: {members: tcn}", "is a list; got 'tcn'"),
        ("ensemble: {members: [tcn, 3]}", "Member 2 .*; got 3"),
        ("ensemble: {members: [{loss: {gamma: 1}}]}", r"Member 1 .* with model\.name"),
        ("ensemble: {members: [ensemble]}", "another than 'ensemble'"),
        ("ensemble: {members: []}", "members is empty"),
        ("ensemble: {members: {}}", "members is empty"),
        ("ensemble: 3", "ensemble is a section"),
        ("model: {name: ensemble, options: {hidden: 3}}", r"no model\.options"),
        ("training: {seed: -1}", r"training\.seed"),
        ("training: {window: 3}", r"training\.window"),
        ("training: {epocs: 3}", r"unknown key 'training\.epocs'; did you mean 'training.epochs'"),
        ("epochs: 3", r"unknown key 'epochs'; did you mean 'training\.epochs'"),
        ("rounds: 3", r"unknown key 'rounds'; known are \['augmentation', "),
        (
            "ensemble: {members: [tcn, {model: {name: tcn}, training: {epocs: 3}}]}",
            r"member 'tcn-2': unknown key 'training\.epocs'; did you mean 'training.epochs'",
        ),
        (
            "ensemble: {members: [{model: {name: tcn}, labels: {mode: multilabel}}]}",
            r"member 'tcn': 'labels' holds for all members: write it at the top of the config",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, text, problem):
    with pytest.raises(ConfigError, match=problem):
        ensemble(tmp_path, text)


def test_members_of_a_plain_model_are_refused():
    with pytest.raises(ConfigError, match=r"needs model\.name: ensemble"):
        Config.load(None, ["model.name=tcn", "ensemble.members=[tcn]"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("labels.behaviours=attack", r"a list, such as \[attack\], was expected; got 'attack'"),
        ("labels.behaviours=[rear, rear]", "each is named once; 'rear' is there 2 times"),
        ("model=trees", r"model: a section, such as \{name: cnn_lstm\}, was expected; got 'trees'"),
        ("labels=3", r"a section, such as \{behaviours: \[\]\}, was expected; got 3"),
        ("training.epochs=many", "epochs: a whole number was expected; got 'many'"),
        ("training.epochs=2.5", r"a whole number was expected; got 2\.5"),
        ("training.epochs=0", "a number greater than 0 was expected; got 0"),
        ("prepare.repair_identity=perhaps", "true or false was expected; got 'perhaps'"),
        ("labels.mode=both", "'exclusive' or 'multilabel' was expected; got 'both'"),
        ("augmentation.scale=[2, 1]", "scale: the smaller end of a range comes first"),
    ],
)
def test_what_was_expected_is_said_in_words_of_the_config(change, problem):
    with pytest.raises(ConfigError, match=problem):
        Config.load(None, [change])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("prepare.max_gap_s=.inf", r"prepare\.max_gap_s: a finite number was expected; got inf"),
        ("prepare.smooth_s=.nan", "a finite number was expected; got nan"),
        ("prepare.smooth_s=1.0e+9", r"prepare\.smooth_s: a number less than or equal to 60 "),
        ("prepare.fps=1.0e+9", r"prepare\.fps: a number less than or equal to 10000 "),
        ("prepare.fps=0.001", r"prepare\.fps: a number greater than or equal to 0\.1 "),
        ("decoding.min_bout_s=.inf", "a finite number was expected"),
        ("loss.gamma=.nan", "a finite number was expected"),
        ("loss.gamma=true", "a number was expected; got True"),
        ("augmentation.pose_jitter_bl=.inf", "a finite number was expected"),
        ("augmentation.time_stretch=[0.000001, 1]", r"a number greater than or equal to 0\.01 "),
        ("training.learning_rate=.inf", "a finite number was expected"),
        ("training.window=1000000000000", r"training\.window: a number less than or equal to "),
        (
            "training.batch_size=1000000000000",
            r"batch_size: a number less than or equal to 10",
        ),
        (
            "training={window: 5000, batch_size: 1000}",
            "batch_size 1,000 times window 5,000 is more frames than a batch can hold",
        ),
        ("training.seed=99999999999999999999", r"seed: a number less than 2147483648 was expected"),
        ("training.epochs=true", "epochs: a whole number was expected; got True"),
    ],
)
def test_what_would_fill_the_memory_or_overflow_is_refused(change, problem):
    with pytest.raises(ConfigError, match=problem):
        Config.load(None, [change])


def test_long_gaps_and_high_rates_are_no_mistakes():
    config = Config.load(None, ["prepare.max_gap_s=1000", "prepare.fps=1000", "training.seed=7"])
    assert (config.prepare.max_gap_s, config.prepare.fps) == (1000, 1000)


@pytest.mark.parametrize(
    ("value", "got"), [("-1", "or equal to 0"), (".inf", "a finite number"), ("bout", "a number")]
)
def test_a_value_of_two_kinds_gets_one_sentence(value, got):
    with pytest.raises(ConfigError) as refused:
        Config.load(None, [f"decoding.smooth_s={value}"])
    message = str(refused.value)
    assert message.startswith("config: decoding.smooth_s: a ")
    assert got in message
    assert " or 'bouts' was expected; got " in message
    assert "literal" not in message


def test_a_change_without_a_value_says_so():
    with pytest.raises(ConfigError, match=r"--set training.epochs=: no value was given"):
        Config.load(None, ["training.epochs="])
    assert Config.load(None, ["prepare.fps=null"]) == Config()


def test_a_key_with_two_values_is_refused(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("training:\n  epochs: 1\n  window: 60\n  epochs: 2\n")
    with pytest.raises(
        ConfigError, match=r"c\.yaml: the key 'epochs' stands twice .* in lines 2 and 4"
    ):
        Config.load(path)
    with pytest.raises(ConfigError, match=r"--set .*'epochs' stands twice .* in line 1\."):
        Config.load(None, ["training={epochs: 1, epochs: 2}"])


def test_what_is_merged_may_be_said_otherwise(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "model: {name: ensemble}\n"
        "ensemble:\n"
        "  members:\n"
        "    a: &a {model: {name: tcn}, training: &t {epochs: 3, window: 64}}\n"
        "    b: {<<: *a, training: {<<: *t, epochs: 4}}\n"
    )
    members = Config.load(path).members()
    assert [each.training.epochs for each in members.values()] == [3, 4]
    assert [each.training.window for each in members.values()] == [64, 64]


def test_a_date_that_no_calendar_has_is_not_yaml(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("prepare: {nose: 2026-02-30}\n")
    with pytest.raises(ConfigError, match="is not YAML"):
        Config.load(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_file_in_any_encoding(tmp_path, encoding):
    path = tmp_path / "c.yaml"
    path.write_text("model: {name: tcn}\nlabels: {background: übrig}\n", encoding)
    config = Config.load(path)
    assert (config.model.name, config.labels.background) == ("tcn", "übrig")


def test_what_is_no_text_is_not_yaml(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ConfigError, match=r"c\.yaml is not text; YAML in UTF-8 was expected"):
        Config.load(path)


def test_a_heading_with_nothing_below_it_says_nothing(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("training:\nfeatures:\nmodel: {name: tcn}\n")
    found = Config.load(path, ["training.epochs=2"])
    assert found == Config.load(None, ["model.name=tcn", "training.epochs=2"])
    path.write_text("training: 3\n")
    with pytest.raises(ConfigError, match=r"training\.epochs: 'training' should be a section"):
        Config.load(path, ["training.epochs=2"])


def test_one_change_needs_no_list():
    assert Config.load(None, "training.epochs=3").training.epochs == 3
