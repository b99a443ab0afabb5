"""What the simulated plant is asked to be: its fleets and their seed, and the drift of its sensors."""

from dataclasses import dataclass
from datetime import date

from lakehouse_assets.sources.plant.drift import ramped
from lakehouse_assets.sources.plant.physics import CONSTANT_SENSORS, FAULT_MODES, SENSOR_NAMES
from lakehouse_assets.sources.turbofan.clock import FIRST_DAY

DEFAULT_SEED = 20240101


@dataclass(frozen=True)
class Drift:
    """A calibration error of one kind of sensor, in every engine of every fleet, from a day on.

    ``shift`` counts standard deviations of the sensor's healthy spread: of single readings in one operating regime over
    healthy engines (`physics.HEALTHY_SPREAD`), which is what a control chart of the fleet would show. It is reached at
    once, or in equal daily steps over ``ramp_days``.
    """

    sensor: str
    from_day: date
    shift: float
    ramp_days: int = 0

    def __post_init__(self) -> None:
        """Refuse what no sensor can do."""
        if self.sensor not in SENSOR_NAMES or self.sensor in CONSTANT_SENSORS:
            able = ", ".join(name for name in SENSOR_NAMES if name not in CONSTANT_SENSORS)
            raise ValueError(f"drift of sensor {self.sensor!r}: expected one that varies ({able})")
        if self.ramp_days < 0:
            raise ValueError(f"drift of sensor {self.sensor}: expected ramp days of 0 or more, found {self.ramp_days}")

    def shift_on(self, day: date) -> float:
        """The shift on a day, in standard deviations of the healthy spread; 0 before it begins."""
        return ramped(day, self.from_day, self.shift, self.ramp_days)


@dataclass(frozen=True)
class Fleet:
    """A fleet of engines of one type, and how they fail (names in `physics.FAULT_MODES`)."""

    name: str
    fault_modes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a fault that no engine has."""
        if not self.fault_modes or not set(self.fault_modes) <= set(FAULT_MODES):
            raise ValueError(f"fleet {self.name}: expected fault modes out of {', '.join(FAULT_MODES)}")


@dataclass(frozen=True)
class FleetPlan:
    """Everything that the plant's files depend on, but drift: equal plans give equal bytes.

    Attributes:
        seed: Of all chance.
        fleets: The fleets, delivered in separate files.
        slots: Places for an engine in each fleet. An engine that fails is replaced within `max_vacancy` days.
        shortest_life: The least cycles to failure.
        longest_life: The most cycles to failure. Lives are Beta(2, 2.6) between the two: mean 211, standard deviation
            44 cycles with the defaults (C-MAPSS FD001: mean 206, standard deviation 46, from 128 to 362).
        max_vacancy: The most days between a failure and the first cycle of the engine that follows.
        first_day: The first day with files. Engines are in mid-life on it.
    """

    seed: int = DEFAULT_SEED
    fleets: tuple[Fleet, ...] = (Fleet("FS001", ("compressor",)), Fleet("FS002", ("compressor", "fan")))
    slots: int = 40
    shortest_life: int = 120
    longest_life: int = 330
    max_vacancy: int = 5
    first_day: date = FIRST_DAY

    def __post_init__(self) -> None:
        """Refuse a plant that cannot be."""
        if self.seed < 0:
            raise ValueError(f"plant seed: expected a whole number of 0 or more, found {self.seed}")
        if not 1 <= self.shortest_life <= self.longest_life or self.slots < 1 or self.max_vacancy < 0:
            raise ValueError(
                "plant: expected 1 <= shortest_life <= longest_life, slots >= 1 and max_vacancy >= 0, found "
                f"{self.shortest_life}, {self.longest_life}, {self.slots} and {self.max_vacancy}"
            )
