"""Exact assignment by an auction that finds good prices and shortest paths that make them right.

The files in the order of the algorithm:

market.py      the problem as arrays of whole numbers: rows, edges, nodes of places
books.py       who holds what at which price, and how that is changed
bidding.py     rows bid for places until prices are nearly right, coarse to fine
choosing.py    every row takes what is best for it at these prices: some nodes are now too full or too empty
rerouting.py   one unit at a time leaves a full node, or is drawn into an empty one, the cheapest way
pricing.py     prices of the rows' own limits
method.py      these in turn: solve_by_auction

docs/assignment.md explains the method with an example.
"""
