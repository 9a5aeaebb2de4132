# %%
from flask import Flask
from flask_pydantic import validate
from pydantic import BaseModel

app = Flask("people")


# %%
class Query(BaseModel):
    age: int


class Body(BaseModel):
    name: str


# %%
@app.get("/query")
@validate()
def query(query: Query):
    return query


# %% changed
@app.post("/body")
@validate(on_success_status=201)
def query(body: Body):
    return body


# %% asked
# GET /query?age=3
# GET /query?age=x
# POST /body {"name": "x"}
# POST /body {}
