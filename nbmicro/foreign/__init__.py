"""Apps of other frameworks: an adapter for each framework, which never imports it, and what calls an app.

What must not be here: finding the app a user names. A framework's inner parts are named in its adapter alone.
"""
