"""The web core, in Flask's shape: the app, its routes and their owners, contexts, replies, templates, static files.

What lives here runs under any WSGI server. What must not: knowledge of notebooks; recording (it wraps from outside).
"""
