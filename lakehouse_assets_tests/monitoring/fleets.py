"""A fleet without physics, for tests of monitoring: engines differ, wear and are replaced; noise is autocorrelated."""

import numpy as np
import pandas as pd


def fleet(days: int, engines: int, seed: int, columns: tuple[str, ...] = ("a", "b", "c")) -> pd.DataFrame:
    """Rows of every engine and day; all values in standard deviations of the noise."""
    random = np.random.default_rng(seed)
    frames = []
    for slot in range(engines):
        day, age, life = 0, int(random.integers(0, 100)), int(random.integers(100, 200))
        while day < days:
            span = min(life - age, days - day)
            ages = np.arange(age, age + span)
            values = {name: _noise(random, span) + random.normal(0, 0.5) + 2 * (ages / life) ** 3 for name in columns}
            frames.append(pd.DataFrame({"engine_id": f"e{slot}-{day}", "day": np.arange(day, day + span), **values}))
            day, age, life = day + span, 0, int(random.integers(100, 200))
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(day=pd.Timestamp("2024-01-01") + pd.to_timedelta(rows["day"], "D"))


def _noise(random: np.random.Generator, length: int, phi: float = 0.8) -> np.ndarray:
    steps, values = random.normal(0, np.sqrt(1 - phi**2), length), np.empty(length)
    value = random.normal()
    for place, step in enumerate(steps):
        values[place] = value = phi * value + step
    return values
