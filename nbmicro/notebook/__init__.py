"""The IPython extension: the session of a notebook, its magics and widgets, and one door to the kernel.

What lives here: all that needs a notebook. Only ``host.py`` and the magics import IPython. What must not: knowledge
that a served notebook needs too; that belongs to ``cells`` and ``serving``.
"""
