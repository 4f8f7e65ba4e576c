import json

import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app

HEADER = "recording,agent,target,behaviour,start_frame,stop_frame\n"


def comparisons(text):
    return json.loads(text)["comparisons"]


@pytest.fixture
def files(tmp_path):
    """Three annotators of one recording."""
    bouts = {
        "anna": [("attack", 0, 40), ("mount", 60, 80)],
        "bert": [("attack", 0, 30), ("attack", 90, 100), ("mount", 60, 70)],
        "cleo": [("attack", 0, 40)],
    }
    paths = []
    for name, rows in bouts.items():
        lines = [f"one,black,white,{what},{start},{stop}\n" for what, start, stop in rows]
        path = tmp_path / f"{name}.csv"
        path.write_text(HEADER + "".join(lines))
        paths.append(path)
    return paths


def run(*arguments):
    return CliRunner().invoke(build_app(), ["agreement", *map(str, arguments)])


def test_two_annotators(files):
    result = run(*files[:2], "--n-frames", 100, "--json", "-")
    assert result.exit_code == 0, result.output
    (figures,) = comparisons(result.stdout)
    assert figures["first"].endswith("anna.csv")
    attack, mount = figures["behaviours"]
    assert (attack["behaviour"], mount["behaviour"]) == ("attack", "mount")
    assert attack["f1"] == pytest.approx(0.75)
    assert mount["bout_f1"] == 1


def test_frames_that_nobody_looked_at_are_left_out(tmp_path):
    """Both call the first 60 frames `base`; of the other 40 they agree on half."""
    paths = []
    for name, attack in (("anna", (60, 80)), ("bob", (80, 100))):
        rows = f"one,black,white,base,0,60\none,black,white,attack,{attack[0]},{attack[1]}\n"
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text(HEADER + rows)
    for options, frames, names in (
        ((), 100, ["attack", "base"]),
        (("--not-observed", "base"), 40, ["attack"]),
    ):
        result = run(*paths, "--n-frames", 100, *options, "--json", "-")
        assert result.exit_code == 0, result.output
        (figures,) = comparisons(result.stdout)
        assert figures["compared_frames"] == frames
        assert [each["behaviour"] for each in figures["behaviours"]] == names


def test_every_two_of_several(files):
    result = run(*files, "--n-frames", 100)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("Macro F1") == 3
    assert "Only the first annotator looked for mount" in result.stdout
    result = run(*files, "--n-frames", 100, "--same-behaviours", "--json", "-")
    second = comparisons(result.stdout)[1]
    assert second["behaviours"][1]["f1"] == 0
    assert second["notes"] == []


def test_the_later_end_counts_for_files_that_do_not_say_how_long_they_are(tmp_path):
    """Both see 30 of 900 frames alike, and 200 are of one alone: 690 of neither."""
    shared = "one,a,b,attack,10,20\none,a,b,attack,480,500\n"
    paths = [tmp_path / "anna.csv", tmp_path / "bert.csv", tmp_path / "said.csv"]
    paths[0].write_text(HEADER + shared)
    paths[1].write_text(HEADER + shared + "one,a,b,attack,700,900\n")
    paths[2].write_text("# n_frames,500\n" + HEADER + shared)
    (figures,) = comparisons(run(*paths[:2], "--json", "-").stdout)
    chance = (30 * 230 + 870 * 670) / 900**2
    assert figures["behaviours"][0]["kappa"] == pytest.approx((700 / 900 - chance) / (1 - chance))
    assert figures["compared_frames"] == 900
    assert figures == {**comparisons(run(*paths[:2], "--n-frames", 900, "--json", "-").stdout)[0]}
    (figures,) = comparisons(run(*paths[1:], "--json", "-").stdout)
    assert figures["compared_frames"] == 500


def test_whom_a_modifier_of_boris_means(tmp_path):
    """Who is a subject in any of the files is an animal; of others it is said that they are not."""
    header = "Subject,Behavior,Modifier #1,Behavior type,Start (s),Stop (s),FPS (frame/s)\n"
    rows = {"anna": "a,sniff,b,STATE,1,2,10\nb,sniff,a,STATE,1,2,10\n"}
    rows |= {"bert": "a,sniff,b,STATE,1,2,10\n", "cleo": "a,sniff,c,STATE,1,2,10\n"}
    paths = [tmp_path / f"{name}.csv" for name in rows]
    for path, text in zip(paths, rows.values(), strict=True):
        path.write_text(header + text)
    result = run(*paths[:2], "--json", "-")
    (figures,) = comparisons(result.stdout)
    assert figures["behaviours"][0]["both_frames"] == 10
    assert figures["notes"] == ["Only the first annotator looked at b->a: not compared."]
    result = run(*paths[1:])
    assert result.exit_code == 0, result.output
    assert f"Note: {paths[2]}: the modifier c names no subject" in result.stdout


