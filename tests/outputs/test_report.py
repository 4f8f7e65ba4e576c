from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from nuzzle.cli.report import report
from nuzzle.errors import InputError, OutputError
from nuzzle.evaluation.figures import Estimate
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.uncertainty import SetScore, Uncertainty
from nuzzle.labels import Pair
from nuzzle.outputs import sections
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Run
from nuzzle.outputs.report import write_report
from nuzzle.outputs.results import ResultsWriter

NASTY = '<script>alert("1")</script>&'
VOID = {"meta", "link"}


class Page(HTMLParser):
    """Collects ids, links, tables and tags, and checks that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        self.links += [values[name] for name in ("src", "href", "xlink:href") if name in values]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page_of(results):
    html = write_report(results.directory).read_text(encoding="utf-8")
    return Page(html), html


def test_an_evaluation_has_every_section(made_up):
    page, html = page_of(made_up("evaluation"))
    wanted = (
        "summary scores confusion ethograms bouts budget certainty attention training recordings"
    )
    assert set(wanted.split()) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    anchors = [link[1:] for link in page.links if link.startswith("#")]
    assert anchors == wanted.split()
    assert "mean over attack, investigation, mount; other (background) left out" in page.text
    assert "95 % interval" in page.text
    assert "animal20" in page.text
    assert "engineered48" in page.text
    assert "simulated" in page.text
    assert html.count('class="ethogram"') == 3


def test_only_a_report_is_replaced(made_up, tmp_path):
    results = made_up("prediction")
    mine = tmp_path / "mine.html"
    mine.write_text("<html>years of work</html>")
    with pytest.raises(OutputError, match="no report of nuzzle"):
        write_report(results.directory, mine)
    assert mine.read_text() == "<html>years of work</html>"
    for _ in range(2):
        assert "generator" in write_report(results.directory, tmp_path / "new.html").read_text(
            "utf-8"
        )


def test_a_prediction_has_no_scores(made_up):
    page, _ = page_of(made_up("prediction"))
    assert "scores" not in page.ids
    assert "confusion" not in page.ids
    assert {"ethograms", "budget", "bouts", "certainty", "training", "recordings"} <= set(page.ids)
    assert "annotator" not in page.text
    assert "Doubtful frames" in page.text


def test_the_page_needs_nothing_else(made_up):
    page, html = page_of(made_up("evaluation"))
    assert [link for link in page.links if not link.startswith("#")] == ["data:,"]
    assert not re.search(r"(src|href)=[\"']?https?:", html)
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", html)


def test_names_are_escaped(tmp_path, made_up):
    names = (NASTY, "a/b\"' onload=x")
    behaviours = ("<b>bold</b>", "in'vest\"", "mount", "other")
    page, html = page_of(
        made_up("evaluation", n=2, names=names, behaviours=behaviours, bundle={"training": {
            "recordings": [NASTY], "behaviours": {NASTY: {"frames": 3, "bouts": 1}}}})
    )  # fmt: skip
    assert page.tags.count("script") == 1
    assert "b" not in page.tags
    assert "<script>alert" not in html
    assert NASTY in page.text
    assert "<b>bold</b>" in page.text


def test_failures_stand_with_their_reasons(made_up):
    page, _ = page_of(made_up("prediction", n=1))
    assert "No result for 1 recording" in page.text
    assert "cage<99>" in page.text
    assert "the file is empty (0 bytes)" in page.text


def test_one_recording_has_no_interval_and_says_why(made_up):
    page, _ = page_of(made_up("evaluation", n=1))
    assert "no interval can be given" in page.text
    assert "95 % interval 0" not in page.text
    assert "How even is it over recordings?" not in page.text


def test_a_legend_names_what_there_is_to_see(made_up):
    names = ("attack", "mount", "rear", "other")
    results = made_up("prediction", behaviours=names)
    some = results.bouts[results.bouts["behaviour"] != "mount"]
    some.to_csv(results.directory / "bouts.csv", index=False)
    _, html = page_of(results)
    legends = re.findall(r'<p class="legend">(.*?)</p>', html)
    assert legends and all("rear" in each and "mount" not in each for each in legends)


def test_a_behaviour_that_never_occurs_has_no_score(made_up):
    results = made_up(
        "evaluation", behaviours=("attack", "mount", "rear"), exclusive=False, never="mount"
    )
    page, html = page_of(results)
    assert "Without a frame in what is scored" in page.text
    assert "mean over attack, rear" in page.text
    assert "nan" not in re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.S).lower()


@pytest.mark.parametrize("kind", ["prediction", "evaluation"])
def test_a_direction_that_was_never_labelled_is_a_guess(made_up, kind):
    page, _ = page_of(made_up(kind, bundle={"training": {"one_way": ["resident → intruder"]}}))
    said = "one direction was labelled (resident → intruder): what it says of the other is a guess"
    assert (said in page.text) == (kind == "prediction")


def test_nothing_found_at_all(tmp_path, recording):
    p = np.tile(np.array([0.1, 0.9], np.float32), (50, 1))
    run = Run(kind="prediction", behaviours=("mount", "other"), background="other")
    writer = ResultsWriter(tmp_path, run)
    writer.add(RecordingEntry.of(recording("quiet", 50)), [PairFrames(Pair("a", "b"), p, p > 0.5)])
    page, _ = page_of(writer.finish())
    assert "No bout of any behaviour was found." in page.text
    assert "Never found: mount." in page.text


def test_nobody_acts_on_another_where_labels_have_no_direction(tmp_path, recording):
    p = np.tile(np.array([0.9, 0.1], np.float32), (50, 1))
    heads = {}
    for directed in (True, False):
        run = Run("prediction", ("mount", "other"), "other", directed=directed)
        writer = ResultsWriter(tmp_path / str(directed), run)
        writer.add(
            RecordingEntry.of(recording("cage", 50)), [PairFrames(Pair("a", "b"), p, p > 0.5)]
        )
        page, html = page_of(writer.finish())
        assert ("a → b" in page.text, "a and b" in page.text) == (directed, not directed)
        assert ("Who did what to whom in 1 recording" in page.text) == directed
        assert ("What each pair did in 1 recording" in page.text) == (not directed)
        assert ("of 1 ordered pair" in page.text) == directed
        assert ("of 1 pair" in page.text) == (not directed)
        heads[directed] = re.findall(r"<th[^>]*>(\w+)</th>", html)
    assert {"agent", "target"} <= set(heads[True]) - set(heads[False])
    assert {"animal", "other"} <= set(heads[False])


@pytest.mark.parametrize(
    ("directed", "pair", "words"),
    [
        (True, ("a", "b"), "a → b"),
        (False, ("a", "b"), "a and b"),
        (True, ("a", "a"), "a (itself)"),
        (False, ("a", "a"), "a (itself)"),
    ],
)
def test_a_pair_in_words(directed, pair, words):
    assert Run("prediction", ("mount",), directed=directed).who(*pair) == words


def test_frames_of_which_the_model_is_not_sure_are_drawn_and_explained(tmp_path, recording):
    p = np.tile(np.array([0.6, 0.4], np.float32), (50, 1))
    unsure = np.zeros((50, 2), bool)
    unsure[10:20] = True
    sentence = 'In frames marked "not sure", nuzzle considers another answer possible too, or none.'
    for name, marks in (("marked", unsure), ("plain", None)):
        run = Run(kind="prediction", behaviours=("mount", "other"), background="other")
        writer = ResultsWriter(tmp_path / name, run)
        writer.add(
            RecordingEntry.of(recording(name, 50)),
            [PairFrames(Pair("a", "b"), p, p > 0.5, unsure=marks)],
        )
        page, html = page_of(writer.finish())
        assert (sentence in page.text) == (marks is not None)
        assert ('class="doubt"' in html) == (marks is not None)
    assert ".lane .doubt { fill: var(--soft)" in html, "else it would be black"


def test_what_is_promised_of_sets_is_said_beside_what_became_of_it(made_up):
    results = made_up("evaluation")
    page, _ = page_of(results)
    assert "Where nuzzle is sure" not in page.text
    evaluation = Evaluation.from_dict(results.metrics)
    names = [score.behaviour for score in evaluation.behaviours]
    sets = SetScore(
        promised=0.81,
        coverage=Estimate(0.873, 0.84, 0.91),
        by_behaviour={name: Estimate(0.5 + 0.1 * n) for n, name in enumerate(names)},
        sure=Estimate(0.624),
        macro_f1=Estimate(0.951),
        f1={name: Estimate(0.9 + 0.01 * n) for n, name in enumerate(names)},
    )
    known = Uncertainty("left out in turn", 0.1, 0.05, sets)
    metrics = replace(evaluation, uncertainty=known).to_dict()
    (results.directory / "metrics.json").write_text(json.dumps(metrics))
    page, html = page_of(results)
    assert "sure of 62 % of its answers" in page.text and "macro F1 is 0.951." in page.text
    promise = "At least 81 % of the true answers should be among those that it considers possible"
    assert promise in page.text
    assert (
        "by leaving out each group of recordings in turn, it is 0.873 [0.840, 0.910]" in page.text
    )
    cells = re.sub(r"\s*<[^>]+>\s*", " ", html[html.index("F1 where sure") :])
    assert re.search(r"investigation +0\.\d\d[ \d.–]* +0\.91 +0\.60 ", cells)


def test_every_recording_failed(tmp_path):
    writer = ResultsWriter(tmp_path, Run(kind="prediction", behaviours=("mount",), exclusive=False))
    writer.fail("one", "no such file")
    page, _ = page_of(writer.finish())
    assert "There is nothing to draw." in page.text
    assert "no such file" in page.text


def test_many_recordings_are_capped_and_counted(made_up, monkeypatch):
    monkeypatch.setattr(sections, "MOST_ETHOGRAMS", 3)
    page, html = page_of(made_up("prediction", n=7, n_frames=300))
    assert html.count('class="ethogram"') == 3
    assert "4 of 7 recordings are not drawn here" in page.text


def test_many_exclusive_behaviours_get_a_lane_each(made_up):
    many = tuple(f"behaviour{index}" for index in range(20))
    results = made_up("evaluation", n=1, behaviours=many)
    _, html = page_of(results)
    lanes = re.findall(r'data-name="(\w+)"', html)
    assert lanes.count("annotator") == lanes.count("nuzzle") == 20


def test_an_unfinished_run_is_refused(tmp_path):
    ResultsWriter(tmp_path, Run(kind="prediction", behaviours=("mount",)))
    with pytest.raises(InputError, match="has not finished"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_the_command_prints_where_the_report_is(tmp_path, made_up, capsys):
    results = made_up("prediction", n=1, n_frames=300)
    out = tmp_path / "elsewhere" / "my.html"
    report(results.directory, out, str(tmp_path / "r.json"))
    assert str(out) in capsys.readouterr().out
    assert out.exists()
    assert str(out) in (tmp_path / "r.json").read_text()


def test_one_behaviour_is_not_ranked(made_up):
    page, _ = page_of(made_up("evaluation", behaviours=("attack", "other")))
    assert "The only behaviour is attack" in page.text
    assert "reliable is" not in page.text


def test_shares_are_of_the_time_of_all_pairs(tmp_path, recording):
    def pair(n_frames, mounting):
        p = np.zeros((n_frames, 2), np.float32)
        p[:mounting, 0], p[mounting:, 1] = 1, 1
        return PairFrames(Pair("a", "b"), p, p > 0.5)

    writer = ResultsWriter(tmp_path, Run("prediction", ("mount", "other"), "other"))
    writer.add(RecordingEntry.of(recording("short", 30)), [pair(30, 15)])
    writer.add(RecordingEntry.of(recording("long", 270)), [pair(270, 0)])
    results = writer.finish()
    (row,) = sections.budget_rows(results)
    assert row["percent"] == pytest.approx(5), "and not 25: the long recording weighs more"
    assert sections.found(sections.budget_rows(results)) == [
        "mount: 1 bout, 0.50 s in all, 5.0 % of the time of each pair on average, 0.50 s each."
    ]
    page, _ = page_of(results)
    assert "two animals may be two pairs" in page.text and "of all animals" not in page.text


def test_what_animals_do_to_themselves_is_a_share_of_the_time_of_animals(tmp_path, recording):
    p = np.tile(np.array([0.9, 0.1], np.float32), (30, 1))
    writer = ResultsWriter(tmp_path, Run("prediction", ("groom", "other"), "other"))
    writer.add(RecordingEntry.of(recording("cage", 30)), [PairFrames(Pair("a", "a"), p, p > 0.5)])
    results = writer.finish()
    assert (
        "100.0 % of the time of each animal on average"
        in sections.found(sections.budget_rows(results))[0]
    )
    assert "a share of the time of all animals" in page_of(results)[0].text


def test_the_score_of_a_recording_stands_once(tmp_path, made_up, recording):
    results = made_up("evaluation", n=1, n_frames=300)
    (entry,) = results.done
    (one,) = results.frames(entry)
    writer = ResultsWriter(results.directory, results.run, overwrite=True)
    back = replace(one, pair=Pair("intruder", "resident"))
    writer.add(RecordingEntry.of(recording("cage1", 300)), [one, back])
    page, html = page_of(writer.finish(results.metrics))
    assert html.count('class="ethogram"') == 2
    assert page.text.count("macro F1 of the recording 0.") == 1
    assert "Few doubtful frames do not mean that it is right." in page.text


@pytest.mark.parametrize(("behaviours", "repeat"), [(14, False), (15, True)])
def test_it_is_said_where_colours_repeat(made_up, behaviours, repeat):
    names = (*(f"behaviour{index}" for index in range(behaviours)), "other")
    page, _ = page_of(made_up("evaluation", n=1, n_frames=600, behaviours=names))
    for what in ("lane", "bar"):
        sentence = f"Colours repeat: rest the pointer on a {what} to read the behaviour."
        assert (sentence in page.text) == repeat


def test_the_table_of_bouts_tells_short_ones_apart(tmp_path, recording):
    p = np.tile(np.array([0.1, 0.9], np.float32), (900, 1))
    p[792:803] = [0.9, 0.1]
    writer = ResultsWriter(tmp_path, Run("prediction", ("mount", "other"), "other"))
    pairs = [PairFrames(Pair(*pair), p, p > 0.5) for pair in ("ab", "ba", "aa")]
    writer.add(RecordingEntry.of(recording("cage", 900)), pairs)
    page, html = page_of(writer.finish())
    assert "<td>0:26.4</td><td>0:26.8</td><td>0.37 s</td>" in html
    assert "2 ordered pairs, 1 animal by itself" in page.text
    assert "3 of these have any" in page.text
    (cells,) = re.findall(r"<td>0:30</td><td>30</td>((?:<td>\d</td>)+)", html)
    assert cells == "<td>2</td><td>1</td>"


def test_what_was_never_looked_for_has_no_row(tmp_path, recording):
    p = np.full((30, 3), 0.5, np.float32)
    p[:, 1] = np.nan
    writer = ResultsWriter(tmp_path, Run("prediction", ("attack", "mount", "other"), "other"))
    writer.add(
        RecordingEntry.of(recording("cage", 30)),
        [PairFrames(Pair("a", "b"), p, np.zeros((30, 3), bool))],
    )
    results = writer.finish()
    assert [row["behaviour"] for row in sections.budget_rows(results)] == ["attack"]
    assert sections.found(sections.budget_rows(results)) == ["Never found: attack."]


def test_what_was_never_looked_for_is_not_said_to_be_absent(made_up):
    labs = {"here": ["attack", "mount"], "elsewhere": ["attack", "investigation", "mount"]}
    page, _ = page_of(made_up("prediction", bundle={"training": {"labs": labs}}))
    assert "Not looked for in these recordings" in page.text
    assert "their absence says nothing: investigation." in page.text
    lead = page.text.split("frame by frame: ", 1)[1].split(".", 1)[0]
    assert "attack" in lead and "investigation" not in lead


def test_what_is_left_out_is_counted_in_words(tmp_path, recording):
    """Five pairs: four are drawn."""
    p = np.tile(np.array([0.1, 0.9], np.float32), (30, 1))
    writer = ResultsWriter(tmp_path, Run("prediction", ("mount", "other"), "other"))
    pairs = [PairFrames(Pair(*pair), p, p > 0.5) for pair in ("ab", "ba", "ac", "ca", "bc")]
    writer.add(RecordingEntry.of(recording("cage", 30)), pairs)
    page, _ = page_of(writer.finish())
    assert "1 pair in which less happened is not drawn here." in page.text


def test_the_ethogram_of_a_part_has_the_clock_of_its_video(tmp_path, recording):
    """900 frames of 30 s, from 0:07.5 on: marks at whole fives of the video's clock."""
    whole = recording("cage", 1125)
    assert whole.fps == 30.0
    p = np.tile(np.array([0.9, 0.1], np.float32), (900, 1))
    writer = ResultsWriter(tmp_path, Run("prediction", ("mount", "other"), "other"))
    writer.add(RecordingEntry.of(whole.slice(225, 1125)), [PairFrames(Pair("a", "b"), p, p > 0.5)])
    page, html = page_of(writer.finish())
    assert 'data-frames="900" data-fps="30.0" data-start="225"' in html
    assert "0:30 long, from 0:07.5 of the video" in page.text
    marks = re.findall(r'<span style="left:([\d.]+)%">([\d:.]+)</span>', html)
    assert marks[:2] == [("8.333", "0:10"), ("25.000", "0:15")]
    assert marks[-1] == ("91.667", "0:35")
    assert "<td>0:07.5</td><td>0:37.5</td>" in html, "the bout"


def test_a_prediction_says_how_good_its_model_is(made_up):
    metrics = made_up("evaluation", never="mount").metrics
    known = {"training": {"recordings": ["a"]}, "metrics": metrics}
    page, html = page_of(made_up("prediction", bundle=known))
    assert "Judged on 3 recordings of val" in page.text
    assert "for lack of examples in the 3 recordings of val: mount." in page.text
    attack = metrics["behaviours"][0]
    assert attack["behaviour"] == "attack"
    assert f'<td class="figure">{attack["f1"]["value"]:.2f}</td>' in html
    assert "mount never judged" in page.text
    assert "finds badly" not in page.text


def test_an_evaluation_or_no_result_says_nothing_of_earlier_figures(made_up, tmp_path):
    page, _ = page_of(made_up("evaluation"))
    assert "Nobody has judged this model" not in page.text
    ResultsWriter(tmp_path / "none", Run("prediction", ("attack",), bundle={"a": 1})).finish()
    assert "Nobody has judged" not in write_report(tmp_path / "none").read_text("utf-8")
