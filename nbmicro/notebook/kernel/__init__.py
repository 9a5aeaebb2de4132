"""The notebook around an app: the one door to IPython (``host.py``), and the session of the loaded extension.

What must not be here: what a single magic does.
"""
