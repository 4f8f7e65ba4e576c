"""What the two bodies do in each kind of scene: one function a movement.

A movement steers both bodies on by one knot: `a` is the agent (the resident), `b` its target.
`Scene.chance` is drawn once a scene, so that scenes of one kind differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nuzzle.simulate.durations import Dice
from nuzzle.simulate.steering import (
    BEND_RAD,
    CURL_RAD,
    NOSE_CM,
    Body,
    clip,
    halt,
    reach_pose,
    run_to,
    wander,
    wrap,
)

#: The nose of a sniffing mouse stays this far from what it sniffs, cm.
_SNIFF_GAP_CM = 0.5
#: A trunk's half-width and a whisker: where the nose is when it touches a flank.
_FLANK_CM = 1.6


@dataclass
class Scene:
    """A stretch of one movement.

    Attributes:
        movement: a key of `MOVEMENTS`.
        behaviour: what an attentive annotator calls it.
        stop_s: when it ends, seconds from the start of the recording.
        chance: four uniform numbers that make it differ from others of its kind.
        aim: where the agent is heading to meet the target: ``nose``, ``trunk`` or ``tail``; or
            ``around``, a few body lengths from it. The scene ends on arrival, or `patience_s`
            after `stop_s`. Empty: it ends at `stop_s`.
        patience_s: how long past `stop_s` it waits for the arrival.
        linger_gap_cm: how near the nose comes where nothing is sniffed.
        speed_cm_s: of whoever comes near.
    """

    movement: str
    behaviour: str
    stop_s: float
    chance: tuple[float, float, float, float]
    aim: str = ""
    patience_s: float = 0.0
    linger_gap_cm: float = 2.0
    speed_cm_s: float = 20.0


Movement = Callable[[Scene, Body, Body, Dice, float], None]


def aim_point(body: Body, aim: str) -> tuple[float, float]:
    """Where on a body ``nose``, ``trunk`` or ``tail`` is."""
    if aim == "nose":
        return body.nose()
    return body.tail() if aim == "tail" else (body.x, body.y)


def _nose_at(
    a: Body,
    b: Body,
    point: tuple[float, float],
    sector: tuple[float, float],
    gap: float,
    bend: float,
) -> None:
    """Bring `a`'s nose to `gap` cm from a point of `b`, coming from the nearest side allowed.

    `sector` is the mean and the half-width of the headings allowed, rad.
    """
    bearing = math.atan2(point[1] - a.y, point[0] - a.x)
    middle, half = sector
    heading = middle + clip(wrap(bearing - middle), half)
    reach = NOSE_CM * a.size + gap
    x, y = point[0] - reach * math.cos(heading), point[1] - reach * math.sin(heading)
    reach_pose(a, x, y, heading, b, bend)


def _scan(scene: Scene, now: float, amplitude: float = 0.2) -> float:
    """The head's to and fro while it sniffs, rad."""
    return amplitude * math.sin(math.tau * (1.0 + scene.chance[3]) * now + 6.0 * scene.chance[2])


def _idle(scene: Scene, b: Body, dice: Dice, now: float) -> None:
    """A target that is being met: it stands, or walks on slowly."""
    if scene.chance[0] < 0.55:
        halt(b, _scan(scene, now, 0.25))
    else:
        wander(b, dice, 3.0 + 6.0 * scene.chance[1])


