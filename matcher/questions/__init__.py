"""Questions to a plan: why, why not, what if, what is missing, who is served, and the answers in words."""
