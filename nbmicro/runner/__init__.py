"""Running requests of the request language: fill the placeholders, build, send, check.

What must not be here: reading the language, or drawing the result.
"""
