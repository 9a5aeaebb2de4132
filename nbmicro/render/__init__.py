"""Exchanges, traces, latencies and lists as text and HTML; pure functions of records.

What must not be here: sending, or displaying in a notebook.
"""
