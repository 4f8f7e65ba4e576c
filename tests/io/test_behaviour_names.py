import json
from dataclasses import replace
from itertools import combinations

import pandas as pd
import pytest

from nuzzle.io.behaviour_names import (
    closest,
    nearly_alike,
    renaming_nothing,
    slips,
    spelled_nearly_alike,
    unlike_in_case,
)
from nuzzle.io.init_manifest import init_manifest
from nuzzle.io.load import load_manifest
from nuzzle.labels import Labels

HEADER = "agent,target,behaviour,start_frame,stop_frame\n"


def labels(*names, background=None, looked_for=()):
    """A bout of ten frames of each, one after the other."""
    span = {"agent": "a", "target": "b"}
    bouts = [
        {**span, "behaviour": name, "start_frame": 10 * n, "stop_frame": 10 * n + 10}
        for n, name in enumerate(names)
    ]
    seen = [
        {**span, "behaviour": name, "start_frame": 0, "stop_frame": 100}
        for name in (*names, *looked_for)
    ]
    return Labels(bouts, seen, 100, background=background)


def asked(found, **renaming):
    """As if the manifest had asked for this renaming."""
    named = tuple(sorted({*found.behaviours, found.background or ""} - {""}))
    return replace(found.rename_behaviours(renaming), renaming=renaming, named=named)


def test_names_that_differ_in_case_are_told_with_who_has_them_and_the_remedy():
    files = [("m1", labels("attack", "mount")), ("m2", labels("Attack")), ("m3", labels("attack"))]
    (sentence,) = unlike_in_case(files)
    assert sentence.startswith("'Attack' (in m2) and 'attack' (in m1, m3) differ only in case")
    assert "count as 2 behaviours" in sentence
    assert sentence.endswith("put Attack=attack into the manifest's column behaviours"), (
        "the commoner stays"
    )
    assert unlike_in_case([files[0], files[2]]) == []


def test_three_spellings_are_one_sentence():
    files = [("m1", labels("rear", "REAR")), ("m2", labels("rear")), ("m3", labels("Rear"))]
    (sentence,) = unlike_in_case(files)
    assert "'REAR' (in m1) and 'Rear' (in m3) and 'rear' (in m1, m2)" in sentence
    assert "put Rear=rear;REAR=rear into" in sentence


def test_the_background_is_a_name_too_and_what_nobody_saw_is_none():
    files = [("m1", labels("attack", background="other")), ("m2", labels("Other"))]
    (sentence,) = unlike_in_case(files)
    assert "'Other' (in m2) and 'other' (in m1)" in sentence
    assert unlike_in_case([files[0], ("m2", labels(looked_for=("Attack",)))]) == []


def test_an_old_name_that_no_label_has_is_told_with_what_may_be_meant():
    renaming = {"atack": "fight", "mount": "mounting"}
    files = [(name, asked(labels("Attack", "mount"), **renaming)) for name in ("m1", "m2")]
    assert renaming_nothing(files) == [
        "the manifest's column behaviours says atack=fight, and no label of m1, m2 is called "
        "'atack'; did you mean 'Attack'?"
    ]


def test_nothing_near_is_answered_with_what_there_is():
    (sentence,) = renaming_nothing([("m1", asked(labels("attack", background="none"), flee="run"))])
    assert sentence.endswith("is called 'flee'; there are attack, none")
    (sentence,) = renaming_nothing([("m1", asked(labels(), flee="run"))])
    assert sentence.endswith("there is none at all")
    (sentence,) = renaming_nothing([("m1", asked(labels("attack"), atack="attack"))])
    assert "did you mean" not in sentence, "it is called so already"


def test_an_old_name_may_occur_in_others_of_the_same_renaming_or_be_the_background():
    renaming = {"bite": "attack", "none": "other"}
    first, second = (asked(labels(name, background="none"), **renaming) for name in ("bite", "sit"))
    assert renaming_nothing([("m1", first), ("m2", second)]) == []
    other = asked(labels("sit"), bite="fight")
    assert len(renaming_nothing([("m1", first), ("m2", other)])) == 1, "another renaming"


def test_all_three_are_slips():
    files = [("m1", asked(labels("attack"), flee="run")), ("m2", labels("Attack", "attcak"))]
    case, near, renamed = slips(files)
    assert case.startswith("'Attack'") and "flee=run" in renamed
    assert near.startswith("'attack' (in m1) and 'attcak' (in m2) are spelled nearly alike")


