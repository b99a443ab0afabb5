"""The loader's first name; models that were registered under it are loaded by it. New ones name ``model_loader``."""

from lakehouse_assets.model_loader import _load_pyfunc

__all__ = ["_load_pyfunc"]
