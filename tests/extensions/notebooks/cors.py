# %%
from flask import Flask
from flask_cors import CORS, cross_origin

app = Flask("crossing")

# %%
CORS(app, resources={"/api/*": {"origins": "https://a.b"}}, send_wildcard=False)

# %% changed
CORS(app, resources={"/api/*": {"origins": "*", "methods": ["GET"]}})


# %%
@app.get("/api/x")
def api():
    return {"a": 1}


@app.get("/one")
@cross_origin(origins=["https://c.d"])
def one():
    return "one"


# %% asked
# GET /api/x
# OPTIONS /api/x
# GET /one