def test_a_name_that_is_spelled_nearly_so():
    assert closest("atack", ["Attack", "mount"]) == "Attack"
    assert closest("flee", ["attack", "mount"]) == ""


def test_a_manifest_is_looked_through_when_it_is_made(tmp_path, write_project):
    write_project(tmp_path, ["m1", "m2"])
    for name, behaviour in (("m1", "Sniff"), ("m2", "sniff")):
        (tmp_path / "labels" / f"{name}_bouts.csv").write_text(
            f"{HEADER}one,two,{behaviour},2,5\none,two,mount,7,9\n"
        )
    manifest, notes = init_manifest(
        poses=[tmp_path / "poses/*.csv"],
        labels=[tmp_path / "labels/*.csv"],
        common={"fps": 10.0, "behaviours": {"mont": "mounting"}},
    )
    (case,) = [note for note in notes if "differ only in case" in note]
    assert case.startswith("'Sniff' (in m1) and 'sniff' (in m2)") and "put Sniff=sniff into" in case
    (renamed,) = [note for note in notes if "mont=mounting" in note]
    assert renamed.startswith("The manifest's") and renamed.endswith("did you mean 'mount'?")
    assert [each.labels.named for each in load_manifest(manifest)] == [
        ("Sniff", "mount"),
        ("mount", "sniff"),
    ]


def test_names_a_letter_apart_are_told_where_no_recording_has_both():
    files = [("m1", labels("aggression", "social")), ("m2", labels("aggression"))]
    (sentence,) = spelled_nearly_alike([*files, ("m3", labels("agression", "social"))])
    told = "'aggression' (in m1, m2) and 'agression' (in m3) are spelled nearly alike, and count"
    assert sentence.startswith(told)
    assert sentence.endswith("put agression=aggression into the manifest's column behaviours")
    assert spelled_nearly_alike([*files, ("m3", labels("agression", "aggression"))]) == []
    assert spelled_nearly_alike([*files, ("m3", labels(looked_for=["agression"]))]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sniff", "sniffbody"),
        ("sniffbody", "sniffface"),
        ("bout1", "bout2"),
        ("attack1", "attack2"),
        ("chase", "chased"),
        ("social", "asocial"),
        ("rearing", "tearing"),
        ("zone a", "zone b"),
        ("zone a left", "zone b left"),
        ("turnL", "turnR"),
        ("rear", "rest"),
        ("lick", "lack"),
        ("attack", "Attack"),
        ("fight", "flight"),
        ("walking", "waking"),
        ("pecking", "picking"),
        ("couch", "crouch"),
        ("tracking", "tacking"),
        ("mounted", "mounts"),
        ("sniff_mf", "sniff_ff"),
        ("chase_bw", "chase_rw"),
        ("chase-bwr", "chase-brw"),
        ("attack_AB", "attack_CB"),
        ("attackAB", "attackBA"),
        ("attackbw", "attackrw"),
        ("attackmf", "attackfm"),
        ("toy_a1", "toy_b1"),
        ("trial12345", "trial12435"),
        ("stageii", "stageiii"),
        ("male chase", "mate chase"),
        ("sniff-face", "sniffface"),
        ("", "attack"),
    ],
)
def test_names_of_different_behaviours_are_not_nearly_alike(one, other):
    assert not nearly_alike(one, other) and not nearly_alike(other, one)


@pytest.mark.parametrize(
    ("slip", "name"),
    [
        ("agression", "aggression"),
        ("agggression", "aggression"),
        ("aggresssion", "aggression"),
        ("aggerssion", "aggression"),
        ("Agression", "aggression"),
        ("attcak", "attack"),
        ("hoping", "hopping"),
        ("male_atacks_AB", "male_attacks_AB"),
        ("approsch", "approach"),
        ("anogenitalInvetigation", "anogenital_investigation"),
    ],
)
def test_slips_are_nearly_alike(slip, name):
    assert nearly_alike(slip, name) and nearly_alike(name, slip)


def test_no_two_behaviours_of_the_benchmark_are_nearly_alike(shared_data):
    rows = pd.read_csv(shared_data / "mabe2025" / "train.csv")["behaviors_labeled"].dropna()
    said = map(json.loads, rows)
    names = {name.split(",")[2].strip("'") for each in said for name in each}
    assert len(names) > 30
    assert [pair for pair in combinations(sorted(names), 2) if nearly_alike(*pair)] == []
