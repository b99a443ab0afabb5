"""Which days the cohorts in a landing folder fly, and the night on which there is still enough to look at."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

#: Days that a drift report looks at, and the fewest rows that it judges.
WINDOW_DAYS, LEAST_ROWS = 14, 200


def cohort_days(folder: Path) -> tuple[date, date, date]:
    """First day, last day, and the last day on which enough engines still fly for a drift report.

    On the declared clock a cohort dies out engine by engine.
    """
    from lakehouse_assets.sources.landing import list_landing
    from lakehouse_assets.sources.turbofan.files import read_delivery

    days = [day for file in list_landing(folder) for day in read_delivery(file).rows.get("day", ())]
    if not days:
        raise SystemExit(
            f"{folder} holds no readable sensor file. Expected files as NASA publishes them: train_FD001.txt, "
            "test_FD001.txt, RUL_FD001.txt; unset LANDING to let the simulated plant deliver."
        )
    flown = Counter(days)
    windows = {day: sum(flown[day - timedelta(days=n)] for n in range(WINDOW_DAYS)) for day in flown}
    return min(days), max(days), max((day for day, rows in windows.items() if rows >= LEAST_ROWS), default=max(days))
