"""The widgets of the notebook, loaded on their first use.

What lives here: the only code that imports ipywidgets and anywidget. What must not: what a magic needs without them.
"""
