"""HTTP as values: messages, headers, bodies, cookies, redirects, and the WSGI environ made of a request.

What must not be here: the request language, an app, or sending.
"""
