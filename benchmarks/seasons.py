"""Half a year of arrivals, place by place: greedy by week, looking ahead, and knowing everything.

python -m benchmarks.seasons [--quick]     --quick plays two seasons and writes nothing
"""

from __future__ import annotations

from datetime import date

from matcher import Policy
from matcher.policy import Lookahead

# The settings, written down before the first run. Variants were compared on other seeds (`TRIAL_SEEDS`).
TOWN = "muenster"
FIRST_DAY = date(2026, 11, 16)  # a Monday, the reference date of the demo data
SEEDS = range(1, 25)  # 24 seasons, each a town of its own
TRIAL_SEEDS = range(101, 107)
WEEKS = 26
PAST_WEEKS = 26  # arrivals known when the season begins; those of the season join them as they come
PEOPLE_A_WEEK = 20  # expected; Poisson, in the season and before it
N_OFFERS = 450  # as many a newcomer as in the demo town (340 newcomers, 297 offers)
# Free places of activities are drawn for the wishes of the half-year before: about 1.1 to a wish. Mentors
# and households are scarcer. All places are there from the first week, none come back, none are added.
# Wishes are as drawn: up to two activities, a mentor, a neighbour; who is left with a wish tries every week.
POLICY = Policy(lookahead=Lookahead(is_on=True, weeks=26, samples=16, longest_wait_weeks=6))
# A plan is made every Monday with everybody who came in the week before.
# Value: scores, and the bonus for serving a person at all *without* its part for waiting, or whoever makes
# people wait would be paid for it. Scores, ages and screenings are those of the first day.
