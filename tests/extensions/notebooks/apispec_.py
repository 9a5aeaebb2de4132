# %%
from apispec import APISpec
from apispec_webframeworks.flask import FlaskPlugin
from flask import Flask

app = Flask("described")


# %%
@app.get("/one/<int:number>")
def one(number):
    """---
    get: {description: one}
    """
    return str(number)


# %% changed
@app.get("/two/<name>")
def one(name):
    """---
    get: {description: two}
    """
    return name


# %%
@app.get("/document")
def document():
    spec = APISpec(title="T", version="1", openapi_version="3.0.3", plugins=[FlaskPlugin()])
    spec.path(view=app.view_functions["one"])
    return spec.to_dict()


# %% asked
# GET /document
# GET /one/1
# GET /two/x
