"""Synthetic towns: newcomers and offers that resemble real ones and are nobody. Writes no files.

What is drawn from stands in ``data/seed/distributions.toml`` and ``data/seed/associations.toml``.
"""

from matcher.generate.town import generate_town

__all__ = ["generate_town"]
