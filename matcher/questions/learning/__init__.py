"""Weights learnt from coordinators' decisions, proposed and never applied. Sees no people, only criteria."""

from matcher.questions.learning.auc import Estimate, compare_auc
from matcher.questions.learning.calibration import Calibration, CalibrationBin
from matcher.questions.learning.decisions import Decision, observe, recall
from matcher.questions.learning.lesson import VERDICTS, LearntWeight, Lesson, WeightChange, learn

__all__ = [
    "VERDICTS",
    "Calibration",
    "CalibrationBin",
    "Decision",
    "Estimate",
    "LearntWeight",
    "Lesson",
    "WeightChange",
    "compare_auc",
    "learn",
    "observe",
    "recall",
]
