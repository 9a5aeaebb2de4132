"""Requests and what became of them: the client, the request language, checks, and exchanges as text and HTML.

What lives here is pure: frozen records in, frozen records and strings out. What must not: IPython or a server.
"""