def test_seconds_at_different_frame_rates_are_not_compared(tmp_path):
    paths = []
    for name, fps in (("anna", 30), ("bert", 25)):
        path = tmp_path / f"{name}.csv"
        row = "black,white,attack,1.0,2.0\n"
        path.write_text(f"# fps,{fps}\nagent,target,behaviour,start_s,stop_s\n{row}")
        paths.append(path)
    result = run(*paths)
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "says 30" in said and "says 25 frames a second" in said and "--fps" in said
    result = run(*paths, "--fps", 25, "--json", "-")
    assert result.exit_code == 0, result.output
    assert comparisons(result.stdout)[0]["behaviours"][0]["f1"] == 1


def test_frames_of_different_rates_are_not_compared_unnoticed(tmp_path):
    """Second 1 to 2 at 30 and at 25 frames/s."""
    paths = []
    for name, fps in (("anna", 30), ("bert", 25)):
        path = tmp_path / f"{name}.csv"
        row = f"black,white,attack,{fps},{2 * fps}\n"
        path.write_text(f"# fps,{fps}\nagent,target,behaviour,start_frame,stop_frame\n{row}")
        paths.append(path)
    result = run(*paths)
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "says 30" in said and "says 25 frames a second" in said and "--fps" in said
    result = run(*paths, "--fps", 30, "--json", "-")
    assert result.exit_code == 0, result.output
    (note,) = comparisons(result.stdout)[0]["notes"]
    assert "bert.csv: the labels' video has 25 frames/s and the poses 30; frames were taken" in note


def test_bento_files_of_different_rates_are_not_compared_unnoticed(tmp_path):
    paths = []
    for fps in (30, 25):
        paths.append(tmp_path / f"at{fps}.annot")
        text = f"Bento annotation file\nAnnotation framerate: {fps}\nCh1----------\n>attack\n"
        paths[-1].write_text(f"{text}Start\tStop\tDuration\n{fps}\t{2 * fps}\t{fps + 1}\n")
    result = run(*paths)
    assert result.exit_code == 2
    assert "says 30" in result.stderr


def test_mistakes_are_explained(files):
    result = run(files[0])
    assert result.exit_code == 2
    assert "two or more label files" in result.stderr
    result = run(*files[:2], "--item", "one")
    assert result.exit_code == 2
    assert "2 label files and 1 items" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--fps", "nan", "--fps is a positive number; got nan"),
        ("--fps", "-30", "--fps is a positive number; got -30"),
        ("--fps", "0", "--fps is a positive number; got 0"),
        ("--n-frames", "-5", "--n-frames is a whole number from 1; got -5"),
        ("--n-frames", "0", "--n-frames is a whole number from 1; got 0"),
    ],
)
def test_what_cannot_be_is_refused(files, option, value, message):
    result = run(*files[:2], option, value)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_is_cut_is_told_without_poses_that_there_are_not(files):
    result = run(*files[:2], "--n-frames", 50)
    assert result.exit_code == 0, result.output
    assert "frames past the 50 of the recording; these were cut" in " ".join(result.stdout.split())


def test_who_saw_nothing_at_all_is_compared_where_both_looked_for_the_same(files, tmp_path):
    empty = tmp_path / "dora.csv"
    empty.write_text(HEADER)
    for paths in ((files[0], empty), (empty, files[0])):
        result = run(*paths, "--n-frames", 100, "--same-behaviours", "--json", "-")
        assert result.exit_code == 0, result.output
        (figures,) = comparisons(result.stdout)
        assert [each["f1"] for each in figures["behaviours"]] == [0, 0]
        assert (figures["compared_frames"], figures["notes"]) == (100, [])
    result = run(files[0], empty, "--n-frames", 100)
    assert result.exit_code == 2
    assert "say so: --same-behaviours" in " ".join(result.stderr.split())
    result = run(empty, empty, "--same-behaviours")
    assert result.exit_code == 2
    assert "nothing to compare" in " ".join(result.stderr.split())


