"""The IPython extension: the session of a notebook, its magics and widgets, and one door to the kernel.

What must not be here: knowledge that a served notebook needs too; that belongs to ``cells`` and ``loading``. Only
``kernel/host.py`` and ``magics/magic.py`` import IPython.
"""
