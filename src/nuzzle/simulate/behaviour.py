"""From bouts to scenes: which movements a bout of a behaviour consists of.

The semi-Markov process says what the annotator saw and for how long. What it does not say (what
happens in the background, how the animals meet, which parts an investigation touches) is filled in
here, and the play goes on until the animals have met before a bout begins, so that the label starts
where the geometry fits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from nuzzle.simulate.difficulty import Difficulty
from nuzzle.simulate.durations import BACKGROUND, MABE, SNIFFS, Dice
from nuzzle.simulate.movements import MOVEMENTS, Scene, aim_point
from nuzzle.simulate.steering import KNOT_S, Arena, Body, wrap

#: behaviour -> movement and where the agent heads to meet the target ("" where it need not).
_MEETING = {
    "sniffface": ("sniff_face", "nose"),
    "sniffbody": ("sniff_body", "trunk"),
    "sniffgenital": ("sniff_rear", "tail"),
    "investigation": ("sniff_body", "trunk"),
    "mount": ("mount", "tail"),
    "intromit": ("intromit", "tail"),
    "attack": ("attack", "trunk"),
    "approach": ("approach", "trunk"),
    "genitalgroom": ("genital_groom", ""),
    BACKGROUND: ("apart", ""),
}
_PLAIN = {"apart": 0.5, "rest": 0.15, "groom": 0.15, "leave": 0.2}
_LOOKALIKES = {"linger": 0.35, "visited": 0.25, "pass_by": 0.2, "chase": 0.1, "climb": 0.1}
#: The nose is there: this near to the point aimed at, cm (trunk's half-width included).
_ARRIVED_CM = 3.0
#: How far apart the centres are where an approach may begin, cm.
_NEAR_CM = (8.5, 14.0)
#: A background bout shorter than this is spent beside the other.
_SHORT_S = 1.2


class Director:
    """Hands out scenes, one after the other, as the process and the geometry want them.

    Args:
        bouts: endless (behaviour, seconds).
        level: share of lookalikes and how near they come.
        dice: the randomness.
    """

    def __init__(self, bouts: Iterator[tuple[str, float]], level: Difficulty, dice: Dice) -> None:
        self._bouts = bouts
        self._level = level
        self._dice = dice
        self._coming = next(bouts)
        self._queue: list[tuple[str, str, float, str]] = []

    def next_scene(self, now_s: float, a: Body, b: Body) -> Scene:
        """The scene that starts now."""
        if not self._queue:
            behaviour, seconds = self._coming
            self._coming = next(self._bouts)
            self._queue = list(self._plan(behaviour, seconds, self._coming[0]))
        movement, behaviour, seconds, aim = self._queue.pop(0)
        roll = self._dice.uniform
        x, y = aim_point(b, aim)
        way = max(0.0, math.hypot(x - a.x, y - a.y) - 6.0)
        slowest = 16.0 if behaviour == "approach" else 10.0
        return Scene(
            movement,
            behaviour,
            now_s + seconds,
            (roll(), roll(), roll(), roll()),
            aim=aim,
            patience_s=0.0 if not aim else 0.3 if behaviour == "approach" else 4.0,
            linger_gap_cm=self._level.linger_gap_cm,
            speed_cm_s=min(max(way / max(0.6 * seconds, 0.1), slowest), 50.0),
        )

    def _plan(
        self, behaviour: str, seconds: float, coming: str
    ) -> Iterator[tuple[str, str, float, str]]:
        """Scenes of a bout: (movement, behaviour, seconds, aim)."""
        if behaviour == "investigation":
            yield from self._investigate(seconds)
        elif behaviour == BACKGROUND:
            yield from self._background(seconds, coming)
        elif behaviour == "approach":
            yield "approach", behaviour, seconds, _MEETING[coming][1] or "trunk"
        else:
            yield _MEETING[behaviour][0], behaviour, seconds, ""

    def _investigate(self, seconds: float) -> Iterator[tuple[str, str, float, str]]:
        """Sniffs of face, body and rear that follow each other as in the finer labels."""
        sniff = "sniffbody"
        while seconds > 0:
            part = min(MABE.durations[sniff].draw(self._dice.normal), seconds)
            yield _MEETING[sniff][0], "investigation", part, ""
            row = MABE.transitions[sniff]
            sniff = self._dice.pick({name: row[name] for name in SNIFFS if name in row})
            seconds -= part

    def _background(self, seconds: float, coming: str) -> Iterator[tuple[str, str, float, str]]:
        """Nothing in particular, and at its end the way to what comes."""
        # An approach needs a way to go: what comes before it ends a few body lengths apart.
        aim = "around" if coming == "approach" else _MEETING[coming][1]
        if seconds < _SHORT_S and aim and coming != "approach":
            yield "linger", BACKGROUND, seconds, ""
            return
        meeting = min(2.5, 0.5 * seconds) if aim else 0.0
        left = seconds - meeting
        while left > 0:
            part = min(self._dice.uniform(1.0, 5.0), left)
            alike = self._dice.uniform() < self._level.lookalikes
            yield self._dice.pick(_LOOKALIKES if alike else _PLAIN), BACKGROUND, part, ""
            left -= part
        if aim == "around":
            yield "draw_near", BACKGROUND, meeting, aim
        elif aim:
            movement = "approach" if self._dice.uniform() < 0.5 else "approached"
            yield movement, BACKGROUND, meeting, aim


def play(
    director: Director, arena: Arena, seconds: float, sizes: tuple[float, float], dice: Dice
) -> tuple[list[tuple[float, ...]], list[tuple[str, float]]]:
    """Steer both bodies through the director's scenes.

    Returns:
        One row a knot, `(x, y, heading, bend, thrust_cm, thrust_hz)` of the agent and then of the
        target; and the bouts as (behaviour, stop in s), each starting where the last stopped.
    """
    a, b = (Body(arena, size, dice) for size in sizes)
    knots: list[tuple[float, ...]] = []
    bouts: list[tuple[str, float]] = []
    now = 0.0
    scene = director.next_scene(now, a, b)
    for index in range(math.ceil(seconds / KNOT_S) + 4):
        now = index * KNOT_S
        while _over(scene, now, a, b):
            stop = now if scene.aim else scene.stop_s
            bouts.append((scene.behaviour, stop))
            scene = director.next_scene(stop, a, b)
        a.thrust_cm = 0.0
        MOVEMENTS[scene.movement](scene, a, b, dice, now)
        knots.append(
            (a.x, a.y, a.heading, a.bend, a.thrust_cm, a.thrust_hz,
             b.x, b.y, b.heading, b.bend, b.thrust_cm, b.thrust_hz)
        )  # fmt: skip
    bouts.append((scene.behaviour, now))
    return knots, bouts


def _over(scene: Scene, now: float, a: Body, b: Body) -> bool:
    """Whether its time is up and, where it leads to a meeting, the animals have met."""
    if not scene.aim:
        return now >= scene.stop_s
    if now < scene.stop_s - 0.5 * (scene.behaviour == BACKGROUND):
        return False
    if now >= scene.stop_s + scene.patience_s:
        return True
    if scene.aim == "around":
        turned = wrap(math.atan2(b.y - a.y, b.x - a.x) - a.heading)
        return _NEAR_CM[0] < math.hypot(b.x - a.x, b.y - a.y) < _NEAR_CM[1] and abs(turned) < 0.6
    x, y = aim_point(b, scene.aim)
    nose_x, nose_y = a.nose()
    return math.hypot(nose_x - x, nose_y - y) < _ARRIVED_CM
