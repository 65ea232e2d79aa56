"""Rules as bits and criteria in one compiled pass over everybody, on arrays as machine code reads them.

The readable rules and criteria stand in `matcher.pairs.eligibility` and `matcher.pairs.criteria`; what is
here agrees with them, which the tests hold against them rule by rule and criterion by criterion.
"""
