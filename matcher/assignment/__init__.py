"""Assignment: choose the allowed pairs that are worth most within all limits, and prove it.

Knows rows, columns and scores; nothing of people, rules or why a score is what it is.

AssignmentProblem       what may be chosen, and the limits
solve                   choose, by a named method
AssignmentResult        the pairs, their value, the prices of the limits
carry_over              an earlier result put into other rows and columns, to begin with
certify, Certificate    check a result without trusting the method
AssignmentSession       a solved problem that stays open for "what if"
reduced_values          what each pair is worth beyond the prices
ResidualCapacity        what the limits leave beside pairs that are chosen already
solve_without_clashes   choose where some columns exclude each other for the same row
keep_apart              the same, for a problem that is solved already
"""

from matcher.assignment._arrays.prices import reduced_values
from matcher.assignment._arrays.residual import ResidualCapacity
from matcher.assignment.certificate import Certificate, certify
from matcher.assignment.incremental import AssignmentChange, AssignmentSession
from matcher.assignment.problem import AssignmentProblem
from matcher.assignment.repair import keep_apart, solve_without_clashes
from matcher.assignment.result import AssignmentResult
from matcher.assignment.solver import solve
from matcher.assignment.warm_start import carry_over

__all__ = [
    "AssignmentChange",
    "AssignmentProblem",
    "AssignmentResult",
    "AssignmentSession",
    "Certificate",
    "ResidualCapacity",
    "carry_over",
    "certify",
    "keep_apart",
    "reduced_values",
    "solve",
    "solve_without_clashes",
]
