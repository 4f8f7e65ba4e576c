"""Who is who: the names in a label file, and the animals of the poses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from nuzzle.cells import composed
from nuzzle.errors import FormatError, InputError, nearest
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Pair

#: How a behaviour begins that an animal directs at itself, in the manifest's column `looked_for`.
OWN = "self:"
#: What agent and target are called where neither the labels nor the poses name them.
NOBODY = Pair("agent", "target")


def _what(*behaviours: str) -> str:
    """What does not say it all, for a message."""
    if len(behaviours) > 1:
        return f"the labels of {', '.join(map(repr, behaviours))} do"
    return f"the label of {behaviours[0]!r} does" if any(behaviours) else "the labels do"


def folded(name: str) -> str:
    """A name without case and outer blanks."""
    return name.strip().casefold()


class NoTargetError(FormatError):
    """Labels do not say towards whom an animal acts, and it may be any of several.

    Args:
        path: the label file.
        problem: what they do not say.
        behaviours: of the labels; empty where they have none.
        said: whether it is said who acts.
        row: of the first of these labels.
        mend: what to do about it.
    """

    def __init__(
        self, path: Path, problem: str, behaviours: Sequence[str], *, said: bool, **more: Any
    ) -> None:
        self.behaviours, self.said = tuple(behaviours), said
        super().__init__(path, f"{_what(*behaviours)} not say {problem}", **more)


@dataclass(frozen=True)
class Cast:
    """Who is who: the names in a label file, and the animals of the poses.

    Attributes:
        path: the label file.
        options: of the reader.
        named: name in the labels -> animal that it stands for, of all that were asked for so far.
        guessed: the name that stands for the options' agent, as no other can (`with_lone_subject`).
    """

    path: Path
    options: LabelOptions
    named: dict[str, str] = field(default_factory=dict, compare=False)
    guessed: str = ""

    def default(self, behaviour: str = "") -> Pair:
        """The pair of labels that name nobody.

        Args:
            behaviour: of the labels; what is directed at oneself is of the agent alone.

        Raises:
            InputError: `agent` or `target` of the options is not among the animals, or there
                are more than two and the target, or who acts on it, could be any.
        """
        agent = self._agent(behaviour=behaviour)
        if self.is_own(behaviour):
            return Pair(agent, agent)
        return Pair(agent, self._partner(agent, behaviour, said=self.says_who_acts()))

    def is_own(self, behaviour: str) -> bool:
        """Whether a behaviour is directed at oneself where the labels do not say at whom."""
        return self.options.directed and behaviour in self.options.own

    def says_who_acts(self, agent: str = "", target: str = "") -> bool:
        """Whether a row with these names, or the options, leave no doubt who acts.

        Of two animals, who is not the target does.
        """
        target = target or self.options.target
        other = target not in ("", "self") and len(self.options.individuals) == 2
        return bool(agent or self.options.agent or other)

    def _agent(self, target: str = "", behaviour: str = "", line: int | None = None) -> str:
        """Who acts where a row does not say: the options' agent, or the first animal.

        Of two animals, who is not the target does; of more, that may be any other.
        """
        animals, chosen = self.options.individuals, self.options.agent
        self._check_role("agent", chosen)
        target = target if target in ("", "self") else self.name(target, line)
        if chosen and not (len(animals) == 2 and chosen == target):
            return chosen
        target = target or ("" if self.is_own(behaviour) else self.options.target)
        others = [name for name in animals if name != target]
        if len(animals) > 2 and target not in ("", "self"):
            self._check_role("target", target)
            raise FormatError(
                self.path,
                f"{_what(behaviour)} not say who acts on {target!r}, and it may be any of "
                f"{others}.",
                row=line,
                mend="Give the column agent of the manifest, or name who acts in the labels.",
            )
        return next(iter(others or animals), NOBODY.agent)

    def _check_role(self, role: str, name: str) -> None:
        individuals = self.options.individuals
        if name and individuals and name not in individuals:
            raise InputError(
                f"{self.path}: the {role} {name!r} is not among the individuals of the poses, "
                f"{list(individuals)}. Correct the column {role} of the manifest."
            )

    def _partner(
        self, agent: str, behaviour: str = "", line: int | None = None, *, said: bool
    ) -> str:
        """Towards whom an animal acts where a row does not say; `said` is whether that one acts."""
        individuals, target = self.options.individuals, self.options.target
        if target == "self":
            return agent
        self._check_role("target", target)
        if target and target != agent:
            return target
        others = [name for name in individuals if name != agent]
        if not individuals:
            return NOBODY.target if agent != NOBODY.target else NOBODY.agent
        if len(others) > 1:
            unsaid = f"towards whom {agent!r} acts, and it may be any of {others}."
            if not said:
                unsaid = f"who acts, nor towards whom, and it may be any of {list(individuals)}."
            which = [behaviour] if behaviour else []
            mend = self._ways_out(which, said=said)
            raise NoTargetError(self.path, unsaid, which, said=said, row=line, mend=mend)
        return others[0] if others else agent

    def no_target(self, found: Sequence[NoTargetError]) -> NoTargetError:
        """The errors of several behaviours of the file as one."""
        said, first = all(each.said for each in found), found[0]
        which = [behaviour for each in found for behaviour in each.behaviours]
        unsaid = "towards whom" if said else "who acts, or towards whom"
        return NoTargetError(
            self.path,
            f"{unsaid}, and it may be any of {len(self.options.individuals)} animals.",
            which,
            said=said,
            row=first.row,
            mend=self._ways_out(which, said=said),
        )

    def _ways_out(self, behaviours: Sequence[str], *, said: bool) -> str:
        """What to do about a target that nobody names and that may be any.

        Args:
            behaviours: of the labels; may be empty.
            said: whether it is said who acts.
        """
        named = "Give the column target of the manifest, or name the target in the labels."
        if not said:
            named = "Give the columns agent and target of the manifest, or name both in the labels."
        elif self.options.target:
            named = (
                "Name the target in the labels: the manifest's column target says "
                f"{self.options.target!r}, which is the agent here."
            )
        if not behaviours:
            return named
        own, it = f"{OWN}{behaviours[0]}", "it"
        if len(behaviours) > 1:
            own, it = f"{OWN} before the name of each such behaviour, as {own},", "some of them"
        if not self.options.directed:
            return (
                f"{named} What an animal does to itself cannot be told without direction: give "
                f"them direction (directed: yes in the manifest, with {own} in its "
                "column looked_for), or leave it out."
            )
        return (
            f"{named} If an animal does {it} to itself, write {own} into the manifest's column "
            "looked_for, beside what else was looked for, or 'self' as the target in the labels "
            "(in BORIS, as a modifier)."
        )

    def name(self, label: str, line: int | None) -> str:
        """The animal of the poses that a name in the labels stands for.

        Raises:
            FormatError: there is no such animal, or another name in the labels stands for it, too.
        """
        label = composed(label)
        name = self.options.rename_individuals.get(label, label)
        if self.options.individuals and name not in self.options.individuals:
            known = f"; the individuals of the poses are {list(self.options.individuals)}."
            said = f", and the column individuals of the manifest says {label}={name}"
            raise FormatError(
                self.path,
                f"the labels name {label!r}{said if name != label else ''}{known}",
                row=line,
                mend="Say who it is in the column individuals of the manifest, for example "
                f"{label}={self._free(label)}.",
            )
        self.named.setdefault(label, name)
        others = [other for other, animal in self.named.items() if animal == name]
        given = self.options.rename_individuals.keys() - {self.guessed}
        unsaid = [other for other in others if other not in given]
        if unsaid and len({folded(other) for other in others}) > 1:
            one = self.guessed if self.guessed in unsaid else unsaid[0]
            same = f" If they are one and the same, add {one}={name} to individuals."
            raise self._two_in_one(others, name, line, same)
        return name

    def _two_in_one(
        self, labels: Sequence[str], animal: str, line: int | None, more: str = ""
    ) -> FormatError:
        """The error of several names that stand for one animal."""
        return FormatError(
            self.path,
            f"the labels name {' and '.join(map(repr, labels))}, and by the manifest both are "
            f"{animal!r} of the poses.",
            row=line,
            mend="Correct its columns individuals and agent, so that each stands for another "
            f"animal.{more}",
        )

    def _free(self, label: str) -> str:
        """The animal that an unknown name may mean: spelled nearly so, and named by no other."""
        taken = {*self.named.values()}
        animals = self.options.individuals
        alike = [one for one in animals if folded(one) == folded(label)]
        free = alike or [one for one in animals if one not in taken]
        return nearest(label, free) or "NAME"

    def pair(
        self, agent: str, target: str = "", line: int | None = None, behaviour: str = ""
    ) -> Pair:
        """The pair that a row names; who is not named comes from the options.

        Two animals without direction are one pair, whatever the labels call them; but who is
        named as its own target is given as such, for a note (`without_direction`).

        Args:
            agent: as in the file; may be empty.
            target: as in the file; may be empty, or ``self``.
            line: of the row, for messages.
            behaviour: of the row, if it has one.

        Raises:
            FormatError: an animal is unknown; the target, or who acts on it, may be any; or the
                row names another animal as the target of what is directed at oneself.
        """
        one_pair = not self.options.directed and len(self.options.individuals) <= 2
        if one_pair:
            pair, known = self.default(), self.options.rename_individuals
            for label in known.keys() & {agent, target}:
                self.name(label, line)  # of an animal that the poses do not have
            animal = known.get(target, target)
            same = animal in self.options.individuals and known.get(agent, agent) == animal
            return Pair(pair.agent, pair.agent) if same or target == "self" else pair
        actor = self.name(agent, line) if agent else self._agent(target, behaviour, line)
        if target == "self" or (not target and self.is_own(behaviour)):
            return Pair(actor, actor)
        if not target:
            said = self.says_who_acts(agent)
            return Pair(actor, self._partner(actor, behaviour, line, said=said))
        other = self.name(target, line)
        if agent and actor == other and folded(agent) != folded(target):
            raise self._two_in_one([agent, target], actor, line)
        return self.checked(Pair(actor, other), behaviour, line)

    def checked(self, named: Pair, behaviour: str, line: int | None) -> Pair:
        """The pair that the labels name, where it does not contradict the options.

        Raises:
            FormatError: it is of two animals, and the behaviour is directed at oneself.
        """
        if self.is_own(behaviour) and named.agent != named.target:
            raise FormatError(
                self.path,
                f"one name for two things: {behaviour!r} is something that an animal does to "
                f"itself, as {OWN}{behaviour} in the manifest's column looked_for says, and here "
                f"{named.agent!r} does it to {named.target!r}.",
                row=line,
                mend="Correct one of them. If animals do both, write both into looked_for, "
                f"{behaviour};{OWN}{behaviour}: then the labels alone say which it is.",
            )
        return named

    def placed(self, rows: Iterable[Mapping[Any, Any]]) -> list[dict[Any, Any]]:
        """Rows of a file that names nobody, with the agent and the target of their behaviour."""
        unsaid = not self.says_who_acts()
        return [
            {**row, **self.default(row["behaviour"])._asdict(), "unsaid": unsaid} for row in rows
        ]

    def watched(self, named: Iterable[Pair]) -> list[Pair]:
        """The pairs that were watched by someone who names these; animals by themselves among them.

        Of two animals, those that are named, or the default; who is only named by itself may have
        met the other. Of more, who names several agents watched all animals, and so did who saw
        nothing; who names one agent watched what it does, to whichever other. Without direction,
        each two animals are one pair.
        """
        pairs, animals = list(dict.fromkeys(named)), self.options.individuals
        if len(animals) <= 2:
            if all(pair.agent == pair.target for pair in pairs):  # nothing of the two was seen
                met = [Pair(pair.agent, one) for pair in pairs for one in animals]
                return list(dict.fromkeys([*pairs, *met])) or [self.default()]
            return pairs
        if not self.options.directed:
            return [Pair(*two) for two in combinations(animals, 2)]
        agents = {pair.agent for pair in pairs} or {self.options.agent} - {""}
        who = [one for one in animals if len(agents) != 1 or one in agents]
        return [Pair(one, other) for one in who for other in animals]

    def with_lone_subject(self, subjects: Iterable[str]) -> Cast:
        """The same, of all who act in the file.

        Where the only unknown of them cannot be another animal, it is the options' agent.
        """
        renaming, agent = self.options.rename_individuals, self.options.agent
        named = {
            label: renaming.get(label, label) for label in sorted({*map(composed, subjects)} - {""})
        }
        unknown = [*(named.keys() - {*self.options.individuals, *renaming})]
        if len(unknown) != 1 or not self.options.individuals or not agent:
            return Cast(self.path, self.options, named)
        lone = unknown[0]
        others = {name for label, name in named.items() if folded(label) != folded(lone)}
        alike = {one for one in self.options.individuals if folded(one) == folded(lone)}
        if agent in others or alike - {agent}:
            return Cast(self.path, self.options, named)
        names = {**renaming, lone: agent}
        options = replace(self.options, rename_individuals=names)
        return Cast(self.path, options, {**named, lone: agent}, lone)
