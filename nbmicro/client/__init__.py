"""A request sent to an app in this process, and what happened: the client, browser sessions, traces, latencies.

What must not be here: the request language, or how an exchange looks.
"""
