"""Apps of other frameworks: told apart, called, and read from outside.

What lives here: Flask, Django, FastAPI, Bottle and any other WSGI or ASGI app as one WSGI app that the client can ask.
What must not: an import of a framework; who made the app has imported it, and ``sys.modules`` knows it.
"""
