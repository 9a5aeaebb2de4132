"""The request language: the texts of %http, %%http, .http files and curl as syntax, and back.

What must not be here: the values of placeholders, an app, or sending.
"""
