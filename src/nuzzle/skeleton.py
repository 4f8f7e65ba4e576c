"""Which keypoints a body has, and which of them play the nose, the tail base, the centre."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from nuzzle.errors import InputError

MOUSE7_KEYPOINTS = (
    "nose",
    "ear_left",
    "ear_right",
    "neck",
    "hip_left",
    "hip_right",
    "tail_base",
)

#: Roles, best candidate first: what to take where nobody said which keypoint plays it.
NOSE_CANDIDATES = ("nose", "snout", "head", "top", "neck")
TAIL_CANDIDATES = ("tail_base", "tail", "hip", "spine_2", "body_center", "body")

#: Other spellings of the shared vocabulary, after `_normal` has lowered and split them.
_SYNONYMS = {
    "snout": "nose",
    "snout_tip": "nose",
    "nose_tip": "nose",
    "left_ear": "ear_left",
    "right_ear": "ear_right",
    "leftear": "ear_left",
    "rightear": "ear_right",
    "ear_l": "ear_left",
    "ear_r": "ear_right",
    "l_ear": "ear_left",
    "r_ear": "ear_right",
    "left_hip": "hip_left",
    "right_hip": "hip_right",
    "lefthip": "hip_left",
    "righthip": "hip_right",
    "hip_l": "hip_left",
    "hip_r": "hip_right",
    "tailbase": "tail_base",
    "base_tail": "tail_base",
    "base_of_tail": "tail_base",
    "tailtip": "tail_tip",
    "tip_tail": "tail_tip",
    "tail_end": "tail_tip",
    "center": "body_center",
    "centre": "body_center",
    "body_centre": "body_center",
    "bodycenter": "body_center",
    "centroid": "body_center",
    "base_neck": "neck",
}


def _normal(name: str) -> str:
    """Lower-case words joined by underscores: ``Left Ear``, ``earL``, ``LEar``, ``left-ear``."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


#: Words for a side, and letters that stand alone: ``left_paw``, ``leftpaw``, ``paw_l``.
_SIDE = re.compile(r"left|right|(?<![a-z])[lr](?![a-z])")


_SIDED = {"left", "right", "clockwise", "anticlockwise", "counterclockwise", "cw", "ccw"}
_OTHER_SIDE = {"left": "right", "right": "left", "l": "r", "r": "l"}


def _other_side(side: re.Match[str]) -> str:
    return _OTHER_SIDE[side[0]]


def _mirrored(name: str) -> Iterator[str]:
    """What the same point of the other side may be called: ``paw_left``, ``lear``, ``fl_paw``."""
    if (swapped := _SIDE.sub(_other_side, name)) != name:
        yield swapped
    for letter in re.finditer("[lr]", name):
        yield name[: letter.start()] + _OTHER_SIDE[letter[0]] + name[letter.end() :]


def sided(names: Collection[str]) -> list[str]:
    """Those of the names that are not true in a mirror: with a side, or a way round.

    >>> sided(["turn_left", "clockwise", "turnright", "turnleft", "upright"])
    ['turn_left', 'clockwise', 'turnright', 'turnleft']
    """
    normal = {_normal(name): name for name in names}
    return [
        name
        for spelled, name in normal.items()
        if _SIDED & set(spelled.split("_"))
        or (_SIDE.sub(_other_side, spelled) in normal.keys() - {spelled})
    ]


def canonical_keypoint(name: str) -> str:
    """The shared vocabulary's name of a keypoint, or `name` unchanged where it has none.

    >>> canonical_keypoint("leftear"), canonical_keypoint("Tail_base"), canonical_keypoint("top")
    ('ear_left', 'tail_base', 'top')
    """
    normal = _normal(name)
    if normal in _SYNONYMS:
        return _SYNONYMS[normal]
    known = {*MOUSE7_KEYPOINTS, *_SYNONYMS.values(), "body_center", "tail_tip"}
    return normal if normal in known else name


def canonical_mapping(names: Sequence[str]) -> dict[str, str]:
    """Old name -> shared name, for those that change and do not collide.

    ``tail`` is taken for ``tail_base`` only where no other point of the tail's base exists and
    the other six keypoints of `MOUSE7_KEYPOINTS` do.
    """
    mapping = {name: canonical_keypoint(name) for name in names}
    taken = set(mapping.values())
    tails = [name for name in names if _normal(name) == "tail"]
    if len(tails) == 1 and {*MOUSE7_KEYPOINTS} - taken == {"tail_base"}:
        mapping[tails[0]] = "tail_base"
    counts: dict[str, int] = {}
    for new in mapping.values():
        counts[new] = counts.get(new, 0) + 1
    return {old: new for old, new in mapping.items() if new != old and counts[new] == 1}


