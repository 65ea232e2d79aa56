"""One newcomer, one offer, the words of the field, the policy, and files of them. No arrays of the engine."""
