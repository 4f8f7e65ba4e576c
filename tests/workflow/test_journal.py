import pytest

from nuzzle.errors import FormatError, OutputError
from nuzzle.workflow import tune as module
from nuzzle.workflow.search_space import Range
from nuzzle.workflow.shared_study import SharedStudy
from nuzzle.workflow.trial_score import Figures, TrialScore
from nuzzle.workflow.tune import tune


class Quick(TrialScore):
    """1 / epochs, without any recording."""

    def __init__(self, manifest, config, scoring, say):
        self.scoring = scoring

    def __call__(self, config, work, report):
        value = 1 / config.training.epochs
        return Figures(value, value, value)


@pytest.fixture
def search(manifest, tmp_path, monkeypatch):
    """Goes on with a search of two trials, or begins it."""
    monkeypatch.setattr(module, "TrialScore", Quick)
    space = tmp_path / "space.yaml"
    space.write_text("training.epochs: {low: 2, high: 8}\n")

    def begin(trials=2, **options):
        return tune(manifest, tmp_path / "best.yaml", space=space, trials=trials, **options)

    begin()
    return begin


@pytest.fixture
def journal(search, tmp_path):
    return tmp_path / "best.yaml.study" / "journal.log"


def open_study(folder):
    return SharedStudy(folder, "", {}, seed=0, warmup=0, space={"x": Range(0.0, 1.0)})


def test_a_last_record_that_was_cut_short_is_done_without(search, journal):
    journal.write_bytes(journal.read_bytes()[:-40])
    # That was the note of what it wrote.
    with pytest.raises(OutputError, match=r"was not written by the search .* as far as its notes"):
        search(trials=3)
    assert len(search(trials=3, overwrite=True).trials) == 3
    assert len(search(trials=4).trials) == 4


def test_a_result_that_was_cut_short_is_found_again(search, journal):
    lines = journal.read_bytes().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if b'"values":[' in line)
    journal.write_bytes(b"".join(lines[:last]) + lines[last][:-9])
    found = search(overwrite=True)
    assert list(found.trials["state"]) == ["complete", "complete"]


def test_a_process_goes_on_where_another_left_half_a_record(tmp_path):
    one, other = open_study(tmp_path), open_study(tmp_path)
    assert one.claim(3) is not None
    with (tmp_path / "journal.log").open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"')
    assert other.claim(3) is not None
    assert [len(study.trials) for study in (one, other, open_study(tmp_path))] == [2, 2, 2]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:50], r"journal\.log, line 1: .*first record was cut short.*--fresh"),
        (lambda text: b"garbage\n" + text, r"line 1: is damaged: a record .* 'garbage' came"),
        (lambda text: text + b"garbage\n", r"line \d+: is damaged: a record .* 'garbage' came"),
        (lambda text: text + b"[1]\n\0\0", r"line \d+: is damaged: a record .* '\[1\]' came"),
        (lambda text: text.partition(b"\n")[2], r"line 1: is damaged: the beginning of a search"),
    ],
)
def test_other_damage_is_named_and_a_fresh_search_begins(search, journal, damage, message):
    text = damage(journal.read_bytes())
    journal.write_bytes(text)
    for overwrite in (False, True):
        with pytest.raises(FormatError, match=message):
            search(overwrite=overwrite)
    assert journal.read_bytes() == text, "nothing was thrown away"
    # Of what is left, the note of the file that it wrote counts.
    if len(text) == 50:
        with pytest.raises(OutputError, match="pass --overwrite"):
            search(trials=1, fresh=True)
    begun = search(trials=1, fresh=True, overwrite=len(text) == 50)
    assert len(begun.trials) == 1
    assert len(search(trials=2).trials) == 2


def test_a_search_that_was_cut_off_when_it_began_begins(tmp_path):
    (tmp_path / "journal.log").touch()
    assert open_study(tmp_path).claim(1) is not None
