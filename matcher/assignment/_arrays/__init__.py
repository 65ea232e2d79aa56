"""A problem's pairs, prices and limits as arrays: what every method and the proof share."""
