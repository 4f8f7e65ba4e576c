"""Who is who: the names in a label file, and the animals of the poses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from nuzzle.errors import FormatError, InputError
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Pair


@dataclass(frozen=True)
class Cast:
    """Who is who: the names in a label file, and the animals of the poses.

    Attributes:
        path: the label file.
        options: of the reader.
    """

    path: Path
    options: LabelOptions

    def default(self) -> Pair:
        """The pair of labels that name nobody.

        Raises:
            InputError: `agent` or `target` of the options is not among the animals, or there
                are more than two and the target could be any.
        """
        individuals = self.options.individuals
        for role in ("agent", "target"):
            name = getattr(self.options, role)
            if name and individuals and name not in individuals:
                raise InputError(
                    f"{self.path}: the {role} {name!r} is not among the individuals of the poses, "
                    f"{list(individuals)}. Correct the column {role} of the manifest."
                )
        agent = self.options.agent or (individuals[0] if individuals else "agent")
        return Pair(agent, self._partner(agent))

    def _partner(self, agent: str) -> str:
        individuals = self.options.individuals
        if self.options.target and self.options.target != agent:
            return self.options.target
        others = [name for name in individuals if name != agent]
        if not individuals:
            return "target" if agent != "target" else "agent"
        if len(others) > 1:
            raise InputError(
                f"{self.path}: the labels do not say towards whom {agent!r} acts, and it may be "
                f"any of {others}. Give the column target of the manifest."
            )
        return others[0] if others else agent

    def name(self, label: str, line: int | None) -> str:
        """The animal of the poses that a name in the labels stands for.

        Raises:
            FormatError: there is no such animal.
        """
        name = self.options.rename_individuals.get(label, label)
        if self.options.individuals and name not in self.options.individuals:
            first = self.options.individuals[0]
            raise FormatError(
                self.path,
                f"the labels name {label!r}; the individuals of the poses are "
                f"{list(self.options.individuals)}.",
                row=line,
                mend="Say who it is in the column individuals of the manifest, for example "
                f"{label}={first}.",
            )
        return name

    def pair(self, agent: str, target: str = "", line: int | None = None) -> Pair:
        """The pair that a row names; who is not named comes from the options.

        Two animals without direction are one pair, whatever the labels call them.

        Args:
            agent: as in the file; may be empty.
            target: as in the file; may be empty, or ``self``.
            line: of the row, for messages.
        """
        one_pair = not self.options.directed and len(self.options.individuals) <= 2
        if one_pair or not (agent or target):
            return self.default()
        actor = self.name(agent, line) if agent else self.default().agent
        if target == "self":
            return Pair(actor, actor)
        return Pair(actor, self.name(target, line) if target else self._partner(actor))

    def watched(self, named: Iterable[Pair]) -> list[Pair]:
        """The pairs that were watched by someone who names these; animals by themselves among them.

        Of two animals, those that are named, or the default. Of more, who names several agents
        watched all animals, and so did who saw nothing; who names one agent watched what it does,
        to whichever other. Without direction, each two animals are one pair.
        """
        pairs, animals = list(dict.fromkeys(named)), self.options.individuals
        if len(animals) <= 2:
            return pairs or [self.default()]
        if not self.options.directed:
            return [Pair(*two) for two in combinations(animals, 2)]
        agents = {pair.agent for pair in pairs} or {self.options.agent} - {""}
        who = [one for one in animals if len(agents) != 1 or one in agents]
        return [Pair(one, other) for one in who for other in animals]

    def with_lone_subject(self, subjects: Iterable[str]) -> Cast:
        """The same, where the only unknown name of the file is the options' agent."""
        known = {*self.options.individuals, *self.options.rename_individuals}
        unknown = sorted(set(subjects) - known - {""})
        if len(unknown) != 1 or not self.options.agent or not self.options.individuals:
            return self
        names = {**self.options.rename_individuals, unknown[0]: self.options.agent}
        return replace(self, options=replace(self.options, rename_individuals=names))
