"""A body that moves: goals in, limited velocity, acceleration and turning out.

Steering runs at `KNOT_RATE_HZ`; the knots are then the control points of a cubic B-spline, whose
velocity and position never leave the hull of its control points. So the limits that hold at the
knots hold at every frame, whatever the frame rate.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from nuzzle.simulate.durations import Dice

KNOT_RATE_HZ = 10.0
KNOT_S = 1.0 / KNOT_RATE_HZ
#: Limits of the steering. Mice in arenas run at 30 to 60 cm/s and turn in about half a second.
SPEED_CM_S = 60.0
ACCELERATION_CM_S2 = 400.0
TURN_RAD_S = 9.0
TURN_ACCELERATION_RAD_S2 = 70.0
BEND_RAD_S = 8.0
#: How far the head bends from the axis of the trunk, walking; curled up it is `CURL_RAD`.
BEND_RAD = 1.1
CURL_RAD = 2.4

#: Distances along the straight spine from the centre of the trunk, cm, of a body of size 1.
NECK_CM = 1.85
HEAD_CM = 3.0
NOSE_CM = NECK_CM + HEAD_CM
TAIL_CM = -3.65
HALF_WIDTH_CM = 1.4


class Arena(NamedTuple):
    """A rectangular floor; `(0, 0)` is its upper left corner."""

    width_cm: float
    height_cm: float


def wrap(angle: float) -> float:
    """The same direction, in ``[-pi, pi)``."""
    return (angle + math.pi) % math.tau - math.pi


def clip(value: float, limit: float) -> float:
    """`value`, at most `limit` away from zero."""
    return limit if value > limit else -limit if value < -limit else value


class Body:
    """The state of one animal between two knots.

    Attributes:
        x, y: centre of the trunk, cm.
        vx, vy: its velocity, cm/s.
        heading: of the trunk, rad, y pointing down; not wrapped.
        turning: its rate, rad/s.
        bend: angle of the head from the trunk, rad.
        thrust_cm, thrust_hz: a rhythmic movement along the trunk.
        size: 1 is a mouse of 8.5 cm from nose to tail base.
    """

    __slots__ = (
        "arena",
        "bend",
        "heading",
        "size",
        "thrust_cm",
        "thrust_hz",
        "turning",
        "vx",
        "vy",
        "way_x",
        "way_y",
        "x",
        "y",
    )

    def __init__(self, arena: Arena, size: float, dice: Dice) -> None:
        self.arena = arena
        self.size = size
        self.x = dice.uniform(6.0, arena.width_cm - 6.0)
        self.y = dice.uniform(6.0, arena.height_cm - 6.0)
        self.heading = dice.uniform(-math.pi, math.pi)
        self.vx = self.vy = self.turning = self.bend = 0.0
        self.thrust_cm = 0.0
        self.thrust_hz = 3.0
        self.way_x, self.way_y = self.x, self.y

    def along(self, distance_cm: float) -> tuple[float, float]:
        """The point `distance_cm` in front of the centre (behind, if negative)."""
        reach = distance_cm * self.size
        return self.x + reach * math.cos(self.heading), self.y + reach * math.sin(self.heading)

    def nose(self) -> tuple[float, float]:
        x, y = self.along(NECK_CM)
        head = self.heading + self.bend
        reach = HEAD_CM * self.size
        return x + reach * math.cos(head), y + reach * math.sin(head)

    def tail(self) -> tuple[float, float]:
        return self.along(TAIL_CM)

    def steer(self, vx: float, vy: float, heading: float, bend: float = 0.0) -> None:
        """Move on by one knot towards a velocity, a heading and a bend, within the limits."""
        speed = math.hypot(vx, vy)
        if speed > SPEED_CM_S:
            vx, vy = vx * SPEED_CM_S / speed, vy * SPEED_CM_S / speed
        dvx, dvy = vx - self.vx, vy - self.vy
        change, most = math.hypot(dvx, dvy), ACCELERATION_CM_S2 * KNOT_S
        scale = most / change if change > most else 1.0
        self.vx += dvx * scale
        self.vy += dvy * scale
        wanted = clip(wrap(heading - self.heading) / 0.2, TURN_RAD_S)
        self.turning += clip(wanted - self.turning, TURN_ACCELERATION_RAD_S2 * KNOT_S)
        self.heading += self.turning * KNOT_S
        self.bend += clip(bend - self.bend, BEND_RAD_S * KNOT_S)
        self._stay_inside()

    def _stay_inside(self) -> None:
        """Step, sliding along the walls; a body at a wall leans away no faster than it runs."""
        x, y = self.x + self.vx * KNOT_S, self.y + self.vy * KNOT_S
        width, height = self.arena
        far = (NOSE_CM + HALF_WIDTH_CM) * self.size
        if far < x < width - far and far < y < height - far:
            self.x, self.y = x, y
            return
        cosine, sine = abs(math.cos(self.heading)), abs(math.sin(self.heading))
        reach, half = NOSE_CM * self.size, HALF_WIDTH_CM * self.size
        margin_x, margin_y = reach * cosine + half * sine, reach * sine + half * cosine
        inside_x = min(max(x, margin_x), width - margin_x)
        inside_y = min(max(y, margin_y), height - margin_y)
        if inside_x != x or inside_y != y:
            dx, dy = inside_x - self.x, inside_y - self.y
            step, most = math.hypot(dx, dy), SPEED_CM_S * KNOT_S
            scale = most / step if step > most else 1.0
            inside_x, inside_y = self.x + dx * scale, self.y + dy * scale
            self.vx, self.vy = dx * scale / KNOT_S, dy * scale / KNOT_S
        self.x, self.y = inside_x, inside_y


def halt(body: Body, bend: float = 0.0) -> None:
    """Stay where it is."""
    body.steer(0.0, 0.0, body.heading, bend)


def run_to(body: Body, x: float, y: float, pace_cm_s: float) -> None:
    """Run towards a point, head first: slower the more it still has to turn."""
    direction = math.atan2(y - body.y, x - body.x)
    turn = wrap(direction - body.heading)
    speed = pace_cm_s * max(0.15, math.cos(turn))
    forward = body.heading + 0.5 * turn
    body.steer(
        speed * math.cos(forward),
        speed * math.sin(forward),
        direction,
        clip(0.6 * turn, BEND_RAD),
    )


def wander(body: Body, dice: Dice, pace_cm_s: float) -> None:
    """Walk from one place to another, half of them along the walls, as mice do."""
    near = math.hypot(body.way_x - body.x, body.way_y - body.y) < 5.0
    if near or dice.uniform() < 0.02:
        body.way_x = dice.uniform(0.0, body.arena.width_cm)
        body.way_y = dice.uniform(0.0, body.arena.height_cm)
        if dice.uniform() < 0.5:
            body.way_y = 2.5 if body.way_y < body.arena.height_cm / 2 else body.arena.height_cm
    run_to(body, body.way_x, body.way_y, pace_cm_s)


def reach_pose(
    body: Body, x: float, y: float, heading: float, carrier: Body, bend: float = 0.0
) -> None:
    """Take a place beside (or on) a `carrier`, whose own movement is followed."""
    body.steer(carrier.vx + (x - body.x) / 0.25, carrier.vy + (y - body.y) / 0.25, heading, bend)