def _trunk(names: Sequence[str], tail_base: str) -> tuple[str, ...]:
    """Keypoints without those on the tail behind its base: a tail swings, the body stays."""
    shared = {name: _normal(canonical_keypoint(name)) for name in names}
    return tuple(name for name in names if name == tail_base or "tail" not in shared[name])


@dataclass(frozen=True)
class Skeleton:
    """The keypoints of one animal and the roles that features need.

    Attributes:
        keypoints: names, in the order of the features.
        nose: the keypoint at the front of the heading.
        tail_base: the keypoint at its rear; the heading runs from here to `nose`.
        centre: keypoints whose mean (over those present) is the animal's centre.
    """

    keypoints: tuple[str, ...]
    nose: str
    tail_base: str
    centre: tuple[str, ...]

    def __post_init__(self) -> None:
        missing = {self.nose, self.tail_base, *self.centre} - set(self.keypoints)
        if missing or self.nose == self.tail_base or not self.centre:
            raise InputError(
                f"A skeleton needs a nose, another tail_base and a centre among its keypoints "
                f"{list(self.keypoints)}; got nose={self.nose!r}, tail_base={self.tail_base!r}, "
                f"centre={list(self.centre)}."
            )

    @property
    def nose_index(self) -> int:
        return self.keypoints.index(self.nose)

    @property
    def tail_base_index(self) -> int:
        return self.keypoints.index(self.tail_base)

    @property
    def centre_indices(self) -> tuple[int, ...]:
        return tuple(self.keypoints.index(name) for name in self.centre)

    def shows_heading(self, missing: Collection[str]) -> bool:
        """Whether it shows which way an animal faces, without some of the keypoints.

        That takes two places: the nose, the tail base, or the centre of the keypoints between.
        """
        ends = {self.nose, self.tail_base}
        between = set(self.centre) - ends
        return len(ends - set(missing)) + bool(between - set(missing)) > 1

    @property
    def mirrored(self) -> tuple[int, ...]:
        """Index of each keypoint's partner after left and right change places."""
        normal = [_normal(name) for name in self.keypoints]
        partner = {name: index for index, name in enumerate(normal)}
        found = [
            next((partner[each] for each in _mirrored(name) if each in partner), i)
            for i, name in enumerate(normal)
        ]
        # Two spellings of one point leave a third without a partner of its own.
        return tuple(there if found[there] == here else here for here, there in enumerate(found))

    @classmethod
    def infer(
        cls,
        keypoints: Iterable[str],
        *,
        nose: str | None = None,
        tail_base: str | None = None,
        centre: Sequence[str] = (),
    ) -> Skeleton:
        """Find the roles by name where they are not given.

        Raises:
            InputError: no keypoint looks like a nose or a tail base.
        """
        names, unknown = tuple(keypoints), list[str]()

        def role(given: str | None, candidates: Sequence[str], what: str) -> str:
            if given is not None:
                return given
            by_canonical = {_normal(canonical_keypoint(name)): name for name in reversed(names)}
            for candidate in candidates:
                if candidate in by_canonical:
                    return by_canonical[candidate]
            unknown.append(what)
            return ""

        front = role(nose, NOSE_CANDIDATES, "nose")
        rear = role(tail_base, TAIL_CANDIDATES, "tail_base")
        if unknown:
            strange = sorted({front, rear, *centre} - {*names, ""})
            absent = f" No keypoint is called {', '.join(strange)}." if strange else ""
            it = "it" if len(unknown) == 1 else "them"
            options = " ".join(f"--set prepare.{what}=KEYPOINT" for what in unknown)
            raise InputError(
                f"None of the keypoints {list(names)} is known to be the {' or the '.join(unknown)}"
                f". Name {it}: nuzzle train ... {options}." + absent
            )
        return cls(names, front, rear, tuple(centre) or _trunk(names, rear))


#: The skeleton of CalMS21 and MARS.
MOUSE7 = Skeleton(MOUSE7_KEYPOINTS, "nose", "tail_base", MOUSE7_KEYPOINTS)
