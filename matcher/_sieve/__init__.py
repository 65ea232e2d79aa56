"""Rules as bits and criteria in one pass, over arrays that lie as machine code reads them: a fast sieve.

The readable rules and criteria stand in `matcher.eligibility` and `matcher.criteria`; what is here agrees
with them, which the tests hold against them rule by rule and criterion by criterion.
"""
