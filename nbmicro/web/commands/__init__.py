"""An app's command line, in the way of ``flask``: which app is meant, its groups and commands, its ``.env`` files.

What must not be here: the command ``nbmicro`` itself.
"""
