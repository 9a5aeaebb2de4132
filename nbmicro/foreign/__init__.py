"""Apps of other frameworks: WSGI and ASGI callables, the threads they run in, their routes and signals.

What must not be here: finding the app a user names.
"""
