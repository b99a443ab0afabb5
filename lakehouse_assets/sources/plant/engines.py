"""Which engine is in service when, and everything that its sensors show from its first cycle to its failure.

Each fleet has a fixed number of slots, and each slot is a chain of engines: one fails, the next one enters service a
few days later. What chance decides about a slot or an engine hangs on the seed, the fleet and its number alone, so any
day can be made without the days before it, and in any order.
"""

import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import count

import numpy as np

from lakehouse_assets.sources.plant import physics
from lakehouse_assets.sources.plant.physics import Floats
from lakehouse_assets.sources.plant.plan import Fleet, FleetPlan

# Separate streams of chance, so that drawing more of one never changes another.
_LIVES, _ENGINE = 1, 2


@dataclass(frozen=True)
class Engine:
    """An engine of a fleet.

    ``unit`` is its number in the fleet, ``entry`` the day of its cycle 1, ``life`` its cycles until it fails: it flies
    its last cycle, and fails, on ``failure``.
    """

    fleet: str
    unit: int
    entry: date
    life: int

    @property
    def failure(self) -> date:
        """The day of the last cycle."""
        return self.entry + timedelta(days=self.life - 1)

    def cycle_on(self, day: date) -> int:
        """The engine's age on a day in cycles, 1 on the day of its entry."""
        return (day - self.entry).days + 1


def engines_on(plan: FleetPlan, fleet: str, day: date) -> list[Engine]:
    """The engines of a fleet that fly on a day, by unit; up to ``plan.slots``, less the slots that wait for an engine.

    Raises:
        ValueError: the day lies before the plan's first day, or the plan has no such fleet.
    """
    if day < plan.first_day:
        raise ValueError(f"the simulated plant has no data of {day}: its first day is {plan.first_day}")
    if fleet not in (known.name for known in plan.fleets):
        names = ", ".join(known.name for known in plan.fleets)
        raise ValueError(f"the simulated plant has no fleet {fleet!r}: expected one of {names}")
    found = (_engine_in_slot(plan, fleet, slot, day) for slot in range(plan.slots))
    return sorted((engine for engine in found if engine is not None), key=lambda engine: engine.unit)


@dataclass(frozen=True)
class History:
    """All that an engine shows in its life, without drift: row n - 1 is cycle n.

    ``regimes``: (life,) index of the regime flown; ``settings``: (life, 3); ``sensors``: (life, 21).
    """

    regimes: np.ndarray[tuple[int], np.dtype[np.int64]]
    settings: Floats
    sensors: Floats


# The engines of two fleets and a year are about 220; a history takes about 65 kB.
@lru_cache(maxsize=320)
def history(seed: int, fleet: Fleet, unit: int, life: int) -> History:
    """What an engine's sensors show from its first cycle to its last."""
    chance = chance_of(seed, fleet.name, _ENGINE, unit)
    mode = fleet.fault_modes[int(chance.integers(len(fleet.fault_modes)))]
    initial = float(chance.uniform(0.0, physics.MOST_INITIAL_WEAR))
    steepness = float(chance.uniform(*physics.STEEPNESS))
    persistence = chance.uniform(*physics.PERSISTENCE, size=21)
    level = chance.standard_normal(21) * physics.MANUFACTURE
    response = physics.RESPONSES[mode] + chance.standard_normal(21) * physics.RESPONSE_SPREAD
    regimes = chance.choice(len(physics.REGIME_SHARES), size=life, p=physics.REGIME_SHARES)
    settings = physics.REGIME_SETTINGS[regimes] + chance.standard_normal((life, 3)) * physics.SETTING_NOISE
    noise = physics.autocorrelated(chance.standard_normal((life, 21)), persistence) * physics.NOISE
    worn = physics.wear(life, initial, steepness)[:, np.newaxis] * response
    sensors = physics.REGIME_LEVELS[regimes] + physics.REGIME_SCALES[regimes] * (level + worn + noise)
    return History(regimes, settings, sensors)


@lru_cache(maxsize=1024)
def _slot(plan: FleetPlan, fleet: str, slot: int, engines: int) -> tuple[tuple[date, int], ...]:
    """Entry and life of the first so many engines of a slot, the first one in service on the plan's first day.

    The chain is begun long before that day at a random phase, so the ages on it are those of a fleet that has always
    been in service: long-lived engines are met more often than in a list of engines.
    """
    chance = chance_of(plan.seed, fleet, _LIVES, slot)
    span = plan.longest_life - plan.shortest_life
    entry = plan.first_day - timedelta(days=8 * plan.longest_life + int(chance.integers(plan.longest_life)))
    chain: list[tuple[date, int]] = []
    while len(chain) < engines:
        life = plan.shortest_life + round(span * float(chance.beta(2.0, 2.6)))
        vacancy = int(chance.integers(plan.max_vacancy + 1))
        if entry + timedelta(days=life + vacancy) > plan.first_day:
            chain.append((entry, life))
        entry += timedelta(days=life + vacancy)
    return tuple(chain)


def _engine_in_slot(plan: FleetPlan, fleet: str, slot: int, day: date) -> Engine | None:
    """The engine that flies in a slot on a day; None where the slot waits for its next engine."""
    for engines in count(start=4, step=4):
        chain = _slot(plan, fleet, slot, engines)
        if chain[-1][0] > day:
            break
    generation = max((i for i, (entry, _) in enumerate(chain) if entry <= day))
    entry, life = chain[generation]
    engine = Engine(fleet, generation * plan.slots + slot + 1, entry, life)
    return engine if day <= engine.failure else None


def chance_of(seed: int, fleet: str, stream: int, number: int) -> np.random.Generator:
    """The chance of one numbered thing of a fleet. More draws from one stream change nothing in another."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(fleet.encode()), stream, number]))
    )
