"""From candidates to a plan: the assignment over all of them, what stays open and why."""
