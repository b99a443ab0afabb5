"""The card as markdown: for an asset's metadata and the table of cards."""

from __future__ import annotations

from lakehouse_assets.lifecycle.judging.model_card.blocks import Block, Code, Facts, Flow, Grid, Items, Pictures, Text
from lakehouse_assets.lifecycle.judging.model_card.card import ModelCard
from lakehouse_assets.lifecycle.judging.model_card.sections import at_a_glance, sections


def markdown(card: ModelCard) -> str:
    """The whole card; pictures are left out, since the table of cards is read and not looked at."""
    head = f"# {card.use_case}, version {card.model_version}\n\nWritten {card.written_at:%Y-%m-%d %H:%M} UTC."
    parts = [head, _block(Facts(at_a_glance(card)))]
    for section in sections(card):
        parts.append(f"## {section.title}")
        parts += [text for block in section.blocks if (text := _block(block))]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Text(words):
            return words
        case Facts(of):
            return "\n".join(f"- **{name}**: {value}" for name, value in of.items())
        case Items(sentences):
            return "\n".join(f"- {sentence}" for sentence in sentences)
        case Grid(head, rows):
            table = [list(head), ["---"] * len(head), *rows]
            return "\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table)
        case Code(lines):
            return f"```sh\n{lines}\n```"
        case Flow(stages):
            return " → ".join(", ".join(stage) for stage in stages)
        case Pictures():
            return ""


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