def test_whom_labels_without_a_target_mean(tmp_path):
    """The subject is named alone in BORIS, or with a modifier; the other file names who acts on
    whom, of whom one never acts."""
    header = "Subject,Behavior,Modifier #1,Behavior type,Start (s),Stop (s),FPS (frame/s)\n"
    other = tmp_path / "predicted.csv"
    other.write_text(HEADER + "one,adult,juvenile,sniff,12,20\n")
    notes = ["The first does not name the target of adult; adult->juvenile was taken, as in the"]
    for modifier, said in (("", notes), ("Juvenile", [])):
        boris = tmp_path / "boris.csv"
        boris.write_text(f"{header}adult,sniff,{modifier},STATE,1,2,10\n")
        result = run(boris, other, "--fps", 10, "--json", "-")
        assert result.exit_code == 0, result.output
        (figures,) = comparisons(result.stdout)
        assert figures["behaviours"][0]["both_frames"] == 8
        assert [note[: len(notes[0])] for note in figures["notes"]] == said


def test_bouts_that_a_file_does_not_look_for_are_told_and_no_figure_is_a_bare_nan(tmp_path):
    """Both groom outside of what their files say was looked for, and attack nowhere else."""
    text = "# observed,a,b,attack,0,900\n" + HEADER.removeprefix("recording,")
    paths = [tmp_path / "anna.csv", tmp_path / "bert.csv"]
    for path in paths:
        path.write_text(text + "b,b,groom,100,200\na,b,attack,950,1000\n")
    result = run(*paths)
    assert result.exit_code == 0, result.output
    assert "Macro F1 – per frame, – per bout. 900 frames" in result.stdout
    assert "nan" not in result.stdout
    told = "100 frames of 'groom' of b->b (from frame 100 on), 50 frames of 'attack' of a->b (from"
    assert result.stdout.count(told) == 2


def test_two_recordings_of_one_file_are_told_apart(tmp_path):
    """Both see all 10 frames; the one attack in 4 of them, the other in 2 of these."""
    path = tmp_path / "all.csv"
    path.write_text(f"{HEADER}cage1,a,b,attack,0,4\ncage1 b,a,b,attack,2,4\n")
    result = run(path, path)
    assert result.exit_code != 0
    assert "--item cage1 of" in " ".join(result.output.split())
    items = ("--item", "cage1", "--item", "cage1 b")
    result = run(path, path, *items, "--n-frames", 10, "--json", "-")
    assert result.exit_code == 0, result.output
    (figures,) = comparisons(result.stdout)
    assert figures["behaviours"][0]["f1"] == pytest.approx(2 * 2 / (4 + 2))


def test_bouts_of_a_model_are_compared_without_a_word(files):
    found = files[0].with_name("found.csv")
    header, *rows = files[0].read_text().splitlines()
    found.write_text("\n".join([f"{header},mean_probability", *(f"{row},0.9" for row in rows), ""]))
    result = run(files[0], found, "--json", "-")
    assert result.exit_code == 0, result.output
    (figures,) = comparisons(result.stdout)
    assert figures["notes"] == [] and figures["macro_f1"] == 1


def write(path, rows, above=""):
    path.write_text(above + HEADER + "".join(f"one,{row}\n" for row in rows))
    return path


def figures_of(*arguments):
    result = run(*arguments, "--json", "-")
    assert result.exit_code == 0, result.output
    return comparisons(result.stdout)


def test_other_names_are_translated_in_all_files(tmp_path):
    first = write(tmp_path / "a.csv", ["black,white,attack,0,40", "black,white,mount,60,80"])
    other = write(tmp_path / "b.csv", ["m1,m2,Angriff,0,30", "m1,m2,Ritt,60,80"])
    names = ("--behaviours", "Angriff=attack;Ritt=mount", "--individuals", "m1=black;m2=white")
    (figures,) = figures_of(first, other, *names)
    attack, mount = figures["behaviours"]
    assert (attack["behaviour"], attack["f1"]) == ("attack", pytest.approx(60 / 70))
    assert (mount["behaviour"], mount["f1"]) == ("mount", 1) and figures["notes"] == []
    result = run(first, other, "--behaviours", "Angrif=attack")
    assert result.exit_code == 2 and isinstance(result.exception, SystemExit)
    assert "no label file has a behaviour 'Angrif'; did you mean 'Angriff'?" in result.output
    result = run(first, other, "--individuals", "m1=black;mm2=white")
    assert result.exit_code == 2 and isinstance(result.exception, SystemExit)
    said = " ".join(result.output.split())
    assert "--individuals: no label file has an animal 'mm2'; did you mean 'm2'?" in said
    result = run(first, other, "--individuals", "x=black")
    said = " ".join(result.output.split())
    assert "no label file has an animal 'x'; there are black, m1, m2, white." in said


