# %%
from apiflask import APIBlueprint, APIFlask, HTTPTokenAuth, Schema, abort
from apiflask.fields import Integer, String

app = APIFlask("pets", title="Pets")
auth = HTTPTokenAuth()


# %%
class Pet(Schema):
    id = Integer()
    name = String(required=True)


@auth.verify_token
def check(token):
    return token == "good" or None


# %%
@app.get("/pets/<int:number>")
@app.output(Pet)
def pet(number):
    if number == 2:
        abort(404, "No pet.")
    return {"id": number, "name": "Rex"}


# %% changed
@app.get("/animals/<int:number>")
@app.output(Pet)
def animal(number):
    return {"id": number, "name": "Tom"}


# %%
blueprint = APIBlueprint("blog", __name__, url_prefix="/blog")


@blueprint.post("/<slug>")
@blueprint.input(Pet)
@blueprint.auth_required(auth)
def post(slug, json_data):
    return {"slug": slug, **json_data}


app.register_blueprint(blueprint)


# %%
@app.error_processor
def shape(error):
    return {"code": error.status_code}, error.status_code, error.headers


# %% asked
# GET /pets/1
# GET /pets/2
# GET /animals/1
# POST /blog/x {"name": "y"}
# GET /nowhere
