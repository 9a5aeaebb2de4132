"""One request with its response and what happened between, as frozen records; the history; which of it is secret.

What must not be here: sending, judging or drawing an exchange.
"""
