"""The background server: waitress in a thread, its limits, the Host check, ports, and the address for the browser.

What must not be here: loading an app, or IPython.
"""
