"""Which pairs are possible and how well they fit: people as arrays, hard rules, soft criteria, candidates."""
