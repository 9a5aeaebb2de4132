# %%
from flask import Flask
from flask_admin import Admin, BaseView, expose

app = Flask("shop")
app.config["SECRET_KEY"] = "k"


# %%
class Reports(BaseView):
    @expose("/")
    def index(self):
        return "reports"


admin = Admin(app, name="Shop")
admin.add_view(Reports(name="Reports", endpoint="reports"))


# %% changed
class Reports(BaseView):
    @expose("/")
    def index(self):
        return "changed"

    @expose("/more/<int:number>")
    def more(self, number):
        return f"more {number}"


admin = Admin(app, name="Store")
admin.add_view(Reports(name="Reports", endpoint="reports"))

# %% asked
# GET /admin/
# GET /admin/reports/
# GET /admin/reports/more/3
