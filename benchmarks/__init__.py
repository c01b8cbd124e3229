"""Measurements: ratios against a floor in the same run, with their method."""
