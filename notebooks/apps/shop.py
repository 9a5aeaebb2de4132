"""A small shop, as one writes it with Flask. It knows nothing of notebooks."""

from flask import Blueprint, Flask, abort, redirect, render_template_string, request, session, url_for

PRODUCTS = {
    1: {"id": 1, "name": "Kettle", "price": 2900, "weight": 1.2},
    2: {"id": 2, "name": "Teapot", "price": 3400, "weight": 0.9},
    3: {"id": 3, "name": "Gift card", "price": 1000, "weight": 0},
}

products = Blueprint("products", __name__, url_prefix="/products")


@products.get("/")
def all_products():
    return list(PRODUCTS.values())


@products.get("/<int:id>")
def one_product(id):
    return PRODUCTS.get(id) or abort(404, f"There is no product {id}.")


@products.get("/<int:id>/price-per-kilo")
def price_per_kilo(id):
    product = PRODUCTS[id]
    return {"cents": product["price"] / product["weight"]}


def create_app(currency="EUR"):
    app = Flask(__name__)
    app.secret_key = "a real shop has a better one"
    app.register_blueprint(products)

    @app.get("/")
    def index():
        page = "<h1>Tea and more</h1><ul>{% for one in products %}<li>{{ one.name }}</li>{% endfor %}</ul>"
        return render_template_string(page, products=PRODUCTS.values())

    @app.post("/basket")
    def add():
        basket = session.setdefault("basket", [])
        basket.append(int(request.form["product"]))
        session.modified = True
        return redirect(url_for("show"))

    @app.get("/basket")
    def show():
        basket = [PRODUCTS[id] for id in session.get("basket", [])]
        app.logger.warning("The prices are last year's.")
        return {"total": sum(one["price"] for one in basket), "currency": currency, "count": len(basket)}

    return app
