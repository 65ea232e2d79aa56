"""Runs, proposals, decisions, placements, the board: the largest room.

Beside the usual files: `places.py`, the one way to a placement; `runs.py`, the life of a run; `conflicts.py`,
why something is refused; `queries.py` and `fit.py`, what pages ask; views by subject, mounted by `views.py`.
"""
