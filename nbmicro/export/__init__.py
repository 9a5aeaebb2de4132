"""A notebook written as a Python module, with its tests, as a person would have written it.

What must not be here: running the notebook.
"""
