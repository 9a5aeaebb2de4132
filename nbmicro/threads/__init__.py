"""The threads of nbmicro, how they are interrupted and how they end; and what a browser's Python has in their place.

Every thread is begun here, so that each has a name, copies what it must see of the thread that waits for it, and can be
ended. What must not be here: requests, apps, or anything that starts when it is imported.
"""
