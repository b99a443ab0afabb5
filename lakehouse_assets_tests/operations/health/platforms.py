"""A platform of one domain and two use cases, for tests of its health."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lakehouse_assets.operations.alerts.graph import Asset, Graph
from lakehouse_assets.operations.health.facts import AssetFacts, ChampionFacts, DriftFacts, Facts

NOW = datetime(2024, 3, 5, 8, tzinfo=UTC)
RAW, ASIDE, CLEAN = "raw/mill/rows", "harmonized/mill/quarantine", "harmonized/mill/rows"
SCORES, CHAMPION = "delivery/wear/predictions", "models/wear/champion"
DRIFT, CAME, DECISIONS = (f"monitoring/wear/{table}" for table in ("drift", "performance", "decisions"))
OTHER = "delivery/load/predictions"


def asset(key: str, *parents: str) -> Asset:
    zone, group, _ = key.split("/")
    use_case = group if group in ("wear", "load") else ""
    owner = "team:models" if use_case else "team:plant"
    return Asset(key, owner, group, zone, use_case, "" if use_case else group, parents, True)


GRAPH = Graph(
    {
        one.key: one
        for one in (
            asset(RAW),
            asset(ASIDE, RAW),
            asset(CLEAN, RAW),
            asset(SCORES, CLEAN, CHAMPION),
            asset(CHAMPION, CLEAN),
            asset(DRIFT, SCORES),
            asset(CAME, SCORES),
            asset(DECISIONS, DRIFT),
            asset(OTHER, CLEAN),
        )
    }
)


def platform(**changed: AssetFacts) -> Facts:
    """All made an hour ago and well, but for the assets that are given, by the name of their constant."""
    well = AssetFacts(made_at=NOW - timedelta(hours=1))
    facts = dict.fromkeys(GRAPH.assets, well)
    for name, given in changed.items():
        key = str(globals()[name])
        facts[key] = given if given.made_at else replace(given, made_at=well.made_at)
    champion = ChampionFacts(
        3, NOW - timedelta(days=9), "rmse 11.2 (10.8 to 11.7) on held out", "what came by 2024-03-04: rmse 11.4"
    )
    drift = DriftFacts("stable", "2024-03-04", NOW - timedelta(days=4), "stable")
    return Facts(NOW, GRAPH, facts, {"wear": champion}, {"wear": drift})
