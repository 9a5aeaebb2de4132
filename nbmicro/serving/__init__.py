"""Servers and loading: the background server, the address for the user's browser, notebooks read and run as modules.

What lives here works without Jupyter and without IPython. What must not: an import of either.
"""
