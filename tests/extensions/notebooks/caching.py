# %%
from flask import Flask
from flask_caching import Cache

app = Flask("cached")
calls = []

# %%
cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})


# %%
@app.get("/cached")
@cache.cached()
def cached():
    calls.append(1)
    return "first"


# %% changed
@app.get("/other")
@cache.cached(query_string=True)
def cached():
    calls.append(1)
    return "second"


# %%
@app.get("/calls")
def count():
    return str(len(calls) < 3)


# %% asked
# GET /cached
# GET /cached
# GET /other?a=1
# GET /other?a=1
# GET /calls
