"""Why a request failed: the user's code in a traceback, error records, hints, the routes near a path.

What must not be here: sending, or how an error looks.
"""
