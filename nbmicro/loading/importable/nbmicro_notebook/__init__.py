"""The package of served notebooks, in a process that was spawned by one and is to find what it pickled.

This folder is on ``sys.path`` of a process that serves a notebook, and so on that of its children.
"""

from nbmicro.loading.notebook_module import make_importable

make_importable()
