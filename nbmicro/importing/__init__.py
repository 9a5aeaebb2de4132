"""Request files of other tools written as notebooks.

What must not be here: sending a request.
"""
