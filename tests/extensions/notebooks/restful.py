# %%
from flask import Blueprint, Flask
from flask_restful import Api, Resource

app = Flask("todos")

# %%
api = Api(app, catch_all_404s=True)


# %%
class Todo(Resource):
    def get(self, number):
        return {"todo": number}


api.add_resource(Todo, "/todos/<int:number>")


# %% changed
class Todo(Resource):
    def put(self, number):
        return {"put": number}, 201


api.add_resource(Todo, "/things/<int:number>")


# %%
class Deep(Resource):
    def get(self):
        return {"deep": True}


outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__, url_prefix="/inner")
Api(inner).add_resource(Deep, "/deep")
outer.register_blueprint(inner)
app.register_blueprint(outer, url_prefix="/outer")

# %% asked
# GET /todos/1
# PUT /things/1
# GET /things/1
# GET /outer/inner/deep
# GET /nowhere
