"""Labels of CalMS21's tasks 2 and 3 from those of a simulated recording.

Task 2 has five annotators of the same behaviours; here they differ in how short a bout they still
mark. Task 3 has one behaviour a file section, against everything else; those that the simulated
mice show are there.
"""

from __future__ import annotations

from dataclasses import replace

from nuzzle.errors import InputError
from nuzzle.labels import Labels, Pair, bout_table
from nuzzle.recording import Recording

#: Behaviour of task 3 -> what the simulated mice's is called.
NEW_BEHAVIOURS = {
    "approach": "approach",
    "groom": "genitalgroom",
    "intromission": "intromit",
    "sniff_face": "sniffface",
}
#: Group of task 2 -> shortest bout that the annotator marks, s.
ANNOTATORS = {f"annotator-id_{number}": 0.1 * (number - 1) for number in range(1, 6)}


def groups_of(task: int) -> tuple[str, ...]:
    """The outer keys of a task's files.

    Raises:
        InputError: there is no such task.
    """
    groups = {1: ("annotator-id_0",), 2: tuple(ANNOTATORS), 3: tuple(NEW_BEHAVIOURS)}
    if task not in groups:
        raise InputError(f"CalMS21 has the tasks {list(groups)}; got {task}.")
    return groups[task]


def sequence_name(task: int, group: str, split: str, mouse: int) -> str:
    """As CalMS21 names a sequence."""
    video = f"mouse{mouse:03d}_task{task}"
    if task == 1:
        return f"task1/{split}/{video}_annotator1"
    who = group.replace("annotator-id_", "annotator")
    return f"task{task}/{who}/{split}/{video}_{who}"


def relabelled(recording: Recording, task: int, group: str) -> Recording:
    """The recording with the labels of a group of a task."""
    labels = recording.labels
    if labels is None or task == 1:
        return recording
    if task == 2:
        shortest = ANNOTATORS[group] * recording.require_fps()
        length = labels.bouts["stop_frame"] - labels.bouts["start_frame"]
        return replace(recording, labels=replace(labels, bouts=labels.bouts[length >= shortest]))
    pair = Pair(*recording.individuals)
    same = {"agent": pair.agent, "target": pair.target, "behaviour": group}
    bouts = labels.bouts[labels.bouts["behaviour"] == NEW_BEHAVIOURS[group]]
    return replace(
        recording,
        labels=Labels(
            bouts=bouts.assign(**same).reset_index(drop=True),
            observed=bout_table([{**same, "start_frame": 0, "stop_frame": labels.n_frames}]),
            n_frames=labels.n_frames,
            exclusive=True,
            background=labels.background,
        ),
    )
