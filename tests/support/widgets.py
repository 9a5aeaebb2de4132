"""What a cell of a test runs to count the widgets that there are."""

INSTANCES = """import ipywidgets.widgets.widget as widget_module
_instances = widget_module._instances if hasattr(widget_module, "_instances") else widget_module.Widget.widgets
"""
