"""Whether a plan is fair: who is served and who waits, group by group."""

from matcher.questions.fairness.groups import DIMENSIONS, NOT_SAID
from matcher.questions.fairness.report import Cell, FairnessReport, NeedGap, fairness

__all__ = ["DIMENSIONS", "NOT_SAID", "Cell", "FairnessReport", "NeedGap", "fairness"]
