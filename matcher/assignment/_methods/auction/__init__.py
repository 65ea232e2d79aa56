"""Exact assignment by an auction that finds good prices and shortest paths that make them right.

The files in the order of the algorithm:

market.py          the problem as arrays of whole numbers: rows, edges, nodes of places
holdings.py        who holds what at which price, and how that is changed
bidding.py         rows bid for places until prices are nearly right, coarse to fine
row_choices.py     every row takes what is best for it: some nodes are now too full, or empty and not free
balancing.py       successive shortest paths put each of these nodes right, with three files:
  dijkstra.py        the state of one search
  excess.py          a unit leaves a node that is too full
  vacancies.py       a unit comes to a node that has room and yet a price
row_prices.py      prices of the rows' own limits
method.py          these in turn: solve_by_auction
dynamic_market.py  a solved market that goes on changing, and what is solved again then

docs/assignment.md explains the method with an example.
"""
