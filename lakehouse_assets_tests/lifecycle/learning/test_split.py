"""Which entities are held out."""

from lakehouse_assets.lifecycle.learning.split import is_held_out


def test_about_a_fifth_of_the_engines_is_held_out_and_always_the_same() -> None:
    engines = [f"turbofan-FD001-train-{n:03d}" for n in range(2000)]
    held_out = [is_held_out(engine) for engine in engines]
    assert 0.17 < sum(held_out) / len(engines) < 0.23
    assert held_out == [is_held_out(engine) for engine in engines]


def test_another_share_moves_entities_one_way_only() -> None:
    engines = [f"engine-{n}" for n in range(500)]
    fifth, half = ({engine for engine in engines if is_held_out(engine, share)} for share in (20, 50))
    assert fifth < half
