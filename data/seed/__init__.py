"""Towns, words and made-up people that the engine ships; read with importlib.resources. No code."""
