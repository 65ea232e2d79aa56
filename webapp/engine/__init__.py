"""The only folder that imports the matcher: one file a subject, and no names here.

Callers take a file (`from webapp.engine import plans, records`) or, where they need but a word or two, the
name from its file (`from webapp.engine.vocabulary import KINDS`).
"""
