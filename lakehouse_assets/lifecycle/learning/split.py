"""Which entities are held out of training: decided once per entity, by its key alone."""

from hashlib import sha256

#: Share of the entities that no model learns from, in per cent.
HELD_OUT_PERCENT = 20


def is_held_out(entity: str, percent: int = HELD_OUT_PERCENT) -> bool:
    """Whether an entity is held out: a stable hash of its key, so that an entity never changes sides as others come."""
    return int(sha256(entity.encode()).hexdigest(), 16) % 100 < percent
