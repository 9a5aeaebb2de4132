"""What Tab offers in the cells of nbmicro: paths, methods, endpoints, templates, headers, options, names.

Functions of a cell's text, the cursor and what the notebook knows. What must not be here: IPython.
"""
