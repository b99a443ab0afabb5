"""The model card: what somebody has to know before acting on a champion's predictions.

Source: Mitchell et al. 2019, *Model cards for model reporting*.
"""

from lakehouse_assets.lifecycle.judging.model_card.card import ModelCard, Source
from lakehouse_assets.lifecycle.judging.model_card.html import html
from lakehouse_assets.lifecycle.judging.model_card.markdown import markdown

__all__ = ["ModelCard", "Source", "html", "markdown"]
