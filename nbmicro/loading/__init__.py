"""Notebooks and modules loaded as apps, and loaded again when they change.

What must not be here: IPython.
"""
