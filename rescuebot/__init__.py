"""The library of Rescue Bot: all that it decides and remembers. Imports neither salt nor flask."""

__version__ = "0.1.0"