def test_an_animal_to_rename_may_be_only_a_modifier_of_boris_or_only_looked_for(tmp_path):
    header = "Subject,Behavior,Modifier #1,Behavior type,Start (s),Stop (s),FPS (frame/s)\n"
    boris = tmp_path / "boris.csv"
    boris.write_text(f"{header}a,sniff,Bea,STATE,1,2,10\n")
    text = "# observed,a,bee,sniff,0,30\n" + HEADER.removeprefix("recording,")
    other = tmp_path / "other.csv"
    other.write_text(text)
    (figures,) = figures_of(boris, other, "--individuals", "Bea=b;bee=b")
    assert figures["behaviours"][0]["first_frames"] == 10 and figures["notes"] == []


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (["b,a,attack,0,10", "a,b,attack,5,30"], ""),  # whoever acts, it is 0 to 30
        (["individual1,individual2,attack,0,30"], "individual1, individual2"),
        (["resident,,attack,0,30"], "resident"),
        ([",,attack,0,30"], ""),
    ],
)
def test_without_direction_two_animals_are_one_pair_whatever_they_are_called(tmp_path, rows, names):
    first = write(tmp_path / "a.csv", ["a,b,attack,0,40"])
    second = write(tmp_path / "b.csv", rows)
    taken = f"the animals of {second} ({names}) were taken for those of {first} (a, b)"
    (figures,) = figures_of(first, second, "--undirected")
    (attack,) = figures["behaviours"]
    assert (attack["first_frames"], attack["second_frames"]) == (40, 30)
    assert attack["f1"] == pytest.approx(60 / 70)
    assert figures["notes"] == [taken] * bool(names)
    second = write(tmp_path / "b.csv", rows, "# directed,no\n")
    (figures,) = figures_of(first, second)
    assert figures["behaviours"] == [attack]
    told = f"{first}: compared without direction, as the labels of {second} have none"
    assert figures["notes"] == [told, *[taken] * bool(names)]


def test_without_direction_who_is_said_to_be_who_needs_no_note(tmp_path):
    first = write(tmp_path / "a.csv", ["a,b,attack,0,40"])
    for above in ("", "# directed,no\n"):
        second = write(tmp_path / "b.csv", ["c,d,attack,0,40"], above)
        (figures,) = figures_of(first, second, "--undirected", "--individuals", "c=b;d=a")
        assert figures["macro_f1"] == 1 and figures["notes"] == []


def test_without_direction_each_comparison_has_the_note_of_its_own_files(tmp_path):
    """Of the third file only what was looked for names the animals."""
    first, second = (write(tmp_path / f"{name}.csv", ["a,b,attack,0,40"]) for name in "ab")
    third = tmp_path / "c.csv"
    third.write_text("# observed,c,d,attack,0,40\n" + HEADER.removeprefix("recording,"))
    notes = [each["notes"] for each in figures_of(first, second, third, "--undirected")]
    assert notes == [
        [],
        [f"the animals of {third} (c, d) were taken for those of {first} (a, b)"],
        [f"the animals of {third} (c, d) were taken for those of {second} (a, b)"],
    ]


def test_without_direction_three_animals_are_three_pairs(tmp_path):
    first = write(tmp_path / "a.csv", ["a,b,attack,0,40", "c,a,attack,0,40"])
    second = write(tmp_path / "b.csv", ["b,a,attack,0,40", "b,c,attack,0,40"])
    (figures,) = figures_of(first, second, "--undirected")
    (attack,) = figures["behaviours"]
    assert (attack["first_frames"], attack["second_frames"]) == (80, 80)
    assert attack["both_frames"] == 40 and figures["compared_frames"] == 120


def test_a_stream_is_chosen_of_the_files_that_have_some(tmp_path, files):
    """Those of Caltech's annotator beside a table without streams; a wrong name is refused."""
    two = tmp_path / "two.csv"
    header = HEADER.replace("behaviour,", "behaviour,stream,")
    two.write_text(f"{header}one,black,white,attack,S1,0,40\none,black,white,rear,S2,5,9\n")
    result = run(two, files[2], "--n-frames", 100, "--stream", "S1", "--json", "-")
    assert result.exit_code == 0, result.output
    (figures,) = comparisons(result.stdout)
    assert [(each["behaviour"], each["f1"]) for each in figures["behaviours"]] == [("attack", 1)]
    wrong = run(two, files[2], "--n-frames", 100, "--stream", "S3")
    assert wrong.exit_code == 2 and "the stream 'S3' was expected" in wrong.output
