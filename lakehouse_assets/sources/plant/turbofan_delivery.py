"""The simulated plant's delivery of turbofan files into the landing folder, and which files concern a day."""

from datetime import date, timedelta
from pathlib import Path

from lakehouse_assets.sources.landing import LandingFile
from lakehouse_assets.sources.turbofan.names import parse_maintenance_name, parse_name


def deliver(folder: Path, first: date, last: date) -> list[Path]:
    """Let the simulated fleets write their files of the days, both included. Files that are there already stay."""
    from lakehouse_assets.sources.plant.delivery import write_days
    from lakehouse_assets.sources.plant.environment import drifts_from_environment, plan_from_environment
    from lakehouse_assets.sources.plant.maintenance import write_records

    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    plan = plan_from_environment()
    return [*write_days(plan, folder, days, drifts_from_environment()), *write_records(plan, folder, days)]


def holds_day(file: LandingFile, first: date, last: date) -> bool:
    """Whether a file can hold rows of the days: a daily file of one of them, or a cohort file with whole histories."""
    name = parse_name(file.name) or parse_maintenance_name(file.name)
    return name is not None and (name.day is None or first <= name.day <= last)
