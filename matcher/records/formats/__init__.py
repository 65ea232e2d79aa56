"""Files of each format as tables of text."""
