"""The card as one page that needs nothing else: style and pictures stand in it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from lakehouse_assets.lifecycle.drawing.plots import as_address
from lakehouse_assets.lifecycle.judging.model_card.blocks import (
    Block,
    Code,
    Facts,
    Flow,
    Grid,
    Items,
    Pictures,
    Section,
    Text,
)
from lakehouse_assets.lifecycle.judging.model_card.card import ModelCard
from lakehouse_assets.lifecycle.judging.model_card.sections import at_a_glance, sections


def html(card: ModelCard) -> str:
    """The whole card."""
    title = f"{escape(card.use_case)}, version {card.model_version}"
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    tiles = "".join(
        f"<div class='tile {_mood(value)}'><span>{escape(name)}</span><b>{escape(value)}</b></div>"
        for name, value in at_a_glance(card).items()
    )
    body = "".join(_section(section) for section in sections(card))
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{title}</title><style>{style}</style></head><body><main>"
        f"<header><p>Model card</p><h1>{escape(card.use_case)} <em>version {card.model_version}</em></h1>"
        f"<p>{escape(card.owner)} · written {card.written_at:%Y-%m-%d %H:%M} UTC</p></header>"
        f"<div class='tiles'>{tiles}</div>{body}</main></body></html>\n"
    )


def _section(section: Section) -> str:
    return f"<section><h2>{escape(section.title)}</h2>{''.join(_block(block) for block in section.blocks)}</section>"


def _block(block: Block) -> str:
    match block:
        case Text(words):
            return f"<p>{escape(words)}</p>"
        case Facts(of):
            pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in of.items())
            return f"<dl>{pairs}</dl>"
        case Items(sentences):
            return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>"
        case Grid():
            return _grid(block)
        case Code(lines):
            return f"<pre>{escape(lines)}</pre>"
        case Flow(stages):
            boxes = ["".join(f"<span>{escape(one)}</span>" for one in stage) for stage in stages]
            return f"<div class='flow'>{'<i>→</i>'.join(f'<div>{box}</div>' for box in boxes)}</div>"
        case Pictures(of):
            return f"<div class='pictures'>{''.join(_picture(name, png) for name, png in of.items())}</div>"


def _grid(grid: Grid) -> str:
    def cells(row: list[str] | tuple[str, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if number in grid.numeric else ''}>{escape(cell)}</{tag}>"
            for number, cell in enumerate(row)
        )

    lines = "".join(
        f"<tr{' class=strong' if number == grid.strong else ''}>{cells(list(row), 'td')}</tr>"
        for number, row in enumerate(grid.rows)
    )
    head = f"<thead><tr>{cells(list(grid.head), 'th')}</tr></thead>"
    return f"<div class='wide'><table>{head}<tbody>{lines}</tbody></table></div>"


def _picture(name: str, png: bytes) -> str:
    words = escape(name.replace("_", " "))
    return f"<figure><img src='{as_address(png)}' alt='{words}'><figcaption>{words}</figcaption></figure>"


def _mood(value: str) -> str:
    """Colour only where somebody should look."""
    return "bad" if value.startswith(("drift", "worse", "not measured")) else ""
