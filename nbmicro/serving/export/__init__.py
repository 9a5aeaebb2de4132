"""A notebook as a module: pure text in, text out.

What lives here: the export, on the code path of the loader. What must not: running a cell, or writing a file.
"""