def sniff_face(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """Nose to the other's nose; half of the targets turn to meet it."""
    if scene.chance[0] < 0.5:
        b.steer(0.0, 0.0, math.atan2(a.y - b.y, a.x - b.x))
    else:
        halt(b, _scan(scene, now, 0.15))
    sector = (b.heading + b.bend + math.pi, 1.2)
    _nose_at(a, b, b.nose(), sector, _SNIFF_GAP_CM, _scan(scene, now))


def sniff_body(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """Nose to the other's flank, somewhere between shoulder and hip."""
    _idle(scene, b, dice, now)
    point = b.along(3.0 * scene.chance[2] - 1.5)
    side = wrap(math.atan2(point[1] - a.y, point[0] - a.x) - b.heading)
    middle = b.heading + math.copysign(math.pi / 2, side)
    _nose_at(a, b, point, (middle, 0.6), _FLANK_CM, _scan(scene, now))


def sniff_rear(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """Nose to the other's tail base, from behind, following where it walks."""
    _idle(scene, b, dice, now)
    _nose_at(a, b, b.tail(), (b.heading, 1.0), 0.3, _scan(scene, now))


def _ride(a: Body, b: Body, behind_cm: float, sway_rad: float) -> None:
    x, y = b.along(-behind_cm)
    reach_pose(a, x, y, b.heading + sway_rad, b, 0.1)


def mount(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """On the other's rear, both headings the same, with quick shallow thrusts."""
    if scene.chance[0] < 0.6:
        halt(b)
    else:
        wander(b, dice, 3.0 + 5.0 * scene.chance[1])
    _ride(a, b, 2.4 + 1.2 * scene.chance[2], _scan(scene, now, 0.15))
    a.thrust_cm, a.thrust_hz = 0.12, 4.0


def intromit(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """On the other's rear, close and straight, with slow deep thrusts; the other stands."""
    halt(b)
    _ride(a, b, 1.9 + 0.6 * scene.chance[2], 0.0)
    a.thrust_cm, a.thrust_hz = 0.5, 1.5 + 0.7 * scene.chance[1]


def attack(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """Tumbling round each other at high speed, and short flights with the attacker in contact."""
    pace = 25.0 + 25.0 * scene.chance[2]
    if math.sin(math.tau * 0.45 * now + 6.0 * scene.chance[1]) > -0.3:
        spin = math.copysign(math.tau * (1.2 + 0.5 * scene.chance[0]), scene.chance[3] - 0.5)
        turn = spin * now + dice.uniform(-0.8, 0.8)
        vx, vy = pace * math.cos(turn), pace * math.sin(turn)
        b.steer(vx, vy, turn + 2.0, dice.uniform(-0.9, 0.9))
        heading = turn + dice.uniform(-1.5, 1.5)
        bend = dice.uniform(-BEND_RAD, BEND_RAD)
        a.steer((b.x - a.x) / 0.3 - 0.5 * vx, (b.y - a.y) / 0.3 - 0.5 * vy, heading, bend)
    else:
        flight = b.heading + dice.uniform(-1.2, 1.2)
        b.steer(pace * math.cos(flight), pace * math.sin(flight), flight)
        x, y = b.along(-3.5 + dice.uniform(-1.0, 1.0))
        heading = math.atan2(b.y - a.y, b.x - a.x)
        reach_pose(a, x, y, heading, b, dice.uniform(-0.5, 0.5))


def approach(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """The agent goes to the other, which stands or walks on."""
    _idle(scene, b, dice, now)
    x, y = aim_point(b, scene.aim)
    nose_x, nose_y = a.nose()
    slowing = 6.0 * math.hypot(nose_x - x, nose_y - y)
    run_to(a, x, y, min(scene.speed_cm_s, slowing))


def approached(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """The other comes to the agent, which turns only when they are about to meet."""
    if scene.chance[0] < 0.6:
        halt(a, _scan(scene, now))
    else:
        wander(a, dice, 4.0)
    x, y = a.nose()
    slowing = 6.0 * max(0.0, math.hypot(b.x - x, b.y - y) - NOSE_CM)
    run_to(b, x, y, min(scene.speed_cm_s, slowing))


def genital_groom(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """Sitting curled up, the nose at the own rear."""
    side = 1.0 if scene.chance[2] < 0.5 else -1.0
    halt(a, side * (CURL_RAD - 0.15 + _scan(scene, now, 0.15)))
    wander(b, dice, 12.0 * scene.chance[1])


def groom(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """Sitting and grooming face and flank: the head bends, less than to the own rear."""
    side = 1.0 if scene.chance[2] < 0.5 else -1.0
    halt(a, side * (0.3 + 1.1 * scene.chance[3] + _scan(scene, now, 0.3)))
    wander(b, dice, 12.0 * scene.chance[1])


def apart(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """Each goes its own way."""
    wander(a, dice, 4.0 + 18.0 * scene.chance[0])
    if scene.chance[2] < 0.35:
        halt(b, _scan(scene, now, 0.3))
    else:
        wander(b, dice, 4.0 + 18.0 * scene.chance[1])


def rest(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """The agent sits still."""
    halt(a, _scan(scene, now, 0.1))
    wander(b, dice, 15.0 * scene.chance[1])


def leave(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """One of the two makes off from the other."""
    away, other = (a, b) if scene.chance[0] < 0.6 else (b, a)
    direction = math.atan2(away.y - other.y, away.x - other.x)
    reach = 15.0
    x = min(max(away.x + reach * math.cos(direction), 3.0), away.arena.width_cm - 3.0)
    y = min(max(away.y + reach * math.sin(direction), 3.0), away.arena.height_cm - 3.0)
    run_to(away, x, y, 12.0 + 35.0 * scene.chance[1])
    if scene.chance[2] < 0.5:
        halt(other)
    else:
        wander(other, dice, 8.0)


def linger(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """Side by side without interest: the nose is near, and points past the other."""
    _idle(scene, b, dice, now)
    point = b.along(5.0 * scene.chance[2] - 2.5)
    gap = _FLANK_CM + scene.linger_gap_cm * (0.6 + 0.8 * scene.chance[1])
    bearing = math.atan2(point[1] - a.y, point[0] - a.x)
    turned = math.copysign(0.5, scene.chance[3] - 0.5)
    _nose_at(a, b, point, (bearing, 0.0), gap, turned + _scan(scene, now, 0.15))


def climb(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """The agent steps over the other, from the side or the front: no mount."""
    _idle(scene, b, dice, now)
    turned = math.copysign(0.5 + 2.0 * scene.chance[2], scene.chance[3] - 0.5)
    x, y = b.along(3.0 * scene.chance[1] - 1.0)
    reach_pose(a, x, y, b.heading + turned, b, _scan(scene, now))


def draw_near(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """The other comes (or keeps) to a few body lengths, and the agent turns to it."""
    a.steer(0.0, 0.0, math.atan2(b.y - a.y, b.x - a.x), _scan(scene, now))
    gap = math.hypot(b.x - a.x, b.y - a.y) or 1.0
    wanted = 9.5 + 3.0 * scene.chance[1]
    middle_x, middle_y = b.arena.width_cm / 2 - a.x, b.arena.height_cm / 2 - a.y
    if gap < wanted:  # away, and towards the middle, lest a wall be in the way
        run_to(b, b.x + middle_x * 0.5 + (b.x - a.x), b.y + middle_y * 0.5 + (b.y - a.y), 15.0)
    else:
        share = wanted / gap
        run_to(b, a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share, 22.0)


def visited(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """The other investigates the agent: the roles are exchanged, nothing else."""
    sniff = (sniff_face, sniff_body, sniff_rear)[int(2.999 * scene.chance[3])]
    sniff(scene, b, a, dice, now)


def pass_by(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """The agent comes along, close, and goes on."""
    _idle(scene, b, dice, now)
    side = b.heading + math.copysign(math.pi / 2, scene.chance[2] - 0.5)
    through = 4.0 + 1.5 * scene.linger_gap_cm
    x, y = b.x + through * math.cos(side), b.y + through * math.sin(side)
    if math.hypot(a.x - x, a.y - y) < 5.0 or now > scene.stop_s - 0.7:
        wander(a, dice, 18.0)
    else:
        run_to(a, x, y, 12.0 + 15.0 * scene.chance[1])


def chase(scene: Scene, a: Body, b: Body, dice: Dice, now: float) -> None:
    """The other runs, the agent follows without touching it."""
    wander(b, dice, 25.0 + 20.0 * scene.chance[1])
    x, y = b.along(-8.0 - 4.0 * scene.chance[2])
    run_to(a, x, y, 28.0 + 20.0 * scene.chance[1])


MOVEMENTS: Mapping[str, Movement] = {
    "sniff_face": sniff_face,
    "sniff_body": sniff_body,
    "sniff_rear": sniff_rear,
    "mount": mount,
    "intromit": intromit,
    "attack": attack,
    "approach": approach,
    "approached": approached,
    "genital_groom": genital_groom,
    "groom": groom,
    "apart": apart,
    "rest": rest,
    "leave": leave,
    "linger": linger,
    "climb": climb,
    "draw_near": draw_near,
    "visited": visited,
    "pass_by": pass_by,
    "chase": chase,
}
