"""Runs, proposals, decisions, placements, the board. Beside the usual files: `runs.py`, the life of a run."""
