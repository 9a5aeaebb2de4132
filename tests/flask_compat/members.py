"""A club and its members: one app on Flask-SQLAlchemy, Flask-Login and Flask-WTF, as one writes it for Flask."""

from __future__ import annotations

from flask import Blueprint, Flask, flash, jsonify, redirect, render_template_string, request, url_for
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.file import FileAllowed, FileField
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import DataRequired, Length


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)
login_manager = LoginManager()
csrf = CSRFProtect()
site = Blueprint("site", __name__)
api = Blueprint("api", __name__, url_prefix="/api")
csrf.exempt(api)


class Member(UserMixin, db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    password: Mapped[str]
    notes: Mapped[list[Note]] = relationship(back_populates="member", order_by="Note.id")


class Note(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id))
    member: Mapped[Member] = relationship(back_populates="notes")


class SignIn(FlaskForm):
    name = StringField("Name", validators=[DataRequired(), Length(max=40)])
    password = PasswordField("Password", validators=[DataRequired()])
    remember = BooleanField("Remember me")


class NewNote(FlaskForm):
    text = StringField("Text", validators=[DataRequired()])
    picture = FileField("Picture", validators=[FileAllowed(["png"], "Pictures are PNG here.")])


PAGE = """
<p id="who">{{ current_user.name if current_user.is_authenticated else "nobody" }}</p>
{% for message in get_flashed_messages() %}<p class="flash">{{ message }}</p>{% endfor %}
{% if form %}
<form method="post" enctype="multipart/form-data">
  {{ form.hidden_tag() }}
  {% for field in form if field.widget.input_type != "hidden" %}{{ field.label }} {{ field() }}
    {% for error in field.errors %}<p class="error">{{ error }}</p>{% endfor %}{% endfor %}
  <button>Go</button>
</form>
{% endif %}
{% for note in notes %}<li>{{ note.text }}</li>{% endfor %}
"""


@login_manager.user_loader
def load_member(key: str) -> Member | None:
    return db.session.get(Member, int(key))


@site.route("/")
def index():
    return render_template_string(PAGE)


@site.route("/join", methods=["GET", "POST"])
def join():
    form = SignIn()
    if form.validate_on_submit():
        db.session.add(Member(name=form.name.data, password=generate_password_hash(form.password.data)))
        db.session.commit()
        flash(f"Welcome, {form.name.data}.")
        return redirect(url_for("site.sign_in"))
    return render_template_string(PAGE, form=form)


@site.route("/sign-in", methods=["GET", "POST"])
def sign_in():
    form = SignIn()
    if form.validate_on_submit():
        member = db.session.scalar(select(Member).where(Member.name == form.name.data))
        if member is not None and check_password_hash(member.password, form.password.data):
            login_user(member, remember=form.remember.data)
            return redirect(request.args.get("next") or url_for("site.notes"))
        form.name.errors = [*form.name.errors, "Nobody of that name and password."]
    return render_template_string(PAGE, form=form)


@site.route("/sign-out", methods=["POST"])
@login_required
def sign_out():
    logout_user()
    return redirect(url_for("site.index"))


@site.route("/notes", methods=["GET", "POST"])
@login_required
def notes():
    form = NewNote()
    if form.validate_on_submit():
        db.session.add(Note(text=form.text.data, member=current_user))
        db.session.commit()
        return redirect(url_for("site.notes"))
    return render_template_string(PAGE, form=form, notes=current_user.notes)


@site.route("/forgetful/<text>")
def forgetful(text: str):
    """Adds a note, and fails before it is committed."""
    db.session.add(Note(text=text, member_id=1))
    db.session.flush()
    raise RuntimeError("no commit")


@api.post("/members")
def add_member():
    member = Member(name=request.json["name"], password="")
    db.session.add(member)
    db.session.commit()
    return {"id": member.id}, 201


@api.get("/members")
def members():
    page = db.paginate(select(Member).order_by(Member.name), per_page=2)
    return jsonify(names=[member.name for member in page], pages=page.pages, next=page.next_num)


@api.get("/members/<int:id>")
def member(id: int):
    return {"name": db.get_or_404(Member, id).name}


def create_app(**config: object) -> Flask:
    """Make the app, with tables in its database."""
    app = Flask(__name__)
    app.config.from_mapping(
        {"SECRET_KEY": "dev", "SQLALCHEMY_DATABASE_URI": "sqlite:///members.sqlite", "SQLALCHEMY_RECORD_QUERIES": True},
        SQLALCHEMY_TRACK_MODIFICATIONS=True,
        **config,
    )
    db.init_app(app)
    login_manager.init_app(app)
    login_manager.login_view = "site.sign_in"
    csrf.init_app(app)
    app.register_blueprint(site)
    app.register_blueprint(api)
    with app.app_context():
        db.create_all()
    return app
