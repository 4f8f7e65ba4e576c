"""Prediction: a bundle on new recordings."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np

from nuzzle.errors import InputError, NuzzleError, listed
from nuzzle.evaluation.figures import percent
from nuzzle.files import several
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.judged import weaknesses
from nuzzle.inference.predict import PairProbability, default_pairs, predict_prepared
from nuzzle.inference.presence import LOST_S, lost
from nuzzle.io.common_values import common_values
from nuzzle.io.load import load_entry
from nuzzle.io.mabe_table import table_of
from nuzzle.io.match import recording_name, refuse_twins
from nuzzle.manifest import Entry
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Results
from nuzzle.outputs.results import ResultsWriter, writing
from nuzzle.prepare.skeleton import SAY_NAMES
from nuzzle.progress import Say, log
from nuzzle.recording import Recording
from nuzzle.workflow.common_keypoints import where_they_are
from nuzzle.workflow.entries import entries_of, files_named
from nuzzle.workflow.evaluate import results_of
from nuzzle.workflow.frames import separate_own
from nuzzle.workflow.scored import history_of

#: More pairs than this take a while: of six animals there are 30.
_MANY_PAIRS = 30


def predict(
    bundle: Bundle | str | Path,
    files: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    common: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    resume: bool = False,
    command: str = "",
    say: Say = log,
) -> Results:
    """Label recordings: probabilities, bouts and time budget of each.

    A recording of a lab that the model was trained on gets what that lab looked for, and its
    decoding; one without a lab, or of another, gets all behaviours and the common decoding.

    A file that cannot be read or does not fit the model is noted with its reason, and the others
    go on.

    Args:
        bundle: a trained model, or its file.
        files: pose files or manifests, or patterns (``*.csv``); or one.
        out: folder for the results.
        common: of pose files, whatever they say, and of rows without: attributes of `Entry`.
            `keypoints` are renamed where a file has them.
        overwrite, resume: whether results in `out` may be replaced, or gone on with.
        command, say: what was typed, for the report; is told what is going on.

    Raises:
        InputError: there is no file, or `common` says what no row can.
        OutputError, BundleError: `out` holds something else or is not writable; no such bundle.
    """
    common = common_values(common)
    if not (chosen := _once(files, say)):
        raise InputError("There are no files to label: give pose files or manifests.")
    bundle = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
    entries, unread = _entries(chosen, common, say)
    run = replace(results_of(bundle, "prediction", command), notes=tuple(_of_all(bundle, common)))
    for note in run.notes:
        say(note)
    with writing(out, run, overwrite=overwrite, resume=resume) as writer:
        _label_all(bundle, entries, chosen, writer, say)
        _note_unread(unread, writer, say)
        results = writer.finish()
    if results.done:
        for weakness in weaknesses(run.bundle, {*results.time_budget["behaviour"]}):
            say(f"warning: {weakness}")
    if not writer.begun:
        say(f"{out} keeps its earlier results: there are no new ones")
    return results


def _label_all(
    bundle: Bundle, entries: Sequence[Entry], files: Sequence[Path], writer: ResultsWriter, say: Say
) -> None:
    """Label what is not done already, or has changed since."""
    done = writer.finished
    for entry in _named(entries, done, files, say):
        before = done.get(entry.recording)
        if before is not None and before.made_of == _made_of(entry):
            say(f"{entry.recording}: done already")
            continue
        if before is not None:
            say(f"{entry.recording}: its poses or what is said of them changed; labelled again")
        _label(bundle, entry, writer, say)


def _note_unread(unread: Mapping[Path, str], writer: ResultsWriter, say: Say) -> None:
    """Note the files that hold no recording, by the names that they had in an earlier run."""
    done = writer.finished
    for path, reason in unread.items():
        names = [name for name, each in done.items() if each.poses == str(path.resolve())]
        for name in names or [str(path)]:
            if names and not path.exists():
                note = f"its result is that of an earlier run, as now {reason}"
                writer.note(name, note)
                say(f"warning: {name}: {note}")
            else:
                _fail(writer, name, reason, path, say)


def _made_of(entry: Entry) -> str:
    """Stands for the row and the state of its pose file, and of what stands beside it."""
    files = filter(None, (entry.poses, table_of(entry.poses)))
    states = [(each.st_size, each.st_mtime_ns) for each in (path.stat() for path in files)]
    told = f"{replace(entry, poses=entry.poses.resolve())} {states}"
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def _label(bundle: Bundle, entry: Entry, writer: ResultsWriter, say: Say) -> None:
    """Label one recording, or note why not."""
    conformal, began = bundle.conformal, time.perf_counter()
    try:
        recording = load_entry(entry)
        prepared = bundle.prepare(recording)
        pairs = _pair_by_pair(bundle, recording, prepared, say)
        decoder, fps = bundle.decoder_of(recording.lab), recording.require_fps()
        frames = []
        for pair, p in pairs:
            said = decoder(p, fps)
            doubt = conformal.unsure(p, said) & np.isfinite(p) if conformal else None
            frames.append(PairFrames(pair, p, said, unsure=doubt))
    except NuzzleError as error:
        reason = str(error).removeprefix(f"recording {entry.recording!r}: ")
        _fail(writer, entry.recording, reason, entry.poses, say)
        return
    seconds = time.perf_counter() - began
    notes = [
        *recording.notes,
        *_learned(bundle, recording),
        *_unknown_lab(bundle, recording),
        *_lacking(bundle, recording),
        *bundle.unlike(prepared),
        *_notes(recording),
    ]
    for note in notes:
        say(f"{recording.name}: {note}")
    own_apart = separate_own(bundle.space, frames)
    done = RecordingEntry.of(
        recording,
        history=history_of(prepared),
        notes=notes,
        seconds=seconds,
        made_of=_made_of(entry),
    )
    writer.add(done, own_apart)
    say(f"{recording.name}: {recording.n_frames:,} frames in {seconds:.1f} s")


def _fail(writer: ResultsWriter, name: str, reason: str, poses: Path, say: Say) -> None:
    failed = writer.fail(name, reason, poses=str(poses))
    say(f"warning: {name}: no result: {failed.reason}")


def _pair_by_pair(
    bundle: Bundle, recording: Recording, prepared: Sequence[Recording], say: Say
) -> Iterator[PairProbability]:
    """What the model says of each pair, agent by agent; where there are many, how far it is."""
    pairs = default_pairs(bundle, recording)
    agents = [[*mine] for _, mine in groupby(pairs, key=lambda pair: pair.agent)]
    many, done = len(pairs) > _MANY_PAIRS, 0
    if many:
        say(
            f"{recording.name}: {len({*chain(*pairs)}):,} animals with a point make "
            f"{len(pairs):,} pairs, each of {recording.n_frames:,} frames, and each is labelled by "
            "itself. If these are pieces of the tracks of fewer animals, join them in the tracker, "
            "or leave out those that do not matter; nuzzle has no option that chooses pairs"
        )
    for number, mine in enumerate(agents, 1):
        yield from predict_prepared(bundle, recording, prepared, mine)
        done += len(mine)
        if many and 10 * number // len(agents) > 10 * (number - 1) // len(agents):
            say(f"{recording.name}: {done:,} of {len(pairs):,} pairs")


def _of_all(bundle: Bundle, common: Mapping[str, Any]) -> Iterator[str]:
    """Notes that concern all recordings.

    Of labs that a manifest names there is none: it may be for other models.
    """
    if not bundle.space.directed:
        yield (
            "The model learned from labels without direction: which animal of a pair the tables "
            "call agent, and which target, means nothing."
        )
    if (lab := common.get("lab")) and not bundle.training.get("labs"):
        yield f"The model was trained without names of labs: saying lab {lab!r} changes nothing."


def _learned(bundle: Bundle, recording: Recording) -> Iterator[str]:
    """A note where the model learned from frames of these poses, whatever they are called now."""
    if (name := bundle.learned_as(recording)) is not None:
        yield (
            f"the model was trained on frames of these very poses, as {name!r}: its labels here "
            "are better than on new recordings, and say nothing about how good it is (`nuzzle "
            "crossval` does)"
        )


def _unknown_lab(bundle: Bundle, recording: Recording) -> Iterator[str]:
    """A note on a lab that is none of those from which the model learned."""
    labs = bundle.training.get("labs", {})
    if labs and recording.lab and recording.lab not in labs:
        yield (
            f"the model does not know lab {recording.lab!r}, only {listed([*map(repr, labs)])}: it "
            f"looks for the behaviours of {'all of them' if len(labs) > 1 else 'that one'}"
        )


def _lacking(bundle: Bundle, recording: Recording) -> Iterator[str]:
    """A note where a model that allows it does without some of its keypoints."""
    wanted = [name for each in bundle.members for name in each.frontend.lacking(recording)]
    if lacking := list(dict.fromkeys(wanted)):
        yield (
            f"labelled without the keypoints {', '.join(lacking)}; it has "
            f"{', '.join(recording.keypoints)}. {SAY_NAMES}"
        )


def _notes(recording: Recording) -> list[str]:
    """A note on each animal that the tracker lost for long, or never found."""
    return [
        f"{name!r} has no point in any frame: nothing is said of it"
        if gone.all()
        else f"{name!r} has no point for {LOST_S:g} s or more in {percent(gone.mean())} of "
        "frames: nothing is said of it there"
        for name, gone in zip(recording.individuals, lost(recording).T, strict=True)
        if gone.any()
    ]


def _entries(
    files: Sequence[Path], common: Mapping[str, Any], say: Say
) -> tuple[list[Entry], dict[Path, str]]:
    """One entry a recording; and the files that hold none, with the reason.

    Raises:
        InputError: a keypoint is to be renamed that no file has.
    """
    entries, unread = list[Entry](), dict[Path, str]()
    for path in files:
        try:
            entries += [replace(each, labels=None) for each in entries_of(path, common, say=say)]
        except NuzzleError as error:
            unread[path] = str(error)
    names = common.get("keypoints", {})
    return where_they_are(entries, names, say, complete=not unread), unread


def _named(
    entries: Sequence[Entry], done: Mapping[str, RecordingEntry], files: Sequence[Path], say: Say
) -> Iterator[Entry]:
    """The entries by unique names, in an earlier run that goes on, too."""
    taken = set[str]()
    alike = Counter(entry.recording for entry in entries)
    stems = Counter(recording_name(path.stem) for path in files)
    shared = {stem for stem, number in stems.items() if number > 1}
    named, by_poses = {*files}, dict[str, list[str]]()
    for name, before in done.items():
        by_poses.setdefault(before.poses, []).append(name)
    for entry in entries:
        by_file = entry.poses in named and not entry.item
        known = by_poses.get(str(entry.poses.resolve()), []) if by_file else []
        if len(known) == 1:
            taken.add(known[0])
            yield replace(entry, recording=known[0])
            continue
        if by_file and alike[entry.recording] > 1:
            entry = replace(entry, recording=recording_name(entry.poses.stem))
        name = _free_name(entry, done, taken, shared)
        if name != entry.recording:
            say(f"{entry.poses} is called {name}: there is another {entry.recording}")
        taken.add(name)
        yield replace(entry, recording=name)


def _once(files: str | Path | Iterable[str | Path], say: Say) -> list[Path]:
    """Each file once, however its path is spelled.

    Raises:
        InputError: two seem to be the same recording; a pattern matches nothing; or they are no
            files.
    """
    named: Sequence[Any] = [files] if isinstance(files, Recording) else several(files)
    if any(isinstance(each, Recording) for each in named):
        raise InputError("Name files to label; of a recording in memory, ask predict_recording().")
    seen: dict[Path, Path] = {}
    for path in files_named(named):
        first = seen.setdefault(path.resolve(), path)
        if first is not path:
            say(f"warning: {path} is labelled once: it is the same file as {first}")
    refuse_twins(seen.values())
    return list(seen.values())


def _free_name(
    entry: Entry, done: Mapping[str, RecordingEntry], taken: Set[str], shared: Set[str]
) -> str:
    """The name of a recording, which another file may have here or in an earlier run.

    It keeps the name that it had in an earlier run. Where its file is called like another of this
    run (`shared`), the folder's name goes before it; a name that is taken all the same is numbered.
    """
    poses, free = str(entry.poses.resolve()), []
    for whole in (entry.recording, f"{entry.poses.parent.resolve().name}_{entry.recording}"):
        name, number = whole, 1
        while name in taken or (name in done and done[name].poses != poses):
            number += 1
            name = f"{whole}-{number}"
        if name in done:
            return name
        free.append(name)
    return free[entry.recording in shared]
