"""Notebook source in, declarations out.

What lives here: reading a cell (its `%%` line, its Python, its names) and turning a `%%route` cell into a handler.
What must not: a kernel, IPython, an app or a request. The kernel, the loader and export all read cells by this code.
"""
